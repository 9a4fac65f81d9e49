"""The table of commands in SPEC.md section 8, which is written from the schema, is what the key
does.
"""

import tomllib
from pathlib import Path

import pytest

from biandun_protocol.wire.numbers import STATE_NAMES
from etoken.commands import all as every_command
from etoken.dispatch import COMMANDS

SCHEMA = tomllib.loads(
    (Path(__file__).resolve().parents[2] / "protocol" / "schema.toml").read_text("utf-8")
)

assert every_command


def test_the_key_and_the_schema_know_the_same_commands() -> None:
    assert {entry["number"] for entry in SCHEMA["commands"].values()} == set(COMMANDS)


@pytest.mark.parametrize("name", SCHEMA["commands"])
def test_a_command_is_taken_in_the_states_that_the_table_says(name: str) -> None:
    described, entry = SCHEMA["commands"][name], COMMANDS[SCHEMA["commands"][name]["number"]]
    assert [STATE_NAMES[state] for state in entry.states] == described["states"]
    assert entry.in_session == described.get("session", False)


@pytest.mark.parametrize("name", SCHEMA["commands"])
def test_a_command_that_waits_for_the_button_says_so_in_the_table(name: str) -> None:
    handler = COMMANDS[SCHEMA["commands"][name]["number"]].handler
    waits = "wait_presence" in (
        Path(__file__).resolve().parents[2] / "firmware/etoken/commands" / f"{name}.py"
    ).read_text("utf-8")
    assert handler.__module__ == f"etoken.commands.{name}"
    assert not waits or SCHEMA["commands"][name].get("presence")
