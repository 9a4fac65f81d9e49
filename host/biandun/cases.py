"""A case in values to show: what its form says, field by field, and what was said of it."""

from biandun.results.office import (
    AttachmentRow,
    CaseDescription,
    CaseInWords,
    DecisionRow,
    OpinionRow,
    Signing,
)
from biandun.retrieval import Case, Entry
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision


def describe(case: Case) -> CaseDescription:
    """The newest version of a case: its form, and what was said of it."""
    said = [(entry, entry.manifest.form) for entry in case.remarks]
    return CaseDescription(
        case=case.details.number,
        state=case.details.state,
        signing=_signing(case.filing),
        form=case.filing.manifest.form,
        attachments=[row for entry in case.entries for row in _attachments(entry)],
        opinions=[
            OpinionRow(
                opinion=form.opinion,
                text=form.text,
                document=form.document,
                signing=_signing(entry),
            )
            for entry, form in said
            if isinstance(form, Countersign)
        ],
        decisions=[
            DecisionRow(decision=form.decision, text=form.text, signing=_signing(entry))
            for entry, form in said
            if isinstance(form, Decision)
        ],
    )


def in_words(case: Case) -> CaseInWords:
    """A case as the office tells it, and the forms of its newest version."""
    return CaseInWords(
        details=case.details,
        forms={
            f"{entry.purpose}-{place}": entry.manifest.form
            for place, entry in enumerate(case.entries, 1)
        },
    )


def _signing(entry: Entry) -> Signing:
    form, header = entry.manifest.form, entry.statement.header
    return Signing(
        unit_name=form.unit_name,
        uscc=form.uscc,
        unit_code=form.unit_code,
        region=form.region,
        prepared_by=form.prepared_by,
        prepared_on=form.prepared_on,
        received=entry.received,
        serial=header.serial,
        seq=header.seq,
        statement=entry.name,
    )


def _attachments(entry: Entry) -> list[AttachmentRow]:
    return [
        AttachmentRow(
            purpose=entry.purpose, file=one.name, role=one.role, size=one.size, sha256=one.sha256
        )
        for one in entry.manifest.form.attachments
    ]
