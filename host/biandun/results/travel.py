"""The outbox of a key."""

from dataclasses import dataclass, field
from pathlib import Path

from biandun.results.naming import called


@dataclass(frozen=True, kw_only=True)
class ParcelPut:
    """A filing that was put into the outbox, and the free space in bytes."""

    serial: str
    folder: Path
    size: int = field(metadata=called("bytes"))
    outbox_free: int


@dataclass(frozen=True, kw_only=True)
class ParcelRow:
    """A parcel in the outbox; ``seq`` is None if the key no longer stores its statement."""

    name: bytes
    seq: int | None
    size: int = field(metadata=called("bytes"))
    complete: bool


@dataclass(frozen=True, kw_only=True)
class ParcelSubmitted:
    """A parcel that was submitted: its case, or the error code of the refusal."""

    name: bytes
    case: str
    statement_id: str
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class ReceiptCollected:
    """A filing folder that got its receipt from the key."""

    serial: str
    folder: Path
    seq: int
    case: str


@dataclass(frozen=True, kw_only=True)
class ParcelDropped:
    """A parcel that was deleted from the outbox."""

    serial: str
    name: str
