"""Whose clock is wrong: what a key has heard, what this computer says, what the office says."""

import httpx
import pytest

from biandun import doctor, errors
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol.errors import Problem
from tests.support import softkey
from tests.support.softoffice import NOW, SoftOffice

DAY = 86_400
FAR = 400 * DAY
# (what the key has heard, this computer, the office) -> what the doctor finds
ODD: dict[tuple[int, int, int], list[str]] = {
    (0, FAR, FAR): [],
    (0, FAR, 0): ["clocks-differ"],
    (0, FAR, -FAR): ["office-time-behind"],
    (0, 0, FAR): ["clocks-differ"],
    (0, 0, 0): [],
    (0, 0, -FAR): ["office-time-behind"],
    (0, -FAR, FAR): ["computer-clock"],
    (0, -FAR, 0): ["computer-clock"],
    (0, -FAR, -FAR): ["key-ahead"],
    (FAR, FAR, FAR): [],
    (FAR, FAR, 0): ["office-time-behind"],
    (FAR, FAR, -FAR): ["office-time-behind"],
    (FAR, 0, FAR): ["computer-clock"],
    (FAR, 0, 0): ["key-ahead"],
    (FAR, 0, -FAR): ["key-ahead", "clocks-differ"],
    (FAR, -FAR, FAR): ["computer-clock"],
    (FAR, -FAR, 0): ["key-ahead", "clocks-differ"],
    (FAR, -FAR, -FAR): ["key-ahead"],
    (-NOW, FAR, 0): ["clocks-differ"],
    (-NOW, 0, 0): [],
    (-NOW, 0, FAR): ["clocks-differ"],
    (-NOW, -FAR, -FAR): [],
    (0, 500, 0): [],
    (0, -500, 0): [],
}


@pytest.mark.parametrize(("floor", "computer", "office"), ODD)
def test_the_doctor_names_the_odd_one_out(floor: int, computer: int, office: int) -> None:
    found = doctor.of_clocks(NOW + floor, NOW + computer, NOW + office)
    assert [problem.code for problem in found] == ODD[floor, computer, office]
    for problem in found:
        for language in ("zh", "en"):
            assert errors.moment(NOW + computer) in problem.message(language)
            assert errors.moment(NOW + office) in problem.message(language)


def test_without_an_office_both_times_are_told() -> None:
    (found,) = doctor.of_clocks(NOW + FAR, NOW, None)
    assert found.code == "clock-behind"
    assert "2027-12-29 00:00Z" in found.message("en") and "2026-11-24 00:00Z" in found.message("zh")
    assert "set-time" in found.next_step("en")
    assert doctor.of_clocks(NOW, NOW, None) == []


def test_a_refusal_to_sign_says_what_the_key_has_heard_and_what_the_computer_says(
    key: Key, soft: SoftOffice
) -> None:
    signed = key.sign(
        softkey.manifest(), purpose="filing", idempotency_key=b"1" * 16, claimed_time=NOW
    )
    key.keep_receipt(soft.take_in(signed.statement, received=NOW + FAR))
    with pytest.raises(errors.ClockBehind) as caught:
        key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"2" * 16, claimed_time=NOW)
    assert (caught.value.code, caught.value.exit_status) == ("clock-behind", 7)
    assert "2027-12-29 00:00Z" in caught.value.message(
        "en"
    ) and "2026-11-24 00:00Z" in caught.value.message("en")


def told(answer: httpx.Response) -> int:
    with Office(
        "http://office.test", transport=httpx.MockTransport(lambda request: answer)
    ) as office:
        return office.time()


def test_the_time_of_an_office_is_what_its_health_says_or_its_date() -> None:
    assert told(httpx.Response(200, json={"status": "ok", "time": NOW})) == NOW
    assert (
        told(
            httpx.Response(
                200, json={"status": "ok"}, headers={"Date": "Tue, 24 Nov 2026 00:00:00 GMT"}
            )
        )
        == NOW
    )


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"time": "now"}),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, headers={"Date": "yesterday"}),
        httpx.Response(200, json={"time": True}),
        httpx.Response(200, json={"time": -1}),
        httpx.Response(200, json={"time": 10**30}),
    ],
)
def test_an_office_that_tells_no_time_is_no_clock(answer: httpx.Response) -> None:
    with pytest.raises(errors.OfficeAnswer):
        told(answer)


def test_a_doctor_without_an_office_in_reach_says_so_and_looks_on(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.keys, "scan", list)

    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with Office("http://office.test", transport=httpx.MockTransport(refuse)) as office:
        found: list[Problem] = [
            finding.problem for finding in doctor.examine(office=office).findings
        ]
    assert [problem.code for problem in found][:2] == ["office-unreachable", "key-not-found"]
