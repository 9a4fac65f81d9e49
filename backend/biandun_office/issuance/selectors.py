"""Reads of keys and certificates."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Max, Q, QuerySet

from biandun_office.issuance.models import Certificate, KeyDevice, KeyOffer
from biandun_office.platform import sql
from biandun_office.platform.errors import Refused
from biandun_office.timekeeping.selectors import effective_time
from biandun_protocol import records
from biandun_protocol.wire.messages import ProfileManifest, StatusManifest
from biandun_protocol.wire.numbers import (
    SCHEMA_STATUS,
    STANDING_ACTIVE,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
)

# the columns that intake compares a header with; Django loads others on first access
_COLUMNS = (
    "id device_id version state kid chain public_key x5t uscc unit_code unit_name region not_before not_after overlap_until used_at".split()  # noqa: E501, SIM905
)
_CERTIFICATE = (
    f"SELECT d.serial, c.purposes, {', '.join('c.' + column for column in _COLUMNS)} FROM issuance_certificate c"  # noqa: E501, S608
    " JOIN issuance_keydevice d ON d.id = c.device_id WHERE c.chain = (SELECT chain FROM issuance_certificate WHERE kid = %s LIMIT 1)"  # noqa: E501
    " AND c.state <> 'SUPERSEDED' ORDER BY c.version DESC LIMIT 1"
)
_STANDINGS = "SELECT chain, kid, state FROM issuance_certificate WHERE chain IN %l ORDER BY version"
_STATUS = (
    "SELECT c.kid, c.state, c.not_before, c.version, max(s.changed_at), count(s.id) FROM issuance_certificate c"  # noqa: E501
    " JOIN issuance_keydevice d ON d.id = c.device_id JOIN issuance_certificate every ON every.device_id = d.id"  # noqa: E501
    " LEFT JOIN issuance_statechange s ON s.certificate_id = every.id WHERE d.serial = %s AND c.state <> 'SUPERSEDED'"  # noqa: E501
    " GROUP BY c.id, c.kid, c.state, c.not_before, c.version ORDER BY c.version DESC LIMIT 1"
)
_SERIAL = 24  # the length in characters of the longest serial number
_STANDING_NUMBERS = {
    Certificate.State.ACTIVE.value: STANDING_ACTIVE,
    Certificate.State.SUSPENDED.value: STANDING_SUSPENDED,
    Certificate.State.REVOKED.value: STANDING_REVOKED,
}


def certificate_of(kid: bytes) -> Certificate:
    """The newest certificate in the chain of key pair ``kid``, in any state but superseded.

    Raises Refused(certificate-unknown).
    """
    found = sql.rows(_CERTIFICATE, kid.hex())
    if not found:
        raise Refused("certificate-unknown")
    serial, purposes, *values = found[0]
    certificate: Certificate = sql.instance(Certificate, _COLUMNS, values)
    certificate.purposes = json.loads(purposes)
    certificate.device = sql.instance(KeyDevice, ("id", "serial"), (certificate.device_id, serial))
    return certificate


@dataclass
class Standing:
    """The state of a chain's newest certificate, and the kids of its key pairs.

    ``state`` is None when there is no certificate or every one was superseded.
    """

    state: str | None = None
    pairs: list[str] = field(default_factory=list)


def standings_of(chains: Sequence[str]) -> dict[str, Standing]:
    """The standing of each of the chains, with one query."""
    found = {chain: Standing() for chain in chains}
    for chain, kid, state in sql.rows(sql.several(_STANDINGS, len(chains)), *chains):
        standing = found[chain]
        if kid not in standing.pairs:
            standing.pairs.append(kid)
        if state != Certificate.State.SUPERSEDED.value:
            standing.state = state
    return found


def renewed(newest: Certificate, x5t: str) -> Certificate | None:
    """The superseded certificate with SHA-256 ``x5t`` in the chain of ``newest``, or None."""
    found = Certificate.objects.select_related("device").filter(
        chain=newest.chain, x5t=x5t, device_id=newest.device_id, state=Certificate.State.SUPERSEDED
    )
    return found.exclude(overlap_until=None).first()


def status_of(serial: str) -> StatusManifest:
    """The revocation status of the key with this serial number, to be signed.

    It is read with one query, so that no change of state can come in between: two different
    statuses with the same time and number could not be ordered.  Time and number are counted over
    all chains of the device, so that they only increase.

    Raises Refused(serial-unknown).
    """
    found = sql.rows(_STATUS, serial) if len(serial) <= _SERIAL and serial.isprintable() else []
    if not found:
        raise Refused("serial-unknown", serial=serial[:_SERIAL])
    kid, state, not_before, version, last, count = found[0]
    since = effective_time(max(last or 0, not_before))
    return StatusManifest(
        SCHEMA_STATUS, serial, bytes.fromhex(kid), _STANDING_NUMBERS[state], since, version + count
    )


def certificates_to_come(now: int) -> list[Certificate]:
    """Active certificates that are valid only from after ``now`` on.

    They were issued while the office's clock was ahead.
    """
    return list(_in_use().filter(state=Certificate.State.ACTIVE, not_before__gt=now))


def device_key_of(certificate: Certificate) -> bytes:
    """The device key that the office certified together with this key pair.

    Raises Refused(session-unavailable) for a key without one.
    """
    device_key = records.decode(ProfileManifest, bytes(certificate.profile_manifest)).device_key
    if device_key is None:
        raise Refused("session-unavailable")
    return device_key


def is_certified(kid: bytes) -> bool:
    """Was the key pair ever certified?"""
    return Certificate.objects.filter(kid=kid.hex()).exists()


def newest_of_pair(kid: bytes) -> Certificate:
    """The newest certificate of that very key pair, which has one, whatever its state."""
    return Certificate.objects.select_related("device").filter(kid=kid.hex()).latest("version")


def newest_of_device(device: KeyDevice) -> Certificate:
    """The newest certificate of a key that has one, whatever its state."""
    return device.certificates.latest("version")


def certificate_of_digest(x5t: bytes) -> Certificate | None:
    """The certificate whose X.509 form has that SHA-256; None when it is none of a key."""
    return Certificate.objects.filter(x5t=x5t.hex()).first()


def certificate_of_serial(serial: str) -> Certificate:
    """The newest certificate of the key with this serial number, unless superseded.

    Raises Refused(serial-unknown).
    """
    found = _in_use().filter(device__serial=serial).first()
    if found is None:
        raise Refused("serial-unknown", serial=serial)
    return found


def _in_use() -> QuerySet[Certificate]:
    return (
        Certificate.objects.select_related("device")
        .exclude(state=Certificate.State.SUPERSEDED)
        .order_by("-version")
    )


def open_offer(nonce: bytes, *, now: int) -> KeyOffer:
    """The unused, unexpired offer with this ``nonce``.

    Raises Refused(nonce-unknown).
    """
    offer = (
        KeyOffer.objects.select_related("unit")
        .filter(nonce=nonce.hex(), used_at=None, expires_at__gte=now)
        .first()
    )
    if offer is None:
        raise Refused("nonce-unknown")
    return offer


def certificates_in_force(*, kid: bytes, serial: str, now: int) -> bool:
    """Does a certificate forbid certifying this key pair and serial number at ``now``?

    That is the case when an unexpired active certificate has either of them, when a suspended one
    has, when the key pair was revoked (its device may get a new pair), or when it succeeded or was
    succeeded by another pair in a chain.
    """
    states = Certificate.State
    own_chain = Certificate.objects.filter(kid=kid.hex()).values("chain")
    return (
        Certificate.objects.filter(
            Q(kid=kid.hex()) | Q(device__serial=serial), state=states.ACTIVE, not_after__gte=now
        )
        | Certificate.objects.filter(chain__in=own_chain).exclude(kid=kid.hex())
        | Certificate.objects.filter(
            Q(kid=kid.hex()) | Q(device__serial=serial), state=states.SUSPENDED
        )
        | Certificate.objects.filter(kid=kid.hex(), state=states.REVOKED)
    ).exists()


def chain_of(kid: str) -> str:
    """The chain that key pair ``kid`` signs in; a new pair starts its own."""
    known = Certificate.objects.filter(kid=kid).values_list("chain", flat=True).first()
    return known or kid


def pairs_of(chain: str) -> dict[str, int]:
    """The kids of a chain's key pairs, each with the version of its newest certificate.

    A later pair has a higher version than all earlier ones.
    """
    return dict(
        Certificate.objects.filter(chain=chain).order_by("version").values_list("kid", "version")
    )


def is_succeeded(certificate: Certificate) -> bool:
    """Has a newer key pair of the same key been used?

    Then this pair was erased from the key, and anything signed with it now comes from a copy.
    """
    newer = Certificate.objects.filter(
        chain=certificate.chain, version__gt=certificate.version, used_at__isnull=False
    )
    return newer.exclude(kid=certificate.kid).exists()


def latest_version(device: KeyDevice) -> int:
    """The highest certificate version of a key; 0 when it has none.  Versions only increase."""
    newest = device.certificates.order_by("-version").first()
    return newest.version if newest else 0


def newest_beginning() -> int:
    """The latest ``not_before`` of all certificates; 0 when there are none."""
    return Certificate.objects.aggregate(newest=Max("not_before"))["newest"] or 0
