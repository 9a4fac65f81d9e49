"""The suites of this key: how a statement looks in one (``wire``) and how the key computes in it
(``crypto``), side by side.

A key has one suite for all its life with an anchor: that of the anchor.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire import suite as wire_suite
from etoken.crypto import suites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Suite(wire_suite.Suite):
    """A suite of the wire with the arithmetic behind it; ``hasher()`` gives a running hash."""

    def __init__(self, on_the_wire: wire_suite.Suite, crypto: suites.Suite) -> None:
        super().__init__(
            on_the_wire.name,
            on_the_wire.alg,
            on_the_wire.payload_hash,
            on_the_wire.spki,
            crypto.digest,
        )
        self.hasher: "Any" = crypto.hasher
        self.crypto = crypto


ES256 = Suite(wire_suite.ES256, suites.ES256)
SM2 = Suite(wire_suite.sm2(suites.SM2.digest), suites.SM2)
SUITES = {suite.alg: suite for suite in (ES256, SM2)}


def suite_of(statement: bytes) -> "Suite | None":
    """The suite that a statement says to be in; None when it says nothing that this key knows.
    Verifies nothing.
    """
    try:
        header = cbor.loads(wire.split(statement)[0])
    except cbor.CborError:
        return None
    alg = header.get(wire.LABEL_ALG) if isinstance(header, dict) else None
    return SUITES.get(alg) if isinstance(alg, int) and not isinstance(alg, bool) else None
