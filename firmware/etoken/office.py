"""Verifying a statement of the office: format, header, digest and signature (SPEC section 4.3).

The public key and the suite are given.  The office writes these headers itself, so they carry fewer
labels than a key's (SPEC section 4.2): 1, 4, 15, 16, 34, 258, 259 and, under -70001, version,
purpose, region and manifest length.  Any other header is refused.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire import statement as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.suite import Suite

FORM, FOREIGN, SIGNATURE, DIGEST = range(4)


class OfficeFault(Exception):
    """A statement of the office does not verify.

    ``reason`` is FORM, FOREIGN, SIGNATURE or DIGEST.
    """

    def __init__(self, reason: int) -> None:
        super().__init__(reason)
        self.reason = reason


def verify(
    statement: bytes,
    manifest: bytes,
    purpose: str,
    suite: "Suite",
    public_key: bytes,
    office_id: str,
    x5t: "bytes | None",
    tick: "Callable[[], None]",
) -> None:
    """Verify that the office ``office_id`` signed ``manifest`` for ``purpose``.

    ``public_key`` (65 bytes, uncompressed) is the signer's key of ``suite``.  ``x5t`` is the digest
    of the signer's X.509 certificate as recorded in the anchor; None for the root, whose
    certificate the key does not know.

    Raises OfficeFault.
    """
    try:
        protected, digest, signature = wire.split(statement)
        header = cbor.loads(protected)
    except cbor.CborError:
        raise OfficeFault(FORM)
    if not isinstance(header, dict) or not isinstance(header.get(wire.LABEL_BIANDUN), dict):
        raise OfficeFault(FORM)
    region = header[wire.LABEL_BIANDUN].get(wire.FIELD_REGION)
    named = header.get(wire.LABEL_X5T)
    if (
        not isinstance(region, str)
        or not isinstance(named, list)
        or len(named) != 2
        or not isinstance(named[1], bytes)
    ):
        raise OfficeFault(FORM)
    kid = suite.kid_of(public_key)
    if header.get(wire.LABEL_ALG) != suite.alg or header.get(wire.LABEL_KID) != kid:
        raise OfficeFault(FOREIGN)
    if header.get(wire.LABEL_CLAIMS) != {wire.CLAIM_ISS: "urn:biandun:office:" + office_id}:
        raise OfficeFault(FOREIGN)
    if x5t is None:
        x5t = named[1]
    if len(x5t) != 32 or named[1] != x5t:
        raise OfficeFault(FOREIGN)
    # the header must be, byte for byte, the one that an office writes for this manifest
    fields: dict[int, object] = {
        wire.FIELD_REGION: region,
        wire.FIELD_MANIFEST_LENGTH: len(manifest),
    }
    expected = wire.protected_header(
        suite, kid, "urn:biandun:office:" + office_id, None, purpose, x5t, fields
    )
    if digest != suite.digest(manifest):
        raise OfficeFault(DIGEST)
    if protected != expected:
        raise OfficeFault(FORM)
    if not suite.crypto.verify(
        public_key, wire.to_be_signed(protected, purpose, digest), signature, tick
    ):
        raise OfficeFault(SIGNATURE)
