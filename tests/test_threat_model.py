"""The threat model says nothing that no test holds: every claim has a known status, and its tests
exist.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "threat-model.md"
HEADING = "| id | claim | status | tests |"
HOLDS, CLASS, OPEN = "holds", "training class: does not hold", "open: issue "
BOUNDARIES = "KCWHPOS"


@cache
def functions(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, which is read and never run."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def rows(text: str) -> Iterator[str]:
    """Lines of the tables of claims, without heading and rule."""
    inside = False
    for line in text.splitlines():
        if line == HEADING:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and set(line) - set("|- "):
            yield line


def faults(text: str) -> list[str]:
    """What is wrong with a page, one sentence a fault."""
    found: list[str] = []
    seen: set[str] = set()
    for row in rows(text):
        parsed = re.fullmatch(r"\| ([A-Z]\d+) \| ([^|]+\.) \| ([^|]+) \|((?: `[^`|]+`)*) \|", row)
        if parsed is None:
            found.append(f"does not parse: {row}")
            continue
        name, _, status, cell = parsed.groups()
        tests: list[str] = re.findall(r"`([^`]+)`", cell)
        if name in seen:
            found.append(f"{name} is there twice")
        seen.add(name)
        if status == HOLDS and not tests:
            found.append(f"{name} holds without a test")
        if status not in (HOLDS, CLASS) and not (
            status.startswith(OPEN) and status.removeprefix(OPEN).strip()
        ):
            found.append(f"{name} has the unknown status {status}")
        for test in tests:
            path, _, function = test.partition("::")
            if (
                not path.startswith("tests/")
                or not function.startswith("test_")
                or function not in functions(ROOT / path)
            ):
                found.append(f"{name} names {test}, which is not there")
    return found


def claim(row: str) -> str:
    """A page with one claim."""
    return f"# Page\n\n{HEADING}\n| --- | --- | --- | --- |\n{row}\n"


GOOD = "| K1 | It holds. | holds | `tests/test_threat_model.py::test_the_page_has_no_fault` |"


def test_the_page_has_no_fault() -> None:
    assert faults(PAGE.read_text("utf-8")) == []


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_boundary_has_claims_that_hold(boundary: str) -> None:
    claims = [row for row in rows(PAGE.read_text("utf-8")) if row.startswith(f"| {boundary}")]
    assert any(f"| {HOLDS} |" in row for row in claims)


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md", "firmware/README.md"])
def test_who_reads_about_the_key_is_led_to_the_page(page: str) -> None:
    assert "docs/threat-model.md" in (ROOT / page).read_text("utf-8")


def test_a_good_claim_has_no_fault() -> None:
    assert faults(claim(GOOD)) == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (GOOD.replace("::test_the_page", "::test_a_page"), "which is not there"),
        (GOOD.replace("tests/test_threat", "tests/test_thread"), "which is not there"),
        (GOOD.replace("::test_the_page_has_no_fault", "::faults"), "which is not there"),
        (GOOD.replace("::test_the_page_has_no_fault", ""), "which is not there"),
        ("| K1 | It holds. | holds | |", "holds without a test"),
        (GOOD + "\n" + GOOD, "is there twice"),
        (GOOD.replace("| holds |", "| probably |"), "unknown status"),
        (GOOD.replace("| holds |", "| open: issue  |"), "unknown status"),
        (GOOD.replace("| It holds. ", ""), "does not parse"),
        (GOOD.replace("`tests", "tests"), "does not parse"),
        (GOOD.replace("K1", "first"), "does not parse"),
        (GOOD.replace("It holds.", ""), "does not parse"),
    ],
)
def test_a_broken_claim_is_found(row: str, fault: str) -> None:
    (found,) = faults(claim(row))
    assert fault in found


def test_tables_of_another_kind_are_not_claims() -> None:
    assert list(rows("| id | who |\n| --- | --- |\n| A1 | thief |\n")) == []
