"""The field machine in MicroPython's viper, portable machine code for unix and unknown boards.

A value is a row of limbs in 32-bit words: 10 of 26 bits where machine words have 64 bits, 20 of 13
bits elsewhere, so that sums of products fit a machine word either way; R = 2^260.  Entries of the
table are packed into 32 bytes as in the other machines.  Importing this module fails on an
interpreter without the viper emitter, such as CPython.

Every function takes word offsets into one work area ``w`` and loops a public number of times;
secrets are selected with masks.
"""


# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportArgumentType=false

import sys

from micropython import const

from etoken.crypto import machine as m
from etoken.crypto.curves import constants, inverse
from etoken.crypto.viper_field import add, copy, half, lows, multiply, select, subtract
from etoken.crypto.viper_lookup import bits, fetch, pick, save, take, window
from etoken.crypto.viper_numbers import invert, load, store

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
_DIGIT = const(10)  # the last digit of a scalar
_HALVES = const(16)  # 18 words: a value in pieces of 16 bits
_SIGNS = const(36)  # two rows of 18 words of 16 bits
_M = const(72)  # multipliers of a reduction
_T = const(92)  # a temporary value
_F = const(112)  # inversion: rows of 19 words of 14 bits
_G = const(131)
_D = const(150)
_E = const(169)
_MODULUS = const(188)
_MATRIX = const(207)  # u, v, q, r, zeta
_REGISTERS = const(212)
# added to stored values that may be negative: words are read unsigned on 64-bit machines
_BIAS = const(0x10000)


@micropython.viper
def _raise(w: ptr32, op: int, flag: int, ab: int):  # noqa: F821
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
def _wipe(w: ptr32, end: int):  # noqa: F821
    i = _DIGIT
    while i < end:
        w[i] = 0
        i += 1


@micropython.viper
def _run(w: ptr32, program: ptr8, io: object, table: object) -> int:  # noqa: F821
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
            multiply(w, to, both, p)
        elif op == 2:
            multiply(w, to, source << 16 | source, p)
        elif op == 3:
            add(w, to, both, p)
        elif op == 4:
            subtract(w, to, both, p)
        elif op == 5:
            half(w, to, source)
        elif op == 19:
            pick(w, to, table, a)
        elif op == 20:
            take(w, to, table, a)
        elif op == 21:
            window(w, to, _REGISTERS + n * 32)
        elif op == 13:
            copy(w, to, source)
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
            invert(w, to, source, p)
        elif op == 7:
            multiply(w, to, both, order)
        elif op == 8:
            add(w, to, both, order)
        elif op == 9:
            subtract(w, to, both, order)
        elif op == 10:
            invert(w, to, source, order)
        elif op == 11:
            copy(w, _T, source)
            select(w, to, order, 0)
        elif op == 12:
            lows(w, to, source, zero)
        elif op == 14:
            load(w, to, io, a)
        elif op == 15:
            store(w, source, io, d)
        elif op == 18:
            bits(w, d, source, b)
        elif op == 22:
            save(w, d, source, table)
        elif op == 26:
            _wipe(w, zero)
        elif op == 27:
            fetch(w, to, a, table)
        else:
            _raise(w, op - 23, d, both)
    return 0


class ViperMachine:
    """One curve; see ``machine``."""

    def __init__(self, curve: "Curve") -> None:
        self._work = bytearray(4 * (_REGISTERS + LIMBS * m.REGISTERS))
        mask = (1 << BITS) - 1
        head = [LIMBS, BITS, mask, -inverse(curve.n, BITS) & mask]
        head += [
            _REGISTERS + LIMBS * m.C_P,
            _REGISTERS + LIMBS * m.C_N,
            inverse(curve.p, 14),
            inverse(curve.n, 14),
        ]
        for index, value in enumerate(head):
            self._word(index, value)
        for index, value in enumerate(constants(curve, R_BITS)):
            for limb in range(LIMBS):
                self.put_word(m.CONSTANTS + index, limb, value >> BITS * limb & mask)
        self.table = m.new_table()

    def _word(self, at: int, value: int) -> None:
        self._work[4 * at : 4 * at + 4] = value.to_bytes(4, "little")

    def put_word(self, register: int, limb: int, value: int) -> None:
        """Set one limb of a register; for setting up and for tests."""
        self._word(_REGISTERS + LIMBS * register + limb, value)

    def get_word(self, register: int, limb: int) -> int:
        """Return one limb of a register; for tests."""
        at = 4 * (_REGISTERS + LIMBS * register + limb)
        return int.from_bytes(self._work[at : at + 4], "little")

    def run(self, program: bytes, io: bytearray) -> int:
        """Run ``program``; see ``machine``."""
        return _run(self._work, program, io, self.table)
