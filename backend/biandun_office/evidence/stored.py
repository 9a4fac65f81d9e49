"""Compares the files that evidence names with the disk: each must exist and match its digest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from biandun_office.evidence import blobs, kept
from biandun_office.evidence.models import Attached, Blob, ForkEvidence, Statement
from biandun_protocol.algorithms import Algorithm
from biandun_protocol.wire.numbers import LIMIT_MANIFEST

MISSING, ALTERED, UNREADABLE = "missing", "altered", "unreadable"
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Damage:
    """A file that evidence names and that is missing, altered or unreadable.

    ``of`` names the statement or fork that it belongs to.
    """

    digest: str
    kind: str
    of: str
    fault: str

    def __str__(self) -> str:
        return f"{self.kind} {self.digest} of {self.of} is {self.fault}"


def check(
    algorithm: Algorithm, *, contents: bool = True, progress: Progress | None = None
) -> list[Damage]:
    """Check every file that the log, its attachments or a kept contradiction names.

    ``algorithm`` is the office's.  Without ``contents`` only the existence and size of files are
    checked, which does not detect altered bytes.  ``progress`` is called with the number of files
    checked and their total.
    """
    total, found = Blob.objects.filter(referenced=True).count(), list[Damage]()
    for done, (digest, size) in enumerate(_named(), 1):
        fault = _fault(digest, size, algorithm, contents=contents)
        if fault is not None:
            found.append(Damage(digest, *_whose(digest), fault))
        if progress is not None:
            progress(done, max(done, total))
    return found


def _named() -> Iterator[tuple[str, int | None]]:
    """Digest and size in bytes of every file that evidence names, each once.

    The size is None for a file whose row is missing.
    """
    yield from (
        Blob.objects.filter(referenced=True).order_by("pk").values_list("sha256", "size").iterator()
    )
    accounted = Blob.objects.filter(referenced=True)
    manifests = Statement.objects.filter(
        ~Exists(accounted.filter(sha256=OuterRef("digest")))
    ).values_list("digest", flat=True)
    attachments = Attached.objects.filter(
        ~Exists(accounted.filter(sha256=OuterRef("sha256")))
    ).values_list("sha256", flat=True)
    for digest in sorted({*manifests, *attachments}):
        yield digest, None


def _fault(digest: str, size: int | None, algorithm: Algorithm, *, contents: bool) -> str | None:
    try:
        found = blobs.size_of(digest)
        if found is None:
            return MISSING
        if size is not None and found != size:
            return ALTERED
        return ALTERED if contents and not _is_named(digest, found, algorithm) else None
    except OSError:
        return UNREADABLE


def _is_named(digest: str, size: int, algorithm: Algorithm) -> bool:
    """Does the file's content match its name: its SHA-256, or for a manifest the suite's hash?"""
    if blobs.is_whole(digest):
        return True
    content = blobs.read(digest, LIMIT_MANIFEST) if size <= LIMIT_MANIFEST else None
    return content is not None and algorithm.digest(content).hex() == digest


def _whose(digest: str) -> tuple[str, str]:
    """The kind of a file, and the first statement or fork that names it."""
    leaf = (
        Statement.objects.filter(digest=digest)
        .values_list("leaf_index", flat=True)
        .order_by("leaf_index")
        .first()
    )
    if leaf is not None:
        return kept.MANIFEST, f"statement {leaf}"
    leaf = (
        Attached.objects.filter(sha256=digest)
        .values_list("statement_id", flat=True)
        .order_by("statement_id")
        .first()
    )
    if leaf is not None:
        return kept.ATTACHMENT, f"statement {leaf}"
    for name, raw in ForkEvidence.objects.values_list("statement_id", "raw"):
        for file in kept.files_of(bytes(raw)):
            if file.digest == digest:
                return file.kind, f"fork {name}"
    return "file", "kept evidence"  # an attachment of a fork whose manifest is missing, too
