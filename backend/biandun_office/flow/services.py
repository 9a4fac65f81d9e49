"""Writes to cases.  They run inside the transaction that takes a statement in, and without it they
would be half of one.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from biandun_office.flow import selectors, transitions
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.flow.transitions import Action
from biandun_office.platform import logs, sql
from biandun_office.platform.errors import Refused
from biandun_office.platform.pending import Numbered, Pending
from biandun_office.registry.models import Unit
from biandun_protocol.filing import UseApproval
from biandun_protocol.package import Form
from biandun_protocol.review import Countersign, Decision

_LAST = "SELECT MAX(sequence) FROM flow_case WHERE region = %s AND kind = %s AND year = %s"


@dataclass(frozen=True)
class Move:
    """One step that a statement makes: which case (key and number), by which action, from and to
    which state, about what.
    """

    case: int | Numbered
    number: str
    action: Action
    before: str
    after: str
    step: int
    version: int
    opinion: str = ""
    text: str = ""


class Cases:
    """The cases that statements of one transaction open: their numbers, and their rows until they
    are written.
    """

    def __init__(self, pending: Pending) -> None:
        self.pending = pending
        self._last: dict[tuple[str, str, int], int] = {}  # sequence by region, kind and year

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Give back the numbers that were taken inside when it raises."""
        before = dict(self._last)
        try:
            yield
        except Exception:
            self._last = before
            raise

    def next(self, region: str, kind: str, year: int) -> int:
        """Take the next number."""
        group = (region, kind, year)
        if group not in self._last:
            self._last[group] = sql.rows(_LAST, *group)[0][0] or 0
        self._last[group] += 1
        return self._last[group]


def reads_cases(form: Form) -> bool:
    """Must ``take`` find the cases of earlier statements in the database for this form?"""
    return not isinstance(form, UseApproval) or form.case is not None


def take(*, form: Form, unit: Unit, leaf_index: int, received: int, cases: Cases) -> str:
    """Let an accepted statement of ``unit``, number ``leaf_index`` of the log, open or move its
    case; return the case's number.

    Raises Refused: case-not-found, case-not-open (filings); statement-not-found, not-supervisor,
    countersign-not-due (countersignatures); not-officer, case-not-found, decision-not-due,
    decision-mismatch (decisions).
    """
    if isinstance(form, UseApproval):
        move = _resubmission(form.case, unit) if form.case else _opening(unit, received, cases)
    elif isinstance(form, Countersign):
        move = _countersignature(form, unit)
    else:
        move = _decision(form, unit)
    return _record(move, leaf_index, cases.pending)


def _opening(unit: Unit, received: int, cases: Cases) -> Move:
    """Open a case under the next number of the unit's region and year of reception (in China)."""
    year = datetime.fromtimestamp(received, timezone.get_default_timezone()).year
    kind, state = Case.Kind.USE_APPROVAL.value, _first_state(unit)
    sequence = cases.next(unit.region, kind, year)
    number = f"{unit.region}{kind}{year}{sequence:06d}"
    case = cases.pending.insert_numbered(
        Case, "number", number, kind, unit.region, year, sequence, unit.pk, state, received
    )
    return Move(case, number, transitions.FILED, transitions.NONE, state, step=1, version=1)


def _resubmission(number: str, unit: Unit) -> Move:
    case = selectors.case_of_unit(number, unit.uscc)
    if case.state not in transitions.RESUBMITTED.sources:
        raise Refused("case-not-open")
    return _next(
        case, transitions.RESUBMITTED, _first_state(unit), selectors.newest_filing(case).version + 1
    )


def _countersignature(form: Countersign, unit: Unit) -> Move:
    filing = selectors.filing_event(form.statement.hex())
    case = filing.case
    if case.unit.supervisor_id != unit.pk:
        raise Refused("not-supervisor")
    action = transitions.COUNTERSIGNED[form.opinion]
    if case.state not in action.sources or selectors.newest_filing(case).pk != filing.pk:
        raise Refused("countersign-not-due")
    return _next(case, action, action.target, filing.version, form.opinion, form.text)


def _decision(form: Decision, unit: Unit) -> Move:
    if not unit.own_office:
        raise Refused("not-officer")
    case = selectors.case_by_number(form.case)
    action = transitions.DECIDED[form.decision]
    if case.state not in action.sources:
        raise Refused("decision-not-due")
    filing = selectors.newest_filing(case)
    if filing.statement.statement_id != form.statement.hex():
        raise Refused("decision-mismatch")
    return _next(case, action, action.target, filing.version, form.decision, form.text)


def _next(
    case: Case, action: Action, after: str, version: int, opinion: str = "", text: str = ""
) -> Move:
    last = case.events.aggregate(last=Max("step"))["last"]
    return Move(case.pk, case.number, action, case.state, after, last + 1, version, opinion, text)


def _record(move: Move, leaf_index: int, pending: Pending) -> str:
    about = (move.opinion, move.text, leaf_index)
    pending.insert(
        CaseEvent,
        move.case,
        move.step,
        move.version,
        move.action.name,
        move.before,
        move.after,
        *about,
    )
    if move.before:
        pending.then(lambda: Case.objects.filter(pk=move.case).update(state=move.after))
    logs.action(move.action.name, case=move.number, before=move.before, after=move.after)
    return move.number


def _first_state(unit: Unit) -> str:
    return transitions.SUBMITTED if unit.supervisor_id is None else transitions.PENDING_SUPERVISOR
