"""What protocol/schema.toml says of each command, for tests that hold the key against it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from biandun_protocol.wire import codec

ROOT = Path(__file__).resolve().parents[2]
SCHEMA: dict[str, Any] = tomllib.loads((ROOT / "protocol/schema.toml").read_text("utf-8"))
HOW_TO = "docs/howto/add-a-command.md"


@dataclass(frozen=True)
class Described:
    """One command, as the schema has it; see the head of its section for the meaning of a word."""

    name: str
    number: int
    states: tuple[int, ...]
    session: bool
    user: str  # "", "any" or "first"
    presence: str  # "", "yes", "held", or when
    errors: frozenset[str]  # its own
    handler: Path

    @property
    def always_needs_presence(self) -> bool:
        """Is the button needed however it is called?"""
        return self.presence.partition(",")[0] in ("yes", "held")

    @property
    def may_answer(self) -> frozenset[str]:
        """Every error that it may answer."""
        implied = SCHEMA["implied"]
        groups = ["every"]
        groups += ["presence"] if self.presence else []
        groups += ["user"] if self.user else []
        groups += ["first"] if self.user == "first" else []
        return self.errors.union(*(implied[group] for group in groups))


DESCRIBED = {
    name: Described(
        name,
        entry["number"],
        tuple(SCHEMA["states"][state] for state in entry["states"]),
        entry.get("session", False),
        entry.get("user", "").partition(",")[0],
        entry.get("presence", ""),
        frozenset(entry.get("errors", ())),
        ROOT / "firmware/etoken/commands" / f"{name}.py",
    )
    for name, entry in SCHEMA["commands"].items()
}
BY_NUMBER = {one.number: one for one in DESCRIBED.values()}


def smallest(request: type[codec.Request]) -> codec.Request:
    """A request that is well-formed, with the least value in each field that is required."""
    least: dict[int, object] = {
        codec.UINT: 0,
        codec.BOOL: False,
        codec.TEXT: "",
        codec.BYTES: b"",
        codec.TEXTS: [],
        codec.HASHES: [],
    }
    return request(
        **{
            name: bytes(bound) if kind == codec.OCTETS else least[kind]
            for _, name, kind, bound, required in request.FIELDS
            if required
        }
    )
