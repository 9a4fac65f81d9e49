"""The picture of the architecture says what the import contracts say, and is drawn from that."""

import copy
import re
import tomllib
from typing import Any

import pytest

from tests.system import architecture
from tests.system.architecture import ARROWS, HOST, OFFICE, PROTOCOL, ROOMS, ROOT, WAY

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


@pytest.fixture
def rules() -> list[dict[str, Any]]:
    return copy.deepcopy(architecture.contracts())


def test_the_rooms_are_those_of_the_contracts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert set(ROOMS) == set(project["tool"]["importlinter"]["root_packages"])


def test_the_arrows_are_those_that_the_contracts_allow(rules: list[dict[str, Any]]) -> None:
    assert set(architecture.allowed(rules)) == ARROWS


def test_an_arrow_that_a_contract_no_longer_forbids_is_noticed(rules: list[dict[str, Any]]) -> None:
    rules = [one for one in rules if one.get("source_modules") != [HOST]]
    assert (HOST, OFFICE) in set(architecture.allowed(rules)) - ARROWS


def test_an_arrow_that_a_contract_forbids_now_is_noticed(rules: list[dict[str, Any]]) -> None:
    (host,) = [one for one in rules if one.get("source_modules") == [HOST]]
    host["forbidden_modules"].append(PROTOCOL)
    assert ARROWS - set(architecture.allowed(rules)) == {(HOST, PROTOCOL)}


def test_the_picture_is_the_one_that_is_drawn_today() -> None:
    """After a change of contracts: python -m tests.system.architecture."""
    assert architecture.PICTURE.read_text("utf-8") == architecture.svg()


@pytest.mark.parametrize("package", ROOMS)
def test_every_room_is_where_the_picture_says_and_on_the_page(package: str) -> None:
    folder = ROOMS[package].folder
    assert (ROOT / folder / package / "__init__.py").is_file()
    assert f"| [{folder}/](../{folder}/README.md) |" in PAGE


def test_the_page_tells_every_step_of_the_picture() -> None:
    steps = [line for line in PAGE.splitlines() if line[:1].isdigit()]
    assert [int(line.split(".")[0]) for line in steps] == list(range(1, len(WAY) + 1))


@pytest.mark.parametrize(
    "layer", [one for package in ROOMS for one in architecture.layers(package)]
)
def test_a_layer_keeps_all_its_names_when_it_is_broken_into_lines(layer: str) -> None:
    shown = architecture.lines(layer)
    assert re.findall(r"\w+", " ".join(shown)) == re.findall(r"\w+", layer)
    assert all(len(line) <= architecture.LETTERS for line in shown)
