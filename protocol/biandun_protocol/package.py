"""Manifests: CBOR ``[summary, body]``, the bytes that a key hashes and the office reads.

The summary is the part that the key checks; the body is the form (SPEC section 5).  ``read``
refuses a manifest whose two parts disagree, ``compare`` one that disagrees with the header that the
key wrote.  So a clerk's program cannot show one form and have another one signed unnoticed.
"""

from dataclasses import dataclass
from typing import cast

from biandun_protocol import cbor, records
from biandun_protocol.catalogue import phrase
from biandun_protocol.cose import Statement
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import FORMS, row_of
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Summary
from biandun_protocol.wire.numbers import LIMIT_MANIFEST, PURPOSE_FILING


@dataclass(frozen=True)
class Manifest:
    """A manifest that was read and checked; ``raw`` are the signed bytes."""

    raw: bytes
    summary: Summary
    form: Form


def purpose_of(form: Form) -> str:
    """Return the purpose for which a form is signed."""
    return row_of(form).purpose


def build(form: Form) -> bytes:
    """Return the canonical manifest of a form.

    Raises ManifestProblem: form-invalid, manifest-too-large.
    """
    from biandun_protocol.forms.reading import checked_body  # noqa: PLC0415 - pydantic, when needed

    body = checked_body(form)
    row = row_of(form)
    summary = Summary(row.schema, form.uscc, row.form_type, len(form.attachments), form.case)
    raw = cbor.dumps([codec.to_map(summary), body])
    if len(raw) > LIMIT_MANIFEST:
        raise ManifestProblem("manifest-too-large", size=len(raw), limit=LIMIT_MANIFEST)
    return raw


def read(raw: bytes, purpose: str = PURPOSE_FILING) -> Manifest:
    """Read a manifest for ``purpose`` and check its two parts against each other.

    Raises ManifestProblem: manifest-too-large, manifest-malformed, schema-unknown, form-invalid,
    manifest-contradicts.
    """
    from biandun_protocol.forms.reading import read as form_of  # noqa: PLC0415 - as above

    if len(raw) > LIMIT_MANIFEST:
        raise ManifestProblem("manifest-too-large", size=len(raw), limit=LIMIT_MANIFEST)
    try:
        parts = cbor.loads(raw)
    except cbor.CborError as error:
        raise records.not_cbor(error) from None
    if not isinstance(parts, list) or len(cast("list[object]", parts)) != 2:
        raise ManifestProblem("manifest-malformed", detail=phrase("malformed.pair"))
    first, body = cast("list[object]", parts)
    try:
        summary = codec.from_map(Summary, first)
    except codec.MessageError as error:
        raise records.wrong_field(Summary, error) from None
    row = FORMS.get((purpose, summary.filing_type))
    if row is None or summary.schema != row.schema:
        raise ManifestProblem("schema-unknown", schema=f"{summary.schema} {summary.filing_type}")
    form = form_of(row.form, body)
    for name, here, there in (
        ("uscc", summary.uscc, form.uscc),
        ("attachments", summary.attachments, len(form.attachments)),
        ("case", summary.case, form.case),
    ):
        if here != there:
            raise ManifestProblem("manifest-contradicts", field=name)
    return Manifest(raw, summary, form)


def compare(statement: Statement, manifest: Manifest) -> None:
    """Check that a statement covers this manifest, and that its header names the same unit.

    Raises ManifestProblem: digest-mismatch, manifest-contradicts with the field.
    """
    header = statement.header
    if statement.digest != header.algorithm.digest(manifest.raw):
        raise ManifestProblem("digest-mismatch")
    for name, here, there in (
        ("length", header.manifest_length, len(manifest.raw)),
        ("uscc", header.uscc, manifest.form.uscc),
        ("unit_code", header.unit_code, manifest.form.unit_code),
        ("region", header.region, manifest.form.region),
    ):
        if here != there:
            raise ManifestProblem("manifest-contradicts", field=name)
