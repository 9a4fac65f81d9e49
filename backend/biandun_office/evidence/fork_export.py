"""Lists stored contradictions, and exports them for people without this software.

A contradiction is a fork of a key's chain (a statement, or an export of links) or of its audit
ring.  Its export is a set of files:

    fork.json README.txt    what contradicts what, every file with its SHA-256, and what is missing and why
    office/                 root.pem, issuing.pem, issuer.cose, issuer.cbor
    kept/                   what was refused
    known-1/, known-2/ …    what it contradicts: the statement, or whatever else of the same key claims its id
    log/                    the newest receipt, and the proof that the log of each older receipt is the beginning of its log

A statement comes with manifest, attachments, certificate and profile; ``tbs`` (the bytes that are
signed) and ``signature.der`` are input for openssl.
"""  # noqa: E501

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from pathlib import Path

from biandun_office.evidence import blobs, kept, selectors
from biandun_office.evidence.fork_text import readme
from biandun_office.evidence.models import AuditRing, Blob, ForkEvidence, Link, Statement
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import (
    certificate_of_digest,
    device_key_of,
    newest_of_device,
    pairs_of,
)
from biandun_office.office.identity import Office
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Office as Governing
from biandun_protocol import audit, der
from biandun_protocol.algorithms import Algorithm, PublicKey
from biandun_protocol.receipt import Receipt
from biandun_protocol.x509 import der_of

FORMAT = "biandun-fork/1"
SHORTEST_NAME = 8
DESCRIPTIONS = ("fork.json", "README.txt")

Content = bytes | Path


@dataclass(frozen=True)
class Contradiction:
    """One stored contradiction.

    ``name`` is the statement id, or for an audit ring the SHA-256 of its file; ``known`` is the
    same of what it contradicts.  ``received`` is in seconds since 1970.
    """

    name: str
    kind: str
    reason: str
    serial: str
    uscc: str
    unit_name: str
    seq: int
    known: str
    received: int
    row: ForkEvidence | AuditRing


@dataclass
class Export:
    """The files of an export by path, and which are missing, with the reason."""

    found: Contradiction
    files: dict[str, Content] = field(default_factory=dict)
    missing: list[dict[str, str]] = field(default_factory=list)

    def add(self, folder: str, files: dict[str, Content]) -> None:
        """Add files in a folder of the export."""
        self.files.update({f"{folder}/{name}": content for name, content in files.items()})

    def lacks(self, path: str, why: str) -> None:
        """Record that the file ``path`` is missing or incomplete, and ``why``."""
        self.missing.append({"file": path, "why": why})


def listed(governing: Governing | None = None) -> list[Contradiction]:
    """Every stored contradiction, oldest first.

    With ``governing`` only those of units that this office governs.
    """
    kept_ones = ForkEvidence.objects.select_related("certificate__device")
    contradicting = AuditRing.objects.select_related("device").filter(contradicts=True)
    if governing is not None:
        kept_ones = kept_ones.filter(certificate__device__unit__office=governing)
        contradicting = contradicting.filter(device__unit__office=governing)
    forks = [_of_fork(row) for row in kept_ones]
    rings = [_of_ring(row) for row in contradicting]
    return sorted([*forks, *rings], key=lambda found: (found.received, found.name))


def find(name: str, governing: Governing | None = None) -> Contradiction:
    """The contradiction whose name begins with ``name``, which has eight characters at least.

    Raises Refused(fork-not-found), also when several match.
    """
    matches = [
        found
        for found in listed(governing)
        if len(name) >= SHORTEST_NAME and found.name.startswith(name)
    ]
    if len(matches) != 1:
        raise Refused("fork-not-found", name=name[:64])
    return matches[0]


def export(found: Contradiction, office: Office) -> Export:
    """All files on which the contradiction rests, with README.txt and fork.json.

    ``missing`` lists the files that are not stored or were altered, with the reason.
    """
    made = gather(found, office)
    for path, content in made.files.items():
        if isinstance(content, Path) and blobs.digest_on_disk(content) != content.name:
            made.lacks(path, "altered since it was stored")
    made.files["README.txt"] = readme(office.algorithm.name, made.missing).encode()
    made.files["fork.json"] = _describe(made)
    return made


def gather(found: Contradiction, office: Office) -> Export:
    """The files of ``export`` without the two that describe them; reads no attachment."""
    made = Export(found)
    made.add("office", _office(office))
    if isinstance(found.row, AuditRing):
        _add_rings(made, found.row)
    else:
        receipts = _add_statements(made, found.row)
        _add_log(made, receipts)
    return made


def _of_fork(row: ForkEvidence) -> Contradiction:
    certificate = row.certificate
    kind = "statement" if bytes(row.raw)[:1] == b"\xd2" else "links"
    return Contradiction(
        row.statement_id,
        kind,
        row.reason,
        certificate.device.serial,
        certificate.uscc,
        certificate.unit_name,
        row.seq,
        row.known,
        row.received,
        row,
    )


def _of_ring(row: AuditRing) -> Contradiction:
    certificate = newest_of_device(row.device)
    name, known = sha256(bytes(row.raw)).hexdigest(), _ring_before(row)
    return Contradiction(
        name,
        "audit",
        "audit-contradicts",
        row.device.serial,
        certificate.uscc,
        certificate.unit_name,
        row.last,
        sha256(bytes(known.raw)).hexdigest() if known else "",
        row.received,
        row,
    )


def _ring_before(row: AuditRing) -> AuditRing | None:
    """The ring that ``row`` was compared with."""
    return (
        AuditRing.objects.filter(device=row.device, contradicts=False, pk__lt=row.pk)
        .order_by("-last")
        .first()
    )


def _office(office: Office) -> dict[str, Content]:
    return {
        "root.pem": _pem("CERTIFICATE", der_of(office.root)),
        "issuing.pem": _pem("CERTIFICATE", der_of(office.issuing)),
        "issuer.cose": office.issuer.statement,
        "issuer.cbor": office.issuer.manifest,
    }


def _add_statements(made: Export, row: ForkEvidence) -> list[Statement]:
    """Add the stored statement and everything that claims the id that it contradicts.

    Return those of the latter that are statements in the log, which have receipts.
    """
    _add_statement(made, "kept", bytes(row.raw))
    numbers, receipts = count(1), list[Statement]()
    pairs = list(pairs_of(row.certificate.chain))
    in_chain = Statement.objects.select_related("receipt").filter(kid__in=pairs)
    for statement in [*in_chain.filter(statement_id=row.known), *in_chain.filter(prev=row.known)]:
        folder = f"known-{next(numbers)}"
        _add_statement(made, folder, bytes(statement.raw))
        bundle = bytes(statement.receipt.bundle)
        made.add(folder, {"received.cbor": selectors.leaf_of(statement), **_receipt(bundle)})
        receipts.append(statement)
    for link in Link.objects.filter(
        names__chain=row.certificate.chain, names__statement_id=row.known
    ).distinct():
        _add_statement(made, f"known-{next(numbers)}", bytes(link.raw))
    if next(numbers) == 1:
        made.lacks("known-1/", "nothing that tells the known name is here")
    return receipts


def _add_statement(made: Export, folder: str, raw: bytes) -> None:
    read = kept.read(raw)
    statement, manifest = read.statement, read.manifest
    if read.inline is not None:
        made.add(folder, {"received.cbor": raw})
    made.add(
        folder,
        {
            "statement.cose": statement.raw,
            "tbs": statement.tbs,
            "signature.der": _der(statement.signature),
        },
    )
    if manifest is None:
        made.lacks(f"{folder}/manifest.cbor", _why(statement.digest.hex()))
    else:
        made.add(folder, {"manifest.cbor": manifest})
        if statement.header.algorithm.digest(manifest) != statement.digest:
            made.lacks(f"{folder}/manifest.cbor", "altered since it was stored")
    for file in read.files():
        if file.kind == kept.ATTACHMENT:
            _add_attachment(made, f"{folder}/attachments/{file.digest}", file.digest)
    certificate = certificate_of_digest(statement.header.x5t or b"")
    if certificate is not None:  # of the office's own statements: office/issuing.pem
        made.add(folder, _certified(certificate))


def _add_attachment(made: Export, path: str, digest: str) -> None:
    if blobs.size_of(digest) is None:
        made.lacks(path, _why(digest))
        return
    made.files[path] = blobs.path_of(digest)


def _why(digest: str) -> str:
    known = Blob.objects.filter(sha256=digest, referenced=True).exists()
    return "lost: it was stored and is no longer there" if known else "never uploaded"


def _certified(certificate: Certificate) -> dict[str, Content]:
    return {
        "certificate.pem": _pem("CERTIFICATE", bytes(certificate.x509)),
        "certificate.der": bytes(certificate.x509),
        "profile.cose": bytes(certificate.profile_statement),
        "profile.cbor": bytes(certificate.profile_manifest),
    }


def _receipt(bundle: bytes) -> dict[str, Content]:
    receipt = Receipt.decode(bundle)
    return {
        "receipt.cbor": bundle,
        "receipt.cose": receipt.statement,
        "receipt-payload.cbor": receipt.payload,
    }


def _add_log(made: Export, statements: Iterable[Statement]) -> None:
    newest = selectors.newest_receipt()
    if newest is None:  # the log is empty: keys have only exported links so far
        return
    made.add("log", _receipt(bytes(newest.bundle)))
    growth = [
        {
            "first": statement.receipt.tree_size,
            "second": newest.tree_size,
            "path": [
                node.hex()
                for node in selectors.consistency(
                    first=statement.receipt.tree_size, second=newest.tree_size
                )
            ],
        }
        for statement in statements
    ]
    made.add("log", {"consistency.json": _json(growth)})


def _add_rings(made: Export, row: AuditRing) -> None:
    before = _ring_before(row)
    for folder, ring in (("kept", row), ("known-1", before)):
        if ring is None:
            made.lacks(f"{folder}/received.cbor", "the first ring of this key")
            continue
        raw = bytes(ring.raw)
        signed = audit.decode_export(raw)
        certificate = newest_of_device(ring.device)
        key = PublicKey(_suite_of(certificate), device_key_of(certificate))
        made.add(
            folder,
            {
                "received.cbor": raw,
                "manifest.cbor": signed.manifest,
                "tbs": audit.LABEL + key.algorithm.digest(signed.manifest),
                "signature.der": _der(signed.signature),
                "device-key.pem": _pem("PUBLIC KEY", key.spki),
                **_certified(certificate),
            },
        )


def _suite_of(certificate: Certificate) -> Algorithm:
    return kept.read(bytes(certificate.profile_statement)).statement.header.algorithm


def _describe(made: Export) -> bytes:
    found = made.found
    return _json(
        {
            "format": FORMAT,
            "kind": found.kind,
            "reason": found.reason,
            "name": found.name,
            "known": found.known,
            "serial": found.serial,
            "uscc": found.uscc,
            "unit_name": found.unit_name,
            "seq": found.seq,
            "received": found.received,
            "missing": made.missing,
            "attachment_names": _attachment_names(made),
            "files": [
                {"path": path, **_measured(content)} for path, content in sorted(made.files.items())
            ],
        }
    )


def _attachment_names(made: Export) -> dict[str, str]:
    names: dict[str, str] = {}
    for path, content in made.files.items():
        if path.endswith("/manifest.cbor") and isinstance(content, bytes):
            names.update({file.digest: file.name for file in kept.attachments_of(content)})
    return names


def _measured(content: Content) -> dict[str, object]:
    if isinstance(content, bytes):
        return {"size": len(content), "sha256": sha256(content).hexdigest()}
    return {"size": content.stat().st_size, "sha256": blobs.digest_on_disk(content)}


def _der(signature: bytes) -> bytes:
    numbers = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    return der.encode(der.SEQUENCE, *(der.integer(number) for number in numbers))


def _pem(kind: str, content: bytes) -> bytes:
    text = b64encode(content).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""]).encode()


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
