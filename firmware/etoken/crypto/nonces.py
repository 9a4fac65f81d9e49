"""The secret nonce of one signature: RFC 6979 section 3.2 with HMAC-SHA256.

Additional data (section 3.6) are Z, fresh entropy, and the label of the suite.  Z guards against
fault attacks, the derivation guards against bad entropy.  With Z and label empty the RFC's own test
vectors come out.  Keys and values are in bytearrays, use a hash of our own, and are wiped.
"""

from etoken.crypto.hashes import ZEROS, new_sha256
from etoken.crypto.hmac import Hmac

SIZE = 32


class Nonces:
    """Candidates for one message, one after the other.

    The caller must check that a candidate is from 1 to n - 1.
    """

    def __init__(
        self,
        secret: "bytes | bytearray | memoryview",
        reduced: bytes,
        fresh: "bytes | bytearray",
        label: bytes = b"",
    ) -> None:
        """Start from the private key and the digest mod n (32 bytes each).

        ``fresh`` is entropy (32 bytes, or none for test vectors), ``label`` is that of the suite.

        Raises ValueError.
        """
        if len(fresh) not in (0, SIZE):
            # the label follows it without a length
            raise ValueError("fresh entropy has 32 bytes, or none for the vectors")
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
        """Write 32 unpredictable bytes, different for each ``which``; they reveal no candidate."""
        self._hash.reset()
        self._hash.update(self._key)
        self._hash.update(bytes((which,)))
        self._hash.digest_into(out)
        self._hash.reset()

    def wipe(self) -> None:
        """Overwrite the state."""
        self._hash.wipe()
        self._hmac.wipe()
        self._key[:] = self._value[:] = ZEROS[:SIZE]
