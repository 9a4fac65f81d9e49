"""The office guards its clock: what it refuses, what a person confirms, and what is taken back
then.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import key_status
from biandun.keys import Key as DeviceKey
from biandun_office.access.models import Challenge, Login
from biandun_office.cli.main import cli, run
from biandun_office.evidence.models import ForkEvidence, Statement
from biandun_office.issuance.models import KeyOffer, StateChange
from biandun_office.issuance.selectors import certificate_of_serial, status_of
from biandun_office.issuance.services import renew
from biandun_office.keylife import services as keylife
from biandun_office.office import signing
from biandun_office.platform import clock
from biandun_office.platform.errors import ClockUntrusted, Refused
from biandun_office.reception import intake
from biandun_office.reception.log_check import check_log
from biandun_office.timekeeping import guard
from biandun_office.timekeeping import services as timekeeping
from biandun_office.timekeeping.models import ClockCheck, ClockMark
from biandun_office.timekeeping.selectors import known as timekept
from biandun_office.timekeeping.watch import watch
from biandun_protocol.certificate import Signed
from biandun_protocol.wire.numbers import (
    PURPOSE_FILING,
    STANDING_ACTIVE,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
)
from tests.backend.bench import ONLY_SQLITE, PASSPHRASE, SCHOOL, Bench
from tests.backend.people import Key
from tests.backend.test_orders import challenge, give
from tests.hostile.world import world
from tests.support.softkey import manifest

DAY = 86_400
FAR = 400 * DAY
Turn = Callable[..., None]


@pytest.fixture
def turn(monkeypatch: pytest.MonkeyPatch) -> Turn:
    """Somebody sets the machine's clock; ``passed`` seconds have gone by in truth."""
    begun, ticks = clock.now(), clock.ticks()

    def to(offset: int, passed: int = 0) -> None:
        monkeypatch.setattr(clock, "now", lambda: begun + offset)
        monkeypatch.setattr(clock, "ticks", lambda: ticks + passed)

    to(0)
    return to


def tell(key: DeviceKey, office: Bench, serial: str) -> int:
    """What the key makes of the office's word about it."""
    return key_status.store(
        key, Signed.decode(office.get(f"/keys/{serial}/status").content)
    ).standing


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        work()
    return caught.value.code


def ahead(office: Bench, key: Key, turn: Turn) -> bytes:
    """The clock was 400 days ahead, somebody confirmed it wrongly, and a filing came in; it is
    right again.  Returns the receipt.
    """
    office.make_certificates_timeless()
    turn(FAR)
    guard.forget()
    timekeeping.confirm(at=clock.now(), source="同样不准的钟")
    receipt = office.file(key).content
    turn(0)
    guard.forget()
    return receipt


# --- what stops the office --------------------------------------------
@pytest.mark.parametrize(
    ("offset", "code"),
    [
        (0, None),
        (guard.BOUND - 60, None),
        (guard.BOUND + 60, "office-clock-ahead"),
        (FAR, "office-clock-ahead"),
        (60 - guard.BEHIND, None),
        (-60 - guard.BEHIND, "office-clock-behind"),
        (-FAR, "office-clock-behind"),
    ],
)
@ONLY_SQLITE
def test_an_office_that_starts_believes_its_clock_within_bounds_of_what_it_recorded(
    office: Bench, turn: Turn, offset: int, code: str | None
):
    guard.now()
    turn(offset)
    guard.forget()
    assert (guard.problem().code if guard.problem() else None) == code  # type: ignore[union-attr]
    if code:
        assert refusal(guard.now) == code
    else:
        guard.now()


@pytest.mark.parametrize(
    ("jump", "code"),
    [(guard.JUMP + 60, "office-clock-ahead"), (-guard.JUMP - 60, "office-clock-behind")],
)
@ONLY_SQLITE
def test_a_running_office_notices_a_jump_of_minutes_until_the_clock_is_right_again(
    office: Bench, turn: Turn, jump: int, code: str
):
    guard.now()
    turn(3 * DAY + jump, passed=3 * DAY)
    assert refusal(guard.now) == code
    turn(3 * DAY + 5, passed=3 * DAY + 5)
    assert guard.now() == clock.now()


def test_a_running_office_that_nobody_asks_for_a_month_goes_on(office: Bench, key: Key, turn: Turn):
    office.file(key)
    turn(31 * DAY, passed=31 * DAY)
    assert office.file(key, reason="第二份。").status_code == 201


@ONLY_SQLITE
def test_an_office_that_served_nobody_for_a_month_starts_again_without_doubt(
    office: Bench, turn: Turn
):
    guard.now()
    hours = iter(range(1, 30 * 24))

    class Month:
        """Thirty days, an hour at a time."""

        def wait(self, timeout: float) -> bool:
            passed = next(hours, 0) * int(timeout)
            if passed:
                turn(passed, passed=passed)
            return not passed

    watch(Month())
    guard.forget()
    assert guard.now() == clock.now()


def test_a_jump_is_over_when_a_person_has_confirmed_it(office: Bench, turn: Turn):
    guard.now()
    turn(2 * DAY)
    assert refusal(guard.now) == "office-clock-ahead"
    timekeeping.confirm(at=clock.now(), source="广播报时")
    assert guard.now() == clock.now()


def test_a_log_that_is_ahead_stops_the_office_and_nothing_gets_in(
    office: Bench, key: Key, turn: Turn
):
    ahead(office, key, turn)
    before = Statement.objects.count()
    answer = office.file(key, reason="第二份。")
    assert (answer.status_code, answer.json()["code"], answer.json()["retriable"]) == (
        503,
        "office-clock-behind",
        True,
    )
    assert Statement.objects.count() == before


SIGNS: dict[str, tuple[str, ...]] = {
    "offer": ("offer", "--unit", SCHOOL, "--out", "out"),
    "issue": ("issue", "request", "--out", "out"),
    "renew": ("renew", "--serial", "BD-TEST-0001", "--out", "out"),
    "succeed": ("succeed", "succession", "--out", "out"),
    "resume": ("resume", "--serial", "BD-TEST-0001", "--reason", "x"),
    "order": ("order", "challenge", "--do", "reset", "--reason", "x", "--out", "out"),
    "audit": ("audit", "audit"),
    "close-gap": ("close-gap", "--serial", "BD-TEST-0001", "--seq", "1", "--reason", "x"),
    "sweep-blobs": ("sweep-blobs",),
    "officer": ("officer", "测试员甲"),
    "name-officers": ("name-officers", "测试员甲", "测试员乙", "--out", "out"),
    "shares": ("shares", "shares"),
    "unblock-code": (
        "unblock-code",
        "--serial",
        "BD-TEST-0001",
        "--number",
        "1",
        "--check",
        "7QX2",
        "--officer",
        "测试员甲",
    ),
}
WITH_PASSPHRASE = {"issue", "renew", "succeed", "order", "officer", "name-officers", "unblock-code"}
# a key that was stolen is stopped whatever the clock says; these record what is certain
STOPS = {"suspend": STANDING_SUSPENDED, "revoke": STANDING_REVOKED}
# state no time, or one that the office has recorded before; `clock confirm` is the person's word,
# and `init` has nothing to compare with
TIMELESS = set(
    "init migrate backup restore serve openapi units officers approve-release log-check alerts status forks export-fork clock".split()  # noqa: SIM905
)


def test_of_every_command_it_is_said_what_it_does_while_the_clock_is_in_doubt() -> None:
    assert sorted([*SIGNS, *STOPS, *TIMELESS]) == sorted(cli.commands)


@pytest.mark.parametrize("command", SIGNS)
@ONLY_SQLITE
def test_no_command_states_or_records_a_time_that_is_in_doubt(
    command: str, office: Bench, key: Key, turn: Turn, tmp_path, capsys, monkeypatch
):
    guard.now()
    turn(FAR)
    guard.forget()
    monkeypatch.chdir(tmp_path)
    # somebody's: nobody looks at them in doubt
    for name in ("request", "succession", "challenge", "audit", "shares"):
        (tmp_path / name).write_bytes(getattr(world(), name))
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    words = SIGNS[command] + (("--passphrase-file", "secret") if command in WITH_PASSPHRASE else ())
    assert run(["--data", str(office.folder), "--json", *words]) == 3
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "office-clock-ahead"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", STOPS)
@pytest.mark.parametrize("offset", [FAR, -FAR], ids=["ahead", "behind"])
def test_a_key_is_stopped_while_the_clock_is_in_doubt_and_only_what_is_certain_is_recorded(
    command: str, offset: int, office: Bench, key: Key, turn: Turn, capsys
):
    guard.now()
    recorded, before, true = timekept().moment, status_of(key.serial), clock.now()
    turn(offset)
    guard.forget()
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "--json",
                command,
                "--serial",
                key.serial,
                "--reason",
                "被盗",
            ]
        )
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    certain = min(recorded, true + offset)
    assert (said["not_before"], said["doubted"]) == (clock.iso(certain), clock.iso(true + offset))
    change = StateChange.objects.get()
    assert (change.changed_at, change.doubted, change.reason) == (certain, true + offset, "被盗")
    word = status_of(key.serial)
    assert (word.standing, word.number) == (STOPS[command], before.number + 1)
    assert before.since <= word.since <= recorded
    assert timekept().moment == recorded
    assert guard.problem()


@pytest.mark.parametrize("offset", [FAR, -FAR], ids=["ahead", "behind"])
def test_a_key_that_was_stopped_in_doubt_takes_the_word_and_no_doubtful_time(
    offset: int, office: Bench, genuine: DeviceKey, turn: Turn
):
    serial, floor = genuine.info.serial, genuine.chain().time_floor
    guard.now()
    recorded = timekept().moment
    turn(offset)
    guard.forget()
    moment, doubted = guard.certain()
    keylife.suspend(serial=serial, reason="被盗", now=moment, doubted=doubted)
    assert tell(genuine, office, serial) == STANDING_SUSPENDED
    assert floor <= genuine.chain().time_floor <= recorded
    assert run(["--data", str(office.folder), "resume", "--serial", serial, "--reason", "x"]) == 3
    turn(0)
    assert run(["--data", str(office.folder), "resume", "--serial", serial, "--reason", "x"]) == 0
    assert tell(genuine, office, serial) == STANDING_ACTIVE


def test_what_is_stopped_by_a_clock_that_is_trusted_has_its_time(office: Bench, key: Key, capsys):
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "--json",
                "suspend",
                "--serial",
                key.serial,
                "--reason",
                "x",
            ]
        )
        == 0
    )
    assert "doubted" not in json.loads(capsys.readouterr().out)
    assert StateChange.objects.get().doubted is None


def test_nothing_but_what_stops_a_key_takes_a_time_that_is_merely_certain() -> None:
    room = Path(clock.__file__).parent.parent
    asks = [
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        if "guard.certain" in path.read_text("utf-8")
    ]
    source = (room / "cli" / "alerts.py").read_text("utf-8")
    assert (asks, source.count("guard.certain")) == (["cli/alerts.py"], 1)
    assert set(re.findall(r"_stop\(session, keylife\.(\w+)", source)) == set(STOPS)


# who may look at the machine's clock itself: to show it, to judge it, to found an office, or to
# read
LOOKS = {
    "platform/clock.py",
    "access/bearer.py",
    "api.py",
    "cli/alerts.py",
    "cli/clocks.py",
    "cli/offices.py",
    "timekeeping/guard.py",
    "timekeeping/selectors.py",
    "timekeeping/services.py",
}


def test_nothing_else_of_the_office_reads_the_time_but_through_the_guard():
    room = Path(clock.__file__).parent.parent
    reads = re.compile(r"\bclock\.now\b|\btime\.time\(|datetime\.now\(|timezone\.now\(|\.today\(")
    found = {
        str(path.relative_to(room))
        for path in room.rglob("*.py")
        if reads.search(path.read_text("utf-8"))
    }
    assert found == LOOKS


ANSWERS: dict[str, Callable[[Bench], object]] = {
    "/login/challenge": lambda office: office.client.post(
        "/login/challenge", data={"origin": "http://office.test"}, content_type="application/json"
    ),
    "/statements": lambda office: office.post(b""),
    "/blobs": lambda office: office.put(b"x"),
}


@pytest.mark.parametrize("path", ANSWERS)
@ONLY_SQLITE
def test_no_answer_records_a_time_that_is_in_doubt(path: str, office: Bench, turn: Turn):
    guard.now()
    turn(FAR)
    assert office.get("/health").json()["clock"] == "office-clock-ahead"
    answer = ANSWERS[path](office)
    assert (answer.status_code, answer.json()["code"]) == (503, "office-clock-ahead")  # type: ignore[attr-defined]


def test_alerts_show_a_clock_in_doubt_and_certificates_from_the_future(
    office: Bench, key: Key, turn: Turn, capsys
):
    turn(FAR)
    guard.forget()
    run(["--data", str(office.folder), "--json", "alerts"])
    assert [row["kind"] for row in json.loads(capsys.readouterr().out)] == ["CLOCK"]
    timekeeping.confirm(at=clock.now(), source="同样不准的钟")
    renew(
        authority=office.authority,
        serial=key.serial,
        days=900,
        now=guard.now(),
        deliver=lambda grant: None,
    )
    turn(0)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    run(["--data", str(office.folder), "--json", "alerts"])
    assert [(row["kind"], row["serial"]) for row in json.loads(capsys.readouterr().out)] == [
        ("NOT_YET", key.serial)
    ]


# --- a person's word --------------------------------------------------
@pytest.mark.parametrize(
    ("off", "code"),
    [(0, None), (590, None), (-590, None), (610, "clock-disagrees"), (-FAR, "clock-disagrees")],
)
@ONLY_SQLITE
def test_a_second_source_must_agree_with_the_clock(
    office: Bench, turn: Turn, off: int, code: str | None
):
    turn(FAR)
    if code is None:
        assert timekeeping.confirm(at=clock.now() + off, source="钟").at == clock.now()
        return
    assert (
        refusal(lambda: timekeeping.confirm(at=clock.now() + off, source="钟")) == "clock-disagrees"
    )
    assert ClockCheck.objects.count() == 0


@ONLY_SQLITE
@pytest.mark.parametrize("at", ["2026-11-28", "2026-11-28T09:30:00", "yesterday", "１２:00"])
def test_a_time_without_its_offset_is_no_time(office: Bench, capsys, at: str):
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "--json",
                "clock",
                "confirm",
                "--at",
                at,
                "--source",
                "钟",
            ]
        )
        == 2
    )


def test_the_command_confirms_and_shows(office: Bench, key: Key, turn: Turn, capsys):
    ahead(office, key, turn)
    base = ["--data", str(office.folder), "--json", "clock"]
    assert run([*base, "show"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["trusted"], shown["corrections"]) == (False, [])
    assert (
        run(
            [
                *base,
                "confirm",
                "--at",
                clock.iso(clock.now()).replace(" ", "T"),
                "--source",
                "广播报时",
            ]
        )
        == 0
    )
    said = json.loads(capsys.readouterr().out)
    assert (said["corrected"], said["taken_back"], said["entry"]) == (
        True,
        clock.iso(clock.now() + FAR),
        1,
    )
    assert run([*base, "show"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["trusted"], shown["corrections"][0]["source"]) == (True, "广播报时")


# --- a correction -----------------------------------------------------
def test_after_a_correction_the_log_goes_on_from_the_true_time_and_still_adds_up(
    office: Bench, key: Key, turn: Turn
):
    ahead(office, key, turn)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    assert office.file(key, reason="第二份。").status_code == 201
    turn(5, passed=5)
    assert office.file(key, reason="第三份。").status_code == 201
    true = clock.now() - 5
    assert list(Statement.objects.order_by("leaf_index").values_list("received", flat=True)) == [
        true + FAR,
        true,
        true + 5,
    ]
    assert check_log(office.office).faults == []
    assert office.get("/log/corrections").json() == [
        {"size": 1, "at": true, "last": true + FAR, "source": "广播报时"}
    ]


def test_a_time_that_falls_without_a_correction_is_a_fault_of_the_log(
    office: Bench, key: Key, turn: Turn, monkeypatch: pytest.MonkeyPatch
):
    office.make_certificates_timeless()
    office.file(key)
    signed = key.sign(office.upload(reason="回拨时钟。"))
    # an office that does not guard its clock
    monkeypatch.setattr(guard, "received", lambda moment, last, size: moment)
    intake.receive(signed, purpose=PURPOSE_FILING, now=clock.now() - 1000, signer=signing.signer())
    assert [fault for fault in check_log(office.office).faults if "received before" in fault]


def test_a_contradiction_after_a_correction_is_kept_with_the_true_time(
    office: Bench, key: Key, turn: Turn
):
    ahead(office, key, turn)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    statement = key.sign(manifest(reason="另一份，附件没有上传。"), seq=1, prev=bytes(32))
    assert office.post(statement).json()["code"] == "chain-fork"
    assert ForkEvidence.objects.get().received == clock.now()


def test_a_small_step_back_is_held_at_the_time_of_the_log(office: Bench, key: Key, turn: Turn):
    office.file(key)
    turn(-100)
    guard.forget()
    office.make_certificates_timeless()
    assert office.file(key, reason="第二份。").status_code == 201
    assert len(set(Statement.objects.values_list("received", flat=True))) == 1


def test_what_was_given_out_by_the_wrong_clock_does_not_last_400_days(
    office: Bench, key: Key, turn: Turn
):
    office.make_certificates_timeless()
    turn(FAR)
    timekeeping.confirm(at=clock.now(), source="同样不准的钟")
    token = office.login(key)
    office.challenge()
    office.offer_file()
    turn(0)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    assert office.get("/me", token).status_code == 401
    assert Login.objects.filter(ended_at=None).count() == 0
    assert Challenge.objects.filter(expires_at__gt=clock.now() + 300).count() == 0
    newest = KeyOffer.objects.latest("pk")
    assert newest.expires_at == clock.now() + 30 * DAY


def test_an_overlap_that_began_by_the_wrong_clock_ends_in_time(office: Bench, key: Key, turn: Turn):
    office.make_certificates_timeless()
    before = certificate_of_serial(key.serial)
    turn(FAR)
    timekeeping.confirm(at=clock.now(), source="同样不准的钟")
    renew(
        authority=office.authority,
        serial=key.serial,
        days=900,
        now=guard.now(),
        deliver=lambda grant: None,
    )
    turn(0)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    before.refresh_from_db()
    assert before.overlap_until == clock.now() + 30 * DAY


def test_a_status_from_the_wrong_time_reads_as_decided_at_the_correction(
    office: Bench, key: Key, turn: Turn
):
    turn(FAR)
    timekeeping.confirm(at=clock.now(), source="同样不准的钟")
    keylife.suspend(serial=key.serial, reason="x", now=guard.now())
    wrong = status_of(key.serial)
    turn(0)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    assert (wrong.since, status_of(key.serial).since) == (clock.now() + FAR, clock.now())
    keylife.resume(serial=key.serial, reason="x", now=guard.now() + 1)
    turn(2)
    resumed = status_of(key.serial)
    assert resumed.number == wrong.number + 1
    assert clock.now() - 2 <= resumed.since <= clock.now()


def test_the_order_takes_the_false_times_back_up_to_the_last_and_for_the_entries_that_had_them(
    office: Bench, key: Key, turn: Turn
):
    ahead(office, key, turn)
    true = clock.now()
    timekeeping.confirm(at=true, source="广播报时")
    turn(DAY, passed=DAY)
    _, manifest, _ = give(office, challenge(key), "set-time")
    assert (manifest.time, manifest.until, manifest.entries, manifest.seq) == (
        true,
        true + FAR,
        1,
        None,
    )


def test_without_a_correction_the_order_sets_the_time_of_the_office(office: Bench, key: Key):
    _, manifest, _ = give(office, challenge(key), "set-time")
    assert abs((manifest.time or 0) - clock.now()) < 60
    assert (manifest.until, manifest.entries) == (None, None)


@pytest.mark.parametrize(
    ("decide", "code"), [(keylife.suspend, None), (keylife.revoke, "certificate-revoked")]
)
def test_a_suspended_key_gets_its_time_set_and_a_revoked_one_does_not(
    office: Bench, key: Key, decide: Callable[..., object], code: str | None
):
    decide(serial=key.serial, reason="x", now=clock.now())
    if code is None:
        assert give(office, challenge(key), "set-time")[1].time
    else:
        assert refusal(lambda: give(office, challenge(key), "set-time")) == code


def test_an_office_of_before_believes_its_newest_certificate(office: Bench, key: Key, turn: Turn):
    ClockMark.objects.all().delete()
    turn(-FAR)
    guard.forget()
    assert refusal(guard.now) == "office-clock-behind"
    turn(0)
    guard.now()
    assert ClockMark.objects.count() == 1


def test_a_clock_in_doubt_is_retriable() -> None:
    assert ClockUntrusted("office-clock-ahead").retriable
