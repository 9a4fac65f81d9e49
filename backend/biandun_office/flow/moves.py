"""A step of a case before it is written to the database, and the numbers of new cases."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db.models import Max

from biandun_office.flow.business import Action
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.platform import logs, sql
from biandun_office.platform.pending import Numbered, Pending

_LAST = "SELECT MAX(sequence) FROM flow_case WHERE region = %s AND kind = %s AND year = %s"


@dataclass(frozen=True)
class Move:
    """One step that a statement makes in a case.

    ``case`` is the row's primary key, ``number`` the case number; ``before`` and ``after`` are
    states; ``version`` is that of the filing concerned, ``text`` the form's remark.
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
    """The cases that the statements of one transaction open: their numbers and pending rows."""

    def __init__(self, pending: Pending) -> None:
        self.pending = pending
        self._last: dict[tuple[str, str, int], int] = {}  # sequence by region, kind and year

    @contextmanager
    def attempt(self) -> Generator[None]:
        """Release the numbers that were allocated in the block if it raises."""
        before = dict(self._last)
        try:
            yield
        except Exception:
            self._last = before
            raise

    def next(self, region: str, kind: str, year: int) -> int:
        """Allocate the next sequence number of a region, business and year."""
        group = (region, kind, year)
        if group not in self._last:
            self._last[group] = sql.rows(_LAST, *group)[0][0] or 0
        self._last[group] += 1
        return self._last[group]


def next_move(
    case: Case, action: Action, after: str, version: int, opinion: str = "", text: str = ""
) -> Move:
    """The step that follows the newest one of a case."""
    last = case.events.aggregate(last=Max("step"))["last"]
    return Move(case.pk, case.number, action, case.state, after, last + 1, version, opinion, text)


def record(move: Move, leaf_index: int, pending: Pending) -> str:
    """Write the step that log entry ``leaf_index`` makes; return the case's number."""
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
    # a pending step, so that nothing is logged when the rows are dropped
    pending.then(
        lambda: logs.action(
            move.action.name, case=move.number, before=move.before, after=move.after
        )
    )
    return move.number
