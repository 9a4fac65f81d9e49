"""One filing folder: its note, its manifest, its signature, its receipt."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from biandun.anchors import load_root
from biandun.errors import FolderProblem, KeyRefused
from biandun.files import read_file, read_json, write_file
from biandun.filings.receipts import keep_receipt
from biandun.key.channel import Certificate
from biandun.key.session import Key, Signature
from biandun.office_client import Accepted, Office
from biandun.ui import Ui
from biandun_protocol import certificate, cose, package
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.errors import ReceiptProblem
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import SCHEMAS
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND, PURPOSE_FILING

FORMAT = "biandun-filing-folder/1"


@dataclass(frozen=True, kw_only=True)
class State:
    """The content of filing.json."""

    format: str = FORMAT
    purpose: str = PURPOSE_FILING
    idempotency_key: str
    manifest: str
    serial: str = ""
    seq: int = 0
    statement_id: str = ""
    case: str = ""
    office: str = ""


class Folder:
    """An existing filing folder.

    Raises FolderProblem(folder-not-filing) for anything else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not (path / "filing.json").is_file():
            raise FolderProblem("folder-not-filing", path=str(path))
        try:
            self.state = State(**cast("dict[str, Any]", read_json(path / "filing.json")))
            good = (
                self.state.format == FORMAT and len(bytes.fromhex(self.state.idempotency_key)) == 16
            )
            good = good and self.state.purpose in SCHEMAS
        except (TypeError, ValueError):
            good = False
        if not good:
            raise FolderProblem("folder-not-filing", path=str(path))

    def _remember(self, **changed: object) -> None:
        self.state = replace(self.state, **changed)  # type: ignore[arg-type]
        write_file(self.path / "filing.json", _as_json(self.state), replace=True)

    def read(self, name: str) -> bytes | None:
        """The content of a file of the folder, or None if absent."""
        path = self.path / name
        return read_file(path) if path.is_file() else None

    def manifest(self) -> package.Manifest:
        """Read the manifest, and check that it and the attachments are unchanged since ``prepare``.

        Raises FolderProblem(filing-changed), ManifestProblem.
        """
        raw = read_file(self.path / "manifest.cbor")
        if sha256(raw).hexdigest() != self.state.manifest:
            raise FolderProblem("filing-changed", name="manifest.cbor")
        manifest = package.read(raw, self.state.purpose)
        for attachment in manifest.form.attachments:
            content = self.read(f"attachments/{attachment.name}")
            if content is None or sha256(content).digest() != attachment.sha256:
                raise FolderProblem("filing-changed", name=attachment.name)
        return manifest

    def statement(self) -> bytes:
        """The signed statement.  Raises FolderProblem(filing-unsigned)."""
        raw = self.read("statement.cose")
        if raw is None:
            raise FolderProblem("filing-unsigned")
        return raw

    def receipt(self) -> Receipt:
        """The office's receipt.  Raises FolderProblem(filing-unsubmitted), ReceiptProblem."""
        raw = self.read("receipt.cbor")
        if raw is None:
            raise FolderProblem("filing-unsubmitted")
        return Receipt.decode(raw)

    def sign(self, key: Key, *, about: Sequence[Form] = (), shown: bool = False) -> Signature:
        """Have the key sign the manifest; idempotent.

        Before that the form is shown, after the forms that it is ``about``, unless it was ``shown``
        before.  Raises KeyRefused, LinkProblem, FolderProblem.
        """
        manifest = self.manifest()
        purpose = self.state.purpose
        made = self._already_signed(key)
        if made is not None:
            return made
        if not shown:
            key.ui.about_to_sign([*about, manifest.form])
        own = key.certificate()
        # stored before signing: if the answer is lost, the key may have a newer certificate when
        # the statement is fetched again
        if self.read("certificate.der") is None:
            self._keep_certificate(own)
        signature = key.sign(
            manifest.raw, purpose=purpose, idempotency_key=bytes.fromhex(self.state.idempotency_key)
        )
        statement = cose.parse(signature.statement, purpose=purpose)
        package.compare(statement, manifest)
        if statement.header.x5t == sha256(own.x509).digest():
            self._keep_certificate(own)
        write_file(self.path / "statement.cose", signature.statement)
        self._remember(
            serial=key.info.serial, seq=signature.seq, statement_id=signature.statement_id.hex()
        )
        return signature

    def _keep_certificate(self, own: Certificate) -> None:
        for name, content in (
            ("certificate.der", own.x509),
            ("profile.cose", own.profile.statement),
            ("profile.cbor", own.profile.manifest),
            ("issuer.cose", own.issuer.statement),
            ("issuer.cbor", own.issuer.manifest),
        ):
            if self.read(name) != content:
                write_file(self.path / name, content, replace=True)

    def _already_signed(self, key: Key) -> Signature | None:
        """The signature in the folder, if this key made it; None without one.

        Raises FolderProblem(filing-signed) when another key made it.
        """
        raw = self.read("statement.cose")
        if raw is None:
            return None
        statement = cose.parse(raw, purpose=self.state.purpose)
        own = key.public_key is not None and key.public_key.kid == statement.header.kid
        if not own and not _is_of(key, statement):  # it may have changed its key pair since
            raise FolderProblem("filing-signed", serial=statement.header.serial)
        self._remember(
            serial=statement.header.serial,
            seq=statement.header.seq or 0,
            statement_id=statement.id.hex(),
        )
        return Signature(raw, statement.id, statement.header.seq or 0)

    def _believe(self, receipt: Receipt, root_pem: bytes) -> None:
        """Verify a receipt and the office's root against the issuer statement that the key had.

        Raises StatementProblem or CertificateProblem for another root, ReceiptProblem for a receipt
        that does not verify.
        """
        root, _ = load_root(root_pem)
        self._verify(receipt, root)

    def _verify(self, receipt: Receipt, root: PublicKey) -> None:
        issuer_files = [self.read(name) for name in ("issuer.cose", "issuer.cbor")]
        issuer = certificate.verify_issuer(
            certificate.Signed(*[content or b"" for content in issuer_files]), root
        )
        verify_receipt(
            receipt,
            cose.parse(self.statement(), purpose=self.state.purpose),
            issuer,
            root.algorithm,
        )

    def submit(self, office: Office, ui: Ui | None = None) -> Accepted:
        """Submit the filing to the office and store the receipt; idempotent.

        The receipt is stored only if it proves this very statement under the root of the key that
        signed it; otherwise nothing in the folder changes.  Raises OfficeRefused, OfficeUnreachable
        and its subclasses, ReceiptProblem, StatementProblem.
        """
        manifest, statement = self.manifest(), self.statement()
        # the office names a manifest by the digest in its statement (SM3 in the SM2 suite), and
        # attachments by SHA-256
        digest = cose.parse(statement, purpose=self.state.purpose).digest
        blobs: dict[str, bytes | Path] = {digest.hex(): manifest.raw}
        for attachment in manifest.form.attachments:
            blobs[attachment.sha256.hex()] = self.path / "attachments" / attachment.name
        accepted = office.submit(statement, blobs, ui, purpose=self.state.purpose)
        anchors = office.anchors()
        self._believe(accepted.receipt, anchors["root.pem"])
        for name in ("root.pem", "issuing.pem"):
            if self.read(name) is None:
                write_file(self.path / name, anchors[name])
        write_file(self.path / "receipt.cbor", accepted.receipt.encode(), replace=True)
        self._remember(
            case=accepted.case,
            office=office.url,
            statement_id=accepted.receipt.read().statement_id.hex(),
        )
        return accepted

    def keep_receipt(self, key: Key, office: Office | None = None) -> int:
        """Let the key verify and store the receipt; return the sequence number.

        If the key has verified a longer log since, a receipt over the longer log and a consistency
        proof are fetched, which needs ``office``.  Raises KeyRefused(receipt-*),
        ReceiptProblem(receipt-mismatch), OfficeUnreachable.
        """
        receipt = self.receipt()
        if receipt.read().statement_id.hex() != self.state.statement_id:
            raise ReceiptProblem("receipt-mismatch")
        return keep_receipt(key, receipt, self.state.statement_id, office)

    def take_receipt(self, receipt: Receipt, root: PublicKey, case: str = "") -> None:
        """Store a receipt that did not come from ``submit``, if it verifies under ``root``.

        ``case`` is the case number that came with it, or empty.  Raises StatementProblem or
        CertificateProblem for another root, ReceiptProblem for a receipt that does not verify.
        """
        self._verify(receipt, root)
        write_file(self.path / "receipt.cbor", receipt.encode(), replace=True)
        header = cose.parse(self.statement(), purpose=self.state.purpose).header
        self._remember(
            case=case or self.state.case,
            serial=header.serial,
            seq=header.seq or 0,
            statement_id=receipt.read().statement_id.hex(),
        )


def _is_of(key: Key, statement: cose.Statement) -> bool:
    """Does the key store this very statement, or has it dropped it to make room for others?"""
    if key.info.serial != statement.header.serial:
        return False
    try:
        return key.fetch(seq=statement.header.seq).statement == statement.raw
    except KeyRefused as refusal:
        return refusal.number == ERROR_NOT_FOUND and (statement.header.seq or 0) <= key.chain().seq


def write_note(folder: Path, state: State) -> None:
    """Write the filing.json of a new folder.  Raises FolderProblem."""
    write_file(folder / "filing.json", _as_json(state))


def _as_json(state: State) -> bytes:
    return (json.dumps(asdict(state), ensure_ascii=False, indent=2) + "\n").encode()
