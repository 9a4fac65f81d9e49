"""A line of the log says what has happened: no line without its row, whatever was rolled back."""

import ast
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

import biandun_office
from biandun_office.evidence.models import Alert
from biandun_office.flow.models import CaseEvent
from biandun_office.issuance.models import StateChange
from biandun_office.keylife import services as keylife
from biandun_office.office import signing
from biandun_office.platform import clock, logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.reception import services
from tests.backend.bench import ONLY_SQLITE, ORIGIN, SIGNED, Bench
from tests.backend.people import Key
from tests.backend.test_orders import challenge
from tests.backend.test_turns import History, checked

Lines = list[tuple[str, dict[str, object]]]
# what a line of a turn stands for: the rows of its kind, by the names of their lines
ROWS: dict[str, Callable[[], Counter[str]]] = {
    "flow.": lambda: Counter(CaseEvent.objects.values_list("action", flat=True)),
    "issuance.certificate.": lambda: Counter(
        f"issuance.certificate.{after.lower()}"
        for after in StateChange.objects.values_list("after", flat=True)
    ),
    "evidence.alert.": lambda: Counter(
        f"evidence.alert.{kind.lower()}" for kind in Alert.objects.values_list("kind", flat=True)
    ),
}


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: Lines = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.getMessage(), record.fields))  # type: ignore[attr-defined]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.lines]


@pytest.fixture
def kept() -> Iterator[Kept]:
    logger, handler = logging.getLogger("biandun"), Kept()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.WARNING)


@contextmanager
def failing_commits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The disk is full whenever this thread commits."""

    def full() -> None:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(connection, "_commit", full)
        yield


# --- the line of an action --------------------------------------------
def test_an_action_outside_a_transaction_is_logged_at_once(office: Bench, kept: Kept):
    logs.action("a.b.done", number=1)
    assert kept.lines == [("a.b.done", {"number": 1})]


def test_an_action_in_a_transaction_is_logged_after_its_commit(office: Bench, kept: Kept):
    with writing():
        logs.action("a.b.done", number=1)
        assert kept.lines == []
    assert kept.lines == [("a.b.done", {"number": 1})]


@pytest.mark.parametrize("how", ["raised", "commit", "savepoint"])
def test_an_action_that_is_rolled_back_is_never_logged(
    how: str, office: Bench, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    if how == "commit":
        with failing_commits(monkeypatch), suppress(OperationalError), writing():
            logs.action("a.b.done")
    elif how == "raised":
        with suppress(Refused), writing():
            logs.action("a.b.done")
            raise Refused("unit-unknown", uscc="")
    else:
        with writing(), suppress(Refused), transaction.atomic():
            logs.action("a.b.done")
            raise Refused("unit-unknown", uscc="")
    with writing():
        logs.action("a.b.next")
    assert kept.names == ["a.b.next"]


def test_there_is_one_way_to_the_log() -> None:
    """What would log past ``logs.action`` would log what is rolled back."""
    root = Path(biandun_office.__file__).parent
    asking = [
        str(path.relative_to(root))
        for path in sorted(root.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node).replace('"', "'").startswith("logging.getLogger('biandun')")
    ]
    assert asking == ["platform/logs.py"]


# --- what the office does ---------------------------------------------
Act = Callable[[], object]


def _login(office: Bench, key: Key) -> Act:
    answer = key.login(office.challenge(), ORIGIN)
    return lambda: office.post(answer, SIGNED, "/login")


def _person(decide: Callable[..., object]) -> Callable[[Bench, Key], Act]:
    return lambda _, key: lambda: decide(serial=key.serial, reason="测试", now=clock.now())


# the line of an action, and what does it once all that comes before is done
ACTIONS: dict[str, Callable[[Bench, Key], Act]] = {
    "access.login.began": _login,
    "evidence.order.reset": lambda office, key: lambda: office.order(challenge(key), "reset"),
    "issuance.certificate.revoked": _person(keylife.revoke),
    "issuance.certificate.suspended": _person(keylife.suspend),
    "issuance.offer.made": lambda office, _: office.offer_file,
}


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_not_committed_is_not_logged(
    name: str, office: Bench, key: Key, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    act = ACTIONS[name](office, key)
    kept.lines.clear()
    with failing_commits(monkeypatch), suppress(OperationalError):
        act()
    assert kept.lines == []
    act()
    assert name in kept.names


# --- a storm ----------------------------------------------------------
def _without_row(lines: list[str]) -> list[str]:
    """Names of lines that no row, or not enough of them, or no kind of row stands for."""
    there = sum((rows() for rows in ROWS.values()), Counter[str]())
    return sorted((Counter(lines) - there).elements())


def _storm(office: Bench, seed: str, monkeypatch: pytest.MonkeyPatch, kept: Kept) -> list[str]:
    """Statements of every kind, by groups; every third commit fails, and every fourth receipt."""
    chance = random.Random(seed)
    plain = services.seal

    def seal(*arguments: object) -> bytes:
        if chance.randrange(4) == 0:
            raise Refused("unit-inactive", uscc="")
        return plain(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(services, "seal", seal)
    office.at(monkeypatch, clock.now())
    waiting = checked(History(office, seed).make(40).raw, monkeypatch)
    kept.lines.clear()
    while waiting:
        size = chance.randrange(1, 5)
        group, waiting = waiting[:size], waiting[size:]
        if chance.randrange(3) == 0:
            with failing_commits(monkeypatch), pytest.raises(OperationalError), writing():
                services._take_in([(one, signing.signer()) for one in group])
        else:
            with writing():
                services._take_in([(one, signing.signer()) for one in group])
    return kept.names


def test_in_a_storm_of_lost_commits_every_line_has_its_row(
    office: Bench, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    lines = _storm(office, "甲", monkeypatch, kept)
    assert _without_row(lines) == []
    assert {name.split(".")[0] for name in lines} >= {"flow", "evidence", "issuance"}
    assert sum(name.startswith("flow.") for name in lines) == CaseEvent.objects.count()


@ONLY_SQLITE
def test_a_storm_shows_lines_that_are_written_before_their_commit(
    office: Bench, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(logs, "action", lambda name, /, **fields: logs._write(name, fields))
    assert _without_row(_storm(office, "甲", monkeypatch, kept)) != []


def test_a_filing_whose_receipt_fails_leaves_no_line(
    office: Bench, key: Key, kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> bytes:
        raise Refused("unit-inactive", uscc="")

    statement = key.sign(office.upload())
    with monkeypatch.context() as patched:
        patched.setattr(services, "seal", refuse)
        assert office.post(statement).status_code == 403
    assert kept.names == ["evidence.statement.refused"]
    assert office.post(statement).status_code == 201
    assert kept.names[1:] == ["flow.use_approval.filed", "evidence.statement.accepted"]
