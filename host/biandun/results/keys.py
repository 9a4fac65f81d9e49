"""Keys: found and known ones, what they contain, and what was done to them and to their users."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from biandun.results.naming import IF_ANY, called

# --- found and known keys ---------------------------------------------


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """A port, and the key or the problem that was found there."""

    serial: str | None
    port: str
    state: str | None
    unit_name: str | None
    suite: str | None
    simulated: bool
    problem: str | None  # an error code; ``fix`` is what to do about it
    fix: str | None = field(default=None, metadata=IF_ANY)
    # the number of faults that the key has recorded, and the newest
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
    """Whether the key was known before it was forgotten."""

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
    """A key's description, with what keeps it from being used."""

    problem: str | None = field(default=None, metadata=IF_ANY)
    fix: str | None = field(default=None, metadata=IF_ANY)
    # what can still be read from a damaged key
    readable: Sequence[str] | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class CertifiedKeyInfo(KeyInfo):
    """The info of a key in service, whose certificate was verified."""

    role: str | None
    sealed: bool  # is there a certified device key, so that PINs are sealed?
    # the status that the key has stored; None if it cannot report it
    status: str | None = field(metadata=called("standing"))


@dataclass(frozen=True, kw_only=True)
class KeyStatus:
    """The revocation status that a key has stored, and since when it applies."""

    serial: str
    unit_name: str | None
    status: str = field(metadata=called("standing"))
    since: date | None = field(metadata=called("standing_since"))


# --- the content of a key ---------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ChainState:
    """The state of a key's chain of statements, and of the office's log as the key knows it."""

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
    """A statement as stored on the key, with the receipt that the key verified."""

    serial: str
    seq: int
    idempotency_key: bytes
    statement: bytes
    receipt: bytes | None
    receipt_verified_by_key: bool


@dataclass(frozen=True, kw_only=True)
class ExportedLinks:
    """The file with the signed ids of ``count`` statements from number ``first`` on."""

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
    """A key with a new key pair, and the file with its request for a certificate."""

    serial: str
    state: str
    request: Path


@dataclass(frozen=True, kw_only=True)
class PairRequested:
    """The file with a key's request for a certificate of its next key pair."""

    serial: str
    seq: int
    request: Path


@dataclass(frozen=True, kw_only=True)
class Personalised(KeyDescription):
    """A key with its new certificate; after a succession also the receipt of the request."""

    seq: int | None = field(default=None, metadata=IF_ANY)
    receipt_verified_by_key: bool | None = field(default=None, metadata=IF_ANY)


@dataclass(frozen=True, kw_only=True)
class Challenged:
    """The file that the office needs to issue an order to this key."""

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
    """A key whose time floor was set by an order."""

    serial: str
    time_floor: datetime


@dataclass(frozen=True, kw_only=True)
class Reinstated:
    """A key whose chain continues after number ``seq``."""

    serial: str
    seq: int


# --- users and their PINs ---------------------------------------------


@dataclass(frozen=True, kw_only=True)
class UserChanged:
    """The user whose PIN was set, changed or removed, and all users if that changed them."""

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
    """What the two officers need to know to compute their codes."""

    serial: str
    user: int
    number: int
    check: str


@dataclass(frozen=True, kw_only=True)
class UnblockRequested(UnblockWords):
    """What the two officers need, and the file that it was written to."""

    request: Path | None


@dataclass(frozen=True, kw_only=True)
class Unblocked:
    """A user with a new PIN, and the file with the new shares."""

    serial: str
    user: int
    users: Sequence[int]
    number: int
    shares: Path
