"""The secret of one signature: RFC 6979 section 3.2 with HMAC-SHA256, additional data Z (section 3.6) and a suite's label.

Fresh entropy in Z guards against faults, the derivation guards against bad entropy; with Z and label empty the RFC's own vectors
come out.  Keys and values stand in bytearrays, go through a hash of our own, and are wiped.
"""

from etoken.crypto.backend import pad
from etoken.crypto.hashes import BLOCK, ZEROS, new_sha256

SIZE = 32
# what SHA-256 makes of a block of 36s and of one of 5Cs, the pads of the zero key
ZERO_INNER = bytes.fromhex("f454dead9725214f90daf2a0df1228ea64e5750fa3924181824a932bf8e04e32")
ZERO_OUTER = bytes.fromhex("d385480f7abb647737c9c5385dd824678e043a72753434b0deb82818361d45a6")


class Hmac:
    """HMAC-SHA256 (RFC 2104) with a key of 32 bytes, which may change; keeps the states behind the two pads."""

    def __init__(self) -> None:
        self._hash = new_sha256()
        self._inner, self._outer = bytearray(SIZE), bytearray(SIZE)
        self._pad = bytearray(BLOCK)

    def key(self, key: bytearray) -> None:
        """Take a key."""
        for state, filler in ((self._inner, 0x36), (self._outer, 0x5C)):
            pad(self._pad, key, filler)
            self._hash.reset()
            self._hash.update(self._pad)
            self._hash.save(state)

    def zero_key(self) -> None:
        """Take the key of zeros with which every derivation begins."""
        self._inner[:], self._outer[:] = ZERO_INNER, ZERO_OUTER

    def mac(self, out: bytearray, *parts: "bytes | bytearray | memoryview") -> None:
        """out = code of the parts, one behind the other; ``out`` may be one of them."""
        self._hash.reset(self._inner, BLOCK)
        for part in parts:
            self._hash.update(part)
        self._hash.digest_into(out)
        self._hash.reset(self._outer, BLOCK)
        self._hash.update(out)
        self._hash.digest_into(out)

    def wipe(self) -> None:
        """Forget the key."""
        self._hash.wipe()
        self._inner[:] = self._outer[:] = ZEROS[:SIZE]
        self._pad[:] = ZEROS


class Nonces:
    """Candidates for one message, one after the other; whoever uses them sees to it that they are from 1 to n - 1."""

    def __init__(
        self, secret: "bytes | bytearray | memoryview", reduced: bytes, fresh: "bytes | bytearray", label: bytes = b""
    ) -> None:
        """Take the private key, the digest mod n (32 bytes each), fresh entropy and the label of the suite."""
        self._key, self._value = bytearray(SIZE), bytearray(b"\x01" * SIZE)
        self._hash = new_sha256()
        self._hmac = Hmac()
        self._hmac.zero_key()
        for step in (b"\x00", b"\x01"):
            self._hmac.mac(self._key, self._value, step, secret, reduced, fresh, label)
            self._hmac.key(self._key)
            self._hmac.mac(self._value, self._value)
        self._first = True

    def next(self, out: "bytearray | memoryview") -> None:
        """Write the next candidate (32 bytes, big-endian) to ``out``."""
        if not self._first:
            self._hmac.mac(self._key, self._value, b"\x00")
            self._hmac.key(self._key)
            self._hmac.mac(self._value, self._value)
        self._first = False
        self._hmac.mac(self._value, self._value)
        out[:] = self._value

    def blind(self, out: "bytearray | memoryview", which: int) -> None:
        """Write 32 bytes that nobody outside can foretell, others for each ``which``: they say nothing of the candidates."""
        self._hash.reset()
        self._hash.update(self._key)
        self._hash.update(bytes((which,)))
        self._hash.digest_into(out)
        self._hash.reset()

    def wipe(self) -> None:
        """Forget everything."""
        self._hash.wipe()
        self._hmac.wipe()
        self._key[:] = self._value[:] = ZEROS[:SIZE]
