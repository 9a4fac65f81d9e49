"""Statements that share a commit: what they leave behind is what they would have left one after
another.
"""

import os
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from django.db import transaction

from biandun_office.evidence.models import (
    Alert,
    Attached,
    Blob,
    ForkEvidence,
    Gap,
    Node,
    Receipt,
    Statement,
)
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.issuance.models import Certificate
from biandun_office.office import signing
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from biandun_office.platform.pending import Numbered, Pending
from biandun_office.reception import intake, services
from biandun_office.reception.log_check import check_log
from biandun_office.reception.services import Accepted, Submission
from biandun_office.registry.models import Unit
from biandun_protocol.errors import Problem
from biandun_protocol.receipt import Receipt as ReceiptFile
from biandun_protocol.wire.statement import FIRST_PREV
from tests.backend import people
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, Bench
from tests.backend.people import Key

KINDS = (
    "good",
    "good",
    "good",
    "again",
    "skipped",
    "late",
    "fork",
    "liar",
    "nowhere",
    "inactive",
    "countersigned",
    "decided",
)


KEYS = 8  # some are used for the first time late in a group, others several times


class Undo(Exception):
    """Ends a transaction without a trace."""


class History:
    """Statements as they would come in: of a dozen keys, good ones and every kind that is refused
    or leaves something else behind.
    """

    def __init__(self, office: Bench, seed: str) -> None:
        self.office, self.chance = office, random.Random(seed)
        self.keys = [office.new_key(serial=f"BD-TEST-6{number:03}") for number in range(KEYS)]
        self.closed = [
            office.new_key(HOSPITAL, serial=f"BD-TEST-7{number:03}") for number in range(2)
        ]
        Unit.objects.filter(uscc=HOSPITAL).update(active=False)
        self.supervisor, self.officer = office.supervisor(), office.officer()
        self.raw: list[tuple[bytes, str]] = []  # statement, purpose
        self.held_back: list[bytes] = []

    def make(self, count: int) -> "History":
        """Add ``count`` steps; some keep a statement back, which comes later or never."""
        for number in range(count):
            getattr(self, self.chance.choice(KINDS))(f"第 {number} 件")
        return self

    def _add(self, raw: bytes, purpose: str = "filing") -> None:
        self.raw.append((raw, purpose))

    def _key(self) -> Key:
        return self.chance.choice(self.keys)

    def good(self, reason: str) -> None:
        self._add(self._key().sign(self.office.upload(reason=reason)))

    def again(self, reason: str) -> None:
        if self.raw:
            self.raw.append(self.chance.choice(self.raw))

    def skipped(self, reason: str) -> None:
        key = self._key()
        self.held_back.append(key.sign(self.office.upload(reason=reason)))
        self._add(key.sign(self.office.upload(reason=f"{reason}，下一份")))

    def late(self, reason: str) -> None:
        if self.held_back:
            self._add(self.held_back.pop(0))

    def fork(self, reason: str) -> None:
        key = self._key()
        if key.seq:
            twin = replace(key, seq=key.seq - 1, head=key.head if key.seq > 1 else FIRST_PREV)
            self._add(twin.sign(self.office.upload(reason=reason)))

    def liar(self, reason: str) -> None:
        key = self._key()
        key.log_point = (self.chance.randrange(9), b"\1" * 32)
        self._add(key.sign(self.office.upload(reason=reason)))
        key.log_point = None

    def nowhere(self, reason: str) -> None:
        self._add(self._key().sign(self.office.upload(reason=reason, case="629900HB2026000999")))

    def inactive(self, reason: str) -> None:
        self._add(
            self.chance.choice(self.closed).sign(self.office.upload(reason=reason, **HOSPITAL_FORM))
        )

    def countersigned(self, reason: str) -> None:
        if self.raw and (about := self.chance.choice(self.raw))[1] == "filing":
            raw = people.countersign(self.supervisor, people.name(about[0]).hex())
            self.office.put_manifest(raw)
            self._add(self.supervisor.sign(raw, "countersign"), "countersign")

    def decided(self, reason: str) -> None:
        if self.raw and (about := self.chance.choice(self.raw))[1] == "filing":
            case = f"629900HB{clock.now() // 31_556_952 + 1970}00000{self.chance.randrange(1, 4)}"
            raw = people.decision(self.officer, case, people.name(about[0]).hex())
            self.office.put_manifest(raw)
            self._add(self.officer.sign(raw, "decision"), "decision")


def checked(
    statements: Sequence[tuple[bytes, str]], monkeypatch: pytest.MonkeyPatch
) -> list[Submission]:
    """What of them survives the checks before the lock, as it is handed over."""
    found: list[Submission] = []

    def accept(submission: Submission, *, signer: object) -> Accepted:
        found.append(submission)
        return Accepted("", "", b"", created=False)

    with monkeypatch.context() as patched:
        patched.setattr(services, "accept", accept)
        for raw, purpose in statements:
            try:
                intake.receive(raw, purpose=purpose, now=clock.now(), signer=signing.signer())
            except Problem:
                continue
    return found


def left_behind(
    submissions: Sequence[Submission], sizes: Sequence[int]
) -> tuple[list[object], dict[str, list[object]]]:
    """The outcomes, and every row that there is afterwards, when they are taken in by groups of
    these sizes; nothing stays.
    """
    outcomes: list[object] = []
    rows: dict[str, list[object]] = {}
    try:
        with transaction.atomic():
            place = 0
            for size in sizes:
                outcomes += services._take_in(
                    [(one, signing.signer()) for one in submissions[place : place + size]]
                )
                place += size
            assert place >= len(submissions)
            rows = everything()
            raise Undo
    except Undo:
        return [_outcome(one) for one in outcomes], rows


def _outcome(one: object) -> object:
    if isinstance(one, Accepted):
        return one.statement_id, one.case, one.created
    if isinstance(one, Refused):
        return one.code, one.values
    return one


def everything() -> dict[str, list[object]]:
    """Every row that a statement leaves behind, without keys that the database gives and
    signatures, which are new each time.
    """
    events = CaseEvent.objects.order_by("case__number", "step")
    own = [
        "case__number",
        "step",
        "version",
        "action",
        "before",
        "after",
        "opinion",
        "text",
        "statement_id",
    ]
    payloads = [
        (row.statement_id, row.tree_size, ReceiptFile.decode(bytes(row.bundle)).payload)
        for row in Receipt.objects.all()
    ]
    return {
        "statements": list(
            Statement.objects.order_by("pk").values_list(
                "pk", "statement_id", "digest", "seq", "prev", "gap", "kid"
            )
        ),
        "nodes": sorted(
            (level, index, bytes(value))
            for level, index, value in Node.objects.values_list("level", "index", "hash")
        ),
        "receipts": sorted(payloads),
        "attached": sorted(Attached.objects.values_list("statement_id", "sha256")),
        "cases": list(
            Case.objects.order_by("number").values_list("number", "sequence", "unit__uscc", "state")
        ),
        "events": list(events.values_list(*own)),
        "forks": list(
            ForkEvidence.objects.order_by("pk").values_list("pk", "seq", "reason", "known")
        ),
        "gaps": list(
            Gap.objects.order_by("chain", "seq").values_list("chain", "seq", "closed", "closed_by")
        ),
        "alerts": sorted(Alert.objects.values_list("kind", "certificate__kid", "detail")),
        "blobs": list(Blob.objects.order_by("pk").values_list("pk", "referenced")),
        "states": list(Certificate.objects.order_by("pk").values_list("kid", "state")),
    }


def _sizes(chance: random.Random, count: int) -> list[int]:
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(chance.randrange(1, 9))
    return sizes


def compare(
    office: Bench, seed: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> dict[str, list[object]]:
    moment = clock.now()
    office.at(monkeypatch, moment)
    submissions = checked(History(office, seed).make(steps).raw, monkeypatch)
    alone = left_behind(submissions, [1] * len(submissions))
    for sizes in ([len(submissions)], _sizes(random.Random(seed), len(submissions))):
        assert left_behind(submissions, sizes) == alone, f"seed {seed}, groups of {sizes}"
    return alone[1]


@pytest.mark.parametrize("seed", ["甲", "乙"])
def test_a_group_leaves_behind_what_its_statements_would_have_left_alone(
    office: Bench, seed: str, monkeypatch: pytest.MonkeyPatch
):
    rows = compare(office, seed, 40, monkeypatch)
    assert rows["statements"] and rows["cases"]


@pytest.mark.slow
@pytest.mark.parametrize("run", range(3))
def test_many_groups_leave_behind_what_their_statements_would_have_left_alone(
    office: Bench, run: int, monkeypatch: pytest.MonkeyPatch
):
    compare(office, os.urandom(4).hex(), 120, monkeypatch)


def test_the_generator_makes_every_kind_of_trouble(office: Bench, monkeypatch: pytest.MonkeyPatch):
    moment = clock.now()
    office.at(monkeypatch, moment)
    submissions = checked(History(office, "丙").make(150).raw, monkeypatch)
    outcomes, rows = left_behind(submissions, [8] * (len(submissions) // 8 + 1))
    codes = {outcome[0] for outcome in outcomes if isinstance(outcome, tuple) and len(outcome) == 2}
    assert {"case-not-found", "unit-inactive", "countersign-not-due"} <= codes
    assert all(rows[table] for table in rows), [table for table in rows if not rows[table]]


def test_what_a_group_has_written_holds(office: Bench, monkeypatch: pytest.MonkeyPatch):
    submissions = checked(History(office, "丁").make(30).raw, monkeypatch)
    with transaction.atomic():
        services._take_in([(one, signing.signer()) for one in submissions])
    assert check_log(office.office).faults == []


def test_a_row_that_is_referred_to_is_written_first_whatever_came_before_it(
    office: Bench, key: Key, monkeypatch: pytest.MonkeyPatch
):
    statement = key.sign(office.upload())
    assert office.post(statement).status_code == 201
    supervisor = office.supervisor()
    raw = people.countersign(supervisor, people.name(statement).hex())
    office.put_manifest(raw)
    # has an event, and opens no case
    countersigned = supervisor.sign(raw, "countersign"), "countersign"
    opening = office.new_key(serial="BD-TEST-6001").sign(office.upload(reason="另一件")), "filing"
    submissions = checked([countersigned, opening], monkeypatch)
    with transaction.atomic():
        outcomes = services._take_in([(one, signing.signer()) for one in submissions])
    assert [outcome.created for outcome in outcomes if isinstance(outcome, Accepted)] == [
        True,
        True,
    ]
    assert check_log(office.office).faults == []


def test_of_two_that_are_refused_after_they_were_entered_nothing_stays(
    office: Bench, key: Key, monkeypatch: pytest.MonkeyPatch
):
    """The second makes the turn write what came before: that must not make it forget less."""
    closed = office.new_key(HOSPITAL, serial="BD-TEST-7001")
    Unit.objects.filter(uscc=HOSPITAL).update(active=False)
    good = key.sign(office.upload())
    bad = [closed.sign(office.upload(reason=reason, **HOSPITAL_FORM)) for reason in "一二"]
    submissions = checked([(raw, "filing") for raw in (good, *bad)], monkeypatch)
    with transaction.atomic():
        outcomes = services._take_in([(one, signing.signer()) for one in submissions])
    assert [getattr(outcome, "code", "accepted") for outcome in outcomes] == [
        "accepted",
        "unit-inactive",
        "unit-inactive",
    ]
    assert Statement.objects.count() == 1
    assert check_log(office.office).faults == []


# --- rows that are not written yet ------------------------------------
def _case(pending: Pending, sequence: int) -> Numbered:
    unit = Unit.objects.all()[0].pk
    return pending.insert_numbered(
        Case,
        "number",
        f"629900HB2026{sequence:06}",
        "HB",
        "629900",
        2026,
        sequence,
        unit,
        "SUBMITTED",
        1,
    )


def test_a_row_refers_to_one_that_gets_its_key_later(office: Bench):
    pending = Pending()
    for sequence in (1, 2, 3):
        case = _case(pending, sequence)
        pending.then(lambda: None)
        assert case == Numbered(f"629900HB2026{sequence:06}")
    assert Case.objects.count() == 0
    pending.write()
    assert [row.sequence for row in Case.objects.order_by("number")] == [1, 2, 3]
    pending.write()
    assert Case.objects.count() == 3, "what was written is forgotten"


def test_what_an_attempt_added_is_forgotten_when_it_fails(office: Bench):
    pending, done = Pending(), list[str]()
    with pending.attempt():
        _case(pending, 1)
        pending.then(lambda: done.append("一"))
    with pytest.raises(Refused), pending.attempt():
        _case(pending, 2)
        pending.then(lambda: done.append("二"))
        raise Refused("unit-unknown", uscc="")
    pending.write()
    assert [row.sequence for row in Case.objects.all()] == [1]
    assert done == ["一"]


def test_an_attempt_writes_nothing_because_it_could_not_be_forgotten(office: Bench):
    pending = Pending()
    with pending.attempt(), pytest.raises(RuntimeError):
        pending.write()
    pending.write()
