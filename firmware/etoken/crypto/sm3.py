"""The hash SM3 (GB/T 32905-2016, ISO/IEC 10118-3) with the interface of ``hashlib``.

The digest has 32 bytes, a block 64.
"""

from etoken.crypto import backend
from etoken.crypto.hashes import SM3_START, Hash


class sm3(Hash):  # noqa: N801
    """A running hash; it cannot be used further after ``digest``."""

    def __init__(self, data: "bytes | memoryview" = b"") -> None:
        super().__init__(backend.sm3, SM3_START)
        self.update(data)


def sm3_digest(data: bytes) -> bytes:
    """SM3 of ``data`` (32 bytes)."""
    return sm3(data).digest()
