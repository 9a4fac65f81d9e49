"""The files that statements name, and the rows that keep them from being swept.

A statement names its manifest by its payload, the manifest names the attachments.  This module
works on bytes alone, so it also reads statements that an older program stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from biandun_office.evidence import blobs
from biandun_office.evidence.models import Blob
from biandun_office.platform import sql
from biandun_protocol import cbor, cose
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ProtocolProblem, StatementProblem
from biandun_protocol.wire.numbers import (
    KEY_PURPOSES,
    LIMIT_ATTACHMENTS,
    LIMIT_MANIFEST,
    OFFICE_PURPOSES,
)

MANIFEST, ATTACHMENT = "manifest", "attachment"
_REFERENCE = "UPDATE evidence_blob SET referenced = %s WHERE sha256 IN %l"
# also the office's: an order can take the place of a statement in a chain
_PURPOSES = (*KEY_PURPOSES, *OFFICE_PURPOSES)


@dataclass(frozen=True)
class Named:
    """A file that a statement names: its digest, its kind, and the sender's file name.

    The name of a manifest is empty.
    """

    digest: str
    kind: str
    name: str = ""


@dataclass(frozen=True)
class Kept:
    """A stored statement; ``inline`` is its manifest when both were received as one file."""

    statement: cose.Statement
    inline: bytes | None = None

    @property
    def manifest(self) -> bytes | None:
        """The manifest's bytes, or None when its file is absent or unreadable."""
        if self.inline is not None:
            return self.inline
        try:
            return blobs.read(self.statement.digest.hex(), LIMIT_MANIFEST)
        except OSError:
            return None

    def files(self) -> list[Named]:
        """The manifest's file and those of the attachments that it names, each digest once."""
        own = [] if self.inline is not None else [Named(self.statement.digest.hex(), MANIFEST)]
        named = {file.digest: file for file in (*attachments_of(self.manifest or b""), *own)}
        return sorted(named.values(), key=lambda file: file.kind != MANIFEST)


def read(raw: bytes) -> Kept:
    """Read a statement of any purpose, or one with its manifest in one file.

    Raises ProtocolProblem.
    """
    if raw[:1] == b"\xd2":
        return Kept(_parse(raw))
    signed = Signed.decode(raw)
    return Kept(_parse(signed.statement), signed.manifest)


def files_of(raw: bytes) -> list[Named]:
    """The files that a stored statement names.

    Empty for bytes that cannot be parsed; ``log-check`` reports those.
    """
    try:
        return read(raw).files()
    except ProtocolProblem:
        return []


def attachments_of(manifest: bytes) -> list[Named]:
    """The attachments that a manifest names, even if the manifest is invalid otherwise.

    A key has signed for these files.
    """
    try:
        parts = cbor.items(cbor.loads(manifest))
    except cbor.CborError:
        return []
    body = parts[1] if len(parts) == 2 else None
    listed = (
        cbor.items(cast("dict[object, object]", body).get("attachments"))
        if isinstance(body, dict)
        else []
    )
    found: list[Named] = []
    for item in listed[:LIMIT_ATTACHMENTS]:
        fields = cast("dict[object, object]", item) if isinstance(item, dict) else {}
        digest, name = fields.get("sha256"), fields.get("name")
        if isinstance(digest, bytes) and len(digest) == 32:
            found.append(Named(digest.hex(), ATTACHMENT, name if isinstance(name, str) else ""))
    return found


def reference(received: Mapping[str, int]) -> None:
    """Mark blobs as evidence; ``received`` maps each digest to its statement's time.

    A row that is missing, after a crash between storing file and row, is inserted.
    """
    if sql.run(sql.several(_REFERENCE, len(received)), True, *received) == len(received):
        return
    known = set(Blob.objects.filter(sha256__in=received).values_list("sha256", flat=True))
    Blob.objects.bulk_create(
        Blob(sha256=digest, size=blobs.size_of(digest) or 0, stored_at=moment, referenced=True)
        for digest, moment in received.items()
        if digest not in known
    )


def reference_kept(raw: bytes, received: int) -> None:
    """Mark the stored files of a kept statement as evidence.

    Files that are uploaded later are marked before the next sweep.
    """
    present = [file.digest for file in files_of(raw) if blobs.size_of(file.digest) is not None]
    if present:
        reference(dict.fromkeys(present, received))


def _parse(raw: bytes) -> cose.Statement:
    for purpose in _PURPOSES:
        try:
            return cose.parse(raw, purpose=purpose)
        except StatementProblem as problem:
            if problem.code != "purpose-mismatch":
                raise
    raise StatementProblem("purpose-mismatch", expected="/".join(_PURPOSES))
