"""The two compression functions over Python integers: the readable definition.

The other implementations are tested against this one.  ``sha256`` (FIPS 180-4 section 6.2.2) and
``sm3`` (GB/T 32905-2016 section 5.3), each (state, data, count, scratch): ``state`` is eight words,
big-endian, in a bytearray; ``data`` holds ``count`` blocks of 64 bytes.  ``scratch`` is the work
area of the machine-code versions (see ``hashes``); this one takes the constants of SHA-256 from it.

x >> n | x << 32 - n is x rotated right by n; bits above 32 are cut off where words are added.
"""

import struct

MASK = 0xFFFFFFFF


def pad(out: bytearray, key: "bytes | bytearray", filler: int) -> None:
    """out = 64 bytes of ``filler``, the first 32 of them XOR ``key``: a pad of HMAC."""
    out[:] = bytes((filler,)) * 64
    xor(memoryview(out)[:32], key, out[32:])


def xor(
    out: "bytearray | memoryview",
    one: "bytes | bytearray | memoryview",
    two: "bytes | bytearray | memoryview",
) -> None:
    """out = 32 bytes of one XOR two."""
    out[:] = (int.from_bytes(one, "big") ^ int.from_bytes(two, "big")).to_bytes(32, "big")


def _rotl(word: int, count: int) -> int:
    count &= 31
    return (word << count | word >> (32 - count)) & MASK


def sha256(
    state: bytearray, data: "bytes | bytearray | memoryview", count: int, scratch: bytearray
) -> None:
    """Compress ``count`` blocks into ``state``."""
    constants = struct.unpack_from("<64I", scratch)
    for block in range(count):
        w = list(struct.unpack_from(">16I", data, 64 * block))
        for j in range(16, 64):
            x, y = w[j - 15], w[j - 2]
            s0 = (x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3
            s1 = (y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10
            w.append((w[j - 16] + s0 + w[j - 7] + s1) & MASK)
        before = struct.unpack(">8I", state)
        a, b, c, d, e, f, g, h = before
        for j in range(64):
            s1 = (e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)
            t1 = h + s1 + (e & f ^ ~e & g) + constants[j] + w[j]
            s0 = (a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)
            t2 = s0 + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (t1 + t2) & MASK, a, b, c, (d + t1) & MASK, e, f, g
        after = (a, b, c, d, e, f, g, h)
        struct.pack_into(">8I", state, 0, *[old + new & MASK for old, new in zip(before, after)])  # noqa: B905


def sm3(
    state: bytearray,
    data: "bytes | bytearray | memoryview",
    count: int,
    scratch: bytearray,  # noqa: ARG001
) -> None:
    """Compress ``count`` blocks into ``state``."""
    for block in range(count):
        w = list(struct.unpack_from(">16I", data, 64 * block))
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _rotl(w[j - 3], 15)
            w.append(x ^ _rotl(x, 15) ^ _rotl(x, 23) ^ _rotl(w[j - 13], 7) ^ w[j - 6])
        before = struct.unpack(">8I", state)
        a, b, c, d, e, f, g, h = before
        for j in range(64):
            rotated = _rotl(a, 12)
            ss1 = _rotl((rotated + e + _rotl(0x79CC4519 if j < 16 else 0x7A879D8A, j)) & MASK, 7)
            if j < 16:
                ff, gg = a ^ b ^ c, e ^ f ^ g
            else:
                ff, gg = a & b | a & c | b & c, e & f | ~e & g
            tt1 = (ff + d + (ss1 ^ rotated) + (w[j] ^ w[j + 4])) & MASK
            tt2 = (gg + h + ss1 + w[j]) & MASK
            a, b, c, d = tt1, a, _rotl(b, 9), c
            e, f, g, h = tt2 ^ _rotl(tt2, 9) ^ _rotl(tt2, 17), e, _rotl(f, 19), g
        after = (a, b, c, d, e, f, g, h)
        struct.pack_into(">8I", state, 0, *[old ^ new for old, new in zip(before, after)])  # noqa: B905
