"""Manifests: CBOR ``[summary, body]``, the bytes that a key hashes and the office reads.

The summary is the little that the key checks by itself; the body is the filing.  ``read`` refuses a manifest whose two
halves disagree, ``compare`` one that disagrees with the header the key wrote.  So a clerk's program cannot show one thing
and have another signed without the office noticing.
"""

from dataclasses import dataclass
from typing import cast

from biandun_protocol import cbor, filing
from biandun_protocol.cose import Statement
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.filing import UseApproval
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Summary
from biandun_protocol.wire.numbers import LIMIT_MANIFEST, SCHEMA_FILING


@dataclass(frozen=True)
class Manifest:
    """A manifest read and checked: ``raw`` is what was signed."""

    raw: bytes
    summary: Summary
    filing: UseApproval


def build(application: UseApproval) -> bytes:
    """Return the canonical manifest of a filing.  Raises ManifestProblem: form-invalid, manifest-too-large."""
    application.check()
    summary = Summary(SCHEMA_FILING, application.uscc, application.filing_type, len(application.attachments), application.case)
    raw = cbor.dumps([codec.to_map(summary), filing.to_body(application)])
    if len(raw) > LIMIT_MANIFEST:
        raise ManifestProblem("manifest-too-large", size=len(raw), limit=LIMIT_MANIFEST)
    return raw


def read(raw: bytes) -> Manifest:
    """Read a manifest and check it against itself.

    Raises ManifestProblem: manifest-too-large, manifest-malformed, schema-unknown, form-invalid, manifest-contradicts.
    """
    if len(raw) > LIMIT_MANIFEST:
        raise ManifestProblem("manifest-too-large", size=len(raw), limit=LIMIT_MANIFEST)
    try:
        parts = cbor.loads(raw)
    except cbor.CborError as error:
        raise ManifestProblem("manifest-malformed", detail=str(error)) from None
    if not isinstance(parts, list) or len(cast("list[object]", parts)) != 2:
        raise ManifestProblem("manifest-malformed", detail="not [summary, body]")
    first, body = cast("list[object]", parts)
    try:
        summary = codec.from_map(Summary, first)
    except codec.MessageError as error:
        raise ManifestProblem("manifest-malformed", field=error.field) from None
    if summary.schema != SCHEMA_FILING or summary.filing_type != filing.USE_APPROVAL:
        raise ManifestProblem("schema-unknown", schema=f"{summary.schema} {summary.filing_type}")
    application = filing.from_body(body)
    for name, here, there in (
        ("uscc", summary.uscc, application.uscc),
        ("attachments", summary.attachments, len(application.attachments)),
        ("case", summary.case, application.case),
    ):
        if here != there:
            raise ManifestProblem("manifest-contradicts", field=name)
    return Manifest(raw, summary, application)


def compare(statement: Statement, manifest: Manifest) -> None:
    """Check that a key signed this very manifest, for the unit that it speaks of.

    Raises ManifestProblem: digest-mismatch, manifest-contradicts with the field.
    """
    header = statement.header
    if statement.digest != header.algorithm.digest(manifest.raw):
        raise ManifestProblem("digest-mismatch")
    for name, here, there in (
        ("length", header.manifest_length, len(manifest.raw)),
        ("uscc", header.uscc, manifest.filing.uscc),
        ("unit_code", header.unit_code, manifest.filing.unit_code),
        ("region", header.region, manifest.filing.region),
    ):
        if here != there:
            raise ManifestProblem("manifest-contradicts", field=name)
