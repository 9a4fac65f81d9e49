"""HMAC-DRBG with SHA-256 (NIST SP 800-90A r1, section 10.1.2), security strength 256 bits.

Key, value and all intermediate results are in bytearrays that ``wipe`` overwrites.  A secret is
drawn with ``generate_into``, which creates no bytes object of it.
"""

from etoken.crypto.hmac import Hmac

OUTPUT = 32  # bytes of one block
REQUEST_MOST = 1 << 16  # bytes in one request: 2^19 bits (table 2)
# requests between reseedings; the standard allows 2^48, but this is a small integer on every board
RESEED_INTERVAL = 1 << 20


class ReseedRequired(Exception):
    """Too many requests since the last reseeding, or the generator was wiped: no more output."""


class HmacDrbg:
    """One generator.

    ``entropy`` holds 256 bits of entropy or more, ``nonce`` is never repeated, ``personal`` is the
    personalisation string.
    """

    def __init__(self, entropy: bytes, nonce: bytes, personal: bytes = b"") -> None:
        self._key = bytearray(OUTPUT)
        self._value = bytearray(b"\x01" * OUTPUT)
        self._hmac = Hmac()
        self._update(entropy + nonce + personal)
        self._requests = 1

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Mix fresh entropy into the state (section 10.1.2.4)."""
        self._update(entropy + additional)
        self._requests = 1

    def generate(self, size: int, additional: bytes = b"") -> bytes:
        """Return ``size`` bytes, 0 to 65536 (section 10.1.2.5).

        Raises ReseedRequired, ValueError.
        """
        self._check(size)
        if additional:
            self._update(additional)
        out = bytearray(size)
        self._fill(out, additional)
        return bytes(out)

    def generate_into(self, out: bytearray) -> None:
        """Overwrite ``out`` with random bytes; for values that become a secret.

        Raises ReseedRequired, ValueError.
        """
        self._check(len(out))
        self._fill(out, b"")

    def _check(self, size: int) -> None:
        if not 0 <= size <= REQUEST_MOST:
            raise ValueError("0 to 65536 bytes in one request")
        if self._requests > RESEED_INTERVAL:
            raise ReseedRequired

    def _fill(self, out: bytearray, additional: bytes) -> None:
        view = memoryview(out)
        self._hmac.key(self._key)
        for at in range(0, len(out), OUTPUT):
            self._hmac.mac(self._value, self._value)
            part = view[at : at + OUTPUT]
            part[:] = memoryview(self._value)[: len(part)]
        self._update(additional)
        self._requests += 1

    def wipe(self) -> None:
        """Overwrite the state; the generator cannot be used afterwards."""
        self._key[:] = self._value[:] = bytes(OUTPUT)
        self._hmac.wipe()
        self._requests = RESEED_INTERVAL + 1

    def _update(self, provided: bytes) -> None:
        """HMAC_DRBG_Update (section 10.1.2.2)."""
        for step in (b"\x00", b"\x01") if provided else (b"\x00",):
            self._hmac.key(self._key)
            self._hmac.mac(self._key, self._value, step, provided)
            self._hmac.key(self._key)
            self._hmac.mac(self._value, self._value)
