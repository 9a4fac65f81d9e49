"""What is refused at the desk, before anything is signed: dates that are not there yet, and another
unit's form.
"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from biandun import filings
from biandun.filings import Unit
from biandun.filings.filled import foreign
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms.use_approval import UseApproval
from tests.host.test_reviews import AGREE

LATE = {
    "prepared_on": {"prepared_on": "2099-01-01"},
    "application_document.issued_on": {
        "application_document": {
            "doc_no": "1",
            "title": "申请",
            "issuer": "陇澜市教育局",
            "issued_on": "2099-01-01",
        }
    },
}


@pytest.mark.parametrize("place", LATE)
def test_a_date_after_today_is_refused_and_leaves_no_folder(
    place: str, form: Path, tmp_path: Path
) -> None:
    filled = {**filings.read_form(form), **LATE[place]}
    with pytest.raises(ManifestProblem) as caught:
        filings.prepare(tmp_path / "filing", filled, [])
    assert (caught.value.code, caught.value.values["field"]) == ("date-future", place)
    assert not (tmp_path / "filing").exists()


def test_the_date_of_a_document_of_an_opinion_counts_as_well(tmp_path: Path) -> None:
    unit = {
        "uscc": "11629900MB0000019C",
        "unit_code": "629900-0001",
        "unit_name": "陇澜市教育局",
        "region": "629900",
    }
    document = {**json.loads(json.dumps(AGREE["document"])), "issued_on": "2099-01-01"}
    filled = {
        **unit,
        **AGREE,
        "document": document,
        "statement": bytes(32),
        "prepared_on": "2026-11-24",
    }
    with pytest.raises(ManifestProblem) as caught:
        filings.prepare(tmp_path / "opinion", filled, [], "countersign")
    assert (caught.value.code, caught.value.values["field"]) == (
        "date-future",
        "document.issued_on",
    )


def test_today_and_a_clock_that_is_a_day_behind_are_no_reason_to_refuse(
    form: Path, tmp_path: Path
) -> None:
    for days in (0, 1):
        filled = {
            **filings.read_form(form),
            "prepared_on": (date.today() + timedelta(days=days)).isoformat(),
        }
        assert filings.prepare(tmp_path / str(days), filled, []).path.is_dir()


@pytest.mark.parametrize("field", ["uscc", "unit_code", "unit_name", "region"])
def test_a_form_of_another_unit_than_the_keys_is_refused(field: str) -> None:
    own = Unit(uscc="a", unit_code="b", unit_name="c", region="d")
    found = foreign({**own.known(), field: "other"}, own, UseApproval)
    assert [(one.problem.code, one.place) for one in found] == [("unit-foreign", field)]


def test_a_form_of_the_keys_own_unit_and_one_without_a_key_are_not() -> None:
    own = Unit(uscc="a", unit_code="b")
    assert foreign({**own.known(), "reason": "r"}, own, UseApproval) == []
    assert foreign({"uscc": "anybody"}, Unit(), UseApproval) == []
