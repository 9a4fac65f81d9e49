"""The two compression functions over Python integers: readable, the definition that the others are held against.

``sha256`` (FIPS 180-4 section 6.2.2) and ``sm3`` (GB/T 32905-2016 section 5.3), each (state, data, count, scratch): state is eight
words, big-endian, in a bytearray; data holds count blocks of 64 bytes.  ``scratch`` is what the
machine-code versions need besides (see ``hashes``); this one takes the constants of SHA-256 from it.
"""

MASK = 0xFFFFFFFF


def pad(out: bytearray, key: "bytes | bytearray", filler: int) -> None:
    """out = 64 bytes of ``filler``, the first 32 of them XOR ``key``: a pad of HMAC."""
    for index in range(64):
        out[index] = filler ^ (key[index] if index < 32 else 0)


def xor(out: "bytearray | memoryview", one: "bytes | bytearray | memoryview", two: "bytes | bytearray | memoryview") -> None:
    """out = 32 bytes of one XOR two."""
    for index in range(32):
        out[index] = one[index] ^ two[index]


def _rotl(word: int, count: int) -> int:
    count &= 31
    return (word << count | word >> (32 - count)) & MASK


def _words(raw: "bytes | bytearray | memoryview", order: str) -> "list[int]":
    return [int.from_bytes(bytes(raw[at : at + 4]), order) for at in range(0, len(raw), 4)]  # type: ignore[arg-type]


def _store(state: bytearray, words: "list[int]") -> None:
    for index, word in enumerate(words):
        state[4 * index : 4 * index + 4] = (word & MASK).to_bytes(4, "big")


def sha256(state: bytearray, data: "bytes | bytearray | memoryview", count: int, scratch: bytearray) -> None:
    """Take ``count`` blocks into ``state``."""
    constants = _words(memoryview(scratch)[:256], "little")
    for block in range(count):
        w = _words(memoryview(data)[64 * block : 64 * block + 64], "big")
        for j in range(16, 64):
            x, y = w[j - 15], w[j - 2]
            s0 = _rotl(x, 25) ^ _rotl(x, 14) ^ x >> 3
            s1 = _rotl(y, 15) ^ _rotl(y, 13) ^ y >> 10
            w.append((w[j - 16] + s0 + w[j - 7] + s1) & MASK)
        before = _words(state, "big")
        a, b, c, d, e, f, g, h = before
        for j in range(64):
            t1 = h + (_rotl(e, 26) ^ _rotl(e, 21) ^ _rotl(e, 7)) + (e & f ^ ~e & g) + constants[j] + w[j]
            t2 = (_rotl(a, 30) ^ _rotl(a, 19) ^ _rotl(a, 10)) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (t1 + t2) & MASK, a, b, c, (d + t1) & MASK, e, f, g
        after = (a, b, c, d, e, f, g, h)
        _store(state, [old + new for old, new in zip(before, after)])  # noqa: B905  MicroPython's zip has no strict


def sm3(state: bytearray, data: "bytes | bytearray | memoryview", count: int, scratch: bytearray) -> None:  # noqa: ARG001
    """Take ``count`` blocks into ``state``."""
    for block in range(count):
        w = _words(memoryview(data)[64 * block : 64 * block + 64], "big")
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _rotl(w[j - 3], 15)
            w.append(x ^ _rotl(x, 15) ^ _rotl(x, 23) ^ _rotl(w[j - 13], 7) ^ w[j - 6])
        before = _words(state, "big")
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
        _store(state, [old ^ new for old, new in zip(before, after)])  # noqa: B905
