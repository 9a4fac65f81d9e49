"""Reads of keys and certificates."""

from django.db.models import Q

from biandun_office.errors import Refused
from biandun_office.issuance.models import Certificate, KeyDevice, KeyOffer


def active_certificate(kid: bytes) -> Certificate:
    """The certificate under which key pair ``kid`` signs.  Raises Refused(certificate-unknown)."""
    found = Certificate.objects.select_related("device").filter(kid=kid.hex(), state=Certificate.State.ACTIVE).first()
    if found is None:
        raise Refused("certificate-unknown")
    return found


def open_offer(nonce: bytes, *, now: int) -> KeyOffer:
    """The offer that ``nonce`` belongs to.  Raises Refused(nonce-unknown) when there is none, or it is used or too old."""
    offer = KeyOffer.objects.select_related("unit").filter(nonce=nonce.hex(), used_at=None, expires_at__gte=now).first()
    if offer is None:
        raise Refused("nonce-unknown")
    return offer


def certificates_in_force(*, kid: bytes, serial: str, now: int) -> bool:
    """Is the key pair or the serial number certified already, by a certificate that is neither replaced nor expired?"""
    return (
        Certificate.objects.filter(Q(kid=kid.hex()) | Q(device__serial=serial))
        .filter(state=Certificate.State.ACTIVE, not_after__gte=now)
        .exists()
    )


def latest_version(device: KeyDevice) -> int:
    """The highest certificate version of a key; 0 when it has none.  Versions only rise."""
    newest = device.certificates.order_by("-version").first()
    return newest.version if newest else 0
