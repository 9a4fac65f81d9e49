"""What the office says of a key, to the key and to whoever asks; with a key that runs the real
firmware.
"""

from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from biandun import key_status
from biandun.keys import Key
from biandun_office.cli.main import run
from biandun_office.issuance import services
from biandun_office.issuance.selectors import status_of
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock, sql
from biandun_protocol import cose
from biandun_protocol.certificate import Signed
from biandun_protocol.status import verify_status
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, StatusReply
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_REVOKED, STANDING_SUSPENDED
from tests.backend.bench import ONLY_SQLITE, PASSPHRASE, SIGNED, Bench
from tests.backend.genuine import sign
from tests.firmware.conftest import Wire, refusal


def fetched(office: Bench, serial: str) -> Signed:
    answer = office.get(f"/keys/{serial}/status")
    assert (answer.status_code, answer["Content-Type"]) == (200, SIGNED)
    return Signed.decode(answer.content)


def tell(office: Bench, key: Key) -> StatusReply:
    return key_status.store(key, fetched(office, key.info.serial))


def test_a_key_in_good_standing_is_said_to_be_since_its_certificate(office: Bench, genuine: Key):
    told = tell(office, genuine)
    assert (told.standing, told.since, told.number) == (
        STANDING_ACTIVE,
        genuine.profile().not_before,
        1,
    )
    sign(office, genuine, 1)


def test_a_key_that_a_person_suspended_stops_and_goes_on_when_it_hears_so(
    office: Bench, genuine: Key
):
    serial = genuine.info.serial
    keylife.suspend(serial=serial, reason="unit reports it missing", now=clock.now())
    assert tell(office, genuine).standing == STANDING_SUSPENDED
    assert refusal(lambda: sign(office, genuine, 1)) == "key-suspended"
    keylife.resume(serial=serial, reason="found again", now=clock.now())
    assert tell(office, genuine).standing == STANDING_ACTIVE
    assert office.post(sign(office, genuine, 1)).status_code == 201


def test_decisions_of_one_second_keep_their_order(
    office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch
):
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    words: list[Signed] = []
    for decide in (keylife.suspend, keylife.resume, keylife.suspend):
        decide(serial=genuine.info.serial, reason="test", now=clock.now())
        words.append(fetched(office, genuine.info.serial))
    key_status.store(genuine, words[2])
    assert refusal(lambda: key_status.store(genuine, words[1])) == "status-older"
    assert refusal(lambda: sign(office, genuine, 1)) == "key-suspended"


def test_a_fork_stops_the_key_itself_too(office: Bench, genuine: Key):
    # the same number twice, as only somebody with an image of the flash could sign
    wire = genuine.connection.transport
    assert isinstance(wire, Wire)
    image = bytes(wire.key.board.flash.cells)
    office.post(sign(office, genuine, 1))
    wire.key.board.flash.cells[:] = image
    genuine = wire.restart()
    assert office.post(sign(office, genuine, 2)).json()["code"] == "chain-fork"
    assert tell(office, genuine).standing == STANDING_SUSPENDED
    assert refusal(lambda: sign(office, genuine, 3)) == "key-suspended"


def test_a_revoked_key_is_told_so_for_good(office: Bench, genuine: Key):
    keylife.revoke(serial=genuine.info.serial, reason="lost", now=clock.now())
    assert tell(office, genuine).standing == STANDING_REVOKED
    assert refusal(lambda: sign(office, genuine, 1)) == "certificate-revoked"


def test_a_renewed_key_signs_without_having_heard_that_it_was_resumed(office: Bench, genuine: Key):
    serial = genuine.info.serial
    keylife.suspend(serial=serial, reason="test", now=clock.now())
    tell(office, genuine)
    keylife.resume(serial=serial, reason="test", now=clock.now() + 1)
    renewed = services.renew(
        authority=office.authority,
        serial=serial,
        days=900,
        now=clock.now() + 2,
        deliver=lambda grant: None,
    )
    genuine.personalise(codec.decode(Grant, renewed.grant))
    sign(office, genuine, 1)
    assert tell(office, genuine).since == genuine.profile().not_before


def test_a_status_verifies_under_the_office_and_names_no_unit(office: Bench, genuine: Key):
    said = fetched(office, genuine.info.serial)
    verify_status(said, office.office.issuer_manifest, office.office.algorithm)
    header = cose.parse(said.statement, purpose="status").header
    assert not header.uscc
    assert genuine.info.uscc.encode() not in said.statement + said.manifest  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "serial",
    ["BD-404", "B" * 5000, "%00", "BD-1%0a", "'"],
    ids=["unknown", "long", "NUL", "line end", "quote"],
)
def test_nothing_is_said_of_a_key_that_nobody_certified(office: Bench, serial: str):
    answer = office.get(f"/keys/{serial}/status")
    assert (answer.status_code, answer.json()["code"]) == (404, "serial-unknown")
    assert len(answer.content) < 1000


def test_a_word_is_read_in_one_go_so_that_no_decision_comes_in_between(
    office: Bench, genuine: Key, monkeypatch
):
    asked: list[str] = []
    rows = sql.rows
    monkeypatch.setattr(
        sql, "rows", lambda text, *values: (asked.append(text), rows(text, *values))[1]
    )
    with CaptureQueriesContext(connection) as of_the_orm:
        status_of(genuine.info.serial)
    assert (len(asked), len(of_the_orm)) == (1, 0)


def test_time_and_number_rise_whatever_the_clock_does_and_over_all_lives_of_a_device(
    office: Bench, genuine: Key
):
    serial, now = genuine.info.serial, clock.now()
    words = [status_of(serial)]

    def heard() -> None:
        words.append(status_of(serial))

    # the office's clock is a day ahead
    keylife.suspend(serial=serial, reason="test", now=now + 86_400)
    heard()
    keylife.resume(serial=serial, reason="test", now=now)
    heard()
    services.renew(
        authority=office.authority, serial=serial, days=900, now=now, deliver=lambda grant: None
    )
    heard()
    keylife.revoke(serial=serial, reason="test", now=now)
    heard()
    genuine.carry_out(office.order(codec.encode(genuine.challenge()), "reset"))
    genuine.personalise(
        codec.decode(Grant, office.issue_file(codec.encode(genuine.answer_offer(office.offer()))))
    )
    heard()
    places = [(word.since, word.number) for word in words]
    assert places == sorted(set(places))
    assert [word.standing for word in words] == [
        STANDING_ACTIVE,
        STANDING_SUSPENDED,
        STANDING_ACTIVE,
        STANDING_ACTIVE,
        STANDING_REVOKED,
        STANDING_ACTIVE,
    ]
    assert words[-1].kid != words[-2].kid


def test_the_word_about_a_new_life_does_not_let_a_copy_of_the_old_one_go_on(
    office: Bench, genuine: Key
):
    wire = genuine.connection.transport
    assert isinstance(wire, Wire)
    serial = genuine.info.serial
    copy = bytes(wire.key.board.flash.cells)
    keylife.suspend(serial=serial, reason="copied", now=clock.now())
    stopped = fetched(office, serial)
    genuine.carry_out(office.order(codec.encode(genuine.challenge()), "reset"))
    genuine.personalise(
        codec.decode(Grant, office.issue_file(codec.encode(genuine.answer_offer(office.offer()))))
    )
    wire.key.board.flash.cells[:] = copy
    copied = wire.restart()
    key_status.store(copied, stopped)
    assert refusal(lambda: tell(office, copied)) == "key-mismatch"
    assert refusal(lambda: sign(office, copied, 1)) == "key-suspended"


@ONLY_SQLITE
def test_the_word_travels_as_a_file_to_a_key_without_a_network(
    office: Bench, genuine: Key, tmp_path: Path, capsys
):
    keylife.suspend(serial=genuine.info.serial, reason="test", now=clock.now())
    passphrase = tmp_path / "passphrase"
    passphrase.write_text(PASSPHRASE.secret)
    words = ["--data", str(office.folder), "--json", "status", "--serial", genuine.info.serial]
    words += ["--out", str(tmp_path / "status.bd"), "--passphrase-file", str(passphrase)]
    assert run(words) == 0
    assert '"suspended"' in capsys.readouterr().out
    assert (
        key_status.store(genuine, Signed.decode((tmp_path / "status.bd").read_bytes())).standing
        == STANDING_SUSPENDED
    )
    assert run(words) == 7
    assert "file-exists" in capsys.readouterr().err
