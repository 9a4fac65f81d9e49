"""The field machine in MicroPython's viper: portable machine code, what the unix port and unknown boards run.

A value is a row of limbs in 32-bit words: 10 of 26 bits where machine words have 64 bits, 20 of 13 bits elsewhere, so that sums of
products fit a machine word either way; R = 2^260.  Entries of the table are packed into 32 bytes as in the other machines.
Importing this fails where no compiler makes machine code of it, as in CPython.

Every function takes word offsets into one work area ``w`` and loops a public number of times; secrets are chosen between by masks.
"""

# ruff: noqa: F821  micropython.viper and the pointer types are words of MicroPython's compiler
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false

import sys

from micropython import const

from etoken.crypto import machine as m
from etoken.crypto.machine_integers import constants

TYPE_CHECKING = False
if TYPE_CHECKING:
    import micropython

    from etoken.crypto.curves import Curve

BITS = 26 if sys.maxsize >> 32 else 13
LIMBS = 260 // BITS
R_BITS = 260

# the work area, in words: a head, scratch, then the registers
_LIMBS = const(0)
_BITS = const(1)
_MASK = const(2)
_INVERSE_N = const(3)  # -1 / n mod 2^BITS
_P = const(4)  # word offset of the register that holds p
_N = const(5)
_P14 = const(6)  # 1 / p mod 2^14, and 1 / n
_N14 = const(7)
_COUNTER = const(8)
_FLAGS = const(9)
_HALVES = const(16)  # 18 words: a value in pieces of 16 bits
_SIGNS = const(36)  # two rows of 18 words of 16 bits
_M = const(72)  # multipliers of a reduction
_T = const(92)  # a value on its way
_F = const(112)  # inversion: rows of 19 words of 14 bits
_G = const(131)
_D = const(150)
_E = const(169)
_MODULUS = const(188)
_MATRIX = const(207)  # u, v, q, r, zeta
_REGISTERS = const(212)
_BIAS = const(0x10000)  # added to what may be negative while it is kept: words are read without sign on wide machines


@micropython.viper
def _select(w: ptr32, d: int, mod: int, top: int):
    """d = T - mod if that is not negative (top is the word above T), else T."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    borrow = 0
    i = 0
    while i < n:
        borrow = w[_T + i] - w[mod + i] + borrow
        w[d + i] = borrow & mask
        borrow >>= bits
        i += 1
    keep = (top + borrow) >> 31  # -1: it was smaller
    i = 0
    while i < n:
        w[d + i] = w[d + i] ^ ((w[d + i] ^ w[_T + i]) & keep)
        i += 1


@micropython.viper
def _multiply(w: ptr32, d: int, ab: int, mod: int):
    """d = a b / R mod the modulus at mod, by Montgomery's reduction column by column; ab = a << 16 | b."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    inverse = 1 if mod == w[_P] else w[_INVERSE_N]  # p = -1 mod 2^64
    a = ptr32(uint(w) + uint(4) * uint(ab >> 16))
    b = ptr32(uint(w) + uint(4) * uint(ab & 0xFFFF))
    p = ptr32(uint(w) + uint(4) * uint(mod))
    q = ptr32(uint(w) + uint(4 * _M))
    t = ptr32(uint(w) + uint(4 * _T))
    acc = uint(0)
    k = 0
    while k < n:
        i = 0
        j = k
        while i < k:
            acc += uint(a[i] * b[j])
            acc += uint(q[i] * p[j])
            i += 1
            j -= 1
        acc += uint(a[k] * b[0])
        factor = (int(acc) & mask) * inverse & mask
        q[k] = factor
        acc += uint(factor * p[0])
        acc >>= uint(bits)
        k += 1
    while k < n + n - 1:
        i = k - n + 1
        j = n - 1
        while i < n:
            acc += uint(a[i] * b[j])
            acc += uint(q[i] * p[j])
            i += 1
            j -= 1
        t[k - n] = int(acc) & mask
        acc >>= uint(bits)
        k += 1
    t[n - 1] = int(acc) & mask
    _select(w, d, mod, int(acc >> uint(bits)))


@micropython.viper
def _add(w: ptr32, d: int, ab: int, mod: int):
    """d = a + b mod the modulus at mod."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    a = ab >> 16
    b = ab & 0xFFFF
    carry = 0
    i = 0
    while i < n:
        carry += w[a + i] + w[b + i]
        w[_T + i] = carry & mask
        carry >>= bits
        i += 1
    _select(w, d, mod, carry)


@micropython.viper
def _subtract(w: ptr32, d: int, ab: int, mod: int):
    """d = a - b mod the modulus at mod."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    a = ab >> 16
    b = ab & 0xFFFF
    carry = 0
    i = 0
    while i < n:
        carry += w[a + i] - w[b + i]
        w[_T + i] = carry & mask
        carry >>= bits
        i += 1
    borrow = carry
    carry = 0
    i = 0
    while i < n:
        carry += w[_T + i] + (w[mod + i] & borrow)
        w[d + i] = carry & mask
        carry >>= bits
        i += 1


@micropython.viper
def _half(w: ptr32, d: int, a: int):
    """d = a / 2 mod p."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    p = w[_P]
    odd = 0 - (w[a] & 1)
    carry = 0
    i = 0
    while i < n:
        carry += w[a + i] + (w[p + i] & odd)
        w[_T + i] = carry & mask
        carry >>= bits
        i += 1
    i = 0
    while i < n:
        above = w[_T + i + 1] if i < n - 1 else carry
        w[d + i] = (w[_T + i] >> 1 | above << (bits - 1)) & mask
        i += 1


@micropython.viper
def _copy(w: ptr32, d: int, a: int):
    n = w[_LIMBS]
    i = 0
    while i < n:
        w[d + i] = w[a + i]
        i += 1


@micropython.viper
def _lows(w: ptr32, d: int, a: int, zero: int):
    """d = the smaller of a and n - a."""
    n = w[_LIMBS]
    _subtract(w, _F, zero << 16 | a, w[_N])  # F is free between inversions
    bits = w[_BITS]
    borrow = 0
    i = 0
    while i < n:
        borrow = (w[_F + i] - w[a + i] + borrow) >> bits
        i += 1
    i = 0
    while i < n:
        w[d + i] = w[a + i] ^ ((w[a + i] ^ w[_F + i]) & borrow)
        i += 1


@micropython.viper
def _gather(w: ptr32, d: int):
    """d = the 16 pieces in HALVES."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    acc = 0
    have = 0
    at = 0
    i = 0
    while i < n:
        while have < bits:
            acc |= (w[_HALVES + at] if at < 16 else 0) << have
            at += 1
            have += 16
        w[d + i] = acc & mask
        acc = int(uint(acc) >> uint(bits))
        have -= bits
        i += 1


@micropython.viper
def _scatter(w: ptr32, a: int, size: int):
    """The pieces of 16 bits of a into HALVES (size 16), or of 14 bits into F (size 14)."""
    n = w[_LIMBS]
    bits = w[_BITS]
    target = _HALVES if size == 16 else _G
    count = 17 if size == 16 else 19
    mask = (1 << size) - 1
    acc = 0
    have = 0
    at = 0
    i = 0
    while i < count:
        while have < size:
            acc |= (w[a + at] if at < n else 0) << have
            at += 1
            have += bits
        w[target + i] = acc & mask
        acc = int(uint(acc) >> uint(size))
        have -= size
        i += 1


@micropython.viper
def _load(w: ptr32, d: int, io: ptr8, slot: int):
    """d = 32 bytes, big-endian."""
    at = 32 * slot
    i = 0
    while i < 16:
        w[_HALVES + i] = io[at + 30 - 2 * i] << 8 | io[at + 31 - 2 * i]
        i += 1
    _gather(w, d)


@micropython.viper
def _store(w: ptr32, a: int, io: ptr8, slot: int):
    """32 bytes, big-endian, of a."""
    _scatter(w, a, 16)
    at = 32 * slot
    i = 0
    while i < 16:
        io[at + 30 - 2 * i] = w[_HALVES + i] >> 8
        io[at + 31 - 2 * i] = w[_HALVES + i]
        i += 1


@micropython.viper
def _bits(w: ptr32, which: int, a: int, window: int):
    """Signs of the scalar a; see ``machine``."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    order = w[_N]
    even = (w[a] & 1) - 1
    carry = 0
    i = 0
    while i < n:
        carry += w[a + i] + (w[order + i] & even)
        w[_T + i] = carry & mask
        carry >>= bits
        i += 1
    _scatter(w, _T, 16)
    row = _SIGNS + 18 * which
    i = 0
    while i < 17:
        above = w[_HALVES + i + 1] if i < 16 else 0
        w[row + i] = (w[_HALVES + i] >> 1 | above << 15) & 0xFFFF
        i += 1
    w[row + 16] = w[row + 16] | (8 if window else 2)
    w[row + 17] = 0


@micropython.viper
def _digit(w: ptr32, row: int, column: int, shape: int) -> int:
    """Number of the entry << 1 | 1 for its negative; shape = count << 8 | stride."""
    count = shape >> 8
    stride = shape & 0xFF
    digit = 0
    i = 0
    while i < count:
        digit |= (w[row + (column >> 4)] >> (column & 15) & 1) << i
        column += stride
        i += 1
    negative = (digit >> (count - 1)) - 1
    return ((digit ^ negative) & ((1 << (count - 1)) - 1)) << 1 | (negative & 1)


@micropython.viper
def _negate(w: ptr32, d: int, negative: int):
    """d = p - d if negative is 1."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    p = w[_P]
    flip = 0 - negative
    carry = 0
    i = 0
    while i < n:
        carry += (w[p + i] & flip) + ((w[d + i] ^ flip) - flip)
        w[d + i] = carry & mask
        carry >>= bits
        i += 1


@micropython.viper
def _pick(w: ptr32, d: int, table: ptr32, block: int):
    """d and the register after it = the signed entry of a block, all entries being read."""
    n = w[_LIMBS]
    digit = int(_digit(w, _SIGNS + 18 * (block >> 2), w[_COUNTER] + 11 * (block & 3), 6 << 8 | 43))
    wanted = digit >> 1
    part = 0
    halves = ptr16(uint(w) + uint(4 * _T))
    words = ptr32(uint(w) + uint(4 * _T))
    while part < 2:
        entry = ptr32(uint(table) + uint(2048 * block + 1024 * part))
        j = 0
        while j < 8:
            words[j] = 0
            j += 1
        i = 0
        while i < 32:
            keep = ((i ^ wanted) - 1) >> 31
            words[0] = words[0] | entry[0] & keep
            words[1] = words[1] | entry[1] & keep
            words[2] = words[2] | entry[2] & keep
            words[3] = words[3] | entry[3] & keep
            words[4] = words[4] | entry[4] & keep
            words[5] = words[5] | entry[5] & keep
            words[6] = words[6] | entry[6] & keep
            words[7] = words[7] | entry[7] & keep
            entry = ptr32(uint(entry) + uint(32))
            i += 1
        j = 0
        while j < 16:
            w[_HALVES + j] = halves[j]
            j += 1
        _gather(w, d + part * n)
        part += 1
    _negate(w, d + n, digit & 1)


@micropython.viper
def _take(w: ptr32, d: int, table: ptr16, block: int):
    """The same for a public scalar, reading one entry."""
    n = w[_LIMBS]
    digit = int(_digit(w, _SIGNS + 18 * (block >> 2), w[_COUNTER] + 11 * (block & 3), 6 << 8 | 43))
    part = 0
    while part < 2:
        at = 1024 * block + 512 * part + 16 * (digit >> 1)
        j = 0
        while j < 16:
            w[_HALVES + j] = table[at + j]
            j += 1
        _gather(w, d + part * n)
        part += 1
    _negate(w, d + n, digit & 1)


@micropython.viper
def _window(w: ptr32, d: int, first: int):
    """The same from the window table in the registers from ``first`` on."""
    n = w[_LIMBS]
    digit = int(_digit(w, _SIGNS + 18, 4 * w[_COUNTER], 4 << 8 | 1))
    wanted = digit >> 1
    part = 0
    while part < 2:
        j = 0
        while j < n:
            value = 0
            i = 0
            while i < 8:
                value |= w[first + (8 * part + i) * n + j] & ((i ^ wanted) - 1) >> 31
                i += 1
            w[_T + j] = value
            j += 1
        _copy(w, d + part * n, _T)
        part += 1
    _negate(w, d + n, digit & 1)


@micropython.viper
def _save(w: ptr32, entry: int, a: int, table: ptr8):
    """Entry of the table = register a and the one after it."""
    n = w[_LIMBS]
    part = 0
    while part < 2:
        _scatter(w, a + part * n, 16)
        at = 32 * ((entry & 0xE0) + entry) + 1024 * part
        j = 0
        while j < 16:
            table[at + 2 * j] = w[_HALVES + j]
            table[at + 2 * j + 1] = w[_HALVES + j] >> 8
            j += 1
        part += 1


@micropython.viper
def _divsteps(w: ptr32):
    """Fourteen divsteps on the lowest limbs of f and g; the transition matrix to MATRIX (Bernstein and Yang, eprint 2019/266)."""
    zeta = w[_MATRIX + 4] - _BIAS
    f = w[_F]
    g = w[_G]
    uv = 1
    qr = 0x10000
    i = 0
    while i < 14:
        less = zeta >> 31
        odd = 0 - (g & 1)
        g += ((f ^ less) - less) & odd
        qr += ((uv ^ less) - less) & odd
        less &= odd
        zeta = (zeta ^ less) - 1
        f += g & less
        uv += qr & less
        g >>= 1
        uv <<= 1
        i += 1
    w[_MATRIX + 4] = zeta + _BIAS
    u = ((uv & 0xFFFF) ^ 0x8000) - 0x8000
    w[_MATRIX] = u + _BIAS
    w[_MATRIX + 1] = ((uv - u) >> 16) + _BIAS
    q = ((qr & 0xFFFF) ^ 0x8000) - 0x8000
    w[_MATRIX + 2] = q + _BIAS
    w[_MATRIX + 3] = ((qr - q) >> 16) + _BIAS


@micropython.viper
def _rows(w: ptr32, x: int, y: int, inverse: int):
    """(x, y) = matrix (x, y) / 2^14; inverse = 1 / modulus mod 2^14 where multiples of it make that come out even, else 0."""
    u = w[_MATRIX] - _BIAS
    v = w[_MATRIX + 1] - _BIAS
    q = w[_MATRIX + 2] - _BIAS
    r = w[_MATRIX + 3] - _BIAS
    xs = ptr32(uint(w) + uint(4) * uint(x))
    ys = ptr32(uint(w) + uint(4) * uint(y))
    ms = ptr32(uint(w) + uint(4 * _MODULUS))
    md = 0
    me = 0
    cx = u * xs[0] + v * ys[0]
    cy = q * xs[0] + r * ys[0]
    if inverse:
        sx = (xs[18] - _BIAS) >> 31
        sy = (ys[18] - _BIAS) >> 31
        md = (u & sx) + (v & sy)
        me = (q & sx) + (r & sy)
        md -= (inverse * (cx & 0x3FFF) + md) & 0x3FFF
        me -= (inverse * (cy & 0x3FFF) + me) & 0x3FFF
        cx += ms[0] * md
        cy += ms[0] * me
    cx >>= 14
    cy >>= 14
    i = 1
    while i < 19:
        a = xs[i]
        b = ys[i]
        if i == 18:
            a -= _BIAS
            b -= _BIAS
        cx += u * a + v * b
        cy += q * a + r * b
        if inverse:
            a = ms[i]
            cx += a * md
            cy += a * me
        xs[i - 1] = cx & 0x3FFF
        ys[i - 1] = cy & 0x3FFF
        cx >>= 14
        cy >>= 14
        i += 1
    xs[18] = cx + _BIAS
    ys[18] = cy + _BIAS


@micropython.viper
def _invert(w: ptr32, d: int, a: int, mod: int):
    """d = 1 / a mod the modulus at mod, 43 times 14 divsteps whatever a is."""
    n = w[_LIMBS]
    _scatter(w, mod, 14)
    i = 0
    while i < 19:
        w[_MODULUS + i] = w[_G + i]
        w[_F + i] = w[_G + i]
        w[_D + i] = 0
        w[_E + i] = 0
        i += 1
    w[_E] = 1
    _scatter(w, a, 14)
    for_top = _F + 18
    while for_top < _MODULUS:
        w[for_top] = w[for_top] + _BIAS
        for_top += 19
    w[_MATRIX + 4] = _BIAS - 1
    inverse = w[_P14] if mod == w[_P] else w[_N14]
    i = 0
    while i < 43:
        _divsteps(w)
        _rows(w, _F, _G, 0)
        _rows(w, _D, _E, inverse)
        i += 1
    # d is between -2 and 1 times the modulus, and has the sign of f
    sign = (w[_F + 18] - _BIAS) >> 31
    turn = 0
    while turn < 2:
        top = w[_D + 18] - _BIAS
        add = top >> 31
        carry = 0
        i = 0
        while i < 18:
            carry += w[_D + i] + (w[_MODULUS + i] & add)
            w[_D + i] = carry & 0x3FFF
            carry >>= 14
            i += 1
        top += (w[_MODULUS + 18] & add) + carry
        if turn == 0:
            carry = 0
            i = 0
            while i < 18:
                carry += (w[_D + i] ^ sign) - sign
                w[_D + i] = carry & 0x3FFF
                carry >>= 14
                i += 1
            top = (top ^ sign) - sign + carry
        w[_D + 18] = top + _BIAS
        turn += 1
    w[_D + 18] = top
    # from pieces of 14 bits to limbs
    bits = w[_BITS]
    mask = w[_MASK]
    acc = 0
    have = 0
    at = 0
    i = 0
    while i < n:
        while have < bits:
            acc |= (w[_D + at] if at < 19 else 0) << have
            at += 1
            have += 14
        w[d + i] = acc & mask
        acc = int(uint(acc) >> uint(bits))
        have -= bits
        i += 1


@micropython.viper
def _test(w: ptr32, op: int, flag: int, ab: int):
    """FLAGS |= flag: 0 if a = 0, 1 if a >= b, 2 if a differs from b."""
    n = w[_LIMBS]
    bits = w[_BITS]
    a = ab >> 16
    b = ab & 0xFFFF
    any = 0
    borrow = 0
    i = 0
    while i < n:
        any |= w[a + i] if op == 0 else w[a + i] ^ w[b + i]
        borrow = (w[a + i] - w[b + i] + borrow) >> bits
        i += 1
    zero = (any - 1) >> 31  # -1 when all was zero
    hit = zero if op == 0 else (-1 ^ borrow) if op == 1 else (-1 ^ zero)
    w[_FLAGS] = w[_FLAGS] | (flag & hit)


@micropython.viper
def _wipe(w: ptr32, end: int):
    i = _HALVES
    while i < end:
        w[i] = 0
        i += 1


@micropython.viper
def _run(w: ptr32, program: ptr8, io: object, table: object) -> int:
    n = w[_LIMBS]
    p = w[_P]
    order = w[_N]
    zero = _REGISTERS + n * 48
    w[_FLAGS] = 0
    back = 0
    at = 0
    while True:
        op = program[at]
        d = program[at + 1]
        a = program[at + 2]
        b = program[at + 3]
        to = _REGISTERS + n * d
        source = _REGISTERS + n * a
        both = source << 16 | (_REGISTERS + n * b)
        at += 4
        if op == 1:
            _multiply(w, to, both, p)
        elif op == 2:
            _multiply(w, to, source << 16 | source, p)
        elif op == 3:
            _add(w, to, both, p)
        elif op == 4:
            _subtract(w, to, both, p)
        elif op == 5:
            _half(w, to, source)
        elif op == 19:
            _pick(w, to, table, a)
        elif op == 20:
            _take(w, to, table, a)
        elif op == 21:
            _window(w, to, _REGISTERS + n * 32)
        elif op == 13:
            _copy(w, to, source)
        elif op == 17:
            counter = w[_COUNTER] - 1
            w[_COUNTER] = counter
            if counter >= 0:
                at = back
        elif op == 16:
            w[_COUNTER] = d
            back = at
        elif op == 0:
            return w[_FLAGS]
        elif op == 6:
            _invert(w, to, source, p)
        elif op == 7:
            _multiply(w, to, both, order)
        elif op == 8:
            _add(w, to, both, order)
        elif op == 9:
            _subtract(w, to, both, order)
        elif op == 10:
            _invert(w, to, source, order)
        elif op == 11:
            _copy(w, _T, source)
            _select(w, to, order, 0)
        elif op == 12:
            _lows(w, to, source, zero)
        elif op == 14:
            _load(w, to, io, a)
        elif op == 15:
            _store(w, source, io, d)
        elif op == 18:
            _bits(w, d, source, b)
        elif op == 22:
            _save(w, d, source, table)
        elif op == 26:
            _wipe(w, zero)
        else:
            _test(w, op - 23, d, both)
    return 0


class ViperMachine:
    """One curve; see ``machine``."""

    def __init__(self, curve: "Curve") -> None:
        self._work = bytearray(4 * (_REGISTERS + LIMBS * m.REGISTERS))
        mask = (1 << BITS) - 1
        head = [LIMBS, BITS, mask, -_inverse(curve.n, BITS) & mask]
        head += [_REGISTERS + LIMBS * m.C_P, _REGISTERS + LIMBS * m.C_N, _inverse(curve.p, 14), _inverse(curve.n, 14)]
        for index, value in enumerate(head):
            self._word(index, value)
        for index, value in enumerate(constants(curve, R_BITS)):
            for limb in range(LIMBS):
                self._word(_REGISTERS + LIMBS * (m.CONSTANTS + index) + limb, value >> BITS * limb & mask)
        self.table = bytearray(m.BLOCKS * m.ENTRIES * 64)

    def _word(self, at: int, value: int) -> None:
        self._work[4 * at : 4 * at + 4] = value.to_bytes(4, "little")

    def run(self, program: bytes, io: bytearray) -> int:
        """Run ``program``; see ``machine``."""
        return _run(self._work, program, io, self.table)


def _inverse(value: int, bits: int) -> int:
    """1 / value mod 2^bits, for an odd value, by Newton's iteration."""
    result = 1
    for _ in range(5):
        result = result * (2 - value * result) & ((1 << bits) - 1)
    return result
