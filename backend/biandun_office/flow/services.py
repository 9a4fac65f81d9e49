"""Writes to cases.

They run inside the transaction that takes a statement in, and without it they would be half of one.
"""

from biandun_office.flow.effects import effect_of
from biandun_office.flow.moves import Cases, record
from biandun_office.registry.models import Unit
from biandun_protocol.forms.form import Form


def reads_cases(purpose: str, form: Form) -> bool:
    """Must ``take`` find the cases of earlier statements in the database for this form?"""
    return effect_of(purpose, form).reads_cases(form)


def take(
    *, purpose: str, form: Form, unit: Unit, leaf_index: int, received: int, cases: Cases
) -> str:
    """Let an accepted statement of ``unit``, number ``leaf_index`` of the log, open or move its
    case; return the case's number.

    Raises Refused: case-not-found, case-not-open (filings); statement-not-found, not-supervisor,
    countersign-not-due (countersignatures); not-officer, case-not-found, decision-not-due,
    decision-mismatch (decisions).
    """
    move = effect_of(purpose, form).move(form, unit, received, cases)
    return record(move, leaf_index, cases.pending)
