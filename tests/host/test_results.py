"""Results as people and programs read them: dataclasses as fields."""

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from biandun.cli.fields import plain
from biandun.cli.forms import sections
from biandun.results import computer, filings, keys, office, travel
from biandun.results.computer import Examined, FindingRow
from biandun.results.keys import KeyRow, KeyStatus
from biandun.results.naming import AMONG, AND_BODY, NAME
from biandun.results.travel import ParcelRow
from biandun_protocol.forms.form import Form, to_body
from tests.support.softkey import application

RESULTS = [
    kind
    for module in (computer, filings, keys, office, travel)
    for kind in vars(module).values()
    if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__
]


SOUND = KeyRow(
    serial="BD-000001",
    port="/dev/ttyACM0",
    state="personalised",
    unit_name="陇澜市第一中学",
    suite="ES256",
    simulated=False,
    problem=None,
)


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_the_fields_of_a_result_have_names_of_their_own(kind: type) -> None:
    names = [one.metadata.get(NAME, one.name) for one in fields(kind)]
    assert len(set(names)) == len(names)


def test_bytes_are_shown_in_hexadecimal_under_the_name_outside_of_python() -> None:
    row = ParcelRow(name=b"\x01\xab", seq=None, size=20, complete=True)
    assert plain(row, "zh") == {"name": "01ab", "seq": None, "bytes": 20, "complete": True}


def test_a_day_is_shown_as_iso_8601() -> None:
    said = KeyStatus(serial="BD-000001", unit_name=None, status="active", since=date(2026, 11, 24))
    assert plain(said, "zh") == {
        "serial": "BD-000001",
        "unit_name": None,
        "standing": "active",
        "standing_since": "2026-11-24",
    }


def test_a_time_is_shown_with_its_zone_and_a_path_as_text() -> None:
    @dataclass(frozen=True)
    class Result:
        when: datetime
        where: Path

    shown = plain(Result(datetime(2026, 11, 24, 8, tzinfo=UTC), Path("用编申请")), "zh")
    assert shown == {"when": "2026-11-24T08:00:00+00:00", "where": "用编申请"}


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    assert "fix" not in cast("dict[str, object]", plain(SOUND, "zh"))


def test_rows_of_a_table_have_the_same_fields() -> None:
    faulty = replace(SOUND, faults=2, last_fault="self-test")
    first, second = cast("list[dict[str, object]]", plain([SOUND, faulty], "zh"))
    assert list(first) == list(second)
    assert first["faults"] is None and "fix" not in first


def test_results_inside_a_result_are_shown_in_the_same_way() -> None:
    finding = FindingRow(code="c", serial="", port="p", message="m", fix="f")
    shown = plain(Examined(keys=("BD-000001",), findings=[finding]), "zh")
    assert shown == {
        "keys": ["BD-000001"],
        "findings": [{"code": "c", "serial": "", "port": "p", "message": "m", "fix": "f"}],
    }


def test_a_form_is_shown_in_words_and_for_programs_as_it_is_signed() -> None:
    @dataclass(frozen=True)
    class Result:
        form: Form = field(metadata=AND_BODY)

    form = application()
    shown = cast("dict[str, Any]", plain(Result(form), "en"))
    assert list(shown) == ["form", "body"]
    assert shown["form"] == sections(form, "en") != sections(form, "zh")
    assert shown["body"] == to_body(form)


def test_fields_of_a_result_and_entries_of_a_mapping_can_stand_among_the_others() -> None:
    @dataclass(frozen=True)
    class Result:
        case: str
        status: KeyStatus = field(metadata=AMONG)
        days: dict[str, date] = field(metadata=AMONG)

    status = KeyStatus(serial="BD-000001", unit_name=None, status="active", since=None)
    result = Result("c", status, {"filed": date(2026, 11, 24)})
    shown = cast("dict[str, Any]", plain(result, "zh"))
    assert list(shown) == ["case", "serial", "unit_name", "standing", "standing_since", "filed"]
    assert shown["filed"] == "2026-11-24"


def test_what_is_no_dataclass_stays_as_it_is() -> None:
    answer = {"size": 4}
    assert plain(answer, "zh") is answer
