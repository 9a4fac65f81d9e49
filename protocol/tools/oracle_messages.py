"""Vectors of messages and records, made from schema.toml with a separate encoder.

Every message comes in its smallest and its largest form; then each field is left out, given another
type, and set beyond its bound.  ``error`` is the error number of the key's answer and ``field`` the
field that it names.
"""

import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

from oracle_cbor import Pairs, Raw, encode

Entry = dict[str, object]
Field = tuple[int, str, int, bool]
SCHEMA: dict[str, Any] = tomllib.loads(
    (Path(__file__).resolve().parent.parent / "schema.toml").read_text("utf-8")
)
ERRORS: dict[str, int] = {name: entry["number"] for name, entry in SCHEMA["errors"].items()}
# optional fields added after a message's vectors were frozen, in the order of their addition: older
# vectors leave them out
LATER = {
    "InfoReply": (("suite",), ("faults", "last_fault")),
    "ErrorInfo": (("wait_ms",),),
    "ProfileManifest": (("device_key",), ("role",)),
    "PossessionManifest": (("device_key",),),
    "OrderManifest": (("time", "until", "entries"),),
    "ChainStateReply": (("forgotten", "card_version", "parcels"),),
}
LARGEST_UINT = 2**63 - 1
LARGEST_MESSAGE: int = SCHEMA["limits"]["message"]


def all_messages() -> dict[str, tuple[int | None, dict[str, Field]]]:
    """Return class name -> (command number of a request, fields by name)."""
    found: dict[str, tuple[int | None, dict[str, Field]]] = {}
    for name, record in SCHEMA["records"].items():
        found[name] = (None, {field: tuple(row) for field, row in record.items() if field != "doc"})
    for name, entry in SCHEMA["commands"].items():
        camel = "".join(part.capitalize() for part in name.split("_"))
        for side, number in (("request", entry["number"]), ("reply", None)):
            found[camel + side.capitalize()] = (
                number,
                {field: tuple(row) for field, row in entry[side].items()},
            )
    return found


def smallest(kind: str, bound: int) -> object:
    """Return the smallest value of a type."""
    return (
        bytes(bound)
        if kind == "octets"
        else {"uint": 0, "bool": False, "text": "", "bytes": b"", "texts": [], "hashes": []}[kind]
    )


def largest(kind: str, bound: int) -> object:
    """Return the largest value of a type."""
    match kind:
        case "uint":
            return bound or LARGEST_UINT
        case "bool":
            return True
        case "text":
            return "编" * (bound // 3) + "x" * (bound % 3)
        case "texts":
            return ["编" * 10 + "xy"] * bound
        # a proof of more than 40 hashes needs a log larger than any, and a longer list would not
        # fit a message
        case "hashes":
            return [bytes([place]) * 32 for place in range(min(bound, 40))]
        case _:
            return bytes(255 - place % 251 for place in range(bound))


def wrong_types(kind: str) -> list[object]:
    """Return values of other types, and of types that are nearly right."""
    table: dict[str, list[object]] = {
        "uint": [True, -1, "1", b"\1", 2**63],
        "bool": [0, 1, "true"],
        "text": [b"text", 0, ["t"]],
        "bytes": ["bytes", 0, []],
        "octets": ["x" * 16, 0],
        "texts": ["text", [0], [b"x"], ["x" * 33], ["编" * 11]],
        "hashes": [b"", [bytes(31)], [bytes(33)], ["x" * 32], [0]],
    }
    return table[kind]


def over_bound(kind: str, bound: int) -> list[object]:
    """Return values just outside the bound."""
    match kind:
        case "uint":
            return [bound + 1] if bound else []
        case "bool":
            return []
        case "text":
            return ["x" * (bound + 1), "编" * (bound // 3 + 1)]
        case "bytes":
            return [bytes(bound + 1)]
        case "octets":
            return [bytes(bound + 1), bytes(bound - 1), b""]
        case "texts":
            return [[""] * (bound + 1)]
        case _:
            return [[bytes(32)] * (bound + 1)]


def notation(value: object) -> str:
    """Return a decoded value as the vectors show it.

    Numbers and booleans plainly, text as quoted hex, long strings by digest.
    """
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ",".join(notation(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.encode().hex() + '"'
    if isinstance(value, bytes):
        return (
            "h'" + value.hex() + "'"
            if len(value) <= 32
            else f"{len(value)} bytes {sha256(value).hexdigest()}"
        )
    return str(value)


def _message(number: int | None, fields: object) -> str:
    return encode(fields if number is None else [number, fields]).hex()


def _accepted(
    kind: str, label: str, number: int | None, fields: dict[str, Field], values: dict[str, object]
) -> Entry:
    later = [name for names in LATER.get(kind, ()) for name in names]
    shown = [
        f"{name}={notation(values.get(name))}"
        for name in sorted(fields, key=lambda name: fields[name][0])
        if name in values or name not in later
    ]
    content = {fields[name][0]: value for name, value in values.items()}
    return {
        "name": f"{kind} {label}",
        "type": kind,
        "cbor": _message(number, content),
        "fields": shown,
    }


def messages() -> dict[str, list[Entry]]:
    """Return all message vectors."""
    valid: list[Entry] = []
    invalid: list[Entry] = []
    for kind, (number, fields) in all_messages().items():
        least = {name: smallest(row[1], row[2]) for name, row in fields.items() if row[3]}
        valid.append(_accepted(kind, "smallest", number, fields, least))
        if fields:
            most = {name: largest(row[1], row[2]) for name, row in fields.items()}
            waves = LATER.get(kind, ())
            for count in range(len(waves) + 1):
                still_to_come = [name for names in waves[count:] for name in names]
                label = f"largest with {' and '.join(waves[count - 1])}" if count else "largest"
                values = {name: value for name, value in most.items() if name not in still_to_come}
                valid.append(_accepted(kind, label, number, fields, values))
        base = {fields[name][0]: value for name, value in least.items()}

        def refuse(
            label: str,
            content: object,
            error: str,
            field: int | None,
            kind: str = kind,
            number: int | None = number,
        ) -> None:
            invalid.append(
                {
                    "name": f"{kind} {label}",
                    "type": kind,
                    "cbor": _message(number, content),
                    "error": ERRORS[error],
                    "field": field,
                }
            )

        refuse("unknown field 23", {**base, 23: 0}, "unknown_field", None)
        refuse("unknown text field", {**base, "0": 0}, "unknown_field", None)
        refuse("unknown field -1", {**base, -1: 0}, "unknown_field", None)
        refuse("array for a map", [], "malformed", None)
        refuse("number for a map", 0, "malformed", None)
        refuse(
            "field 22 twice", Pairs([*sorted(base.items()), (22, 0), (22, 0)]), "malformed", None
        )
        for name, (key, sort, bound, required) in fields.items():
            if required:
                refuse(
                    f"without {name}",
                    {k: v for k, v in base.items() if k != key},
                    "missing_field",
                    key,
                )
            refuse(f"null for {name}", {**base, key: Raw(b"\xf6")}, "malformed", None)
            for place, value in enumerate(wrong_types(sort)):
                refuse(f"{name} of type {place}", {**base, key: value}, "bad_field", key)
            for place, value in enumerate(over_bound(sort, bound)):
                refuse(f"{name} over its bound {place}", {**base, key: value}, "bad_field", key)
    return {"valid": valid, "invalid": invalid, "envelopes": envelopes()}


def envelopes() -> list[Entry]:
    """Return vectors of what surrounds a request: [number, fields]."""
    info: object = {0: 1}
    filler = bytes(LARGEST_MESSAGE - len(encode([1, {0: 1}])) - 4)
    rows: list[tuple[str, bytes, str | None, int]] = [
        ("a request", encode([1, info]), None, 1),
        ("an unknown command", encode([999, {}]), None, 999),
        ("a negative command", encode([-1, {}]), None, -1),
        ("fields that are no map", encode([1, 0]), None, 1),
        ("the largest message", encode([1, {0: 1, 1: filler}]), None, 1),
        (
            "one byte over the largest message",
            encode([1, {0: 1, 1: filler + b"\0"}]),
            "too_large",
            0,
        ),
        ("nothing", b"", "malformed", 0),
        ("a map", encode(info), "malformed", 0),
        ("one item", encode([1]), "malformed", 0),
        ("three items", encode([1, info, 0]), "malformed", 0),
        ("a command by name", encode(["info", info]), "malformed", 0),
        ("a boolean command", encode([True, info]), "malformed", 0),
        ("a trailing byte", encode([1, info]) + b"\0", "malformed", 0),
        ("a byte missing", encode([1, info])[:-1], "malformed", 0),
        ("a tag around it", b"\xc1" + encode([1, info]), "malformed", 0),
        ("an indefinite array", b"\x9f\x01" + encode(info) + b"\xff", "malformed", 0),
    ]
    return [
        {"name": name, "cbor": raw.hex(), "error": ERRORS[error] if error else 0, "command": number}
        for name, raw, error, number in rows
    ]
