"""``biandun-office alerts``, ``resume`` and ``revoke``: a person decides."""

import json

import pytest

from biandun_office.cli.alerts import _NAMES
from biandun_office.cli.main import run
from biandun_office.evidence.models import Alert
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.platform import clock
from biandun_protocol.book import CODES
from tests.backend.bench import Bench
from tests.backend.people import Key
from tests.support.book_use import CHINESE


def listed(office: Bench, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    assert run(["--data", str(office.folder), "--json", "alerts"]) == 0
    return json.loads(capsys.readouterr().out)


def decide(office: Bench, what: str, serial: str) -> int:
    return run(
        [
            "--data",
            str(office.folder),
            "--json",
            what,
            "--serial",
            serial,
            "--reason",
            "已与单位核实",
        ]
    )


def fork(office: Bench, key: Key) -> None:
    office.file(key)
    office.post(key.sign(office.upload(reason="分叉。"), seq=1, prev=bytes(32)))


def test_a_quiet_office_has_no_alerts(office: Bench, key: Key, capsys):
    office.file(key)
    assert listed(office, capsys) == []


def test_a_fork_is_listed_with_whom_to_call_until_somebody_decides(office: Bench, key: Key, capsys):
    fork(office, key)
    (alert,) = listed(office, capsys)
    assert (alert["kind"], alert["serial"], alert["unit_name"]) == (
        "FORK",
        key.serial,
        "陇澜市第一中学",
    )
    assert decide(office, "resume", key.serial) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "ACTIVE"
    assert listed(office, capsys) == []
    assert [change.reason for change in StateChange.objects.order_by("pk")] == [
        "chain-fork seq 1",
        "已与单位核实",
    ]


def test_a_log_that_was_set_back_is_listed(office: Bench, key: Key, capsys):
    key.log_point = (9, bytes(32))
    office.file(key)
    assert [alert["kind"] for alert in listed(office, capsys)] == ["ROLLBACK"]


def test_a_gap_is_a_reminder_after_thirty_days_and_blocks_nothing(
    office: Bench, key: Key, capsys, monkeypatch
):
    late = [key.sign(office.upload(reason=f"第 {number} 份")) for number in range(3)]
    office.post(late[2])
    assert listed(office, capsys) == []
    now = clock.now()
    office.at(monkeypatch, now + 31 * 86_400)
    (reminder,) = listed(office, capsys)
    assert (reminder["kind"], reminder["detail"]) == ("GAP", "seq 1-2")
    assert office.file(key, reason="照常办理。").status_code == 201
    for statement in late[:2]:
        assert office.post(statement).status_code == 201
    assert listed(office, capsys) == []


def test_revoking_ends_a_key_for_good(office: Bench, key: Key, capsys):
    assert decide(office, "revoke", key.serial) == 0
    assert Certificate.objects.get().state == "REVOKED"
    assert office.file(key).json()["code"] == "certificate-revoked"
    assert decide(office, "resume", key.serial) == 3
    assert decide(office, "revoke", key.serial) == 3


@pytest.mark.parametrize("what", ["resume", "revoke"])
def test_an_unknown_serial_is_refused(office: Bench, what: str, capsys):
    assert decide(office, what, "BD-NOBODY") == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "serial-unknown"


def test_people_read_alerts_in_chinese(office: Bench, key: Key, capsys):
    fork(office, key)
    assert run(["--data", str(office.folder), "alerts"]) == 0
    assert "密钥链分叉，请联系单位" in capsys.readouterr().out


def test_people_read_alerts_in_english(office: Bench, key: Key, capsys):
    fork(office, key)
    assert run(["--data", str(office.folder), "alerts", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert "a key's chain has forked: call the unit" in shown
    assert CHINESE.findall(shown.replace(Certificate.objects.get().unit_name, "")) == []


def test_every_alert_has_its_words():
    assert [kind for kind in (*Alert.Kind.values, "GAP", "NOT_YET") if kind not in _NAMES] == []
    assert [kind for kind in (*_NAMES, "CLOCK") if kind not in CODES] == []
