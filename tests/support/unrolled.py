"""SHA-256's compression function with its rounds written out, for tests: twice as fast as the readable one, and the same.

``tests/firmware/test_kernels.py`` holds it against ``etoken.crypto.hash_integers``.
"""

import struct
from typing import Any

from etoken.crypto.hashes import SHA256_ROUNDS


def _source() -> str:
    words = [f"w{index}" for index in range(64)]
    lines = ["def one(state, data, at):", "    " + ", ".join(words[:16]) + ' = unpack_from(">16I", data, at)']
    for j in range(16, 64):
        x, y = words[j - 15], words[j - 2]
        s0 = f"(({x} >> 7 | {x} << 25) ^ ({x} >> 18 | {x} << 14) ^ {x} >> 3)"
        s1 = f"(({y} >> 17 | {y} << 15) ^ ({y} >> 19 | {y} << 13) ^ {y} >> 10)"
        lines.append(f"    {words[j]} = {words[j - 16]} + {s0} + {words[j - 7]} + {s1} & 0xFFFFFFFF")
    lines.append('    A, B, C, D, E, F, G, H = a, b, c, d, e, f, g, h = unpack(">8I", state)')
    a, b, c, d, e, f, g, h = "abcdefgh"
    for j in range(64):
        s1 = f"(({e} >> 6 | {e} << 26) ^ ({e} >> 11 | {e} << 21) ^ ({e} >> 25 | {e} << 7))"
        s0 = f"(({a} >> 2 | {a} << 30) ^ ({a} >> 13 | {a} << 19) ^ ({a} >> 22 | {a} << 10))"
        lines.append(f"    t = {h} + {s1} + ({g} ^ {e} & ({f} ^ {g})) + {SHA256_ROUNDS[j]} + {words[j]}")
        lines.append(f"    {d} = {d} + t & 0xFFFFFFFF")
        lines.append(f"    {h} = t + {s0} + ({a} & {b} | {c} & ({a} | {b})) & 0xFFFFFFFF")
        a, b, c, d, e, f, g, h = h, a, b, c, d, e, f, g
    sums = ", ".join(f"{old} + {new} & 0xFFFFFFFF" for old, new in zip("ABCDEFGH", (a, b, c, d, e, f, g, h), strict=True))
    lines.append(f'    pack_into(">8I", state, 0, {sums})')
    return "\n".join(lines)


_names: dict[str, Any] = {"unpack": struct.unpack, "unpack_from": struct.unpack_from, "pack_into": struct.pack_into}
exec(compile(_source(), "sha256 unrolled", "exec"), _names)


def sha256(state: bytearray, data: Any, count: int, scratch: bytearray) -> None:
    """Take ``count`` blocks into ``state``; see ``etoken.crypto.hash_integers``."""
    for block in range(count):
        _names["one"](state, data, 64 * block)
