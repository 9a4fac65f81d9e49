"""Running hashes for what ``hashlib`` lacks: SM3, and a SHA-256 that can be wiped.

They use the backends' compression functions.  State, pending bytes and schedule are in bytearrays
that ``wipe`` overwrites.  Data that are not secret are hashed with the interpreter's own SHA-256.
"""

from etoken.crypto import backend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.crypto.backend import Compress

BLOCK = 64
PADDING = memoryview(b"\x80" + bytes(BLOCK))
ZEROS = PADDING[1:]


def _words(numbers: "tuple[int, ...]") -> bytearray:
    out = bytearray()
    for number in numbers:
        out += number.to_bytes(4, "little")
    return out


# fractional parts of the square and cube roots of the first primes (FIPS 180-4 sections 4.2.2 and
# 5.3.3)
SHA256_START = bytes.fromhex("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
SHA256_ROUNDS = (
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
)  # fmt: skip
SM3_START = bytes.fromhex("7380166f4914b2b9172442d7da8a0600a96f30bc163138aae38dee4db0fb0e4e")

# the work area of the compression functions: the constants of SHA-256, then room for a schedule,
# which they leave zeroed
scratch = _words(SHA256_ROUNDS) + bytearray(4 * 68)


class Hash:
    """A running hash; it cannot be used further after ``digest`` or ``digest_into``."""

    def __init__(self, compress: "Compress", start: bytes) -> None:
        self._compress = compress
        self._start = start
        self._state = bytearray(start)
        self._rest = bytearray(BLOCK)
        self._size = 0

    def reset(self, state: "bytes | bytearray | memoryview | None" = None, size: int = 0) -> None:
        """Start anew, or continue from a state that ``save`` stored after ``size`` bytes.

        ``size`` is a multiple of 64.
        """
        self._state[:] = self._start if state is None else state
        self._size = size

    def save(self, out: "bytearray | memoryview") -> None:
        """Store the state (32 bytes) in ``out``, after a whole number of blocks."""
        out[:] = self._state

    def update(self, data: "bytes | bytearray | memoryview") -> None:
        """Hash more bytes."""
        view, at = memoryview(data), 0
        filled = self._size % BLOCK
        self._size += len(view)
        if filled:
            at = min(BLOCK - filled, len(view))
            self._rest[filled : filled + at] = view[:at]
            if filled + at < BLOCK:
                return
            self._compress(self._state, self._rest, 1, scratch)
        blocks = (len(view) - at) // BLOCK
        if backend.ALIGNED:
            for _ in range(blocks):
                self._rest[:] = view[at : at + BLOCK]
                self._compress(self._state, self._rest, 1, scratch)
                at += BLOCK
        elif blocks:
            self._compress(self._state, view[at : at + BLOCK * blocks], blocks, scratch)
            at += BLOCK * blocks
        self._rest[: len(view) - at] = view[at:]

    def digest_into(self, out: "bytearray | memoryview") -> None:
        """Write the digest (32 bytes) to ``out``."""
        filled = self._size % BLOCK
        self._rest[filled:] = PADDING[: BLOCK - filled]
        if filled >= BLOCK - 8:
            self._compress(self._state, self._rest, 1, scratch)
            self._rest[:] = ZEROS
        self._rest[BLOCK - 8 :] = (8 * self._size).to_bytes(8, "big")
        self._compress(self._state, self._rest, 1, scratch)
        out[:] = self._state

    def digest(self) -> bytes:
        """Return the digest (32 bytes)."""
        out = bytearray(32)
        self.digest_into(out)
        return bytes(out)

    def wipe(self) -> None:
        """Overwrite everything derived from the data."""
        self._rest[:] = ZEROS
        self.reset()


def new_sha256() -> Hash:
    """Return a SHA-256 that can be wiped."""
    return Hash(backend.sha256, SHA256_START)
