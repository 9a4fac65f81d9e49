"""PBKDF2 with HMAC-SHA256, one block (RFC 8018 section 5.2)."""

from etoken.crypto.hmac import hmac_sha256


def pbkdf2_sha256(password: bytes, salt: bytes, iterations: int) -> bytes:
    """Return 32 bytes stretched from ``password``."""
    value = hmac_sha256(password, salt + b"\0\0\0\1")
    total = int.from_bytes(value, "big")
    for _ in range(iterations - 1):
        value = hmac_sha256(password, value)
        total ^= int.from_bytes(value, "big")
    return total.to_bytes(32, "big")


def equal(first: bytes, second: bytes) -> bool:
    """Compare in a time that depends on the lengths only."""
    if len(first) != len(second):
        return False
    difference = 0
    for left, right in zip(first, second):  # noqa: B905  MicroPython's zip has no strict
        difference |= left ^ right
    return difference == 0
