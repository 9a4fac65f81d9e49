"""Filings: what is signed or will be, and what was done with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from biandun.results.naming import AND_BODY, IF_ANY, called
from biandun_protocol.forms.form import Form


@dataclass(frozen=True, kw_only=True)
class FilingDescription:
    """What is signed or will be, and how far it has come; ``serial`` and what follows are empty
    until then.
    """

    folder: Path
    unit_name: str
    uscc: str
    region: str
    purpose: str
    idempotency_key: str
    manifest: str
    serial: str
    seq: int
    statement_id: str
    case: str
    office: str
    form: Form = field(metadata=AND_BODY)


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A filing that a key has signed."""

    folder: Path
    serial: str
    seq: int
    statement_id: bytes
    region: str | None


@dataclass(frozen=True, kw_only=True)
class Countersigned:
    """The folder of a countersignature that a key has signed."""

    folder: Path
    opinion: str
    serial: str
    seq: int
    statement_id: bytes
    region: str | None


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """A filing that the office has, ``new`` or since before; ``countersign`` is the statement of
    the opinion that went with it.
    """

    folder: Path
    case: str
    statement_id: str
    new: bool
    countersign: str | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class ReceiptKept:
    """A filing whose receipt its key has verified and keeps."""

    folder: Path
    serial: str
    seq: int
    receipt_verified_by_key: bool = True


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The files of a filing that other tools want by themselves."""

    folder: Path
    receipt: Sequence[str]
    certificate: str


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """A step of a verification, and the subfolder that it is about."""

    name: str
    good: bool
    found: str
    part: str


@dataclass(frozen=True, kw_only=True)
class FileRow:
    """A file of a filing folder, and what proves it or contradicts it."""

    name: str = field(metadata=called("file"))
    finding: str
    by: str


@dataclass(frozen=True, kw_only=True)
class Verified:
    """Whether everything in a filing folder holds, step by step and file by file; ``root`` is the
    fingerprint of the root certificate, ``warning`` says that it came from the folder.
    """

    folder: Path
    good: bool
    outcome: str = field(metadata=called("verdict"))
    root: str
    warning: str | None = field(default=None, metadata=IF_ANY)
    steps: Sequence[StepRow]
    files: Sequence[FileRow]
    sentence: str
