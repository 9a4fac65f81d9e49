"""SHA-256's compression function of the libcrypto that this interpreter's ``hashlib`` stands on,
for tests: ten times as fast as Python.

Not every build of that library gives it out; then ``sha256`` is None.
``tests/firmware/test_quick_arithmetic.py`` holds it against the readable one.
"""

import _hashlib
import ctypes
import struct
from collections.abc import Callable
from typing import Any

_context = (ctypes.c_uint32 * 64)()  # begins with the eight words of the state; the rest is room


def _find() -> Callable[[bytearray, Any, int, bytearray], None] | None:
    try:
        transform = ctypes.CDLL(_hashlib.__file__).SHA256_Transform
    except (AttributeError, OSError):
        return None
    transform.argtypes, transform.restype = (ctypes.c_void_p, ctypes.c_char_p), None

    def compress(state: bytearray, data: Any, count: int, scratch: bytearray) -> None:
        """Take ``count`` blocks into ``state``; see ``etoken.crypto.hash_integers``."""
        _context[:8] = struct.unpack(">8I", state)
        for at in range(0, 64 * count, 64):
            transform(_context, bytes(data[at : at + 64]))
        struct.pack_into(">8I", state, 0, *_context[:8])

    return compress


sha256 = _find()
