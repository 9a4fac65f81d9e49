"""Two officers let a locked key in again: the office's side, with a key in this process that runs
the real firmware.
"""

import json
from pathlib import Path

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_office.cli.main import run
from biandun_office.issuance import recovery
from biandun_office.issuance.models import CodeGiven, KeyShares, Officer
from biandun_office.keylife import services as keylife
from biandun_office.office.keystore import Passphrase
from biandun_office.platform import clock
from biandun_office.platform.errors import PassphraseProblem, Refused
from biandun_protocol import enrolment
from biandun_protocol.certificate import Signed, verify_issuer
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.recovery import Officers, verify_officers
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import UnblockAsk
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, SCHOOL, Bench
from tests.backend.genuine import enrol
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support.person import PIN
from tests.support.softkey import SoftKey

FIRST, SECOND, THIRD = "测试员甲", "测试员乙", "测试员丙"
NEW, WRONG = Secret(b"a new beginning"), Secret(b"000000")


def words(name: str) -> Passphrase:
    """Each officer's own passphrase."""
    return Passphrase(f"only {name} knows this")


def staff(office: Bench, *names: str) -> None:
    for name in names:
        recovery.make_officer(
            name=name,
            algorithm=office.office.algorithm,
            passphrase=words(name),
            cost=CHEAP,
            now=clock.now(),
        )


def name(office: Bench, first: str = FIRST, second: str = SECOND) -> Officers:
    pair = recovery.name_officers(
        signer=office.authority.signer(), first=first, second=second, now=clock.now()
    )
    return Officers.decode(bytes(pair.raw))


@pytest.fixture
def staffed(office: Bench) -> Bench:
    """An office that has named two of its three officers."""
    staff(office, FIRST, SECOND, THIRD)
    name(office)
    return office


@pytest.fixture
def key(staffed: Bench) -> Key:
    return enrol(staffed, Wire())


def code(
    office: Bench, ask: UnblockAsk, officer: str, passphrase: Passphrase | None = None
) -> Secret:
    return recovery.give_code(
        ask=ask,
        officer=officer,
        algorithm=office.office.algorithm,
        passphrase=passphrase or words(officer),
        now=clock.now(),
    )[0]


def lock_up(key: Key) -> None:
    while True:
        try:
            key.unlock(WRONG)
        except errors.KeyRefused as refusal:
            if refusal.code == "pin-locked":
                return


def refused(call, kind: type[Exception] = Refused) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(kind) as caught:
        call()
    return str(getattr(caught.value, "code", ""))


def unblock(office: Bench, key: Key) -> None:
    ask = key.recovery.ask(0)
    key.recovery.unblock(0, (code(office, ask, FIRST), code(office, ask, SECOND)), NEW)


def take(office: Bench, key: Key) -> KeyShares:
    return recovery.receive_shares(
        raw=codec.encode(key.recovery.shares()), algorithm=office.office.algorithm, now=clock.now()
    )


# --- the whole way ----------------------------------------------------
def test_a_locked_key_comes_back_with_the_codes_of_both_officers(staffed: Bench, key: Key):
    lock_up(key)
    unblock(staffed, key)
    key.unlock(NEW)


def test_it_is_on_record_who_opened_which_share_and_no_code_is(staffed: Bench, key: Key):
    ask = key.recovery.ask(0)
    codes = [code(staffed, ask, officer).reveal().decode() for officer in (FIRST, SECOND)]
    rows = [
        (row.officer.name, row.shares.number, row.slot) for row in CodeGiven.objects.order_by("pk")
    ]
    assert rows == [(FIRST, 1, 0), (SECOND, 1, 0)]
    assert not any(one in repr(row.__dict__) for one in codes for row in CodeGiven.objects.all())


def test_after_use_the_office_gives_no_code_until_it_has_the_new_shares(staffed: Bench, key: Key):
    before = key.recovery.ask(0)
    unblock(staffed, key)
    after = key.recovery.ask(0)
    assert refused(lambda: code(staffed, after, FIRST)) == "shares-unknown"
    assert take(staffed, key).number == 2
    assert refused(lambda: code(staffed, before, FIRST)) == "shares-stale"
    unblock(staffed, key)


def test_a_key_in_service_learns_of_officers_by_a_file(office: Bench):
    key = enrol(office, Wire())
    staff(office, FIRST, SECOND)
    key.recovery.name_officers(name(office))
    assert (take(office, key).number, take(office, key).number) == (1, 1)
    unblock(office, key)


def test_officers_who_change_are_told_to_the_key_and_the_old_ones_open_nothing(
    staffed: Bench, key: Key
):
    key.unlock(PIN)
    key.recovery.name_officers(name(staffed, FIRST, THIRD))
    take(staffed, key)
    ask = key.recovery.ask(0)
    assert refused(lambda: code(staffed, ask, SECOND)) == "officer-unknown"
    key.recovery.unblock(0, (code(staffed, ask, FIRST), code(staffed, ask, THIRD)), NEW)


def test_a_key_that_was_reset_and_enrolled_again_has_shares_that_are_newer(staffed: Bench):
    wire = Wire()
    key = enrol(staffed, wire)
    order = staffed.order(codec.encode(key.challenge()), "reset")
    key.carry_out(order)
    assert enrol(staffed, wire).recovery.ask(0).number == 2
    assert [shares.number for shares in KeyShares.objects.order_by("pk")] == [1, 2]


# --- what is refused --------------------------------------------------
def test_nobody_is_made_twice_and_nobody_is_both(office: Bench):
    staff(office, FIRST)
    assert refused(lambda: staff(office, FIRST)) == "officer-exists"
    assert refused(lambda: name(office, FIRST, FIRST)) == "officers-same"
    assert refused(lambda: name(office, FIRST, SECOND)) == "officer-unknown"


def test_a_weak_passphrase_makes_no_officer(office: Bench):
    make = {"algorithm": office.office.algorithm, "cost": CHEAP, "now": clock.now()}
    assert refused(
        lambda: recovery.make_officer(name=FIRST, passphrase=Passphrase("short"), **make),
        PassphraseProblem,
    ) == ("passphrase-weak")
    assert not Officer.objects.exists()


def test_the_offices_own_passphrase_and_another_officers_open_no_share(staffed: Bench, key: Key):
    ask = key.recovery.ask(0)
    for passphrase in (PASSPHRASE, words(SECOND)):
        assert (
            refused(lambda one=passphrase: code(staffed, ask, FIRST, one), PassphraseProblem)
            == "passphrase-wrong"
        )
    assert not CodeGiven.objects.exists()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"check": "0000"}, "check-mismatch"),
        ({"slot": 1}, "check-mismatch"),
        ({"serial": "BD-NOBODY"}, "serial-unknown"),
        ({"number": 2}, "shares-unknown"),
    ],
)
def test_what_was_misheard_is_noticed_before_a_share_is_opened(
    changed: dict[str, object], problem: str, staffed: Bench, key: Key
):
    ask = UnblockAsk(
        **{
            **{
                name: getattr(key.recovery.ask(0), name)
                for name in ("schema", "serial", "slot", "number", "check")
            },
            **changed,
        }
    )
    assert refused(lambda: code(staffed, ask, FIRST)) == problem
    assert not CodeGiven.objects.exists()


def test_a_check_is_heard_in_whatever_case(staffed: Bench, key: Key):
    ask = key.recovery.ask(0)
    assert code(
        staffed, UnblockAsk(ask.schema, ask.serial, ask.slot, ask.number, ask.check.lower()), FIRST
    )


def test_a_key_that_is_reported_missing_gets_no_codes(staffed: Bench, key: Key):
    keylife.suspend(serial=key.info.serial, reason="missing", now=clock.now())
    assert refused(lambda: code(staffed, key.recovery.ask(0), FIRST)) == "key-suspended"


def test_a_device_that_took_the_place_of_another_under_its_serial_number_has_shares_of_its_own(
    staffed: Bench,
):
    first = enrol(staffed, Wire())
    keylife.revoke(serial=first.info.serial, reason="broken", now=clock.now())
    second = enrol(staffed, Wire(TestBoard(seed=b"another device")))
    unblock(staffed, second)
    second.unlock(NEW)


def test_shares_for_a_pair_that_is_not_in_force_are_refused_at_enrolment(staffed: Bench):
    older = enrolment.decode_offer(staffed.offer_file(SCHOOL))[1]
    name(staffed, SECOND, THIRD)
    wire = Wire()
    key = wire.open()
    # a carrier has exchanged it
    request = key.answer_offer(enrolment.decode_offer(staffed.offer_file(SCHOOL))[0], older)
    raw = enrolment.encode_request(request, key.recovery.shares())
    assert refused(lambda: staffed.issue_file(raw)) == "shares-foreign"


def test_naming_officers_whose_file_cannot_be_written_names_nobody(office: Bench):
    staff(office, FIRST, SECOND)

    def fail(raw: bytes) -> None:
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        recovery.name_officers(
            signer=office.authority.signer(),
            first=FIRST,
            second=SECOND,
            now=clock.now(),
            deliver=fail,
        )
    assert recovery.current_pair() is None


def test_a_revoked_key_gets_no_codes(staffed: Bench, key: Key):
    ask = key.recovery.ask(0)
    keylife.revoke(serial=key.info.serial, reason="lost", now=clock.now())
    assert refused(lambda: code(staffed, ask, FIRST)) == "certificate-revoked"


def test_shares_that_another_device_signed_are_refused(staffed: Bench, key: Key):
    export = key.recovery.shares()
    flipped = bytes((export.signature[0] ^ 1,)) + export.signature[1:]
    raw = codec.encode(type(export)(export.schema, export.manifest, flipped))
    assert (
        refused(
            lambda: recovery.receive_shares(
                raw=raw, algorithm=staffed.office.algorithm, now=clock.now()
            )
        )
        == "shares-foreign"
    )


def test_older_shares_do_not_take_the_place_of_newer_ones(staffed: Bench, key: Key):
    older = codec.encode(key.recovery.shares())
    unblock(staffed, key)
    take(staffed, key)
    assert (
        refused(
            lambda: recovery.receive_shares(
                raw=older, algorithm=staffed.office.algorithm, now=clock.now()
            )
        )
        == "shares-stale"
    )


@pytest.mark.parametrize("raw", [b"", b"\xa0", b"\x00" * 100])
def test_what_are_no_shares_is_refused(raw: bytes, office: Bench):
    assert refused(
        lambda: recovery.receive_shares(
            raw=raw, algorithm=office.office.algorithm, now=clock.now()
        ),
        ManifestProblem,
    ) == ("manifest-malformed")


def test_an_offer_of_an_office_without_officers_is_what_it_always_was(office: Bench):
    assert enrolment.decode_offer(office.offer_file(SCHOOL))[1] is None


def test_an_application_without_a_device_key_is_certified_and_keeps_no_shares(staffed: Bench):
    soft = SoftKey()
    offer, _ = enrolment.decode_offer(staffed.offer_file(SCHOOL))
    staffed.issue_file(codec.encode(soft.prove_possession(offer)))
    assert not KeyShares.objects.exists()


def test_what_the_office_says_of_its_officers_verifies_under_its_anchor(staffed: Bench):
    offer, officers = enrolment.decode_offer(staffed.offer_file(SCHOOL))
    assert officers is not None
    issuer = verify_issuer(
        Signed(offer.issuer_statement, offer.issuer_manifest), staffed.office.root_key
    )
    named = verify_officers(officers, issuer, staffed.office.algorithm)
    assert (named.version, named.first_name, named.second_name) == (1, FIRST, SECOND)


# --- the command line -------------------------------------------------
@ONLY_SQLITE
def test_officers_and_codes_by_the_command_line(
    office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    def command(*words: object, status: int = 0) -> dict[str, object]:
        assert run(["--data", str(office.folder), "--json", *map(str, words)]) == status
        out = capsys.readouterr()
        return json.loads(out.out if status == 0 else out.err)

    for officer in (FIRST, SECOND):
        (tmp_path / officer).write_text(words(officer).secret)
        command("officer", officer, "--passphrase-file", tmp_path / officer)
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    named = command(
        "name-officers",
        FIRST,
        SECOND,
        "--out",
        tmp_path / "officers.bd",
        "--passphrase-file",
        tmp_path / "secret",
    )
    assert (named["version"], named["file"]) == (1, str(tmp_path / "officers.bd"))
    assert [row["in_force"] for row in command("officers")] == [True, True]  # type: ignore[union-attr]

    key = enrol(office, Wire())
    ask = key.recovery.ask(0)
    (tmp_path / "ask.bd").write_bytes(codec.encode(ask))
    heard = ("--serial", ask.serial, "--number", ask.number, "--check", ask.check)
    first = command(
        "unblock-code", *heard, "--officer", FIRST, "--passphrase-file", tmp_path / FIRST
    )
    by_file = ("--request", tmp_path / "ask.bd", "--out", tmp_path / "code.txt")
    second = command(
        "unblock-code", *by_file, "--officer", SECOND, "--passphrase-file", tmp_path / SECOND
    )
    assert "code" not in second
    codes = (
        Secret(str(first["code"]).encode()),
        Secret((tmp_path / "code.txt").read_bytes().strip()),
    )
    key.recovery.unblock(0, codes, NEW)
    (tmp_path / "shares.bd").write_bytes(codec.encode(key.recovery.shares()))
    assert command("shares", tmp_path / "shares.bd")["number"] == 2
    assert command(
        "unblock-code", "--officer", FIRST, "--passphrase-file", tmp_path / FIRST, status=2
    )["error"]
