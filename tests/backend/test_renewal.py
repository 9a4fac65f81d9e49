"""A certificate is renewed while its key is in service, and a key is suspended by a person; with a
key that runs the real firmware.
"""

import json
from datetime import date
from pathlib import Path

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_office.cli.main import run
from biandun_office.issuance import services
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.issuance.selectors import certificate_of_serial
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from biandun_office.reception.log_check import check_log
from biandun_office.registry.models import Unit
from biandun_protocol.forms import reading
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant
from tests.backend.bench import ONLY_SQLITE, ORIGIN, PASSPHRASE, SCHOOL, Bench
from tests.backend.genuine import sign
from tests.support.person import PIN

DAY = 86_400


def renew(office: Bench, serial: str, **changed: object) -> Grant:
    options = {"days": 1000, "now": clock.now(), "deliver": lambda grant: None, **changed}
    return codec.decode(
        Grant, services.renew(authority=office.authority, serial=serial, **options).grant
    )  # type: ignore[arg-type]


def test_a_renewed_key_goes_on_with_its_chain_under_the_new_certificate(
    office: Bench, genuine: Key
):
    first = sign(office, genuine, 1)
    genuine.personalise(renew(office, genuine.info.serial))
    assert (genuine.info.profile_version, genuine.pin_slots) == (2, (0,))
    second = sign(office, genuine, 2)
    assert [office.post(statement).status_code for statement in (first, second)] == [201, 201]
    assert check_log(office.office).faults == []


def test_what_was_signed_before_is_taken_in_during_the_overlap_and_not_after(
    office: Bench, genuine: Key, monkeypatch
):
    first, second = sign(office, genuine, 1), sign(office, genuine, 2)
    renew(office, genuine.info.serial, overlap_days=30)
    now = clock.now()
    office.at(monkeypatch, now + 29 * DAY)
    assert office.post(first).status_code == 201
    office.at(monkeypatch, now + 31 * DAY)
    assert office.post(second).json()["code"] == "certificate-superseded"
    assert office.post(first).status_code == 200  # accepted before: its receipt again


def test_a_key_that_did_not_get_its_grant_yet_goes_on_with_the_old_one(office: Bench, genuine: Key):
    renew(office, genuine.info.serial)
    assert office.post(sign(office, genuine, 1)).status_code == 201


def test_an_overlap_never_outlasts_the_certificate(office: Bench, genuine: Key):
    before = certificate_of_serial(genuine.info.serial)
    renew(office, genuine.info.serial, overlap_days=100_000)
    before.refresh_from_db()
    assert (before.state, before.overlap_until) == (Certificate.State.SUPERSEDED, before.not_after)


def test_a_certificate_that_another_key_had_is_none_of_this_one(office: Bench, genuine: Key):
    other = office.new_key(serial="BD-TEST-0009")
    renew(office, other.serial)
    statement = other.sign(office.upload(reason="别的密钥。"))
    assert office.post(statement).status_code == 201  # its own, within the overlap
    Certificate.objects.filter(device__serial=other.serial, version=1).update(overlap_until=None)
    again = other.sign(office.upload(reason="旧证书。"))
    assert office.post(again).json()["code"] == "certificate-mismatch"


def test_revoking_the_new_certificate_stops_what_was_signed_under_the_old(
    office: Bench, genuine: Key
):
    first = sign(office, genuine, 1)
    renew(office, genuine.info.serial)
    keylife.revoke(serial=genuine.info.serial, reason="lost", now=clock.now())
    assert office.post(first).json()["code"] == "certificate-revoked"


def test_a_fork_that_is_found_while_its_key_is_renewed_suspends_the_new_certificate(
    office: Bench, monkeypatch: pytest.MonkeyPatch
):
    key = office.new_key(serial="BD-TEST-0009")
    assert office.file(key).status_code == 201
    forked = key.sign(office.upload(reason="另一份。"), seq=1, prev=bytes(32))
    genuine = reading.check_dates

    def renewed_meanwhile(form: object, today: date) -> None:
        monkeypatch.undo()
        renew(office, key.serial)
        genuine(form, today)

    monkeypatch.setattr(reading, "check_dates", renewed_meanwhile)
    assert office.post(forked).json()["code"] == "chain-fork"
    states = [row.state for row in Certificate.objects.order_by("version")]
    assert states == [Certificate.State.SUPERSEDED, Certificate.State.SUSPENDED]


def test_a_renewal_takes_the_units_new_name_and_keeps_its_powers(office: Bench, genuine: Key):
    Unit.objects.filter(uscc=SCHOOL).update(name="陇澜市第一高级中学")
    before = genuine.profile()
    genuine.personalise(renew(office, genuine.info.serial))
    after = genuine.profile()
    assert (after.unit_name, after.purposes, after.role, after.device_key) == (
        "陇澜市第一高级中学",
        before.purposes,
        before.role,
        before.device_key,
    )


def test_a_login_ends_with_the_certificate_it_was_made_under(office: Bench, genuine: Key):
    from tests.backend.bench import SIGNED

    def log_in() -> str:
        signed = genuine.login(ORIGIN, bytes.fromhex(office.challenge()))
        answer = office.post(signed.encode(), SIGNED, "/login")
        return answer.json()["token"]

    token = log_in()
    assert office.get("/cases", token).status_code == 200
    genuine.personalise(renew(office, genuine.info.serial))
    assert office.get("/cases", token).status_code == 401
    assert office.get("/cases", log_in()).status_code == 200


@pytest.mark.parametrize(
    ("decide", "code"), [("suspend", "key-suspended"), ("revoke", "certificate-revoked")]
)
def test_a_key_that_is_stopped_is_not_renewed(decide: str, code: str, office: Bench, genuine: Key):
    getattr(keylife, decide)(serial=genuine.info.serial, reason="test", now=clock.now())
    with pytest.raises(Refused) as caught:
        renew(office, genuine.info.serial)
    assert caught.value.code == code
    assert Certificate.objects.count() == 1


def test_a_renewal_that_cannot_be_handed_over_never_was(office: Bench, genuine: Key):
    def fail(grant: bytes) -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        renew(office, genuine.info.serial, deliver=fail)
    assert [row.state for row in Certificate.objects.all()] == [Certificate.State.ACTIVE]


def test_a_key_that_a_person_suspends_is_stopped_until_a_person_says_otherwise(
    office: Bench, genuine: Key
):
    first = sign(office, genuine, 1)
    keylife.suspend(serial=genuine.info.serial, reason="unit reports it missing", now=clock.now())
    assert office.post(first).json()["code"] == "key-suspended"
    with pytest.raises(Refused):
        keylife.suspend(serial=genuine.info.serial, reason="again", now=clock.now())
    keylife.resume(serial=genuine.info.serial, reason="found again", now=clock.now())
    assert office.post(first).status_code == 201
    assert [change.reason for change in StateChange.objects.order_by("pk")] == [
        "unit reports it missing",
        "found again",
    ]


def refusal(key: Key, grant: Grant) -> str:
    with pytest.raises(errors.KeyRefused) as caught:
        key.personalise(grant)
    return caught.value.code


def test_the_key_takes_no_older_certificate_and_not_one_of_another_unit(
    office: Bench, genuine: Key
):
    second, third = (renew(office, genuine.info.serial) for _ in range(2))
    genuine.personalise(third)
    assert refusal(genuine, second) == "profile-older"
    genuine.personalise(third)
    Unit.objects.filter(uscc=SCHOOL).update(uscc="12629900MB0000000X")
    assert refusal(genuine, renew(office, genuine.info.serial)) == "unit-mismatch"
    genuine.unlock(PIN)


@ONLY_SQLITE
def test_renew_and_suspend_by_the_command_line(
    office: Bench, genuine: Key, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    base = ["--data", str(office.folder), "--json"]
    serial, grant = genuine.info.serial, tmp_path / "grant.bd"
    assert (
        run(
            [
                *base,
                "renew",
                "--serial",
                serial,
                "--out",
                str(grant),
                "--passphrase-file",
                str(tmp_path / "secret"),
            ]
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["version"] == 2
    genuine.personalise(codec.decode(Grant, grant.read_bytes()))
    assert genuine.info.profile_version == 2
    assert (
        run(
            [
                *base,
                "renew",
                "--serial",
                serial,
                "--out",
                str(grant),
                "--passphrase-file",
                str(tmp_path / "secret"),
            ]
        )
        == 7
    )
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-exists"
    assert Certificate.objects.count() == 2
    assert run([*base, "suspend", "--serial", serial, "--reason", "missing"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "SUSPENDED"
