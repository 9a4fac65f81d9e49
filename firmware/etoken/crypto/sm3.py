"""The hash SM3 (GB/T 32905-2016, ISO/IEC 10118-3): 32 bytes, blocks of 64, the interface of ``hashlib``."""

IV = (0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E)
MASK = 0xFFFFFFFF


def _rotl(word: int, count: int) -> int:
    count &= 31
    return (word << count | word >> (32 - count)) & MASK


def compress(state: "list[int]", block: "bytes | memoryview") -> None:
    """Take one block of 64 bytes into ``state`` (eight words), section 5.3.3, over Python integers."""
    w = [int.from_bytes(block[at : at + 4], "big") for at in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ _rotl(w[j - 3], 15)
        w.append(x ^ _rotl(x, 15) ^ _rotl(x, 23) ^ _rotl(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = state
    for j in range(64):
        rotated = _rotl(a, 12)
        ss1 = _rotl(rotated + e + _rotl(0x79CC4519 if j < 16 else 0x7A879D8A, j) & MASK, 7)
        if j < 16:
            ff, gg = a ^ b ^ c, e ^ f ^ g
        else:
            ff, gg = a & b | a & c | b & c, e & f | ~e & g
        tt1 = ff + d + (ss1 ^ rotated) + (w[j] ^ w[j + 4]) & MASK
        tt2 = gg + h + ss1 + w[j] & MASK
        a, b, c, d = tt1, a, _rotl(b, 9), c
        e, f, g, h = tt2 ^ _rotl(tt2, 9) ^ _rotl(tt2, 17), e, _rotl(f, 19), g
    for index, word in enumerate((a, b, c, d, e, f, g, h)):
        state[index] ^= word


class sm3:  # noqa: N801  it stands beside hashlib.sha256
    """A running hash; ``digest`` ends it."""

    def __init__(self, data: bytes = b"") -> None:
        self._state = list(IV)
        self._rest = b""
        self._size = 0
        self.update(data)

    def update(self, data: "bytes | memoryview") -> None:
        """Take more bytes."""
        self._size += len(data)
        data = self._rest + bytes(data)
        end = len(data) & ~63
        for at in range(0, end, 64):
            compress(self._state, data[at : at + 64])
        self._rest = data[end:]

    def digest(self) -> bytes:
        """Return the 32 bytes."""
        self.update(b"\x80" + bytes((55 - self._size) % 64) + (8 * self._size).to_bytes(8, "big"))
        return b"".join(word.to_bytes(4, "big") for word in self._state)


def sm3_digest(data: bytes) -> bytes:
    """SM3 of ``data`` (32 bytes)."""
    return sm3(data).digest()
