"""Write protocol/vectors/*.json: run from anywhere; ``--check`` only compares.

The vectors are made by the ``oracle_*`` modules beside this file, which share no line with
``biandun_protocol``.  A vector that exists is frozen: this tool adds new ones and stops when an old
one would change, because statements with these bytes must verify for ever.  Signatures are taken
from the file; only a statement that is new gets signed.
"""

import json
import sys
from pathlib import Path

import oracle_link
import oracle_merkle
import oracle_messages
import oracle_refused
import oracle_statements

FOLDER = Path(__file__).resolve().parent.parent / "vectors"
Entry = dict[str, object]
Sections = dict[str, list[Entry]]


def existing(name: str) -> Sections:
    """What the file holds already."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def made() -> dict[str, Sections]:
    """Every vector file by its name."""
    return {
        "cobs": oracle_link.cobs(),
        "frames": oracle_link.frames(),
        "cbor": oracle_link.cbor(),
        "messages": oracle_messages.messages(),
        "merkle": oracle_merkle.merkle(),
        "statements": statements(),
        "statements-sm2": statements_sm2(),
    }


def statements() -> Sections:
    """The statements, with the signatures that exist already."""
    pen = oracle_statements.Pen(existing("statements").get("signatures", []))
    good = oracle_statements.valid(pen)
    return {
        "keys": oracle_statements.people(),
        "valid": good,
        "refused": oracle_refused.refused(pen),
        "receipts": oracle_statements.receipts(pen, good[0]),
        "signatures": pen.entries,
    }


def statements_sm2() -> Sections:
    """The same in the SM2 suite; what is refused is only what that suite adds."""
    pen = oracle_statements.Pen(
        existing("statements-sm2").get("signatures", []), oracle_statements.SM2
    )
    good = oracle_statements.valid(pen)
    return {
        "keys": oracle_statements.people(oracle_statements.SM2),
        "valid": good,
        "refused": oracle_refused.refused_sm2(pen),
        "receipts": oracle_statements.receipts(pen, good[0]),
        "signatures": pen.entries,
    }


def render(sections: Sections) -> str:
    """One vector a line, so that a change shows as one line."""
    parts: list[str] = []
    for section, entries in sections.items():
        names = [entry["name"] for entry in entries]
        if len(set(names)) != len(names):
            raise SystemExit(f"{section}: two vectors with one name")
        lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
        parts.append(f" {json.dumps(section)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def changed(before: Sections, after: Sections) -> list[str]:
    """Names of vectors that would change or go."""
    return [
        f"{section}/{entry['name']}"
        for section, entries in before.items()
        for entry in entries
        if json.loads(json.dumps(entry)) not in after.get(section, [])
    ]


def main(arguments: list[str]) -> int:
    """Add what is new; exit 1 when a vector would change, or with --check when the files are not
    what is made.
    """
    status = 0
    for name, sections in made().items():
        path, text = FOLDER / f"{name}.json", render(sections)
        if path.exists() and path.read_text("utf-8") == text:
            continue
        frozen = changed(existing(name), sections)
        if frozen or "--check" in arguments:
            print(
                f"{name}: {'frozen vectors would change: ' + ', '.join(frozen[:5]) if frozen else 'stale'}"  # noqa: E501
            )
            status = 1
        else:
            path.write_text(text, "utf-8")
            print(f"written: {path.name}")
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
