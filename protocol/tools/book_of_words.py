"""Write biandun_protocol/book.py from messages.toml; ``generate.py`` calls this.

Programs read texts from a module of constants, because parsing the book itself would delay each
start of a program by some milliseconds.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).resolve().parent.parent / "messages.toml"
NOTE = "written from messages.toml by tools/generate.py; change the book, not this file"
PAIRS = "dict[str, tuple[str, str]]"
TEXTS = "dict[str, str]"


def pairs(book: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield (key path, texts) of every entry that has its own Chinese and English text."""
    for name, entry in book["errors"].items():
        yield f"errors.{name}", {key: value for key, value in entry.items() if key != "next"}
        if not isinstance(entry.get("next"), str):
            yield f"errors.{name}.next", entry.get("next", {})
    for section in ("next_steps", "labels"):
        for name, entry in book[section].items():
            yield f"{section}.{name}", entry
    for section in ("office", "codes", "values", "phrases"):
        for part, entries in book[section].items():
            for name, entry in entries.items():
                yield f"{section}.{part}.{name}", entry


def incomplete(book: Mapping[str, Any]) -> list[str]:
    """Return the key paths of entries whose texts are not exactly a Chinese and an English one."""
    bad = [
        place
        for place, entry in pairs(book)
        if set(entry) != {"zh", "en"} or not all(isinstance(e, str) and e for e in entry.values())
    ]
    steps = [entry.get("next") for entry in book["errors"].values()]
    named = {step for step in steps if isinstance(step, str)}
    return bad + [f"next_steps.{name}" for name in sorted(named - set(book["next_steps"]))]


def codes(book: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the texts of codes, by the code or, for a code of one field only, by ``field:code``.

    Those of fields in ``[tables]`` are taken from the code tables.

    Raises SystemExit for a code that is in two sections, or with different texts in two tables of a
    field.
    """
    found: dict[str, Mapping[str, str]] = {}
    for section, entries in book["codes"].items():
        for code, entry in entries.items():
            if code in found:
                raise SystemExit(f"messages.toml: codes.{section}.{code} stands elsewhere, too")
            found[code] = entry
    for field, entries in book["values"].items():
        found |= {f"{field}:{code}": entry for code, entry in entries.items()}
    for field, names in book["tables"].items():
        for name in names:
            for code, words in tables[name]["codes"].items():
                entry = {"zh": words[0], "en": words[-1]}
                if found.setdefault(f"{field}:{code}", entry) != entry:
                    raise SystemExit(f"codes of {field}: {code} means two things")
    return found


def _written(*texts: str) -> str:
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _table(name: str, what: str, kind: str, rows: Mapping[str, str]) -> list[str]:
    lines = [
        f"    {_written(key)}: {row if kind == TEXTS else f'({row})'}," for key, row in rows.items()
    ]
    return ["", f"# {what}", f"{name}: {kind} = {{", *lines, "}"]


def module(tables: Mapping[str, Any]) -> str:
    """The module of constants; ``tables`` are the code tables.

    Raises SystemExit with the places of incomplete entries.
    """
    book = tomllib.loads(SOURCE.read_text("utf-8"))
    if bad := incomplete(book):
        raise SystemExit(f"messages.toml: no Chinese and English at {', '.join(bad)}")
    steps = book["next_steps"]
    errors = {
        code: (entry, steps[entry["next"]] if isinstance(entry["next"], str) else entry["next"])
        for code, entry in book["errors"].items()
    }

    def both(entries: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        return {name: _written(entry["zh"], entry["en"]) for name, entry in entries.items()}

    phrases = {
        f"{section}.{name}": entry
        for section, entries in book["phrases"].items()
        for name, entry in entries.items()
    }
    lines = [
        f'"""What people read, Chinese and English: {NOTE}."""',
        *_table(
            "ERRORS",
            "code -> what happened, and the next step",
            "dict[str, tuple[str, str, str, str]]",
            {
                code: _written(entry["zh"], entry["en"], step["zh"], step["en"])
                for code, (entry, step) in errors.items()
            },
        ),
        *_table("LABELS", "field -> its name", PAIRS, both(book["labels"])),
        *_table(
            "OFFICE_LABELS",
            "the same, where the office's program has another name",
            PAIRS,
            both(book["office"]["labels"]),
        ),
        *_table("CODES", "code, or field:code -> what it means", PAIRS, both(codes(book, tables))),
        *_table("PHRASES", "part of a sentence -> its words", PAIRS, both(phrases)),
    ]
    for name, entries in book["translated"].items():
        rows = {english: _written(chinese) for english, chinese in entries.items()}
        lines += _table(name.upper(), "English of others -> Chinese", TEXTS, rows)
    return "\n".join(lines) + "\n"
