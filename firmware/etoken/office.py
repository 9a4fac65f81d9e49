"""Statements of the office as the key checks them: form, header, digest, signature, under a given
public key and its suite.

The office writes these headers itself, so they carry less than a key's: labels 1, 4, 15, 16, 34,
258, 259 and, under -70001, version, purpose, region and manifest length.  Anything else is refused.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire import statement as wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.suite import Suite

FORM, FOREIGN, SIGNATURE, DIGEST = range(4)


class OfficeFault(Exception):
    """A statement of the office does not hold; ``reason`` is FORM, FOREIGN, SIGNATURE or DIGEST."""

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
    """Check that ``public_key`` (65 bytes), a key of ``suite``, signed ``manifest`` for ``purpose``
    in the name of ``office_id``.

    ``x5t`` is the digest of the signer's X.509 certificate as the anchor knows it; the root's is
    known to nobody here: None.  Raises OfficeFault.
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
    # the header must be, to the byte, the one an office writes for this manifest: nothing more,
    # nothing less
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
