"""Sealing under a key: deterministic authenticated encryption (SIV, after RFC 5297).

    iv = HMAC(Km, label || plain)[:16]        cipher = plain XOR HMAC(Ke, iv || label)        sealed = iv || cipher, 48 bytes

HMAC-SHA256 serves for both parts; no randomness is needed.  That is the form for a secret of 32
bytes.  Longer data that are private but not secret are encrypted 32 bytes at a time, the n-th block
with HMAC(Ke, iv || label || n).

``label`` says what is sealed and where; a sealed value moved to another place does not open.  Equal
values under one label give equal bytes, which reveals only that they are equal.  Opening with a
wrong key takes as long as with the right one.
"""  # noqa: E501

from etoken.crypto.backend import xor
from etoken.crypto.hmac import Hmac
from etoken.crypto.pbkdf2 import equal

SIZE = 32
IV = 16
SEALED = IV + SIZE


class Sealer:
    """One key of 32 bytes, until ``wipe``."""

    def __init__(self, key: bytearray) -> None:
        self._mac, self._stream_mac = Hmac(), Hmac()
        derived = bytearray(SIZE)
        for part, label in ((self._mac, b"mac"), (self._stream_mac, b"encrypt")):
            part.key(key)
            part.mac(derived, label)
            part.key(derived)
        derived[:] = bytes(SIZE)

    def seal(self, label: bytes, plain: bytearray) -> bytes:
        """Seal 32 bytes; return 48 bytes."""
        iv, stream = bytearray(SIZE), bytearray(SIZE)
        self._mac.mac(iv, label, plain)
        self._stream_mac.mac(stream, memoryview(iv)[:IV], label)
        xor(stream, stream, plain)
        return bytes(iv[:IV]) + bytes(stream)

    def open(self, label: bytes, sealed: bytes) -> "bytearray | None":
        """Return the sealed secret (32 bytes); None when key, label or bytes do not match.

        The caller overwrites it after use.
        """
        if len(sealed) != SEALED:
            return None
        iv, plain = bytearray(SIZE), bytearray(SIZE)
        self._stream_mac.mac(plain, memoryview(sealed)[:IV], label)
        xor(plain, plain, memoryview(sealed)[IV:])
        self._mac.mac(iv, label, plain)
        if equal(bytes(iv[:IV]), sealed[:IV]):
            return plain
        plain[:] = bytes(SIZE)
        return None

    def encrypt(self, label: bytes, plain: "bytes | bytearray") -> bytes:
        """Encrypt any number of bytes; the result is 16 bytes longer.

        ``plain`` may remain in the heap.
        """
        iv = bytearray(SIZE)
        self._mac.mac(iv, label, plain)
        return bytes(iv[:IV]) + self._stream(label, memoryview(iv)[:IV], memoryview(plain))

    def decrypt(self, label: bytes, sealed: bytes) -> "bytes | None":
        """Return the plaintext; None when key, label or bytes do not match."""
        if len(sealed) < IV:
            return None
        view = memoryview(sealed)
        plain = self._stream(label, view[:IV], view[IV:])
        iv = bytearray(SIZE)
        self._mac.mac(iv, label, plain)
        return plain if equal(bytes(iv[:IV]), bytes(view[:IV])) else None

    def _stream(self, label: bytes, iv: memoryview, text: memoryview) -> bytes:
        out, block = bytearray(len(text)), bytearray(SIZE)
        part, hidden = memoryview(bytearray(SIZE)), memoryview(out)
        for at in range(0, len(text), SIZE):
            size = min(SIZE, len(text) - at)
            self._stream_mac.mac(block, iv, label, (at // SIZE).to_bytes(2, "big"))
            part[:size] = text[at : at + size]
            xor(block, block, part)
            hidden[at : at + size] = memoryview(block)[:size]
        return bytes(out)

    def wipe(self) -> None:
        """Overwrite the key."""
        self._mac.wipe()
        self._stream_mac.wipe()
