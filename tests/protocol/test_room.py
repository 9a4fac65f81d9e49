"""What holds for the room as a whole: one source of numbers, no input or output, and two
interpreters.
"""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from biandun_protocol.forms import registry
from biandun_protocol.forms.registry import FORMS
from biandun_protocol.wire import numbers

ROOM = Path(__file__).resolve().parents[2] / "protocol"
PACKAGE = ROOM / "biandun_protocol"
SCHEMA: dict[str, Any] = tomllib.loads((ROOM / "schema.toml").read_text("utf-8"))
FORBIDDEN_MODULES = {
    "asyncio", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "select", "serial", "shutil", "signal",
    "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
ALLOWED_OUTSIDE = {"cbor2", "cryptography", "pydantic", "pydantic_core", "biandun_protocol"}
MICROPYTHON_SAFE = {"binascii", "hashlib"}


def imports(path: Path) -> set[str]:
    """Dotted names of everything a module imports, but for blocks under ``if TYPE_CHECKING``."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
    ]
    skipped = {id(inner) for block in typing_only for inner in ast.walk(block)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            found.add(str(node.module))
    return found


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def test_the_generated_files_are_what_the_schema_says() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOM / "tools/generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "")


def forms_of(path: Path) -> list[str]:
    """The names of the forms that a module defines."""
    return [
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Form" for base in node.bases)
    ]


def test_a_form_has_a_row_in_the_table_of_forms() -> None:
    rows = {(row.module, row.class_name) for row in FORMS.values()}
    found = {
        (f"biandun_protocol.forms.{path.stem}", name)
        for path in modules(PACKAGE / "forms")
        for name in forms_of(path)
    }
    without = [
        f"{name} has no row: write one in {registry.__name__}, see docs/howto/add-a-form.md"
        for module, name in found - rows
    ]
    assert without == []
    assert found == rows


@pytest.mark.parametrize("path", modules(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_does_no_input_or_output(path: Path) -> None:
    assert {name.partition(".")[0] for name in imports(path)} & FORBIDDEN_MODULES == set()
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & {"open", "print", "input", "exec", "eval", "__import__"} == set()


@pytest.mark.parametrize("path", modules(PACKAGE), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_nothing_but_the_standard_library_cbor2_cryptography_and_pydantic(
    path: Path,
) -> None:
    outside = {name.partition(".")[0] for name in imports(path)} - set(sys.stdlib_module_names)
    assert outside <= ALLOWED_OUTSIDE


@pytest.mark.parametrize("path", modules(PACKAGE / "wire"), ids=lambda path: path.name)
def test_a_wire_module_imports_only_what_micropython_has(path: Path) -> None:
    foreign = {name for name in imports(path) if not name.startswith("biandun_protocol.wire")}
    assert foreign <= MICROPYTHON_SAFE


def test_the_package_files_are_empty_because_micropython_runs_them() -> None:
    assert [(PACKAGE / name).read_bytes() for name in ("__init__.py", "wire/__init__.py")] == [
        b"",
        b"",
    ]


@pytest.mark.parametrize("table", ["frame_kinds", "phases", "states", "hardware_classes"])
def test_no_two_names_share_a_number(table: str) -> None:
    assert len(set(SCHEMA[table].values())) == len(SCHEMA[table])


@pytest.mark.parametrize("table", ["errors", "commands"])
def test_no_two_entries_share_a_number(table: str) -> None:
    numbered = [entry["number"] for entry in SCHEMA[table].values()]
    assert len(set(numbered)) == len(numbered)


def test_the_keys_of_every_record_and_message_are_0_to_23_and_start_at_0() -> None:
    groups = [
        {k: v for k, v in record.items() if k != "doc"} for record in SCHEMA["records"].values()
    ]
    groups += [
        entry[side] for entry in SCHEMA["commands"].values() for side in ("request", "reply")
    ]
    for group in groups:
        assert sorted(row[0] for row in group.values()) == list(range(len(group)))
        assert len(group) <= 24


def test_every_purpose_has_one_signer_and_only_keys_use_a_sequence() -> None:
    assert set(numbers.KEY_PURPOSES) | set(numbers.OFFICE_PURPOSES) == set(SCHEMA["purposes"])
    assert set(numbers.KEY_PURPOSES) & set(numbers.OFFICE_PURPOSES) == set()
    assert set(numbers.CHAINED_PURPOSES) <= set(numbers.KEY_PURPOSES)


def test_the_specification_names_every_limit_command_error_and_purpose() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    names = [
        *SCHEMA["limits"],
        *SCHEMA["commands"],
        *SCHEMA["purposes"],
        *(name.replace("_", "-") for name in SCHEMA["errors"]),
    ]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_specification_points_only_at_sections_that_exist() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    sections = set(re.findall(r"^##+ (\d+(?:\.\d+)?)", text, re.M))
    assert set(re.findall(r"(?<!RFC \d{4} )§(\d+(?:\.\d+)?)", text)) <= sections


def test_the_specification_names_every_label_and_field_of_a_statement() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    from biandun_protocol.wire import statement

    labels = [value for name, value in vars(statement).items() if name.startswith("LABEL_")]
    fields = [value for name, value in vars(statement).items() if name.startswith("FIELD_")]
    assert [label for label in labels if f"| {label} |" not in text] == []
    assert sorted(fields) == list(range(17))
    assert [field for field in fields if f"| -70001/{field} |" not in text] == []
