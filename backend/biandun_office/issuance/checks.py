"""Checks of a signer's certificate before a statement is accepted."""

from biandun_office.issuance import selectors
from biandun_office.issuance.models import Certificate
from biandun_office.platform.errors import Refused
from biandun_protocol.cose import Header
from biandun_protocol.errors import StatementProblem

_MOST_SEQ = (1 << 63) - 1  # the largest integer that a database column holds


def compare_header(header: Header, newest: Certificate) -> Certificate:
    """Compare a statement's header with the certificate that it names, and return that certificate.

    It is ``newest``, the newest one of its chain, or one that was renewed or succeeded.  Its public
    key verifies the signature; ``require_validity`` checks its validity period.

    Raises Refused: certificate-mismatch with the field, purpose-refused;
    StatementProblem(header-invalid).
    """
    certificate, x5t = newest, (header.x5t or b"").hex()
    if x5t != newest.x5t:
        certificate = selectors.renewed(newest, x5t) or newest
    for field, claimed, registered in (
        ("serial", header.serial, certificate.device.serial),
        ("uscc", header.uscc, certificate.uscc),
        ("unit_code", header.unit_code, certificate.unit_code),
        ("region", header.region, certificate.region),
        ("x5t", x5t, certificate.x5t),
        ("kid", header.kid.hex(), certificate.kid),
    ):
        if claimed != registered:
            raise Refused("certificate-mismatch", field=field)
    if header.purpose not in certificate.purposes:
        raise Refused("purpose-refused")
    if (header.seq or 0) > _MOST_SEQ:
        raise StatementProblem("header-invalid", field="-70001/7")
    return certificate


def require_standing(state: str | None) -> None:
    """Check the state of a key's newest certificate.

    ``state`` is None for a key pair that is not certified.  Raises Refused: key-suspended,
    certificate-revoked.
    """
    if state == Certificate.State.SUSPENDED.value:
        raise Refused("key-suspended")
    if state == Certificate.State.REVOKED.value:
        raise Refused("certificate-revoked")


def require_newest_pair(certificate: Certificate) -> None:
    """Raise Refused(certificate-superseded) when a key pair that succeeded this one was used."""
    if selectors.is_succeeded(certificate):
        raise Refused("certificate-superseded")


def require_validity(certificate: Certificate, moment: int) -> None:
    """Check that the certificate is valid at ``moment``, in seconds since 1970.

    ``moment`` is the office's time of reception, never the time that a key claims.

    Raises Refused: certificate-not-yet, certificate-expired; certificate-superseded for a renewed
    one after its overlap.
    """
    if certificate.overlap_until is not None and moment > certificate.overlap_until:
        raise Refused("certificate-superseded")
    if moment < certificate.not_before:
        raise Refused("certificate-not-yet")
    if moment > certificate.not_after:
        raise Refused("certificate-expired")
