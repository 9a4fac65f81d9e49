"""Derives the states of all cases from the signed statements again, and compares them."""

from dataclasses import dataclass, field

from biandun_office.evidence import blobs
from biandun_office.evidence.models import Statement
from biandun_office.evidence.selectors import statements
from biandun_office.flow.business import NONE
from biandun_office.flow.effects import action_for, effect_of
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.flow.table import BUSINESSES
from biandun_protocol import package
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.forms.form import Form
from biandun_protocol.wire.numbers import PURPOSE_SUCCESSION


@dataclass
class Replayed:
    """What the replay found; ``faults`` is empty when all agrees with the stored states.

    ``unread`` counts manifests that are not in the data folder.  ``states`` and ``filings`` map a
    case's primary key to its state and to the statement id of its newest filing so far.
    """

    faults: list[str] = field(default_factory=list)
    unread: int = 0
    states: dict[int, str] = field(default_factory=dict)
    filings: dict[int, str] = field(default_factory=dict)


def replay() -> Replayed:
    """Go through the statements in the order of the log and apply each to its case."""
    done = Replayed()
    # a succession is about a key, not about a case
    moving = statements().exclude(purpose=PURPOSE_SUCCESSION)
    for row in moving.select_related("event__case").iterator():
        event: CaseEvent | None = getattr(row, "event", None)
        if event is None:
            done.faults.append(f"statement {row.leaf_index} moved no case")
            continue
        if not _follows(done, row, event):
            done.faults.append(
                f"statement {row.leaf_index} did not move case {event.case.number} as recorded"
            )
        done.states[event.case_id] = event.after
    for case in Case.objects.iterator():
        if done.states.get(case.pk) != case.state:
            done.faults.append(f"case {case.number} is not where its statements leave it")
    return done


def _follows(done: Replayed, row: Statement, event: CaseEvent) -> bool:
    """Is the recorded step what this statement does, in the state that the case had then?"""
    business = BUSINESSES.get(event.case.kind)
    action = business.action(event.action) if business else None
    before = done.states.get(event.case_id, NONE)
    if (
        business is None
        or action is None
        or event.before != before
        or before not in action.sources
        or event.after not in action.targets
    ):
        return False
    form = _form(row)
    if form is None:
        done.unread += 1
    elif action is not action_for(row.purpose, form, before, business) or not _about(
        done, row, form, event
    ):
        return False
    if action.is_filing:
        done.filings[event.case_id] = row.statement_id
    return True


def _form(row: Statement) -> Form | None:
    try:
        with blobs.opened(blobs.path_of(row.digest)) as file:
            raw = file.read()
    except OSError:
        return None
    try:
        manifest = package.read(raw, row.purpose)
    except (ProtocolProblem, KeyError):
        return None
    return manifest.form


def _about(done: Replayed, row: Statement, form: Form, event: CaseEvent) -> bool:
    """Is the form about this case, and about the newest filing that the case then had?"""
    newest = done.filings.get(event.case_id)
    return effect_of(row.purpose, form).is_about(form, event.case.number, newest)
