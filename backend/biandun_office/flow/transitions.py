"""How a use approval moves, as data: an action, where it may start, where it leads.

The procedure: docs/design/office.md, "Establishment-use approval".

Every action is one signed statement.  The first state and the state after a resubmission depend on
the unit: it waits for its supervisor if it has one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PENDING_SUPERVISOR = "PENDING_SUPERVISOR"
SUBMITTED = "SUBMITTED"
ACCEPTED = "ACCEPTED"
RETURNED_BY_SUP = "RETURNED_BY_SUP"
RETURNED_BY_OFFICE = "RETURNED_BY_OFFICE"
NONE = ""  # before the first filing

WAITING = frozenset({PENDING_SUPERVISOR, SUBMITTED})


@dataclass(frozen=True)
class Action:
    """A dotted name for logs and histories; from one of ``sources`` to one of ``targets``."""

    name: str
    sources: frozenset[str]
    targets: frozenset[str]

    @property
    def target(self) -> str:
        """Where an action with one target leads.  Raises ValueError for one with several."""
        (only,) = self.targets
        return only


def _action(name: str, sources: Iterable[str], targets: Iterable[str]) -> Action:
    return Action(f"flow.use_approval.{name}", frozenset(sources), frozenset(targets))


FILED = _action("filed", {NONE}, WAITING)
RESUBMITTED = _action("resubmitted", {RETURNED_BY_SUP, RETURNED_BY_OFFICE}, WAITING)
COUNTERSIGNED = {
    "agree": _action("agreed", {PENDING_SUPERVISOR}, {SUBMITTED}),
    "return": _action("returned_by_supervisor", {PENDING_SUPERVISOR}, {RETURNED_BY_SUP}),
}
DECIDED = {
    "accept": _action("accepted", {SUBMITTED}, {ACCEPTED}),
    "return": _action("returned_by_office", {SUBMITTED}, {RETURNED_BY_OFFICE}),
}
ACTIONS = {
    action.name: action
    for action in (FILED, RESUBMITTED, *COUNTERSIGNED.values(), *DECIDED.values())
}
