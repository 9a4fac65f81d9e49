"""Generate all files that depend on the schema, the book of words, code tables and forms.

Run it from anywhere; ``--check`` only compares.  From schema.toml come wire/numbers.py,
wire/messages.py with its types in wire/messages.pyi, wire.cddl, the tables between the markers in
SPEC.md and the firmware's list of handlers; from messages.toml, book.py; from codes/*.json,
codes.py; from the forms, filing.cddl and docs/forms.
"""

import json
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import book_of_words

ROOM = Path(__file__).resolve().parent.parent
HANDLERS = ROOM.parent / "firmware" / "etoken" / "commands"
DOCS = ROOM.parent / "docs" / "forms"
SCHEMA: dict[str, Any] = tomllib.loads((ROOM / "schema.toml").read_text("utf-8"))
NOTE = "written from schema.toml by tools/generate.py; change the schema, not this file"
PYTHON_TYPES = {
    "uint": "int",
    "bool": "bool",
    "text": "str",
    "bytes": "bytes",
    "octets": "bytes",
    "texts": "list[str]",
    "hashes": "list[bytes]",
}


def camel(name: str) -> str:
    """sign_begin -> SignBegin"""
    return "".join(part.capitalize() for part in name.split("_"))


def constant(name: str) -> str:
    """receipt-ack -> RECEIPT_ACK"""
    return name.replace("-", "_").upper()


def numbers() -> str:
    """Return the module of constants that both interpreters read."""
    lines = [f'"""Numbers and limits of the protocol: {NOTE}."""', ""]
    lines += [f"PROTOCOL_VERSION = {SCHEMA['protocol_version']}", ""]
    for table, prefix in (
        ("limits", "LIMIT"),
        ("frame_kinds", "KIND"),
        ("phases", "PHASE"),
        ("states", "STATE"),
        ("standings", "STANDING"),
    ):
        lines += [
            f"{prefix}_{constant(name)} = {value}" for name, value in SCHEMA[table].items()
        ] + [""]
    lines += [
        f"CLASS_{constant(name)} = {value}" for name, value in SCHEMA["hardware_classes"].items()
    ] + [""]
    lines += [f"EVENT_{constant(name)} = {value}" for name, value in SCHEMA["events"].items()] + [
        ""
    ]
    lines += [
        f"COMMAND_{constant(name)} = {entry['number']}"
        for name, entry in SCHEMA["commands"].items()
    ] + [""]
    lines += [
        f"ERROR_{constant(name)} = {entry['number']}" for name, entry in SCHEMA["errors"].items()
    ] + [""]
    lines += [f'PURPOSE_{constant(name)} = "{name}"' for name in SCHEMA["purposes"]] + [""]
    lines += [
        f'SCHEMA_{constant(name)} = "{value}"' for name, value in SCHEMA["schemas"].items()
    ] + [""]
    lines += ["STATE_NAMES = {"] + [f'    {v}: "{k}",' for k, v in SCHEMA["states"].items()] + ["}"]
    lines += (
        ["STANDING_NAMES = {"]
        + [f'    {v}: "{k}",' for k, v in SCHEMA["standings"].items()]
        + ["}"]
    )
    lines += (
        ["CLASS_NAMES = {"]
        + [f'    {v}: "{k}",' for k, v in SCHEMA["hardware_classes"].items()]
        + ["}"]
    )
    lines += ["PHASE_NAMES = {"] + [f'    {v}: "{k}",' for k, v in SCHEMA["phases"].items()] + ["}"]
    lines += (
        ["EVENT_NAMES = {"]
        + [f'    {v}: "{k.replace("_", "-")}",' for k, v in SCHEMA["events"].items()]
        + ["}"]
    )
    lines += ["ERROR_NAMES = {"]
    lines += [
        f'    {e["number"]}: "{k.replace("_", "-")}",' for k, e in SCHEMA["errors"].items()
    ] + ["}"]
    lines += ["ROLES = {"]
    lines += [
        f'    "{role}": ({", ".join(repr(one) for one in row)}),'.replace("'", '"')
        for role, row in SCHEMA["roles"].items()
    ] + ["}"]
    retriable = [str(e["number"]) for e in SCHEMA["errors"].values() if e["retriable"]]
    lines += [f"RETRIABLE_ERRORS = ({', '.join(retriable)})"]
    sealed = [str(entry["number"]) for entry in SCHEMA["commands"].values() if entry.get("session")]
    lines += [f"SESSION_COMMANDS = ({', '.join(sealed)})"]
    for name, wanted in (
        ("CHAINED_PURPOSES", "chained"),
        ("KEY_PURPOSES", "key"),
        ("OFFICE_PURPOSES", "office"),
    ):
        chosen = [
            p
            for p, e in SCHEMA["purposes"].items()
            if e["signer"] == wanted or (wanted == "chained" and e["chained"])
        ]
        lines += [f"{name} = ("] + [f'    "{purpose}",' for purpose in chosen] + [")"]
    return "\n".join(lines) + "\n"


def message_class(name: str, fields: dict[str, Any], doc: str, number: int | None) -> list[str]:
    """Return one class: its table of fields.

    The constructor is inherited: one for each class would take too much of a key's memory.
    """
    base = "Message" if number is None else "Request"
    lines = ["", "", f"class {name}(codec.{base}):", f'    """{doc}"""', ""]
    if number is not None:
        states = ", ".join(str(SCHEMA["states"][one]) for one in command_of(number)["states"])
        lines += [
            f"    NUMBER = {number}",
            f"    STATES = ({states}{'' if ',' in states else ','})",
        ]
    ordered = sorted(fields.items(), key=lambda item: item[1][0])
    rows = [
        f'        ({key}, "{field}", codec.{kind.upper()}, {bound}, {required}),'
        for field, (key, kind, bound, required) in ordered
    ]
    lines += ["    FIELDS = (", *rows, "    )"] if rows else []
    if len({key for _, (key, *_) in ordered}) != len(ordered):
        raise SystemExit(f"{name}: keys repeat")
    return lines if rows or number is not None else lines[:-1]


def command_of(number: int) -> dict[str, Any]:
    """Return the command with this number."""
    return next(one for one in SCHEMA["commands"].values() if one["number"] == number)


def message_types(name: str, fields: dict[str, Any], doc: str, number: int | None) -> list[str]:  # noqa: ARG001
    """Return the same class for a type checker: attributes and a typed constructor."""
    base = "Message" if number is None else "Request"
    lines = ["", f"class {name}(codec.{base}):"]
    seen_optional = False
    attributes: list[str] = []
    arguments: list[str] = []
    for field, (_, kind, _, required) in sorted(fields.items(), key=lambda item: item[1][0]):
        if required and seen_optional:
            raise SystemExit(f"{name}.{field}: required after optional")
        seen_optional = seen_optional or not required
        kind_of = PYTHON_TYPES[kind] if required else f"{PYTHON_TYPES[kind]} | None"
        attributes.append(f"    {field}: {kind_of}")
        arguments.append(f"{field}: {kind_of}" + ("" if required else " = None"))
    return [
        *lines,
        *attributes,
        f"    def __init__(self, {', '.join(arguments)}) -> None: ...".replace("self, )", "self)"),
    ]


def messages(one: Callable[[str, dict[str, Any], str, int | None], list[str]]) -> str:
    """Return requests, replies and records, each written by ``one``."""
    lines = [
        f'"""Messages and records of the protocol: {NOTE}."""',
        "",
        "from biandun_protocol.wire import codec",
    ]
    for name, record in SCHEMA["records"].items():
        fields = {field: value for field, value in record.items() if field != "doc"}
        lines += one(name, fields, record["doc"], None)
    for name, entry in SCHEMA["commands"].items():
        lines += one(camel(name) + "Request", entry["request"], entry["doc"], entry["number"])
        lines += one(camel(name) + "Reply", entry["reply"], f"Answer to ``{name}``.", None)
    return "\n".join(lines) + "\n"


def cddl_type(kind: str, bound: int) -> str:
    """Return the CDDL of one field's value (RFC 8610).

    ``.and`` repeats the type because checkers accept a byte string of the right size as text, or as
    a number in a range.
    """
    return {
        "uint": f"uint .and (0..{bound or 2**63 - 1})",
        "bool": "bool",
        "text": f"tstr .and (tstr .size (0..{bound}))",
        "bytes": f"bstr .and (bstr .size (0..{bound}))",
        "octets": f"bstr .and (bstr .size {bound})",
        "texts": f"[0*{bound} tstr .and (tstr .size (0..32))]",
        "hashes": f"[0*{bound} bstr .and (bstr .size 32)]",
    }[kind]


def cddl() -> str:
    """Return the whole wire schema as CDDL."""
    lines = [f"; Messages of the Biandun serial protocol: {NOTE}.", ""]
    requests = [f"{camel(name)}Request" for name in SCHEMA["commands"]]
    lines += ["message = request / reply / record", f"request = {' / '.join(requests)}"]
    lines += ["reply = " + " / ".join(f"{camel(name)}Reply" for name in SCHEMA["commands"])]
    lines += ["record = " + " / ".join(SCHEMA["records"])]

    def block(name: str, fields: dict[str, Any], doc: str) -> None:
        inner = [
            f"  {'' if required else '? '}{key} => {cddl_type(kind, bound)},  ; {field}"
            for field, (key, kind, bound, required) in fields.items()
        ]
        lines.extend(["", f"; {doc}", f"{name} = {{", *inner, "}"])

    for name, record in SCHEMA["records"].items():
        block(
            name, {field: value for field, value in record.items() if field != "doc"}, record["doc"]
        )
    for name, entry in SCHEMA["commands"].items():
        block(camel(name) + "Fields", entry["request"], entry["doc"])
        lines.append(f"{camel(name)}Request = [{entry['number']}, {camel(name)}Fields]")
        block(camel(name) + "Reply", entry["reply"], f"Answer to {name}.")
    return "\n".join(lines) + "\n"


def table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def check_commands() -> None:
    """Check that the schema is complete for every command.

    Raises SystemExit with the command.
    """
    codes = {name.replace("_", "-") for name in SCHEMA["errors"]}
    sections = re.findall(r"^##+ (\d+(?:\.\d+)?) ", (ROOM / "SPEC.md").read_text("utf-8"), re.M)
    for name, codes_implied in SCHEMA["implied"].items():
        if not codes.issuperset(codes_implied):
            raise SystemExit(f"schema.toml, [implied] {name}: {set(codes_implied) - codes}?")
    for name, entry in SCHEMA["commands"].items():
        missing = {"number", "states", "doc", "request", "reply"} - set(entry)
        foreign = set(entry) - {
            *("number", "states", "doc", "request", "reply", "session", "user"),
            *("presence", "becomes", "errors", "section"),
        }
        wrong = {
            "lacks": missing or not entry.get("states"),
            "does not know": foreign
            | (set(entry.get("states", ())) - set(SCHEMA["states"]))
            | (set(entry.get("errors", ())) - codes)
            | ({entry.get("section", sections[0])} - set(sections))
            | ({entry.get("user", "any").partition(",")[0]} - {"any", "first"}),
        }
        for what, which in wrong.items():
            if which:
                raise SystemExit(f"schema.toml, command {name}: {what} {which}")


def own_errors(entry: dict[str, Any]) -> str:
    """Return the table cell of a command's own errors: the section with their rules, then codes."""
    codes = ", ".join(f"`{code}`" for code in entry.get("errors", ()))
    return ": ".join(part for part in (f"§{entry.get('section', '')}".rstrip("§"), codes) if part)


def command_table() -> str:
    """Return the table of when a key accepts a command, and which errors it may answer."""
    rows = [
        (
            entry["number"],
            f"`{name}`",
            "all" if len(entry["states"]) == len(SCHEMA["states"]) else ", ".join(entry["states"]),
            "sealed" if entry.get("session") else "",
            *(entry.get(column, "") for column in ("user", "presence", "becomes")),
            own_errors(entry),
        )
        for name, entry in sorted(SCHEMA["commands"].items(), key=lambda item: item[1]["number"])
    ]
    return table(
        (
            "number",
            "command",
            "states",
            "session",
            "user",
            "presence",
            "changes state to",
            "errors of its own",
        ),
        rows,
    )


def implied_errors() -> str:
    """Return the errors that the table of commands does not repeat in each row."""
    when = {
        "presence": "presence in any form",
        "user": "a user",
        "first": "the first user, besides",
        "every": "none of these",
    }
    return table(
        ("a command that asks for", "may answer"),
        [
            (when[name], ", ".join(f"`{code}`" for code in codes))
            for name, codes in SCHEMA["implied"].items()
        ],
    )


def handlers() -> str:
    """Return the firmware's list of the handlers that exist; a test reports missing ones."""
    names = [name for name in sorted(SCHEMA["commands"]) if (HANDLERS / f"{name}.py").exists()]
    rows = [f"    {name}," for name in names]
    return "\n".join(
        [
            '"""Importing this module fills the table of ``dispatch`` with every command.',
            "",
            f"{NOTE[0].upper()}{NOTE[1:]}.",
            '"""',
            "",
            "from etoken.commands import (",
            *rows,
            ")",
            "",
            "MODULES = (",
            *rows,
            ")",
            "",
        ]
    )


def free_errors() -> str:
    """Return the unused numbers below the highest error number."""
    given = {entry["number"] for entry in SCHEMA["errors"].values()}
    free = ", ".join(str(number) for number in range(1, max(given)) if number not in given)
    return f"Up to {max(given)} the numbers {free} are not given to any error."


def spec_tables() -> dict[str, str]:
    """Return the generated parts of SPEC.md by marker name."""
    fields: list[str] = []
    for name, entry in SCHEMA["commands"].items():
        fields += [f"#### {entry['number']} `{name}`", "", entry["doc"], ""]
        rows = [
            (side, key, f"`{field}`", kind, bound or "", "yes" if required else "")
            for side in ("request", "reply")
            for field, (key, kind, bound, required) in entry[side].items()
        ]
        fields += [
            table(("in", "key", "field", "type", "bound", "required"), rows)
            if rows
            else "No fields.",
            "",
        ]
    records: list[str] = []
    for name, record in SCHEMA["records"].items():
        rows = [
            (key, f"`{field}`", kind, bound or "", "yes" if required else "")
            for field, (key, kind, bound, required) in (
                (f, v) for f, v in record.items() if f != "doc"
            )
        ]
        records += [
            f"#### `{name}`",
            "",
            record["doc"],
            "",
            table(("key", "field", "type", "bound", "required"), rows),
            "",
        ]
    return {
        "limits": table(("limit", "value"), [(f"`{k}`", v) for k, v in SCHEMA["limits"].items()]),
        "frames": table(
            ("kind", "number"), [(f"`{k}`", v) for k, v in SCHEMA["frame_kinds"].items()]
        ),
        "phases": table(("phase", "number"), [(f"`{k}`", v) for k, v in SCHEMA["phases"].items()]),
        "states": table(("state", "number"), [(f"`{k}`", v) for k, v in SCHEMA["states"].items()]),
        "errors": table(
            ("number", "code", "retriable"),
            [
                (e["number"], f"`{k.replace('_', '-')}`", "yes" if e["retriable"] else "")
                for k, e in SCHEMA["errors"].items()
            ],
        ),
        "purposes": table(
            ("purpose", "signed by", "uses the sequence"),
            [
                (f"`{k}`", e["signer"], "yes" if e["chained"] else "")
                for k, e in SCHEMA["purposes"].items()
            ],
        ),
        "schemas": table(
            ("record, or purpose whose manifest it is", "field 0"),
            [(f"`{k}`", f"`{v}`") for k, v in SCHEMA["schemas"].items()],
        ),
        "free errors": free_errors(),
        "command table": command_table(),
        "implied errors": implied_errors(),
        "records": "\n".join(records).rstrip(),
        "commands": "\n".join(fields).rstrip(),
    }


def spec(text: str) -> str:
    """Return SPEC.md with its generated parts renewed."""
    for name, content in spec_tables().items():
        start, end = f"<!-- generated: {name} -->", "<!-- end -->"
        head, marker, rest = text.partition(start)
        if not marker or end not in rest:
            raise SystemExit(f"SPEC.md has no marker {start}")
        text = f"{head}{start}\n\n{content}\n\n{end}{rest.partition(end)[2]}"
    return text


def outputs() -> dict[Path, str]:
    """Return every generated file with its content."""
    check_commands()
    wire = ROOM / "biandun_protocol" / "wire"
    return {
        ROOM / "biandun_protocol" / "codes.py": codes(),
        wire / "numbers.py": numbers(),
        wire / "messages.py": messages(message_class),
        wire / "messages.pyi": messages(message_types),
        ROOM / "biandun_protocol" / "book.py": book_of_words.module(_tables()),
        ROOM / "wire.cddl": cddl(),
        ROOM / "SPEC.md": spec((ROOM / "SPEC.md").read_text("utf-8")),
        HANDLERS / "all.py": handlers(),
    }


def codes() -> str:
    """Return the module of code tables."""
    lines = [
        '"""Code tables by name, written from codes/*.json by tools/generate.py."""',
        "",
        "from biandun_protocol.catalogue import Phrase",
        "",
        "TABLES: dict[str, dict[str, Phrase]] = {",
    ]
    for table in _tables().items():
        lines.append(f"    {json.dumps(table[0])}: {{")
        for code, words in table[1]["codes"].items():
            zh, en = words[0], words[-1]
            said = f"{json.dumps(zh, ensure_ascii=False)}, {json.dumps(en, ensure_ascii=False)}"
            lines.append(f"        {json.dumps(code)}: Phrase({said}),")
        lines.append("    },")
    return "\n".join([*lines, "}"]) + "\n"


def _tables() -> dict[str, Any]:
    """Return all code tables; no two files may have a table of the same name."""
    tables: dict[str, Any] = {}
    for path in sorted((ROOM / "codes").glob("*.json")):
        found = json.loads(path.read_text("utf-8"))
        if tables.keys() & found.keys():
            raise SystemExit(f"{path.name}: a table that another file has")
        tables |= found
    return tables


def form_outputs() -> dict[Path, str]:
    """Return the files generated from the forms, which import what ``outputs`` writes."""
    import form_grammar  # noqa: PLC0415

    pages = {DOCS / f"{name}.md": text for name, text in form_grammar.pages().items()}
    return {ROOM / "filing.cddl": form_grammar.cddl(), **pages}


def main(arguments: list[str]) -> int:
    """Write the files; with --check print those that are out of date."""
    only_check, stale = "--check" in arguments, False
    for made in (outputs, form_outputs):
        for path, content in made().items():
            if path.exists() and path.read_text("utf-8") == content:
                continue
            stale = True
            print(f"{'stale' if only_check else 'written'}: {path.relative_to(ROOM.parent)}")
            if not only_check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(content, "utf-8")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
