"""The signing policy, enforced on the key itself: for its own unit, its purposes and its validity.

The office checks all of it again; the key checks it so that a program on the clerk's computer
cannot misuse the key.  Functions that refuse raise Refused.
"""

from biandun_protocol.wire import cbor, codec, pins
from biandun_protocol.wire.messages import Summary
from biandun_protocol.wire.numbers import (
    ERROR_CARD_STALE,
    ERROR_CERTIFICATE_EXPIRED,
    ERROR_CERTIFICATE_REVOKED,
    ERROR_CLOCK_BEHIND,
    ERROR_KEY_SUSPENDED,
    ERROR_OFFLINE_LIMIT,
    ERROR_PIN_FORMAT,
    ERROR_PIN_WEAK,
    ERROR_PURPOSE_REFUSED,
    ERROR_SCHEMA_UNKNOWN,
    ERROR_SUMMARY_MALFORMED,
    ERROR_UNIT_MISMATCH,
    KEY_PURPOSES,
    LIMIT_SUMMARY,
    PURPOSE_COUNTERSIGN,
    PURPOSE_DECISION,
    PURPOSE_FILING,
    ROLES,
    SCHEMA_COUNTERSIGN,
    SCHEMA_DECISION,
    SCHEMA_FILING,
    STANDING_ACTIVE,
    STANDING_SUSPENDED,
)
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun_protocol.wire.messages import CardManifest, ProfileManifest, StatusManifest

# purpose -> schema of the manifests that may be signed for it
SCHEMAS = {
    PURPOSE_FILING: SCHEMA_FILING,
    PURPOSE_COUNTERSIGN: SCHEMA_COUNTERSIGN,
    PURPOSE_DECISION: SCHEMA_DECISION,
}


def check_purpose(profile: "ProfileManifest", purpose: str) -> None:
    """Refuse a purpose that the office did not grant to this key, or that its role excludes."""
    if purpose not in profile.purposes or purpose not in allowed(profile):
        raise Refused(ERROR_PURPOSE_REFUSED)


def allowed(profile: "ProfileManifest") -> "tuple[str, ...]":
    """Return the purposes that the profile's role permits.

    Empty for a role that this firmware does not know; all for a profile without a role.
    """
    return KEY_PURPOSES if profile.role is None else ROLES.get(profile.role, ())


def require_pin(pin: bytes, serial: str) -> None:
    """Refuse a new PIN that is too short or commonly used; a PIN in use is not affected."""
    if pins.is_short(pin):
        raise Refused(ERROR_PIN_FORMAT)
    if pins.is_weak(pin, serial):
        raise Refused(ERROR_PIN_WEAK)


def check_card(card: "CardManifest", time_floor: int, signed_offline: int) -> None:
    """Refuse to sign under an expired unit card, or after too many signatures without the office.

    ``time_floor`` is in seconds since 1970; ``signed_offline`` is the number of statements signed
    since the key last verified something from the office.
    """
    if time_floor > card.not_after:
        raise Refused(ERROR_CARD_STALE)
    if signed_offline >= card.max_offline:
        raise Refused(ERROR_OFFLINE_LIMIT)


def check_manifest_purpose(profile: "ProfileManifest", purpose: str) -> None:
    """Refuse as ``check_purpose``, and any purpose whose manifests the key writes itself."""
    if purpose not in SCHEMAS:
        raise Refused(ERROR_PURPOSE_REFUSED)
    check_purpose(profile, purpose)


def check_status(status: "StatusManifest | None") -> None:
    """Refuse to sign when the office has suspended or revoked the key.

    A key without a status may sign.
    """
    if status is not None and status.standing != STANDING_ACTIVE:
        raise Refused(
            ERROR_KEY_SUSPENDED
            if status.standing == STANDING_SUSPENDED
            else ERROR_CERTIFICATE_REVOKED
        )


def check_time(profile: "ProfileManifest", time_floor: int, claimed: "int | None") -> None:
    """Refuse an expired certificate, or a claimed time before the time floor (seconds since 1970).

    The key has no clock, only the latest time of the office that it has verified.
    """
    if time_floor > profile.not_after:
        raise Refused(ERROR_CERTIFICATE_EXPIRED)
    if claimed is not None and claimed < time_floor:
        raise Refused(ERROR_CLOCK_BEHIND)


def check_summary(profile: "ProfileManifest", purpose: str, summary: Summary) -> None:
    """Refuse a manifest for another unit or of another schema than ``purpose`` requires."""
    if summary.schema != SCHEMAS[purpose]:
        raise Refused(ERROR_SCHEMA_UNKNOWN)
    if summary.uscc != profile.uscc:
        raise Refused(ERROR_UNIT_MISMATCH)


def read_summary(head: bytes) -> "Summary | None":
    """Read the summary from the first bytes of a manifest; None when more bytes are needed.

    A manifest is CBOR [summary, body]: the byte 82, then the summary, at most LIMIT_SUMMARY bytes.

    Raises Refused(SUMMARY_MALFORMED).
    """
    if not head:
        return None
    if head[0] != 0x82:
        raise Refused(ERROR_SUMMARY_MALFORMED)
    try:
        fields, end = cbor.loads_prefix(head, 1)
    except cbor.Incomplete:
        if len(head) > LIMIT_SUMMARY:
            raise Refused(ERROR_SUMMARY_MALFORMED)
        return None
    except cbor.CborError:
        raise Refused(ERROR_SUMMARY_MALFORMED)
    if end > LIMIT_SUMMARY + 1:
        raise Refused(ERROR_SUMMARY_MALFORMED)
    try:
        return codec.from_map(Summary, fields)
    except codec.MessageError as error:
        raise Refused(ERROR_SUMMARY_MALFORMED, error.field)
