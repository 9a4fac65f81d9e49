"""A command that stands in schema.toml is whole: it has its handler, which says and does what the
schema has of it.
"""

import ast
import re

import pytest

from biandun_protocol.wire import messages
from biandun_protocol.wire.numbers import ERROR_NAMES
from etoken.commands import all as every_command
from etoken.dispatch import COMMANDS, Entry
from tests.firmware.described import DESCRIBED, HOW_TO, ROOT

assert every_command

EACH = pytest.mark.parametrize("name", DESCRIBED)
# what a docstring writes for several
FAMILIES = {"PRESENCE": "presence-refused", "RECEIPT": "receipt-malformed"}


def entry(name: str) -> Entry:
    """Its row in the key's table."""
    path = DESCRIBED[name].handler
    assert path.exists(), f"{name} has no handler: write {path.relative_to(ROOT)}, see {HOW_TO}"
    found = COMMANDS.get(DESCRIBED[name].number)
    assert found is not None, f"{name} is not listed: run python protocol/tools/generate.py"
    return found


def test_the_key_knows_no_command_that_the_schema_does_not() -> None:
    assert set(COMMANDS) <= {one.number for one in DESCRIBED.values()}


@EACH
def test_a_command_has_a_handler_of_its_name_in_a_file_of_its_name(name: str) -> None:
    handler = entry(name).handler
    assert (handler.__module__, handler.__name__) == (f"etoken.commands.{name}", name)


@EACH
def test_a_command_takes_its_request_in_the_states_and_the_session_of_the_schema(
    name: str,
) -> None:
    camel = "".join(part.capitalize() for part in name.split("_"))
    assert entry(name).request is getattr(messages, f"{camel}Request")
    assert DESCRIBED[name].states == entry(name).request.STATES
    assert entry(name).in_session == DESCRIBED[name].session


@EACH
def test_a_command_that_waits_for_the_button_says_so_in_the_schema(name: str) -> None:
    assert entry(name)
    waits = "wait_presence" in DESCRIBED[name].handler.read_text("utf-8")
    assert not waits or DESCRIBED[name].presence


@EACH
def test_a_command_that_asks_for_a_user_says_so_in_the_schema(name: str) -> None:
    assert entry(name)
    text = DESCRIBED[name].handler.read_text("utf-8")
    asks = {"require_first_user": "first", "require_user": "any"}
    wanted = next((user for call, user in asks.items() if f"token.{call}()" in text), "")
    assert DESCRIBED[name].user == wanted


@EACH
def test_the_errors_that_a_handler_names_are_those_of_the_schema(name: str) -> None:
    assert entry(name)
    tree = ast.parse(DESCRIBED[name].handler.read_text("utf-8"))
    texts = [
        ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    raised = {
        node.id.removeprefix("ERROR_")
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id.startswith("ERROR_")
    }
    words = raised | {
        FAMILIES.get(word.rstrip("_"), word)
        for text in texts
        for word in re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)*_?(?=\b|\*)", text)
    }
    codes = {word.lower().replace("_", "-") for word in words} & set(ERROR_NAMES.values())
    assert codes - DESCRIBED[name].may_answer == set()
