"""HMAC-DRBG with SHA-256 (NIST SP 800-90A r1, section 10.1.2): a little entropy in, as many random bytes as wanted out.

Security strength 256 bits.  Key and value stand in bytearrays of their own, so that ``wipe`` can overwrite them; what HMAC
computes in between is garbage of the heap until it is used again, as everywhere in this firmware.
"""

from etoken.crypto.hmac import hmac_sha256

OUTPUT = 32  # bytes of one block
REQUEST_MOST = 1 << 16  # bytes in one request: 2^19 bits (table 2)
RESEED_INTERVAL = 1 << 20  # requests between two reseedings; the standard allows 2^48, this is a small integer on every board


class ReseedRequired(Exception):
    """So many requests since the last entropy that no more is given out; a wiped generator gives none either."""


class HmacDrbg:
    """One generator.  ``entropy`` holds 256 bits of entropy or more, ``nonce`` never comes twice, ``personal`` says whose it is."""

    def __init__(self, entropy: bytes, nonce: bytes, personal: bytes = b"") -> None:
        self._key = bytearray(OUTPUT)
        self._value = bytearray(b"\x01" * OUTPUT)
        self._update(entropy + nonce + personal)
        self._requests = 1

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Mix fresh entropy into the state (section 10.1.2.4)."""
        self._update(entropy + additional)
        self._requests = 1

    def generate(self, size: int, additional: bytes = b"") -> bytes:
        """Return ``size`` bytes, 0 to 65536 (section 10.1.2.5).  Raises ReseedRequired, ValueError."""
        if not 0 <= size <= REQUEST_MOST:
            raise ValueError("0 to 65536 bytes in one request")
        if self._requests > RESEED_INTERVAL:
            raise ReseedRequired
        if additional:
            self._update(additional)
        out = b""
        while len(out) < size:
            self._value[:] = hmac_sha256(bytes(self._key), bytes(self._value))
            out += self._value
        self._update(additional)
        self._requests += 1
        return out[:size]

    def wipe(self) -> None:
        """Overwrite the state; the generator is of no use afterwards."""
        for index in range(OUTPUT):
            self._key[index] = self._value[index] = 0
        self._requests = RESEED_INTERVAL + 1

    def _update(self, provided: bytes) -> None:
        """HMAC_DRBG_Update (section 10.1.2.2)."""
        for step in (b"\x00", b"\x01") if provided else (b"\x00",):
            self._key[:] = hmac_sha256(bytes(self._key), bytes(self._value) + step + provided)
            self._value[:] = hmac_sha256(bytes(self._key), bytes(self._value))
