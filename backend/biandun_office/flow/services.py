"""Writes to cases; to be called inside the transaction that accepts a statement."""

from biandun_office.flow.effects import effect_of
from biandun_office.flow.moves import Cases, record
from biandun_office.registry.models import Unit
from biandun_protocol.forms.form import Form


def reads_cases(purpose: str, form: Form) -> bool:
    """Does ``take`` read cases of earlier statements from the database for this form?"""
    return effect_of(purpose, form).reads_cases(form)


def take(
    *, purpose: str, form: Form, unit: Unit, leaf_index: int, received: int, cases: Cases
) -> str:
    """Apply an accepted statement to its case: open it or change its state.

    The statement is one of ``unit`` and entry ``leaf_index`` of the log.  Return the case's number.

    Raises Refused: case-not-found, case-not-open (filings); statement-not-found, not-supervisor,
    countersign-not-due (countersignatures); not-officer, case-not-found, decision-not-due,
    decision-mismatch (decisions).
    """
    move = effect_of(purpose, form).move(form, unit, received, cases)
    return record(move, leaf_index, cases.pending)
