"""The two compression functions in MicroPython's viper: portable machine code, see ``hash_integers`` for what they compute.

Importing this fails where no compiler makes machine code of it, as in CPython.
"""

# ruff: noqa: F821  micropython.viper and the pointer types are words of MicroPython's compiler
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    import micropython

_W = const(64)  # the schedule stands in the scratch area behind the constants, in words


@micropython.viper
def pad(out: ptr8, key: ptr8, filler: int):
    """out = 64 bytes of ``filler``, the first 32 of them XOR ``key``: a pad of HMAC."""
    index = 0
    while index < 32:
        out[index] = key[index] ^ filler
        out[index + 32] = filler
        index += 1


@micropython.viper
def xor(out: ptr8, one: ptr8, two: ptr8):
    """out = 32 bytes of one XOR two."""
    index = 0
    while index < 32:
        out[index] = one[index] ^ two[index]
        index += 1


@micropython.viper
def _word(state: ptr8, at: int) -> uint:
    return uint(state[at] << 24 | state[at + 1] << 16 | state[at + 2] << 8 | state[at + 3])


@micropython.viper
def _mix(state: ptr8, at: int, word: uint):
    state[at] = int(word >> 24)
    state[at + 1] = int(word >> 16)
    state[at + 2] = int(word >> 8)
    state[at + 3] = int(word)


@micropython.viper
def sha256(state: ptr8, data: ptr8, count: int, scratch: ptr32):
    """Take ``count`` blocks into ``state``."""
    m = uint(0xFFFFFFFF)
    at = 0
    while count > 0:
        j = 0
        while j < 16:
            scratch[_W + j] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            at += 4
            j += 1
        while j < 64:
            x = uint(scratch[_W + j - 15]) & m
            y = uint(scratch[_W + j - 2]) & m
            s = (x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3
            s = (s & m) + (((y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10) & m)
            scratch[_W + j] = int(s + uint(scratch[_W + j - 16]) + uint(scratch[_W + j - 7]))
            j += 1
        a = uint(_word(state, 0))
        b = uint(_word(state, 4))
        c = uint(_word(state, 8))
        d = uint(_word(state, 12))
        e = uint(_word(state, 16))
        f = uint(_word(state, 20))
        g = uint(_word(state, 24))
        h = uint(_word(state, 28))
        j = 0
        while j < 64:
            s = ((e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)) & m
            t = (h + s + ((f ^ g) & e ^ g) + uint(scratch[j]) + uint(scratch[_W + j])) & m
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
        _mix(state, 0, uint(_word(state, 0)) + a)
        _mix(state, 4, uint(_word(state, 4)) + b)
        _mix(state, 8, uint(_word(state, 8)) + c)
        _mix(state, 12, uint(_word(state, 12)) + d)
        _mix(state, 16, uint(_word(state, 16)) + e)
        _mix(state, 20, uint(_word(state, 20)) + f)
        _mix(state, 24, uint(_word(state, 24)) + g)
        _mix(state, 28, uint(_word(state, 28)) + h)
        count -= 1
    j = _W
    while j < _W + 64:
        scratch[j] = 0
        j += 1


@micropython.viper
def sm3(state: ptr8, data: ptr8, count: int, scratch: ptr32):
    """Take ``count`` blocks into ``state``."""
    m = uint(0xFFFFFFFF)
    at = 0
    while count > 0:
        j = 0
        while j < 16:
            scratch[_W + j] = data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]
            at += 4
            j += 1
        while j < 68:
            x = uint(scratch[_W + j - 3]) & m
            x = (x << 15 | x >> 17) ^ uint(scratch[_W + j - 16]) ^ uint(scratch[_W + j - 9])
            x &= m
            y = uint(scratch[_W + j - 13]) & m
            x = x ^ (x << 15 | x >> 17) ^ (x << 23 | x >> 9) ^ (y << 7 | y >> 25) ^ uint(scratch[_W + j - 6])
            scratch[_W + j] = int(x)
            j += 1
        a = uint(_word(state, 0))
        b = uint(_word(state, 4))
        c = uint(_word(state, 8))
        d = uint(_word(state, 12))
        e = uint(_word(state, 16))
        f = uint(_word(state, 20))
        g = uint(_word(state, 24))
        h = uint(_word(state, 28))
        constant = uint(0x79CC4519)
        j = 0
        while j < 64:
            if j == 16:
                constant = uint(0x9D8A7A87)  # 7A879D8A turned by 16
            x = (a << 12 | a >> 20) & m
            s = (x + e + constant) & m
            s = (s << 7 | s >> 25) & m
            if j < 16:
                y = a ^ b ^ c
                t = e ^ f ^ g
            else:
                y = (a ^ b) & (a ^ c) ^ a
                t = (f ^ g) & e ^ g
            y += d + (s ^ x) + (uint(scratch[_W + j]) ^ uint(scratch[_W + j + 4]))
            t += h + s + uint(scratch[_W + j])
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
        _mix(state, 0, uint(_word(state, 0)) ^ a)
        _mix(state, 4, uint(_word(state, 4)) ^ b)
        _mix(state, 8, uint(_word(state, 8)) ^ c)
        _mix(state, 12, uint(_word(state, 12)) ^ d)
        _mix(state, 16, uint(_word(state, 16)) ^ e)
        _mix(state, 20, uint(_word(state, 20)) ^ f)
        _mix(state, 24, uint(_word(state, 24)) ^ g)
        _mix(state, 28, uint(_word(state, 28)) ^ h)
        count -= 1
    j = _W
    while j < _W + 68:
        scratch[j] = 0
        j += 1
