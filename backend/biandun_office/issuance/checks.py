"""What a signer's certificate must say before anything that its key signed is believed."""

from biandun_office.issuance import selectors
from biandun_office.issuance.models import Certificate
from biandun_office.platform.errors import Refused
from biandun_protocol.cose import Header
from biandun_protocol.errors import StatementProblem

_MOST_SEQ = (1 << 63) - 1  # what a database column holds


def compare_header(header: Header, newest: Certificate) -> Certificate:
    """Compare what a key wrote of itself with what was certified: by the ``newest`` certificate of
    its chain, or by one before it.

    Returns the one that the header names: its public key verifies the signature,
    ``require_validity`` judges its time.  Raises Refused: certificate-mismatch with the field,
    purpose-refused; StatementProblem(header-invalid).
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
    """Raise Refused: key-suspended, certificate-revoked.

    A key pair that is not certified has no state.
    """
    if state == Certificate.State.SUSPENDED.value:
        raise Refused("key-suspended")
    if state == Certificate.State.REVOKED.value:
        raise Refused("certificate-revoked")


def require_newest_pair(certificate: Certificate) -> None:
    """Raise Refused(certificate-superseded) for a key pair in whose place another has been seen."""
    if selectors.is_succeeded(certificate):
        raise Refused("certificate-superseded")


def require_validity(certificate: Certificate, moment: int) -> None:
    """Judge by the office's time of reception, never by the time that a key claims.

    Raises Refused: certificate-not-yet, certificate-expired; certificate-superseded for one that
    was renewed, after the time of overlap.
    """
    if certificate.overlap_until is not None and moment > certificate.overlap_until:
        raise Refused("certificate-superseded")
    if moment < certificate.not_before:
        raise Refused("certificate-not-yet")
    if moment > certificate.not_after:
        raise Refused("certificate-expired")
