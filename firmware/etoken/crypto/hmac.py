"""HMAC-SHA256 (RFC 2104); MicroPython has no hmac module.

``hmac_sha256`` uses the interpreter's own hash.  ``Hmac`` is for secret keys: all that it stores
can be wiped.
"""

from hashlib import sha256

from etoken.crypto.backend import pad
from etoken.crypto.hashes import BLOCK, ZEROS, new_sha256

SIZE = 32
# the states of SHA-256 after a block of 36s and after one of 5Cs, the pads of the zero key
ZERO_INNER = bytes.fromhex("f454dead9725214f90daf2a0df1228ea64e5750fa3924181824a932bf8e04e32")
ZERO_OUTER = bytes.fromhex("d385480f7abb647737c9c5385dd824678e043a72753434b0deb82818361d45a6")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the code of ``message`` under ``key`` (32 bytes)."""
    if len(key) > 64:
        key = sha256(key).digest()
    key = key + bytes(64 - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


class Hmac:
    """HMAC-SHA256 (RFC 2104) with a key of 32 bytes, which can be replaced.

    It stores the hash states after the two pads.
    """

    def __init__(self) -> None:
        self._hash = new_sha256()
        self._inner, self._outer = bytearray(SIZE), bytearray(SIZE)
        self._pad = bytearray(BLOCK)

    def key(self, key: bytearray) -> None:
        """Set the key (32 bytes)."""
        for state, filler in ((self._inner, 0x36), (self._outer, 0x5C)):
            pad(self._pad, key, filler)
            self._hash.reset()
            self._hash.update(self._pad)
            self._hash.save(state)

    def zero_key(self) -> None:
        """Set the key of zeros with which every derivation begins."""
        self._inner[:], self._outer[:] = ZERO_INNER, ZERO_OUTER

    def mac(self, out: bytearray, *parts: "bytes | bytearray | memoryview") -> None:
        """out = code of the concatenated parts (32 bytes); ``out`` may be one of them."""
        self._hash.reset(self._inner, BLOCK)
        for part in parts:
            self._hash.update(part)
        self._hash.digest_into(out)
        self._hash.reset(self._outer, BLOCK)
        self._hash.update(out)
        self._hash.digest_into(out)

    def wipe(self) -> None:
        """Overwrite the states."""
        self._hash.wipe()
        self._inner[:] = self._outer[:] = ZEROS[:SIZE]
        self._pad[:] = ZEROS
