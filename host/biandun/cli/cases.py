"""A case as a command returns it: its form field by field, with opinions and decisions."""

from biandun.cli.forms import body, sections
from biandun.retrieval import Case, Entry
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.forms.form import ApplicationDocument, to_body


def shown(case: Case, language: str = "zh") -> dict[str, object]:
    """The newest version of a case: its form for people, and for programs the body as signed."""
    filing, form = case.filing, case.filing.manifest.form
    return {
        "case": case.details.get("number"),
        "state": case.details.get("state"),
        **_signed(filing),
        "form": sections(form, language),
        "body": body(form),
        "attachments": [row for entry in case.entries for row in _attachments(entry)],
        "opinions": [
            _opinion(entry, entry.manifest.form)
            for entry in case.remarks
            if isinstance(entry.manifest.form, Countersign)
        ],
        "decisions": [
            _decision(entry, entry.manifest.form)
            for entry in case.remarks
            if isinstance(entry.manifest.form, Decision)
        ],
    }


def _signed(entry: Entry) -> dict[str, object]:
    """Who signed an entry, when it was prepared, and when the office received it."""
    form, header = entry.manifest.form, entry.statement.header
    return {
        "unit_name": form.unit_name,
        "uscc": form.uscc,
        "unit_code": form.unit_code,
        "region": form.region,
        "prepared_by": form.prepared_by,
        "prepared_on": form.prepared_on,
        "received": entry.received,
        "serial": header.serial,
        "seq": header.seq,
        "statement": entry.name,
    }


def _document(document: ApplicationDocument | None) -> dict[str, object] | None:
    return None if document is None else to_body(document)


def _attachments(entry: Entry) -> list[dict[str, object]]:
    return [
        {
            "purpose": entry.purpose,
            "file": one.name,
            "role": one.role,
            "bytes": one.size,
            "sha256": one.sha256.hex(),
        }
        for one in entry.manifest.form.attachments
    ]


def _opinion(entry: Entry, form: Countersign) -> dict[str, object]:
    return {
        "opinion": form.opinion,
        "text": form.text,
        "document": _document(form.document),
        **_signed(entry),
    }


def _decision(entry: Entry, form: Decision) -> dict[str, object]:
    return {"decision": form.decision, "text": form.text, **_signed(entry)}
