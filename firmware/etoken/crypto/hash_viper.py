"""The two compression functions in MicroPython's viper, portable machine code.

``hash_integers`` says what they compute.  No function here calls another, because arguments and
results would become Python objects.  Importing this module fails on an interpreter without the
viper emitter, such as CPython.
"""


# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    import micropython

_W = const(64)  # word offset of the schedule in the scratch area, after the constants


@micropython.viper
def pad(out: ptr8, key: ptr8, filler: int):  # noqa: F821
    """out = 64 bytes of ``filler``, the first 32 of them XOR ``key``: a pad of HMAC."""
    index = 0
    while index < 32:
        out[index] = key[index] ^ filler
        out[index + 32] = filler
        index += 1


@micropython.viper
def xor(out: ptr8, one: ptr8, two: ptr8):  # noqa: F821
    """out = 32 bytes of one XOR two."""
    index = 0
    while index < 32:
        out[index] = one[index] ^ two[index]
        index += 1


@micropython.viper
def sha256(state: ptr8, data: ptr8, count: int, scratch: ptr32):  # noqa: F821
    """Compress ``count`` blocks into ``state``."""
    m = uint(0xFFFFFFFF)  # noqa: F821
    at = 0
    while count > 0:
        j = 0
        while j < 16:
            scratch[_W + j] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            at += 4
            j += 1
        while j < 64:
            x = uint(scratch[_W + j - 15]) & m  # noqa: F821
            y = uint(scratch[_W + j - 2]) & m  # noqa: F821
            s = (x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3
            s = (s & m) + (((y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10) & m)
            scratch[_W + j] = int(s + uint(scratch[_W + j - 16]) + uint(scratch[_W + j - 7]))  # noqa: F821
            j += 1
        a = uint(state[0] << 24 | state[1] << 16 | state[2] << 8 | state[3])  # noqa: F821
        b = uint(state[4] << 24 | state[5] << 16 | state[6] << 8 | state[7])  # noqa: F821
        c = uint(state[8] << 24 | state[9] << 16 | state[10] << 8 | state[11])  # noqa: F821
        d = uint(state[12] << 24 | state[13] << 16 | state[14] << 8 | state[15])  # noqa: F821
        e = uint(state[16] << 24 | state[17] << 16 | state[18] << 8 | state[19])  # noqa: F821
        f = uint(state[20] << 24 | state[21] << 16 | state[22] << 8 | state[23])  # noqa: F821
        g = uint(state[24] << 24 | state[25] << 16 | state[26] << 8 | state[27])  # noqa: F821
        h = uint(state[28] << 24 | state[29] << 16 | state[30] << 8 | state[31])  # noqa: F821
        j = 0
        while j < 64:
            s = ((e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)) & m
            t = (h + s + ((f ^ g) & e ^ g) + uint(scratch[j]) + uint(scratch[_W + j])) & m  # noqa: F821
            s = ((a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)) & m
            s = (s + ((a ^ b) & (b ^ c) ^ b)) & m
            h = g
            g = f
            f = e
            e = (d + t) & m
            d = c
            c = b
            b = a
            a = (t + s) & m
            j += 1
        scratch[_W + 0] = int(a)
        scratch[_W + 1] = int(b)
        scratch[_W + 2] = int(c)
        scratch[_W + 3] = int(d)
        scratch[_W + 4] = int(e)
        scratch[_W + 5] = int(f)
        scratch[_W + 6] = int(g)
        scratch[_W + 7] = int(h)
        j = 0
        while j < 8:
            s = uint(  # noqa: F821
                state[4 * j] << 24
                | state[4 * j + 1] << 16
                | state[4 * j + 2] << 8
                | state[4 * j + 3]
            )
            s += uint(scratch[_W + j])  # noqa: F821
            state[4 * j] = int(s >> 24)
            state[4 * j + 1] = int(s >> 16)
            state[4 * j + 2] = int(s >> 8)
            state[4 * j + 3] = int(s)
            j += 1
        count -= 1
    j = _W
    while j < _W + 64:
        scratch[j] = 0
        j += 1


@micropython.viper
def sm3(state: ptr8, data: ptr8, count: int, scratch: ptr32):  # noqa: F821
    """Compress ``count`` blocks into ``state``."""
    m = uint(0xFFFFFFFF)  # noqa: F821
    at = 0
    while count > 0:
        j = 0
        while j < 16:
            scratch[_W + j] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            at += 4
            j += 1
        while j < 68:
            x = uint(scratch[_W + j - 3]) & m  # noqa: F821
            x = (x << 15 | x >> 17) ^ uint(scratch[_W + j - 16]) ^ uint(scratch[_W + j - 9])  # noqa: F821
            x &= m
            y = uint(scratch[_W + j - 13]) & m  # noqa: F821
            x = (
                x
                ^ (x << 15 | x >> 17)
                ^ (x << 23 | x >> 9)
                ^ (y << 7 | y >> 25)
                ^ uint(scratch[_W + j - 6])  # noqa: F821
            )
            scratch[_W + j] = int(x)
            j += 1
        a = uint(state[0] << 24 | state[1] << 16 | state[2] << 8 | state[3])  # noqa: F821
        b = uint(state[4] << 24 | state[5] << 16 | state[6] << 8 | state[7])  # noqa: F821
        c = uint(state[8] << 24 | state[9] << 16 | state[10] << 8 | state[11])  # noqa: F821
        d = uint(state[12] << 24 | state[13] << 16 | state[14] << 8 | state[15])  # noqa: F821
        e = uint(state[16] << 24 | state[17] << 16 | state[18] << 8 | state[19])  # noqa: F821
        f = uint(state[20] << 24 | state[21] << 16 | state[22] << 8 | state[23])  # noqa: F821
        g = uint(state[24] << 24 | state[25] << 16 | state[26] << 8 | state[27])  # noqa: F821
        h = uint(state[28] << 24 | state[29] << 16 | state[30] << 8 | state[31])  # noqa: F821
        constant = uint(0x79CC4519)  # noqa: F821
        j = 0
        while j < 64:
            if j == 16:
                constant = uint(0x9D8A7A87)  # 7A879D8A rotated by 16  # noqa: F821
            x = (a << 12 | a >> 20) & m
            s = (x + e + constant) & m
            s = (s << 7 | s >> 25) & m
            if j < 16:
                y = a ^ b ^ c
                t = e ^ f ^ g
            else:
                y = (a ^ b) & (a ^ c) ^ a
                t = (f ^ g) & e ^ g
            y += d + (s ^ x) + (uint(scratch[_W + j]) ^ uint(scratch[_W + j + 4]))  # noqa: F821
            t += h + s + uint(scratch[_W + j])  # noqa: F821
            t &= m
            d = c
            c = (b << 9 | b >> 23) & m
            b = a
            a = y & m
            h = g
            g = (f << 19 | f >> 13) & m
            f = e
            e = (t ^ (t << 9 | t >> 23) ^ (t << 17 | t >> 15)) & m
            constant = (constant << 1 | constant >> 31) & m
            j += 1
        scratch[_W + 0] = int(a)
        scratch[_W + 1] = int(b)
        scratch[_W + 2] = int(c)
        scratch[_W + 3] = int(d)
        scratch[_W + 4] = int(e)
        scratch[_W + 5] = int(f)
        scratch[_W + 6] = int(g)
        scratch[_W + 7] = int(h)
        j = 0
        while j < 8:
            s = uint(  # noqa: F821
                state[4 * j] << 24
                | state[4 * j + 1] << 16
                | state[4 * j + 2] << 8
                | state[4 * j + 3]
            )
            s ^= uint(scratch[_W + j])  # noqa: F821
            state[4 * j] = int(s >> 24)
            state[4 * j + 1] = int(s >> 16)
            state[4 * j + 2] = int(s >> 8)
            state[4 * j + 3] = int(s)
            j += 1
        count -= 1
    j = _W
    while j < _W + 68:
        scratch[j] = 0
        j += 1
