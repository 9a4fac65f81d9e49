"""PBKDF2 with HMAC-SHA256, one block (RFC 8018 section 5.2), for passwords of up to 32 bytes."""

from etoken.crypto.backend import xor
from etoken.crypto.hmac import SIZE, Hmac


def pbkdf2_sha256(password: bytes, salt: bytes, iterations: int) -> bytearray:
    """Return 32 bytes derived from ``password``; the caller overwrites them after use."""
    key, value, total = bytearray(SIZE), bytearray(SIZE), bytearray(SIZE)
    key[: len(password)] = password  # HMAC pads a short key with zeros itself
    code = Hmac()
    code.key(key)
    code.mac(value, salt, b"\0\0\0\1")
    total[:] = value
    for _ in range(iterations - 1):
        code.mac(value, value)
        xor(total, total, value)
    code.wipe()
    key[:] = value[:] = bytes(SIZE)
    return total


def equal(first: "bytes | bytearray", second: "bytes | bytearray") -> bool:
    """Compare in a time that depends only on the lengths."""
    if len(first) != len(second):
        return False
    difference = 0
    for left, right in zip(first, second):  # noqa: B905
        difference |= left ^ right
    return difference == 0
