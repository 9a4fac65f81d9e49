"""Makes a new filing folder from a form and attachments."""

import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from biandun import file_names
from biandun.errors import FolderProblem
from biandun.files import read_file, write_file
from biandun.filings.filled import Unit, read_filled
from biandun.filings.folder import Folder, State, write_note
from biandun.folders import unwritable
from biandun_protocol import package
from biandun_protocol.forms.form import Attachment, to_body
from biandun_protocol.forms.registry import USE_APPROVAL, of_type
from biandun_protocol.jsontext import Places
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

MEDIA_TYPES = {
    ".pdf": ("application/pdf", b"%PDF-"),
    ".ofd": ("application/ofd", b"PK"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".png": ("image/png", b"\x89PNG"),
}


@dataclass(frozen=True)
class Source:
    """A file to attach, and its role (a key of the table ``attachment_roles``)."""

    path: Path
    role: str

    def read(self) -> tuple[Attachment, bytes]:
        """Read the file; check its type and size.  Raises FolderProblem: attachment-*, file-*."""
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


def prepare(
    out: Path,
    form: dict[str, object],
    sources: Iterable[Source],
    form_type: str = USE_APPROVAL,
    *,
    unit: Unit | None = None,
    places: Places | None = None,
) -> Folder:
    """Make a filing folder from a form of ``form_type`` and files to attach.

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
        shutil.rmtree(aside, ignore_errors=True)  # after success it has been renamed
    return Folder(out)
