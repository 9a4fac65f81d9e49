"""What is signed, on disk: one folder that holds everything of a filing and can prove it without
network or server.

A countersignature and a decision have such a folder too; ``purpose`` in filing.json tells them
apart.

    filing.json        what this program knows: idempotency key, digests, case number
    manifest.cbor      what is signed                  attachments/   the files that it names
    statement.cose     the key's signature             certificate.der, profile.cose, profile.cbor   whose key that is
    receipt.cbor       the office's receipt            root.pem, issuing.pem, issuer.cose, issuer.cbor   whose office that is

The idempotency key is on disk before the key is asked, so a crash at any moment leads back to the
same signature.  Files are written aside and moved; nothing is ever overwritten with something else.
"""  # noqa: E501

import contextlib
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from biandun import file_names
from biandun.anchors import load_root
from biandun.errors import FolderProblem, KeyRefused, UsageProblem
from biandun.folders import open_plain, unwritable
from biandun.key.channel import Certificate
from biandun.key.session import Key, Signature
from biandun.office_client import Accepted, Office
from biandun.ui import Ui
from biandun_protocol import certificate, cose, jsontext, oserrors, package
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import ManifestProblem, ReceiptProblem
from biandun_protocol.forms.fields import described
from biandun_protocol.forms.form import Attachment, Form, to_body
from biandun_protocol.forms.mistakes import FormProblem, Mistake
from biandun_protocol.forms.registry import SCHEMAS, USE_APPROVAL, of_type
from biandun_protocol.jsontext import Places
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire.numbers import (
    ERROR_NOT_FOUND,
    LIMIT_ATTACHMENT,
    LIMIT_BATCH,
    PURPOSE_FILING,
)

FORMAT = "biandun-filing-folder/1"
MEDIA_TYPES = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".ofd": ("application/ofd", b"PK"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".png": ("image/png", b"\x89PNG"),
}


def read_file(path: Path, *, at_most: int | None = None) -> bytes:
    """Read a file, of a longer one the first ``at_most`` bytes; without that it may be as long as
    an attachment.

    Raises FolderProblem: file-missing, file-unreadable, file-special, file-too-large.
    """
    try:
        with open_plain(path) as file:
            content = file.read(LIMIT_ATTACHMENT + 1 if at_most is None else at_most)
    except FileNotFoundError:
        raise FolderProblem("file-missing", path=str(path)) from None
    except OSError as error:
        raise FolderProblem(
            "file-unreadable", path=str(path), detail=oserrors.reason(error)
        ) from error
    if at_most is None and len(content) > LIMIT_ATTACHMENT:
        raise FolderProblem("file-too-large", path=str(path))
    return content


def write_file(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file so that it is there whole or not at all.

    Without ``replace`` an existing file with other content is left alone:
    FolderProblem(file-exists).  What is there and is no file, such as a device, is never put out of
    its place: FolderProblem(file-unwritable).
    """
    # a name as long as the file's own could be too long
    aside = path.parent / f".{secrets.token_hex(6)}"
    try:
        if not path.name:  # the empty name is that of the folder itself
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if not replace and path.exists():
            if path.read_bytes() == content:
                return
            raise FolderProblem("file-exists", path=str(path))
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)  # also when somebody presses Ctrl-C
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object.  Raises FolderProblem: file-missing, file-unreadable, and the codes of
    ``jsontext.read``.
    """
    return _read_placed(path)[0]


def _read_placed(path: Path) -> tuple[dict[str, object], Places]:
    try:
        value, places = jsontext.read_placed(read_file(path, at_most=jsontext.LIMIT_FILE + 1))
    except jsontext.JsonFault as fault:
        raise FolderProblem(fault.code, path=str(path), **fault.values) from None
    if not isinstance(value, dict):
        group = phrase("json.group")
        raise FolderProblem("file-not-json", path=str(path), line=1, column=1, detail=group)
    return cast("dict[str, object]", value), places


@dataclass(frozen=True)
class Source:
    """A file to attach, and what it is (a key of ATTACHMENT_ROLES)."""

    path: Path
    role: str

    def read(self) -> tuple[Attachment, bytes]:
        """Check and read it.  Raises FolderProblem: attachment-*, file-*."""
        content = read_file(self.path, at_most=LIMIT_ATTACHMENT + 1)
        media_type, magic = MEDIA_TYPES.get(self.path.suffix.lower(), ("", b""))
        if not content:
            raise FolderProblem("attachment-empty", path=str(self.path))
        if not media_type or not content.startswith(magic):
            raise FolderProblem("attachment-type", path=str(self.path))
        if len(content) > LIMIT_ATTACHMENT:
            raise FolderProblem("attachment-too-large", path=str(self.path))
        return Attachment(
            name=self.path.name,
            media_type=media_type,
            size=len(content),
            sha256=sha256(content).digest(),
            role=self.role,
        ), content


@dataclass(frozen=True, kw_only=True)
class State:
    """What filing.json holds."""

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
    """One filing folder.  ``Folder(path)`` opens it: FolderProblem(folder-not-filing) for anything
    else.
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
        """A file of the folder, or None when it is not there yet."""
        path = self.path / name
        return read_file(path) if path.is_file() else None

    def manifest(self) -> package.Manifest:
        """Read the manifest and check that neither it nor an attachment has changed since it was
        prepared.

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
        """Have the key sign the manifest; again gives the same signature.

        The form is shown before, after those that it is ``about``, unless that was ``shown``.
        Raises KeyRefused, LinkProblem, FolderProblem.
        """
        manifest = self.manifest()
        purpose = self.state.purpose
        made = self._already_signed(key)
        if made is not None:
            return made
        if not shown:
            key.ui.about_to_sign([*about, manifest.form])
        own = key.certificate()
        # before, for whoever loses the answer and signs again under a newer certificate
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
        """The signature that is here, if this key made it.  Raises FolderProblem(filing-signed)
        when another did.
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
        """Check a receipt and the office's root against what the key said when it signed.

        Raises StatementProblem or CertificateProblem for another root, ReceiptProblem for a receipt
        that does not hold.
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
        """File it with the office and keep the receipt; again gives the same receipt.

        The receipt is believed only when it proves this very statement under the root of the key
        that signed it; before that nothing in the folder changes.  Raises OfficeRefused and kin,
        ReceiptProblem, StatementProblem.
        """
        manifest, statement = self.manifest(), self.statement()
        # the office asks for a file by the digest that the evidence names it by: a manifest by its
        # statement's
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
        """Let the key verify and keep the receipt; return the sequence number.

        When the key has verified a longer log since, a receipt over the longer log and the proof of
        growth are fetched, which needs ``office``.  Raises KeyRefused(receipt-*),
        ReceiptProblem(receipt-mismatch), OfficeUnreachable.
        """
        receipt = self.receipt()
        if receipt.read().statement_id.hex() != self.state.statement_id:
            raise ReceiptProblem("receipt-mismatch")
        return keep_receipt(key, receipt, self.state.statement_id, office)

    def take_receipt(self, receipt: Receipt, root: PublicKey, case: str = "") -> None:
        """Keep a receipt that came another way than ``submit``, when it proves this very statement
        under ``root``.

        ``case`` is the number that came with it, empty when none did.  Raises StatementProblem or
        CertificateProblem for another root, ReceiptProblem for a receipt that does not hold.
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
    """Is this the very statement that the key keeps at its number, or one that made room for
    others?
    """
    if key.info.serial != statement.header.serial:
        return False
    try:
        return key.fetch(seq=statement.header.seq).statement == statement.raw
    except KeyRefused as refusal:
        return refusal.number == ERROR_NOT_FOUND and (statement.header.seq or 0) <= key.chain().seq


def sign_all(key: Key, folders: Sequence[Folder]) -> list[Signature]:
    """Have the key sign at most 64 folders, with one press of the button for all of one purpose.

    Those that are signed already cost nothing.  Raises UsageProblem for more, and what
    ``Folder.sign`` raises; those before it are signed then.
    """
    unsigned = [folder for folder in folders if folder.read("statement.cose") is None]
    if unsigned:
        key.ui.about_to_sign([folder.manifest().form for folder in unsigned])
    purposes = {folder.state.purpose for folder in unsigned}
    for purpose in sorted(purposes):
        batch = [folder.manifest().raw for folder in unsigned if folder.state.purpose == purpose]
        if len(batch) > LIMIT_BATCH:
            raise UsageProblem(detail=f"at most {LIMIT_BATCH} at a time")
        if len(batch) > 1:
            key.confirm_batch([key.algorithm.digest(raw) for raw in batch], purpose=purpose)
    return [folder.sign(key, shown=True) for folder in folders]


def keep_receipt(key: Key, receipt: Receipt, statement_id: str, office: Office | None) -> int:
    """Let the key verify and keep a receipt, or one over the longer log that the key knows; see
    ``Folder.keep_receipt``.
    """
    chain = key.chain()
    proof: list[bytes] = []
    if office is not None and chain.log_size:
        if receipt.read().tree_size < chain.log_size:
            receipt = office.receipt(statement_id, at_least=chain.log_size)
        proof = office.consistency(chain.log_size, receipt.read().tree_size)
    return key.keep_receipt(receipt, proof)


def write_note(folder: Path, state: State) -> None:
    """Write the filing.json of a new folder.  Raises FolderProblem."""
    write_file(folder / "filing.json", _as_json(state))


def _as_json(state: State) -> bytes:
    return (json.dumps(asdict(state), ensure_ascii=False, indent=2) + "\n").encode()


def read_form(path: Path, unit: dict[str, object]) -> dict[str, object]:
    """Read a form file (JSON, the fields of a form without its attachments).

    ``unit`` fills the fields about the unit that the form leaves out, as the key knows them.
    Raises FolderProblem, as ``read_json`` does.
    """
    return read_placed_form(path, unit)[0]


def read_placed_form(path: Path, unit: dict[str, object]) -> tuple[dict[str, object], Places]:
    """What ``read_form`` reads, and where in the file it stands."""
    form, places = _read_placed(path)
    return {"prepared_on": date.today().isoformat(), **unit, **form}, places


def unit_of(key: Key) -> dict[str, object]:
    """The fields by which a form says whose it is, as the key knows them; empty before
    personalisation.
    """
    info = key.info
    fields = {
        "uscc": info.uscc,
        "unit_code": info.unit_code,
        "unit_name": info.unit_name,
        "region": info.region,
    }
    return {name: value for name, value in fields.items() if value}


def foreign(
    form: Mapping[str, object], unit: Mapping[str, object], kind: type[Form]
) -> list[Mistake]:
    """The fields by which a form speaks of another unit than ``unit``, that of the key."""
    return [
        Mistake(
            (name,),
            described(kind)[name].field.label,
            phrase("host.own-unit"),
            ManifestProblem("unit-foreign", field=name, found=form.get(name), own=own),
        )
        for name, own in unit.items()
        if form.get(name) != own
    ]


def read_filled(
    form: Mapping[str, object],
    kind: type[Form],
    *,
    unit: Mapping[str, object] | None = None,
    places: Places | None = None,
) -> Form:
    """The form of class ``kind`` that a person filled in.

    Raises FormProblem with everything that is wrong: form-invalid, date-future, and, with ``unit``,
    unit-foreign; each mistake has its line and column where ``places`` are given.
    """
    from biandun_protocol.forms import reading  # noqa: PLC0415 - pydantic, when it is needed

    others = foreign(form, unit or {}, kind)
    named = {mistake.path for mistake in others}
    found = [
        *others,
        *(one for one in reading.mistakes(kind, form) if one.path not in named),
        *reading.late_dates(kind, form, date.today()),
    ]
    if not found:
        return reading.read(kind, form)
    problem = FormProblem(found)
    raise problem if places is None else problem.in_file(places)


def prepare(
    out: Path,
    form: dict[str, object],
    sources: Iterable[Source],
    form_type: str = USE_APPROVAL,
    *,
    unit: Mapping[str, object] | None = None,
    places: Places | None = None,
) -> Folder:
    """Make a folder from a form of a type and files to attach.

    Raises FolderProblem: file-exists, attachment-*; FormProblem, as ``read_filled`` does.
    """
    if out.exists():
        raise FolderProblem("file-exists", path=str(out))
    attached = [source.read() for source in sources]
    file_names.check(attachment.name for attachment, _ in attached)
    body = (
        {**form, "attachments": [to_body(attachment) for attachment, _ in attached]}
        if attached
        else form
    )
    row = of_type(form_type)
    filled = read_filled(body, row.form, unit=unit, places=places)
    manifest = package.build(filled)
    state = State(
        purpose=row.purpose,
        idempotency_key=secrets.token_hex(16),
        manifest=sha256(manifest).hexdigest(),
    )
    aside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        (aside / "attachments").mkdir(parents=True)
        for attachment, content in attached:
            write_file(aside / "attachments" / attachment.name, content)
        write_file(aside / "manifest.cbor", manifest)
        write_note(aside, state)
        aside.rename(out)
    except OSError as error:
        raise unwritable(out, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # gone by its new name, when all went well
    return Folder(out)
