"""HMAC-SHA256 (RFC 2104); MicroPython has no hmac module."""

from hashlib import sha256


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte code of ``message`` under ``key``."""
    if len(key) > 64:
        key = sha256(key).digest()
    key = key + bytes(64 - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()
