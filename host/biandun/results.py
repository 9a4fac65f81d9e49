"""What was done and what was found, as values: one frozen dataclass for each kind of result.

The library and the command line return them, ``cli/output.py`` shows them in words or as JSON, a
screen may show them in its own way.  Field names are the names in ``--json``, in the same order,
save where ``called`` gives another; times are dates and datetimes in UTC, digests and keys bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

NAME = "name"
OMITTED = "omitted"


def called(name: str) -> dict[str, str]:
    """Metadata of a field that has another name outside of Python."""
    return {NAME: name}


IF_ANY = {
    OMITTED: "when None"
}  # metadata of a field that is left out where there is nothing to say


# --- which keys there are ---------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """A port, and the key or the trouble that was found there."""

    serial: str | None
    port: str
    state: str | None
    unit_name: str | None
    suite: str | None
    simulated: bool
    problem: str | None  # the code of what is wrong; ``fix`` says what to do about it
    fix: str | None = field(default=None, metadata=IF_ANY)
    # how often the key found itself faulty, and how at last
    faults: int | None = field(default=None, metadata=IF_ANY)
    last_fault: str | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class MetKey:
    """A key that this account has met."""

    serial: str
    unit_name: str
    uscc: str
    fingerprint: str
    since: date | None


@dataclass(frozen=True, kw_only=True)
class ForgottenKey:
    """Whether there was anything to forget of a key."""

    serial: str
    forgotten_key: bool


@dataclass(frozen=True, kw_only=True)
class KeyDescription:
    """What a key says of itself; not verified."""

    serial: str
    state: str
    unit_name: str | None
    uscc: str | None
    unit_code: str | None
    region: str | None
    purposes: Sequence[str]
    not_after: date | None
    office_id: str | None
    firmware: str
    hardware_class: str
    generation: int
    users: Sequence[int]
    suite: str | None
    algorithms: Sequence[str] | None
    public_key: bytes | None
    faults: int | None = field(default=None, metadata=IF_ANY)
    last_fault: str | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class KeyInfo(KeyDescription):
    """The same, with what keeps the key from being used."""

    problem: str | None = field(default=None, metadata=IF_ANY)
    fix: str | None = field(default=None, metadata=IF_ANY)
    # what a damaged key still gives back
    readable: Sequence[str] | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class CertifiedKeyInfo(KeyInfo):
    """The same of a key in service, whose certificate was verified."""

    role: str | None
    sealed: bool  # is there a certified device key, so that PINs are sealed?
    # what the key was told last; None when it cannot say
    status: str | None = field(metadata=called("standing"))


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """Whether a key may sign, as it was told last, and since when."""

    serial: str
    unit_name: str | None
    status: str = field(metadata=called("standing"))
    since: date | None = field(metadata=called("standing_since"))


# --- what a key holds -------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChainState:
    """Where a key's chain of statements and its view of the office's log stand."""

    serial: str
    seq: int
    head: bytes
    receipted: int
    waiting: int
    log_size: int
    log_root: bytes
    forgotten: int
    card_version: int | None
    parcels: int
    time_floor: datetime | None


@dataclass(frozen=True, kw_only=True)
class KeptStatement:
    """A statement as the key keeps it, with the receipt that it verified."""

    serial: str
    seq: int
    idempotency_key: bytes
    statement: bytes
    receipt: bytes | None
    receipt_verified_by_key: bool


@dataclass(frozen=True, kw_only=True)
class ExportedLinks:
    """The file with the signed names of ``count`` statements from ``first`` on."""

    serial: str
    first: int
    count: int
    links: Path


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """One entry of a key's audit ring."""

    event_no: int
    event: str
    detail: int
    boots: int
    seq: int


@dataclass(frozen=True, kw_only=True)
class CardState:
    """The unit card on a key, and the file that it was written to."""

    serial: str
    uscc: str
    card_version: int
    issued: date | None
    not_after: date | None
    sections: int
    file: Path | None


# --- the life of a key ------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A key with a key pair, and the file in which it asks the office for its certificate."""

    serial: str
    state: str
    request: Path


@dataclass(frozen=True, kw_only=True)
class PairRequested:
    """The file in which a key asks for the certificate of its next key pair."""

    serial: str
    seq: int
    request: Path


@dataclass(frozen=True, kw_only=True)
class Personalised(KeyDescription):
    """A key with the certificate that it was given; of a new pair also its statement's receipt."""

    seq: int | None = field(default=None, metadata=IF_ANY)
    receipt_verified_by_key: bool | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class Challenged:
    """The file that the office needs to give this key an order."""

    serial: str
    unit_name: str | None
    seq: int
    forgotten: int
    challenge: Path


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """A key that was reset or wiped."""

    serial: str
    generation: int
    state: str


@dataclass(frozen=True, kw_only=True)
class TimeSet:
    """A key that took over the office's time."""

    serial: str
    time_floor: datetime


@dataclass(frozen=True, kw_only=True)
class Reinstated:
    """A key that goes on after the statement ``seq``."""

    serial: str
    seq: int


# --- users and their PINs ---------------------------------------------


@dataclass(frozen=True, kw_only=True)
class UserChanged:
    """The user whose PIN was set, changed or taken away, and who has one since, if that changed."""

    serial: str
    user: int
    users: Sequence[int] | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class SharesWritten:
    """The file with a key's shares for its two officers."""

    serial: str
    number: int
    shares: Path


@dataclass(frozen=True, kw_only=True)
class UnblockWords:
    """What the two officers need to hear."""

    serial: str
    user: int
    number: int
    check: str


@dataclass(frozen=True, kw_only=True)
class UnblockRequested(UnblockWords):
    """The same, and the file that it was written to."""

    request: Path | None


@dataclass(frozen=True, kw_only=True)
class Unblocked:
    """A user with a new PIN, and the file with the new shares."""

    serial: str
    user: int
    users: Sequence[int]
    number: int
    shares: Path


# --- what travels on a key --------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ParcelPut:
    """A filing that travels on the key now, and how much room is left, in bytes."""

    serial: str
    folder: Path
    size: int = field(metadata=called("bytes"))
    outbox_free: int


@dataclass(frozen=True, kw_only=True)
class ParcelRow:
    """A parcel in the outbox; ``seq`` is None when the key has dropped its statement since."""

    name: bytes
    seq: int | None
    size: int = field(metadata=called("bytes"))
    complete: bool


@dataclass(frozen=True, kw_only=True)
class ParcelSubmitted:
    """A parcel that was submitted: its case, or the code of why it was refused."""

    name: bytes
    case: str
    statement_id: str
    problem: str | None


@dataclass(frozen=True, kw_only=True)
class ReceiptCollected:
    """A filing folder that has its receipt from the key."""

    serial: str
    folder: Path
    seq: int
    case: str


@dataclass(frozen=True, kw_only=True)
class ParcelDropped:
    """A parcel that was taken out of the outbox, by the name that was given."""

    serial: str
    name: str


# --- firmware, this computer ------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ReleaseDescription:
    """What a firmware release says of itself; not verified."""

    version: str
    number: int
    floor: int
    target: str
    size: int = field(metadata=called("bytes"))
    digest: bytes
    approved: bool


@dataclass(frozen=True, kw_only=True)
class Updated:
    """A key that has a release beside the firmware that it runs."""

    serial: str
    firmware: str
    version: str
    number: int
    floor: int
    target: str
    size: int = field(metadata=called("bytes"))
    digest: bytes
    approved: bool
    next: str


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """What the doctor found, and what to do about it."""

    code: str
    serial: str  # empty, as the port, when it is about no key
    port: str
    message: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The keys that the doctor looked at, and what it found."""

    keys: Sequence[str]
    findings: Sequence[FindingRow]


@dataclass(frozen=True, kw_only=True)
class Healthy:
    """The doctor found nothing."""

    keys: str
    good: bool = True


@dataclass(frozen=True, kw_only=True)
class RulesInstalled:
    """The file with the udev rules, and whether udev reads them already."""

    file: Path
    reloaded: bool
