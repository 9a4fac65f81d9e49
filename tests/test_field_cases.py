"""The page of what strangers tried names tests that are there: of each case, and of its kind."""

import re

import pytest

from tests.test_threat_model import ROOT, functions

PAGE = (ROOT / "docs" / "tried-by-strangers.md").read_text("utf-8")
CASES = {row[1]: row[0] for row in re.finditer(r"^\| (F\d+) \|.*\|$", PAGE, re.MULTILINE)}


def test_every_case_has_its_row() -> None:
    assert list(CASES) == [f"F{number}" for number in range(1, 29)]


@pytest.mark.parametrize("case", CASES)
def test_every_case_and_its_kind_have_tests(case: str) -> None:
    for cell in CASES[case].strip("|").split("|")[3:]:
        tests = re.findall(r"`([^`]+)`", cell)
        assert tests != []
        assert [
            test
            for test in tests
            if test.partition("::")[2] not in functions(ROOT / test.partition("::")[0])
        ] == []
