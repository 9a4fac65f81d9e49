"""The suites of this key: how statements are encoded and how the key computes.

A key keeps the suite of its anchor as long as it has that anchor.  ``wire`` has the encoding,
``crypto`` the arithmetic.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire import suite as wire_suite
from etoken.crypto import suites

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Suite(wire_suite.Suite):
    """A suite of the wire together with its arithmetic; ``hasher()`` returns a running hash."""

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
    """Return the suite named in the header of a statement; None when this key does not know it.

    Verifies nothing.
    """
    try:
        header = cbor.loads(wire.split(statement)[0])
    except cbor.CborError:
        return None
    alg = header.get(wire.LABEL_ALG) if isinstance(header, dict) else None
    return SUITES.get(alg) if isinstance(alg, int) and not isinstance(alg, bool) else None
