"""Results as people and programs read them: dataclasses as fields."""

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pytest

from biandun import results
from biandun.cli.fields import plain
from biandun.results import Examined, FindingRow, KeyRow, KeyStatus, ParcelRow

RESULTS = [kind for kind in vars(results).values() if isinstance(kind, type) and is_dataclass(kind)]


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
    names = [field.metadata.get(results.NAME, field.name) for field in fields(kind)]
    assert len(set(names)) == len(names)


def test_bytes_are_shown_in_hexadecimal_under_the_name_outside_of_python() -> None:
    row = ParcelRow(name=b"\x01\xab", seq=None, size=20, complete=True)
    assert plain(row) == {"name": "01ab", "seq": None, "bytes": 20, "complete": True}


def test_a_day_is_shown_as_iso_8601() -> None:
    said = KeyStatus(serial="BD-000001", unit_name=None, status="active", since=date(2026, 11, 24))
    assert plain(said) == {
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

    shown = plain(Result(datetime(2026, 11, 24, 8, tzinfo=UTC), Path("用编申请")))
    assert shown == {"when": "2026-11-24T08:00:00+00:00", "where": "用编申请"}


def test_what_there_is_nothing_to_say_of_is_left_out() -> None:
    assert "fix" not in cast("dict[str, object]", plain(SOUND))


def test_rows_of_a_table_have_the_same_fields() -> None:
    faulty = replace(SOUND, faults=2, last_fault="self-test")
    first, second = cast("list[dict[str, object]]", plain([SOUND, faulty]))
    assert list(first) == list(second)
    assert first["faults"] is None and "fix" not in first


def test_results_inside_a_result_are_shown_in_the_same_way() -> None:
    finding = FindingRow(code="c", serial="", port="p", message="m", fix="f")
    shown = plain(Examined(keys=("BD-000001",), findings=[finding]))
    assert shown == {
        "keys": ["BD-000001"],
        "findings": [{"code": "c", "serial": "", "port": "p", "message": "m", "fix": "f"}],
    }


def test_what_is_no_dataclass_stays_as_it_is() -> None:
    answer = {"size": 4}
    assert plain(answer) is answer
