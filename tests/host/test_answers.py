"""What an office answers becomes a result, or is refused before anything is done with it."""

from typing import Any

import pytest

from biandun import answers
from biandun.errors import OfficeAnswer
from biandun.results.office import CaseDetails, CaseStep, GapsClosed, LogHead, Stretch

URL = "http://office.test"
STEP: dict[str, Any] = {
    "step": 1, "version": 1, "purpose": "filing", "action": "filed", "from": "", "to": "SUBMITTED",
    "uscc": "u", "unit_name": "n", "serial": "BD-000001", "seq": 1, "statement": "00", "received": 5,
    "opinion": "", "text": "", "leaf_index": 0,
}  # fmt: skip
CASE: dict[str, Any] = {
    "number": "c", "kind": "HB", "state": "SUBMITTED", "state_name": "s", "uscc": "u", "unit_name": "n",
    "opened": 5, "statements": [], "history": [STEP],
}  # fmt: skip


def test_rows_inside_an_answer_are_read_by_the_names_that_the_office_has_for_them():
    told = answers.read(CaseDetails, CASE, URL)
    (step,) = told.history
    assert isinstance(step, CaseStep)
    assert (step.before, step.after, told.number) == ("", "SUBMITTED", "c")


def test_a_field_that_nobody_asked_for_is_left_out():
    head = answers.read(LogHead, {"size": 1, "root": "00", "time": 2, "weather": "fine"}, URL)
    assert head == LogHead(size=1, root="00", time=2)


def test_numbers_and_rows_are_read():
    answer = {"closed": [1, 2], "open": [{"first": 4, "last": 5}]}
    closed = GapsClosed(closed=[1, 2], open=[Stretch(first=4, last=5)])
    assert answers.read(GapsClosed, answer, URL) == closed


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        ([], "answer"),
        ({**CASE, "number": 7}, "number"),
        ({**CASE, "opened": "5"}, "opened"),
        ({**CASE, "opened": True}, "opened"),
        ({name: one for name, one in CASE.items() if name != "state"}, "state"),
        ({**CASE, "history": {}}, "history"),
        ({**CASE, "history": ["filing"]}, "history"),
        ({**CASE, "history": [{**STEP, "to": None}]}, "to"),
    ],
)
def test_an_answer_of_another_shape_is_refused_with_its_first_wrong_field(
    answer: object, field: str
):
    with pytest.raises(OfficeAnswer) as caught:
        answers.read(CaseDetails, answer, URL)
    assert caught.value.values["detail"] == field
