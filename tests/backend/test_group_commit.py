"""Group commit: what waits at the same time shares one commit, and nobody learns of anything that
is not durable.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction

from biandun_office import api
from biandun_office.evidence.models import ForkEvidence, Statement
from biandun_office.office import signing
from biandun_office.platform import clock, group_commit, sql
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.platform.group_commit import GroupCommit
from biandun_office.reception import intake, services
from biandun_office.reception.log_check import check_log
from biandun_office.reception.services import Accepted
from biandun_office.registry.models import Unit
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend.bench import Bench
from tests.support.softkey import SoftKey

UNIT = "UPDATE registry_unit SET name = %s"


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs each transaction had, in order."""
    seen: list[int] = []
    plain = services.arrivals._together
    monkeypatch.setattr(
        services.arrivals, "_together", lambda works: (seen.append(len(works)), plain(works))[1]
    )
    return seen


class Crowd:
    """Threads whose calls of ``queue`` wait for the write lock together; the first to come
    leads.
    """

    def __init__(self, pool: ThreadPoolExecutor, queue: GroupCommit[Any, Any]) -> None:
        self.pool, self.queue = pool, queue

    def gather(self, calls: list[Callable[[], object]]) -> list[Future]:
        """Start the calls, in order, while this thread holds the lock."""
        started = []
        with writing():
            for number, call in enumerate(calls, 1):
                started.append(self.pool.submit(_and_disconnect, call))
                until(lambda number=number: len(self.queue._queue) == number)
        return started

    def outcomes(self, calls: list[Callable[[], object]]) -> list[object]:
        """What each call returned or raised."""
        return [future.exception() or future.result() for future in self.gather(calls)]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        Event().wait(0.002)


def _and_disconnect(call: Callable[[], object]) -> object:
    try:
        return call()
    finally:
        connections.close_all()


@pytest.fixture
def crowd(office: Bench) -> Iterator[Crowd]:
    with ThreadPoolExecutor(8) as pool:
        yield Crowd(pool, services.arrivals)


def submissions(office: Bench, count: int) -> list[Callable[[], Accepted]]:
    """Statements of as many keys, their files uploaded, each ready to be taken in."""
    return [
        submission(office, office.new_key(serial=f"BD-TEST-3{number:03}"), f"第 {number} 份")
        for number in range(count)
    ]


def submission(office: Bench, key: SoftKey, reason: str) -> Callable[[], Accepted]:
    statement = key.sign(office.upload(reason=reason))
    return lambda: intake.receive(
        statement, purpose=PURPOSE_FILING, now=clock.now(), signer=signing.signer()
    )


def names_of(office: Bench) -> set[str]:
    return set(Unit.objects.values_list("name", flat=True))


def write(name: str) -> int:
    return sql.run(UNIT, name)


def test_what_waits_for_the_lock_is_taken_in_by_one_commit(
    crowd: Crowd, office: Bench, groups: list[int]
):
    accepted = crowd.outcomes(submissions(office, 6))
    assert groups == [6]
    places = [Receipt.decode(one.bundle).read().leaf_index for one in accepted]  # type: ignore[attr-defined]
    assert places == [0, 1, 2, 3, 4, 5]
    assert check_log(office.office).faults == []


def test_a_client_alone_waits_for_nobody(office: Bench, groups: list[int]):
    for submit in submissions(office, 2):
        assert submit().created
    assert groups == [1, 1]


def test_each_in_a_group_keeps_its_own_error_and_harms_no_other(
    crowd: Crowd, office: Bench, key: SoftKey
):
    good = submissions(office, 3)
    # both are refused by the case, that is after they were appended
    nowhere = key.sign(office.upload(case="629900HB2026000999"))
    late = key.sign(office.upload(case="629900HB2026000998"))
    bad = [
        lambda raw=raw: intake.receive(
            raw, purpose=PURPOSE_FILING, now=clock.now(), signer=signing.signer()
        )
        for raw in (nowhere, late)
    ]
    one, first, two, second, three = crowd.outcomes([good[0], bad[0], good[1], bad[1], good[2]])
    assert [type(outcome) for outcome in (one, two, three)] == [Accepted] * 3
    assert [(type(outcome), outcome.code) for outcome in (first, second)] == [
        (Refused, "case-not-found")
    ] * 2  # type: ignore[attr-defined]
    assert first is not second
    assert Statement.objects.count() == 3
    assert check_log(office.office).faults == []


def test_a_fork_in_a_group_is_kept_as_evidence_and_harms_no_other(
    crowd: Crowd, office: Bench, key: SoftKey
):
    twin = replace(key)
    pair = [submission(office, key, "一"), submission(office, twin, "二")]
    accepted, fork, other = crowd.outcomes([*pair, *submissions(office, 1)])
    assert isinstance(accepted, Accepted) and isinstance(other, Accepted)
    assert isinstance(fork, Refused) and fork.code == "chain-fork"
    assert ForkEvidence.objects.count() == 1
    assert office.file(key, reason="三").json()["code"] == "key-suspended"
    assert check_log(office.office).faults == []


def test_statements_of_one_key_in_one_group_continue_each_other(
    crowd: Crowd, office: Bench, key: SoftKey, groups: list[int]
):
    outcomes = crowd.outcomes([submission(office, key, f"第 {number} 份") for number in range(4)])
    assert groups == [4]
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert list(Statement.objects.values_list("seq", "gap")) == [
        (1, False),
        (2, False),
        (3, False),
        (4, False),
    ]


def test_the_same_statement_twice_in_one_group_gets_one_receipt(
    crowd: Crowd, office: Bench, key: SoftKey
):
    submit = submission(office, key, "一")
    first, second = crowd.outcomes([submit, submit])
    assert (first.created, second.created, first.bundle == second.bundle) == (True, False, True)  # type: ignore[attr-defined]


def test_nobody_is_answered_before_the_commit(
    crowd: Crowd, office: Bench, monkeypatch: pytest.MonkeyPatch
):
    reached, go = Event(), Event()

    @contextmanager
    def slow() -> Iterator[None]:
        with writing():
            yield
            reached.set()
            assert go.wait(20)

    monkeypatch.setattr(group_commit, "writing", slow)
    futures = crowd.gather(submissions(office, 3))
    try:
        assert reached.wait(20)
        assert [future.done() for future in futures] == [False] * 3
        assert Statement.objects.count() == 0
    finally:
        go.set()
    assert all(future.result().created for future in futures)


def test_a_commit_that_fails_is_everybodys_failure_and_leaves_nothing(
    crowd: Crowd, office: Bench, key: SoftKey, monkeypatch: pytest.MonkeyPatch
):
    @contextmanager
    def full() -> Iterator[None]:
        with writing():
            yield
            raise OperationalError("database or disk is full")

    calls, twin = submissions(office, 2), replace(key)
    # the refusal of the last one rests on a transaction that never was
    calls += [submission(office, key, "一"), submission(office, twin, "二")]
    with monkeypatch.context() as patched:
        patched.setattr(group_commit, "writing", full)
        outcomes = crowd.outcomes(calls)
    assert [str(outcome) for outcome in outcomes] == ["database or disk is full"] * 4
    assert api.on_database(None, outcomes[0]).status_code == 507  # type: ignore[arg-type]
    assert Statement.objects.count() == ForkEvidence.objects.count() == 0
    assert all(call().created for call in calls[:3]), (
        "nothing stands in the way of the next attempt"
    )


def calls_of(works: Sequence[Callable[[], object]]) -> list[object]:
    """Work that is a call each."""
    return [work() for work in works]


def test_a_transaction_that_is_lost_in_the_middle_fails_all_by_its_cause(office: Bench):
    queue = GroupCommit(calls_of)

    def lose() -> None:
        connection.connection.rollback()  # as SQLite does by itself when a disk is full
        raise OperationalError("disk I/O error")

    before = names_of(office)
    with ThreadPoolExecutor(3) as pool:
        works = [lambda: write("一"), lose, lambda: write("三")]
        outcomes = Crowd(pool, queue).outcomes(
            [lambda work=work: queue.run(work) for work in works]
        )
    assert [str(outcome) for outcome in outcomes] == ["disk I/O error"] * 3
    assert names_of(office) == before


def test_what_the_database_refuses_harms_no_other(office: Bench):
    tried: list[int] = []

    def together(works: Sequence[Callable[[], object]]) -> list[object]:
        tried.append(len(works))
        return calls_of(works)

    def clash() -> None:
        write("半")
        there = Unit.objects.all()[0]
        Unit.objects.create(
            uscc=there.uscc, code="x", name="x", region="629900", office=there.office
        )

    queue = GroupCommit(together)
    with ThreadPoolExecutor(3) as pool:
        works = [clash, lambda: write("二"), lambda: len(names_of(office))]
        first, second, third = Crowd(pool, queue).outcomes(
            [lambda work=work: queue.run(work) for work in works]
        )
    assert type(first).__name__ == "IntegrityError"
    assert isinstance(second, int) and third == 1
    assert names_of(office) == {"二"}
    assert tried == [3, 1, 1, 1], "together once, and then each by itself"


def test_of_those_done_one_by_one_nobody_waits_for_a_lock_that_another_was_not_given(office: Bench):
    tried: list[int] = []

    def together(works: Sequence[Callable[[], object]]) -> list[object]:
        tried.append(len(works))
        if len(works) > 1:
            raise IntegrityError
        return calls_of(works)

    def locked() -> None:
        raise OperationalError("database is locked")

    queue = GroupCommit(together)
    with ThreadPoolExecutor(4) as pool:
        works = [lambda: write("一"), locked, lambda: write("三"), lambda: write("四")]
        first, *others = Crowd(pool, queue).outcomes(
            [lambda work=work: queue.run(work) for work in works]
        )
    assert isinstance(first, int)
    assert [str(outcome) for outcome in others] == ["database is locked"] * 3
    assert tried == [4, 1, 1]
    assert names_of(office) == {"一"}


def test_whoever_waits_behind_a_lock_that_is_not_given_is_told_busy(
    crowd: Crowd, office: Bench, vendor: str, monkeypatch: pytest.MonkeyPatch
):
    options = dict(connections.settings["default"]["OPTIONS"])
    short = (
        {"timeout": 0.2}
        if vendor == "sqlite"
        else {"options": options["options"].replace("20s", "200ms")}
    )
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", {**options, **short})
    calls = submissions(office, 3)
    with writing():
        futures = [crowd.pool.submit(_and_disconnect, call) for call in calls]
        errors = [future.exception(20) for future in futures]
    assert [type(error) for error in errors] == [OperationalError] * 3
    assert [api.on_database(None, error).status_code for error in errors] == [503] * 3  # type: ignore[arg-type]
    assert len(crowd.queue._queue) == 0
    assert all(call().created for call in calls)


@pytest.mark.parametrize("when", ["together", "one by one"])
def test_a_leader_that_dies_leaves_the_work_of_the_others_to_the_next(when: str, office: Bench):
    deaths = 0

    def together(works: Sequence[Callable[[], object]]) -> list[object]:
        if when == "one by one" and len(works) > 1:
            raise IntegrityError
        return calls_of(works)

    def die() -> None:
        nonlocal deaths
        deaths += 1
        write("半")
        raise SystemExit

    queue = GroupCommit(together)
    with ThreadPoolExecutor(3) as pool:
        works = [die, lambda: write("二"), lambda: write("三")]
        first, second, third = Crowd(pool, queue).outcomes(
            [lambda work=work: queue.run(work) for work in works]
        )
    assert isinstance(first, SystemExit) and deaths == 1
    assert (second, third) == (Unit.objects.count(),) * 2
    assert names_of(office) == {"三"}
    assert len(queue._queue) == 0


def test_it_refuses_to_answer_from_inside_a_transaction(office: Bench):
    with transaction.atomic(), pytest.raises(RuntimeError):
        GroupCommit(calls_of).run(lambda: None)


def test_work_that_fails_alone_is_undone(office: Bench):
    def fail() -> None:
        write("半")
        raise Refused("unit-unknown", uscc="")

    with pytest.raises(Refused):
        GroupCommit(calls_of).run(fail)
    assert "半" not in names_of(office)


@pytest.mark.parametrize("count", [1, 6])
def test_a_group_asks_as_many_questions_as_one_statement(
    count: int, crowd: Crowd, office: Bench, key: SoftKey, monkeypatch: pytest.MonkeyPatch
):
    assert office.file(key).status_code == 201  # a first tree has no nodes to read
    calls, seen, plain = submissions(office, count), [], sql._execute
    monkeypatch.setattr(
        sql, "_execute", lambda text, values: (seen.append(text), plain(text, values))[1]
    )
    assert all(isinstance(outcome, Accepted) for outcome in crowd.outcomes(calls))
    # two reads each before the lock, one of them for its attachment; under it seven reads and seven
    # writes, one a table
    assert len(seen) == 2 * count + 7 + 7, seen


def test_a_leader_waits_for_those_who_were_on_their_way_when_it_began(office: Bench):
    done: list[list[str]] = []
    queue = GroupCommit(lambda works: (done.append(list(works)), works)[1])
    on_its_way, go = Event(), Event()

    def comes() -> object:
        with queue.approaching():
            on_its_way.set()
            go.wait(20)
            return queue.run("the one on its way")

    with ThreadPoolExecutor(2) as pool:
        coming = pool.submit(_and_disconnect, comes)
        assert on_its_way.wait(20)
        leading = pool.submit(_and_disconnect, lambda: queue.run("the leader"))
        until(lambda: bool(queue._awaited))
        assert not done
        go.set()
        coming.result(20)
        leading.result(20)
    assert done == [["the leader", "the one on its way"]]


@pytest.mark.parametrize("how", ["is refused", "lets others go"])
def test_a_leader_waits_no_longer_for_one_that(how: str, office: Bench):
    queue = GroupCommit[str, str](lambda works: works)
    on_its_way, go, ends = Event(), Event(), Event()

    def comes() -> None:
        with queue.approaching():
            on_its_way.set()
            go.wait(20)
            if how == "is refused":
                raise Refused("purpose-refused")
            queue.let_others_go()
            ends.wait(20)

    with ThreadPoolExecutor(2) as pool:
        coming = pool.submit(comes)
        assert on_its_way.wait(20)
        leading = pool.submit(_and_disconnect, lambda: queue.run("the leader"))
        until(lambda: bool(queue._awaited))
        go.set()
        assert leading.result(20) == "the leader"
        ends.set()
        assert isinstance(coming.exception(20), Refused if how == "is refused" else type(None))


def test_a_leader_does_not_wait_for_those_who_come_later(office: Bench):
    queue = GroupCommit[str, str](lambda works: works)
    first, second, end_first, end_second = Event(), Event(), Event(), Event()

    def comes(here: Event, ends: Event) -> None:
        with queue.approaching():
            here.set()
            ends.wait(20)

    with ThreadPoolExecutor(3) as pool:
        pool.submit(comes, first, end_first)
        assert first.wait(20)
        leading = pool.submit(_and_disconnect, lambda: queue.run("the leader"))
        until(lambda: bool(queue._awaited))
        pool.submit(comes, second, end_second)
        assert second.wait(20)
        end_first.set()
        assert leading.result(20) == "the leader"
        end_second.set()


def test_large_files_and_refusals_hold_no_leader_up(office: Bench, monkeypatch: pytest.MonkeyPatch):
    approaching: list[bool] = []

    def noted(plain: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given, **named: (
            approaching.append(bool(services.arrivals._approaching)),
            plain(*given, **named),
        )[1]

    monkeypatch.setattr(intake, "_check_attachments", noted(intake._check_attachments))
    monkeypatch.setattr(
        intake.evidence, "keep_contradiction", noted(intake.evidence.keep_contradiction)
    )
    monkeypatch.setattr(intake, "_read_manifest", noted(intake._read_manifest))
    key = office.new_key()
    assert submission(office, key, "材料")().created
    assert approaching == [True, False]
    with pytest.raises(Refused) as refused:
        intake.receive(
            key.sign(b"not uploaded"),
            purpose=PURPOSE_FILING,
            now=clock.now(),
            signer=signing.signer(),
        )
    assert refused.value.code == "blob-missing"
    assert approaching == [True, False, True, False]
