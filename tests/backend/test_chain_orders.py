"""Packages, late relays, exports of links and forks in every order, against a model of the chain
rules (docs/design/key.md, "No clock, and the chain").

The model is the rules in their shortest form: a statement tells its own name and its predecessor's,
an export tells a run of names, and two names at one number are a fork.  Honest keys tell no two, so
they are never blocked, and what is accepted of them does not depend on the order; of a key that
forked the office never holds two statements that contradict each other.
"""

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biandun_office.evidence import links
from biandun_office.evidence.models import ForkEvidence, Gap, Statement
from biandun_office.issuance.models import Certificate
from biandun_office.office import signing
from biandun_office.platform import clock
from biandun_office.reception import intake
from biandun_protocol.algorithms import ES256
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import Problem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import SignedManifest
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend.bench import ONLY_POSTGRESQL, ONLY_SQLITE, Bench
from tests.backend.people import Key, name

LONGEST = 7
_serials = itertools.count(1)

# what arrives: statement number n, an export of ``count`` links from number ``first`` on; both of
# one of two branches
Arrival = tuple[str, int, int, int]


@st.composite
def arrivals(draw: st.DrawFn, branches: int) -> tuple[int, int, list[Arrival]]:
    """The chain's length, where it forks (its own length: nowhere), and what arrives of it in which
    order.
    """
    length = draw(st.integers(1, LONGEST))
    shared = draw(st.integers(0, length - 1)) if branches > 1 else length
    branch = st.integers(0, branches - 1)
    statement = st.tuples(st.just("statement"), branch, st.integers(1, length), st.just(1))
    first = st.integers(1, length)
    export = st.tuples(st.just("links"), branch, first, st.integers(1, LONGEST)).map(
        lambda one: (one[0], one[1], one[2], min(one[3], length - one[2] + 1))
    )
    return (
        length,
        shared,
        draw(st.lists(st.one_of(statement, statement, export), min_size=1, max_size=2 * LONGEST)),
    )


@dataclass
class Model:
    """What the office should know of one key."""

    names: dict[int, bytes] = field(default_factory=dict)
    statements: dict[int, bytes] = field(default_factory=dict)
    arrived: set[int] = field(default_factory=set)
    links: set[bytes] = field(default_factory=set)
    suspended: bool = False

    def statement(self, seq: int, own: bytes, prev: bytes) -> str:
        if self.statements.get(seq) == own:
            return "again"
        outcome = self._tell({seq: own, seq - 1: prev})
        if outcome == "accepted":
            self.statements[seq] = own
            self.arrived.add(seq)
        return outcome

    def export(self, export: bytes, told: dict[int, bytes]) -> str:
        if export in self.links:
            return "again"
        outcome = self._tell(told)
        if outcome == "accepted":
            self.links.add(export)
            self.arrived |= set(told)
        return outcome

    def missing(self) -> set[int]:
        return set(range(1, max(self.arrived, default=0))) - self.arrived

    def _tell(self, told: dict[int, bytes]) -> str:
        if self.suspended:
            return "key-suspended"
        if any(self.names.get(seq, one) != one for seq, one in told.items()):
            self.suspended = True
            return "fork"
        self.names.update(told)
        return "accepted"


class Play:
    """One key, its branches signed in advance, and the office beside the model."""

    def __init__(self, office: Bench, manifest: bytes, length: int, shared: int) -> None:
        self.model = Model()
        self.key = office.new_key(serial=f"BD-PLAY-{next(_serials)}")
        trunk = [self.key.sign(manifest) for _ in range(shared)]
        self.branches = [
            trunk + self._grow(manifest, length - shared, number) for number in range(2)
        ]
        self.ids = [[bytes(32), *(name(one) for one in branch)] for branch in self.branches]

    def _grow(self, manifest: bytes, count: int, number: int) -> list[bytes]:
        twin = Key(self.key.serial, self.key.signer, self.key.profile, self.key.seq, self.key.head)
        twin.log_point = (
            None
            if number == 0
            else (
                0,
                bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            )
        )
        return [twin.sign(manifest) for _ in range(count)]

    @property
    def kid(self) -> str:
        return self.key.signer.algorithm.kid_of(self.key.signer.public_key).hex()

    def step(self, arrival: Arrival) -> tuple[str, str]:
        """What the office answered, and what the model says it should."""
        kind, branch, first, count = arrival
        ids = self.ids[branch]
        if kind == "statement":
            return self._submit(self.branches[branch][first - 1]), self.model.statement(
                first, ids[first], ids[first - 1]
            )
        raw = self.key.links(first, ids[first : first + count])
        signed = codec.decode(SignedManifest, raw)
        told = {first + place: one for place, one in enumerate(ids[first : first + count])}
        export = name(signed.statement, "link")
        return self._export(
            Signed(signed.statement, signed.manifest), raw, export
        ), self.model.export(export, told)

    @staticmethod
    def _submit(statement: bytes) -> str:
        try:
            accepted = intake.receive(
                statement, purpose=PURPOSE_FILING, now=clock.now(), signer=signing.signer()
            )
        except Problem as problem:
            return "fork" if problem.code in ("chain-fork", "chain-broken") else problem.code
        return "accepted" if accepted.created else "again"

    def _export(self, signed: Signed, raw: bytes, export: bytes) -> str:
        again = export in self.model.links
        try:
            links.receive_links(signed, raw, algorithm=ES256, now=clock.now())
        except Problem as problem:
            return "fork" if problem.code in ("chain-fork", "chain-broken") else problem.code
        return "again" if again else "accepted"

    def held(self) -> dict[int, tuple[bytes, bytes]]:
        rows = Statement.objects.filter(kid=self.kid).values_list("seq", "statement_id", "prev")
        return {seq: (bytes.fromhex(own), bytes.fromhex(prev)) for seq, own, prev in rows}

    def missing(self) -> set[int]:
        return {seq for first, last in links.missing_of(self.kid) for seq in range(first, last + 1)}


def play_honest(office: Bench, manifest: bytes, plan: tuple[int, int, list[Arrival]]) -> None:
    length, shared, order = plan
    play = Play(office, manifest, length, shared)
    for arrival in order:
        got, expected = play.step(arrival)
        assert got == expected
        assert got in ("accepted", "again"), "an honest key is never blocked"
    assert set(play.held()) == {first for kind, _, first, _ in order if kind == "statement"}, (
        "whatever the order"
    )
    assert play.missing() == play.model.missing()
    assert Certificate.objects.get(kid=play.kid).state == "ACTIVE"
    assert not ForkEvidence.objects.filter(kid=play.kid).exists()


def play_forked(office: Bench, manifest: bytes, plan: tuple[int, int, list[Arrival]]) -> None:
    length, shared, order = plan
    play = Play(office, manifest, length, shared)
    for arrival in order:
        got, expected = play.step(arrival)
        assert got == expected
    holds = play.held()
    for seq, (_, prev) in holds.items():
        assert seq - 1 not in holds or holds[seq - 1][0] == prev, (
            "two statements that contradict each other"
        )
    assert {seq: own for seq, (own, _) in holds.items()} == play.model.statements
    state = Certificate.objects.get(kid=play.kid).state
    assert state == ("SUSPENDED" if play.model.suspended else "ACTIVE")
    assert ForkEvidence.objects.filter(kid=play.kid).count() == play.model.suspended
    assert play.missing() == play.model.missing()
    assert not Gap.objects.filter(chain=play.kid, closed=None, seq__in=play.model.arrived).exists()


@pytest.fixture
def uploaded(office: Bench) -> bytes:
    return office.upload()


FAST = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FEW = settings(FAST, max_examples=10)


@ONLY_SQLITE  # many examples here, a few on PostgreSQL below
@FAST
@given(plan=arrivals(branches=1))
def test_an_honest_key_is_never_blocked_in_any_order(office: Bench, uploaded: bytes, plan):
    play_honest(office, uploaded, plan)


@ONLY_SQLITE  # as above
@FAST
@given(plan=arrivals(branches=2))
def test_a_fork_never_passes_in_any_order(office: Bench, uploaded: bytes, plan):
    play_forked(office, uploaded, plan)


@ONLY_POSTGRESQL  # as above
@FEW
@given(plan=arrivals(branches=1))
def test_an_honest_key_is_never_blocked_in_any_order_on_postgresql(
    office: Bench, uploaded: bytes, plan
):
    play_honest(office, uploaded, plan)


@ONLY_POSTGRESQL  # as above
@FEW
@given(plan=arrivals(branches=2))
def test_a_fork_never_passes_in_any_order_on_postgresql(office: Bench, uploaded: bytes, plan):
    play_forked(office, uploaded, plan)


@ONLY_SQLITE  # the same code on both
def test_every_order_of_four_statements_and_an_export_ends_the_same(office: Bench, uploaded: bytes):
    events: list[Arrival] = [("statement", 0, seq, 1) for seq in (1, 2, 4)] + [("links", 0, 2, 2)]
    for order in itertools.permutations(events):
        play_honest(office, uploaded, (4, 4, list(order)))
