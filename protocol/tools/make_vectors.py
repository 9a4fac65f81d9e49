"""Write protocol/vectors/*.json; ``--check`` only compares.  Run it from anywhere.

The vectors are made by the ``oracle_*`` modules in this folder, which share no code with
``biandun_protocol``.  An existing vector is frozen: this tool adds new ones and stops when an old
one would change, because statements with these bytes must verify for ever.  Existing signatures are
taken from the file; only new statements are signed.
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
    """Return the content of an existing vector file."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def made() -> dict[str, Sections]:
    """Return every vector file by its name."""
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
    """Return the statements, with the signatures that exist already."""
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
    """Return the statements in the SM2 suite, and refusals that only that suite has."""
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
    """Return the file with one vector a line, so that a change shows as one line."""
    parts: list[str] = []
    for section, entries in sections.items():
        names = [entry["name"] for entry in entries]
        if len(set(names)) != len(names):
            raise SystemExit(f"{section}: two vectors with one name")
        lines = ",\n".join("  " + json.dumps(entry, ensure_ascii=False) for entry in entries)
        parts.append(f" {json.dumps(section)}: [\n{lines}\n ]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def changed(before: Sections, after: Sections) -> list[str]:
    """Return the names of vectors that would change or disappear."""
    return [
        f"{section}/{entry['name']}"
        for section, entries in before.items()
        for entry in entries
        if json.loads(json.dumps(entry)) not in after.get(section, [])
    ]


def main(arguments: list[str]) -> int:
    """Add new vectors; return 1 when an existing one would change.

    With --check return 1 when a file is out of date.
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
