"""The field machine for the Cortex-M33 of the RP2350 (ARMv8-M mainline with the DSP extension).

It uses UMAAL and SMLAD, and no tables.  A value is eight 32-bit words, R = 2^256.  A product is 16
rows of four UMAAL with the other half in memory; the reduction uses that p + 1 is a multiple of
2^96 (P-256) or 2^64 (SM2), so that Montgomery's multiplier is the low words themselves.  Register
use of a handler is noted where it is not obvious; r0 to r12 and lr are free, sp is the frame of
``layout``.
"""

from etoken.crypto import machine as m
from etoken.crypto.curves import Curve
from kernels import common
from kernels import layout as at
from kernels.thumb import LR, SP, Thumb

MINUS_ONE = 0xFFFFFFFF
VALUE = range(4, 12)  # registers of a loaded value
PL, NE = 5, 1


class Field:
    """What depends on the curve: the words of p, and how they are made from a mask."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.words = [curve.p >> 32 * index & MINUS_ONE for index in range(8)]
        self.plus_one = [curve.p + 1 >> 32 * index & MINUS_ONE for index in range(8)]

    def subtract(self, t: Thumb) -> None:
        """VALUE -= p, borrow in C."""
        for index, (register, word) in enumerate(zip(VALUE, self.words, strict=True)):
            if word == MINUS_ONE - 1:
                t.adcs_imm(register, register, 1)  # the same, flags too, in a constant that exists
            else:
                (t.sbcs_imm if index else t.subs_imm)(register, register, word)

    def add_masked(self, t: Thumb, mask: int, spare: int, words: "list[int] | None" = None) -> None:
        """VALUE += p & mask, or other words out of 0, 1, -1 and -2; carry in C."""
        begun = False
        for word, register in zip(words or self.words, VALUE, strict=True):
            if word == 0:
                if begun:
                    t.adcs_imm(register, register, 0)
                continue
            if word == 1:
                t.logic_imm("and", spare, mask, 1)
            elif word == MINUS_ONE - 1:
                t.shift("lsl", spare, mask, 1)
            elif word != MINUS_ONE:
                raise ValueError(hex(word))
            (t.adcs if begun else t.adds)(register, register, mask if word == MINUS_ONE else spare)
            begun = True


def product(t: Thumb) -> None:
    """F_PRODUCT (16 words) = product of the values at r2 and r3; overwrites all but r1."""
    window = [8, 9, 10, 11, 12]
    for half in (0, 4):
        t.ldm(2, (4, 5, 6, 7), writeback=True)
        for register in window[:4] if half else window[1:4]:
            t.mov_imm(register, 0)
        for row in range(8):
            t0, t1, t2, t3, carry = window
            t.ldr(0, 3, 4 * row)
            if half:
                t.ldr(carry, SP, at.F_PRODUCT + 4 * (row + 4))
            elif row:
                t.mov_imm(carry, 0)
            if half or row:
                t.umaal(t0, carry, 4, 0)
            else:
                t.umull(t0, carry, 4, 0)
            t.umaal(t1, carry, 5, 0)
            t.umaal(t2, carry, 6, 0)
            t.umaal(t3, carry, 7, 0)
            t.str_(t0, SP, at.F_PRODUCT + 4 * (row + half))
            window = [t1, t2, t3, carry, t0]
        for index in range(4):
            t.str_(window[index], SP, at.F_PRODUCT + 4 * (8 + half + index))


def ripple(t: Thumb, registers: "tuple[int, ...]") -> None:
    """Propagate the carry into these."""
    for register in registers:
        t.adcs_imm(register, register, 0)


def unripple(t: Thumb, registers: "tuple[int, ...]") -> None:
    """Propagate the borrow into these."""
    for register in registers:
        t.sbcs_imm(register, register, 0)


def plus(t: Thumb, pairs: "list[tuple[int, int]]") -> None:
    """A chain of additions (target, addend)."""
    for index, (target, addend) in enumerate(pairs):
        (t.adcs if index else t.adds)(target, target, addend)


def minus(t: Thumb, pairs: "list[tuple[int, int]]") -> None:
    """A chain of subtractions."""
    for index, (target, addend) in enumerate(pairs):
        (t.sbcs if index else t.subs)(target, target, addend)


def take_carry(t: Thumb, register: int) -> None:
    """register = C."""
    t.mov_imm(register, 0)
    t.adcs_imm(register, register, 0)


def reduce_p256(t: Thumb) -> int:
    """VALUE = F_PRODUCT / 2^256 mod p, or that plus p; returns the register of the word above it.

    p + 1 = 2^96 (1 + 2^96 - 2^128 + 2^160): three words A at a time are added at places 3, 6 and 8
    and subtracted at 7.  Words 3 to 7 are in r0 r2 r3 r12 lr, words 8 to 15 in VALUE.
    """
    pointer, carry = 10, 11
    t.sp_address(pointer, at.F_PRODUCT)
    t.ldm(pointer, (7, 8, 9), writeback=True)
    t.ldm(pointer, (0, 2, 3, 12, LR), writeback=True)
    t.ldm(pointer, (4, 5, 6), writeback=True)
    plus(t, [(0, 7), (2, 8), (3, 9), (12, 7), (LR, 8), (4, 9)])
    ripple(t, (5, 6))
    take_carry(t, carry)
    plus(t, [(4, 7), (5, 8), (6, 9)])
    ripple(t, (carry,))
    minus(t, [(LR, 7), (4, 8), (5, 9)])
    unripple(t, (6, carry))

    t.ldm(pointer, (7, 8, 9), writeback=True)  # A = words 3, 4, 5 = r0 r2 r3
    plus(t, [(7, carry)])
    ripple(t, (8, 9))
    take_carry(t, carry)
    plus(t, [(12, 0), (LR, 2), (4, 3), (5, 0), (6, 2), (7, 3)])
    ripple(t, (8, 9, carry))
    plus(t, [(7, 0), (8, 2), (9, 3)])
    ripple(t, (carry,))
    minus(t, [(6, 0), (7, 2), (8, 3)])
    unripple(t, (9, carry))

    t.mov(0, carry)  # A = words 6 and 7 = r12 lr
    t.ldm(pointer, (10, 11), writeback=False)
    plus(t, [(10, 0)])
    ripple(t, (11,))
    take_carry(t, 0)
    plus(t, [(5, 12), (6, LR)])
    ripple(t, (7,))
    for target, addend in ((8, 12), (9, LR)):
        t.adcs(target, target, addend)
    ripple(t, (10, 11, 0))
    plus(t, [(10, 12), (11, LR)])
    ripple(t, (0,))
    minus(t, [(9, 12), (10, LR)])
    unripple(t, (11, 0))
    return 0


def reduce_sm2(t: Thumb) -> int:
    """The same for SM2: p + 1 = 2^64 (1 - 2^32 - 2^160 + 2^192).

    Two words A at a time; B = A (2^32 - 1), three words, is subtracted at place 2 and added at
    place 7.
    """
    pointer = 10

    def multiplier(b0: int, low: int, high: int) -> "tuple[int, int, int]":
        t.rsbs_zero(b0, low)
        t.sbcs(low, low, high)
        t.sbcs_imm(high, high, 0)
        return b0, low, high

    def turn(b: "tuple[int, int, int]", places: "tuple[int, ...]", carry: int) -> None:
        minus(t, list(zip(places[:3], b, strict=True)))
        unripple(t, places[3:5])
        unripple(t, b)
        plus(t, list(zip(places[5:], b, strict=True)))
        take_carry(t, carry)

    t.sp_address(pointer, at.F_PRODUCT)
    t.ldm(pointer, (7, 8), writeback=True)
    t.ldm(pointer, (0, 2, 3, 12, LR), writeback=True)  # words 2 to 6
    t.ldr_post(9, pointer, 4)  # word 7
    t.ldm(pointer, (4, 5), writeback=True)  # words 8, 9
    turn(multiplier(6, 7, 8), (0, 2, 3, 12, LR, 9, 4, 5), 11)

    t.ldm(pointer, (6, 7), writeback=True)  # words 10, 11; A = words 2, 3 = r0 r2
    plus(t, [(6, 11)])
    ripple(t, (7,))
    take_carry(t, 11)
    turn_b = multiplier(8, 0, 2)
    minus(t, [(3, turn_b[0]), (12, turn_b[1]), (LR, turn_b[2])])
    unripple(t, (9, 4))
    unripple(t, turn_b)
    plus(t, [(5, turn_b[0]), (6, turn_b[1]), (7, turn_b[2])])
    ripple(t, (11,))

    t.mov(0, 9)  # word 7 moves; A = words 4, 5 = r3 r12
    t.ldm(pointer, (8, 9), writeback=True)  # words 12, 13
    plus(t, [(8, 11)])
    ripple(t, (9,))
    take_carry(t, 11)
    turn_b = multiplier(2, 3, 12)
    minus(t, [(LR, turn_b[0]), (0, turn_b[1]), (4, turn_b[2])])
    unripple(t, (5, 6))
    unripple(t, turn_b)
    plus(t, [(7, turn_b[0]), (8, turn_b[1]), (9, turn_b[2])])
    ripple(t, (11,))

    t.mov(12, 11)  # A = words 6, 7 = lr r0
    t.ldm(pointer, (10, 11), writeback=False)  # words 14, 15
    plus(t, [(10, 12)])
    ripple(t, (11,))
    take_carry(t, 12)
    turn_b = multiplier(2, LR, 0)
    minus(t, [(4, turn_b[0]), (5, turn_b[1]), (6, turn_b[2])])
    unripple(t, (7, 8))
    unripple(t, turn_b)
    plus(t, [(9, turn_b[0]), (10, turn_b[1]), (11, turn_b[2])])
    ripple(t, (12,))
    return 12


def multiplication(t: Thumb, field: Field) -> None:
    """MUL and SQR."""
    t.label("sqr")
    t.mov(3, 2)
    t.label("mul")
    product(t)
    top = (reduce_p256 if field.words[3] == 0 else reduce_sm2)(t)
    field.subtract(t)
    t.sbcs_imm(top, top, 0)
    field.add_masked(t, top, 2)
    t.stm(1, VALUE, writeback=False)
    t.b("next")


def load_two(t: Thumb, chained: str) -> None:
    """VALUE = value at r2, plus or minus the one at r3; overwrites r0, r2, r12, lr."""
    t.ldm(2, VALUE, writeback=False)
    for half in (0, 4):
        t.ldm(3, (0, 2, 12, LR), writeback=half == 0)
        for index, register in enumerate((0, 2, 12, LR)):
            target = VALUE[half + index]
            getattr(t, common.first(chained, half + index))(target, target, register)


def additions(t: Thumb, field: Field) -> None:
    """ADD, SUB, HALF."""
    t.label("add")
    load_two(t, "add")
    take_carry(t, 0)
    field.subtract(t)
    t.sbcs_imm(0, 0, 0)
    field.add_masked(t, 0, 2)
    t.stm(1, VALUE, writeback=False)
    t.b("next")

    t.label("sub")
    load_two(t, "sub")
    t.sbcs(0, 0, 0)
    field.add_masked(t, 0, 2)
    t.stm(1, VALUE, writeback=False)
    t.b("next")

    t.label("half")
    t.ldm(2, VALUE, writeback=False)
    t.lsls(0, 4, 31)
    t.asrs(0, 0, 31)
    field.add_masked(t, 0, 2)
    for register in reversed(VALUE):
        t.rrxs(register, register)
    t.stm(1, VALUE, writeback=False)
    t.b("next")


def multiplication_n(t: Thumb, curve: Curve) -> None:
    """MULN: product, then eight rows of Montgomery's reduction with n from memory."""
    t.label("muln")
    product(t)
    t.str_(1, SP, at.F_TARGET)
    window = [4, 5, 6, 7, 8, 9, 10, 11, 12]
    t.sp_address(0, at.F_PRODUCT)
    t.ldm(0, window[:8], writeback=False)
    common.address(t, 3, m.C_N * at.REGISTER, 2)
    t.constant(1, 0)  # carry of the previous row
    inverse = -pow(curve.n, -1, 1 << 32) & MINUS_ONE
    for row in range(8):
        t.constant(0, inverse)
        t.mul(0, 0, window[0])
        t.mov_imm(LR, 0)
        for index in range(8):
            t.ldr(2, 3, 4 * index)
            t.umaal(window[index], LR, 0, 2)
        top = window[8]
        t.ldr(top, SP, at.F_PRODUCT + 4 * (8 + row))
        t.adds(top, top, LR)
        t.mov_imm(LR, 0)
        t.adcs_imm(LR, LR, 0)
        t.adds(top, top, 1)
        t.adcs_imm(1, LR, 0)
        window = [*window[1:], window[0]]
    value, spare = window[:8], window[8]
    for index, register in enumerate(value):
        t.ldr(2, 3, 4 * index)
        getattr(t, common.first("sub", index))(register, register, 2)
    t.sbcs_imm(1, 1, 0)
    for index, register in enumerate(value):
        t.ldr(2, 3, 4 * index)
        t.shifted("and", 2, 2, 1)
        getattr(t, common.first("add", index))(register, register, 2)
    t.ldr(spare, SP, at.F_TARGET)
    for index, register in enumerate(value):
        t.str_(register, spare, 4 * index)
    t.b("next")


def scan(t: Thumb) -> None:
    """Subroutine: VALUE = the entry of the row at r3 that r2 selects by its bit.

    The row has F_COUNT times eight entries of 32 bytes; all are read.
    """
    t.label("scan")
    t.str_(LR, SP, at.F_RETURN)
    for register in VALUE:
        t.mov_imm(register, 0)
    t.label("scan_eight")
    for entry in range(8):
        t.ubfx(0, 2, entry, 1)
        for part, registers in (
            ((0, 1, 2), (1, 12, LR)),
            ((3, 4, 5), (1, 12, LR)),
            ((6, 7), (1, 12)),
        ):
            t.ldm(3, registers, writeback=True)
            for word, register in zip(part, registers, strict=True):
                t.mla(VALUE[word], register, 0, VALUE[word])
    t.lsrs(2, 2, 8)
    t.ldr(0, SP, at.F_COUNT)
    t.subs_imm(0, 0, 1)
    t.str_(0, SP, at.F_COUNT)
    t.bcond(NE, "scan_eight")
    t.ldr(LR, SP, at.F_RETURN)
    t.bx(LR)


def digit(t: Thumb, teeth: int, stride: int) -> None:
    """r2 = the bit of the entry, r5 = -1 for its negative, from the signs at r7, column r6.

    Uses r3, r8 to r10.
    """
    t.mov_imm(8, 0)
    for tooth in range(teeth):
        t.logic_imm("add", 9, 6, stride * tooth)
        t.shift("lsr", 10, 9, 5)
        t.ldr_index(10, 7, 10)
        t.logic_imm("and", 9, 9, 31)
        t.lsr_reg(10, 10, 9)
        t.bfi(8, 10, tooth, 1)
    t.shift("lsr", 5, 8, teeth - 1)
    t.subs_imm(5, 5, 1)
    t.shifted("eor", 8, 8, 5)
    t.logic_imm("and", 8, 8, (1 << teeth - 1) - 1)
    t.mov_imm(2, 1)
    t.lsl_reg(2, 2, 8)


def lookup(t: Thumb, field: Field, entries: int, to_y: int) -> None:
    """The common part of PICK and WINDOW.

    Table at r3, bit in r2, mask in r5, target in F_TARGET.
    """
    t.str_(2, SP, at.F_PRODUCT)
    t.str_(5, SP, at.F_PRODUCT + 4)
    t.str_(3, SP, at.F_PRODUCT + 8)
    for part in range(2):
        t.movs(0, entries // 8)
        t.str_(0, SP, at.F_COUNT)
        t.bl("scan")
        if part == 0:
            t.ldr(1, SP, at.F_TARGET)
            t.stm(1, VALUE, writeback=False)
            t.ldr(2, SP, at.F_PRODUCT)
            t.ldr(3, SP, at.F_PRODUCT + 8)
            t.logic_imm("add", 3, 3, to_y)
    if entries == 8:  # shared by all lookups
        t.label("negate")
        negate(t, field)
    else:
        t.b("negate")


def negate(t: Thumb, field: Field) -> None:
    """Register d + 1 = VALUE or, if the mask is set, p - VALUE: not VALUE, plus p + 1."""
    t.ldr(0, SP, at.F_PRODUCT + 4)
    for register in VALUE:
        t.shifted("eor", register, register, 0)
    field.add_masked(t, 0, 2, field.plus_one)
    t.ldr(1, SP, at.F_TARGET)
    t.logic_imm("add", 1, 1, at.REGISTER)
    t.stm(1, VALUE, writeback=False)
    t.b("next")


def lookups(t: Thumb, field: Field) -> None:
    """PICK and WINDOW."""
    scan(t)
    for name in ("pick", "take"):
        t.label(name)
        t.str_(1, SP, at.F_TARGET)
        common.operand(t, 3, 2)
        t.ldr(6, SP, at.F_COUNTER)
        t.logic_imm("and", 7, 3, 3)
        t.mov_imm(8, m.BLOCK_COLUMNS)
        t.mla(6, 7, 8, 6)
        t.shift("lsr", 7, 3, 2)
        t.add(7, 7, 7, lsl=2)
        t.add(7, 0, 7, lsl=3)
        t.logic_imm("add", 7, 7, at.SIGNS)
        t.ldr(0, SP, at.F_TABLE)
        t.add(3, 0, 3, lsl=11)
        digit(t, m.TEETH, m.SPACING)
        if name == "pick":
            lookup(t, field, m.ENTRIES, 32 * m.ENTRIES)
    t.add(3, 3, 8, lsl=5)  # r8 is the number of the entry
    t.str_(5, SP, at.F_PRODUCT + 4)
    t.ldm(3, VALUE, writeback=False)
    t.ldr(1, SP, at.F_TARGET)
    t.stm(1, VALUE, writeback=False)
    t.logic_imm("add", 3, 3, 32 * m.ENTRIES)
    t.ldm(3, VALUE, writeback=False)
    t.b("negate")

    t.label("window")
    t.str_(1, SP, at.F_TARGET)
    t.ldr(6, SP, at.F_COUNTER)
    t.lsls(6, 6, 2)
    t.constant(7, at.SIGNS + at.SIGNS_SIZE)
    t.add(7, 7, 0)
    t.logic_imm("add", 3, 0, at.REGISTER * m.WINDOW_TABLE)
    digit(t, 4, 1)
    lookup(t, field, 8, 8 * at.REGISTER)


def divsteps(t: Thumb) -> None:
    """BATCH steps: r0 = zeta, r1 = f, r2 = g.

    Then r3 = u + 2^16 v, r4 = q + 2^16 r of the transition matrix.
    """
    t.constant(3, 1)
    t.constant(4, 1 << 16)
    for _ in range(at.BATCH):
        t.asrs(5, 0, 31)
        t.sbfx(6, 2, 0, 1)  # -(g & 1)
        t.shifted("eor", 7, 1, 5)
        t.shifted("eor", 8, 3, 5)
        t.shifted("sub", 7, 7, 5)
        t.shifted("sub", 8, 8, 5)
        t.shifted("and", 7, 7, 6)
        t.shifted("and", 8, 8, 6)
        t.shifted("add", 2, 2, 7)
        t.shifted("add", 4, 4, 8)
        t.shifted("and", 5, 5, 6)
        t.shifted("eor", 0, 0, 5)
        t.subs_imm(0, 0, 1)
        t.shifted("and", 7, 2, 5)
        t.shifted("and", 8, 4, 5)
        t.shifted("add", 1, 1, 7)
        t.shifted("add", 3, 3, 8)
        t.asrs(2, 2, 1)
        t.lsls(3, 3, 1)


def clean_halves(t: Thumb, register: int, spare: int) -> None:
    """Split register = u + 2^16 v into the halves u and v, each with its own sign."""
    t.sxth(spare, register)
    t.shifted("sub", register, register, spare)
    t.bfi(register, spare, 0, 16)


def inversion(t: Thumb) -> None:
    """INVP and INVN: 1 / a by 602 constant-time divsteps, fourteen at a time.

    Bernstein and Yang, eprint 2019/266.  Rows of LIMBS words in SCRATCH hold f (low half) and g
    (high half), and d and e; the modulus is in MODULI.
    """
    t.label("invp")
    t.constant(3, at.MODULI)
    t.constant(5, at.REGISTER * m.C_P)
    t.b("invert")
    t.label("invn")
    t.constant(3, at.MODULI + at.MODULUS_SIZE)
    t.constant(5, at.REGISTER * m.C_N)
    t.label("invert")
    t.add(3, 3, 0)
    t.add(5, 5, 0)
    t.str_(5, SP, at.F_PRODUCT + 12)  # the modulus in words
    t.str_(1, SP, at.F_TARGET)
    t.str_(3, SP, at.F_PRODUCT)  # address of the modulus
    t.constant(1, at.SCRATCH)
    t.add(1, 1, 0)
    t.str_(1, SP, at.F_PRODUCT + 4)
    t.ldm(2, VALUE, writeback=False)
    for limb in range(at.LIMBS):
        word, shift = divmod(at.BATCH * limb, 32)
        if shift + at.BATCH <= 32:
            t.ubfx(0, VALUE[word], shift, at.BATCH)
        else:
            t.shift("lsr", 0, VALUE[word], shift)
            if word < 7:
                t.shifted("orr", 0, 0, VALUE[word + 1], "lsl", 32 - shift)
            t.ubfx(0, 0, 0, at.BATCH)
        t.ldr(2, 3, 4 * limb)
        t.shifted("orr", 0, 2, 0, "lsl", 16)
        t.str_(0, 1, 4 * limb)
    t.movs(0, 0)
    for limb in range(1, at.LIMBS):
        t.str_(0, 1, 4 * (at.LIMBS + limb))
    t.constant(2, 1 << 16)
    t.str_(2, 1, 4 * at.LIMBS)
    t.movs(2, at.BATCHES)
    t.str_(2, SP, at.F_COUNT)
    t.mov_imm(0, MINUS_ONE)

    t.label("batch")
    t.ldr(12, SP, at.F_PRODUCT + 4)
    t.ldr(2, 12, 0)
    t.ubfx(1, 2, 0, 16)
    t.lsrs(2, 2, 16)
    divsteps(t)
    clean_halves(t, 3, 5)
    clean_halves(t, 4, 5)
    # r3 = (u, v), r4 = (q, r), r12 = rows; f and g
    t.str_(0, SP, at.F_PRODUCT + 8)  # zeta
    t.ldr(0, 12, 0)
    t.smlad(5, 0, 3, _zero(t, 6))
    t.smlad(6, 0, 4, 6)
    t.asrs(5, 5, at.BATCH)
    t.asrs(6, 6, at.BATCH)
    for limb in range(1, at.LIMBS):
        t.ldr(0, 12, 4 * limb)
        t.smlad(5, 0, 3, 5)
        t.smlad(6, 0, 4, 6)
        _put(t, 5, 6, limb - 1, 0)
    t.bfi(5, 6, 16, 16)
    t.str_(5, 12, 4 * (at.LIMBS - 1))
    # d and e: adding a multiple of the modulus makes them divisible; r10 = md, r11 = me
    row = at.LIMBS
    t.ldr(9, SP, at.F_PRODUCT)
    t.ldr(0, 12, 4 * (row + at.LIMBS - 1))
    t.sbfx(1, 0, 15, 1)
    t.asrs(2, 0, 31)
    t.bfi(1, 2, 16, 16)  # the signs of d and e as masks
    t.constant(7, 0x00010001)
    t.mov_imm(8, 0)
    t.shifted("and", 2, 3, 1)
    t.smlad(10, 2, 7, 8)
    t.shifted("and", 2, 4, 1)
    t.smlad(11, 2, 7, 8)
    t.ldr(0, 12, 4 * row)
    t.smlad(5, 0, 3, 8)
    t.smlad(6, 0, 4, 8)
    t.ldr(1, 9, 4 * at.LIMBS)  # 1 / modulus
    t.ldr(2, 9, 0)
    for target, low in ((10, 5), (11, 6)):
        t.mla(7, 1, low, target)
        t.ubfx(7, 7, 0, at.BATCH)
        t.shifted("sub", target, target, 7)
        t.mla(low, 2, target, low)
        t.asrs(low, low, at.BATCH)
    for limb in range(1, at.LIMBS):
        t.ldr(0, 12, 4 * (row + limb))
        t.ldr(2, 9, 4 * limb)
        t.smlad(5, 0, 3, 5)
        t.smlad(6, 0, 4, 6)
        t.mla(5, 2, 10, 5)
        t.mla(6, 2, 11, 6)
        _put(t, 5, 6, limb - 1, row)
    t.bfi(5, 6, 16, 16)
    t.str_(5, 12, 4 * (row + at.LIMBS - 1))
    t.ldr(1, SP, at.F_COUNT)
    t.ldr(0, SP, at.F_PRODUCT + 8)
    t.subs_imm(1, 1, 1)
    t.str_(1, SP, at.F_COUNT)
    t.bcond(NE, "batch")
    _finish(t)


def _zero(t: Thumb, register: int) -> int:
    t.mov_imm(register, 0)
    return register


def _put(t: Thumb, low: int, high: int, limb: int, row: int) -> None:
    """Store the low 14 bits of two carries as one limb and shift them."""
    t.ubfx(0, low, 0, at.BATCH)
    t.bfi(0, high, 16, at.BATCH)
    t.asrs(low, low, at.BATCH)
    t.asrs(high, high, at.BATCH)
    t.str_(0, 12, 4 * (row + limb))


def _finish(t: Thumb) -> None:
    """The inverse is d times the sign of f; d is between -2 and 1 times the modulus."""
    t.ldr(0, 12, 4 * (at.LIMBS - 1))
    t.sbfx(0, 0, 15, 1)
    t.str_(0, SP, at.F_PRODUCT + 8)  # sign of f
    # limbs to words: r4 to r11, the word above them in r2
    started = [False] * 9
    registers = [*VALUE, 2]
    for limb in range(at.LIMBS):
        t.ldr(0, 12, 4 * (at.LIMBS + limb))
        if limb < at.LIMBS - 1:
            t.ubfx(0, 0, 0, at.BATCH)
        else:
            t.sxth(0, 0)
        word, shift = divmod(at.BATCH * limb, 32)
        if started[word]:
            t.shifted("orr", registers[word], registers[word], 0, "lsl", shift)
        else:
            t.shift("lsl", registers[word], 0, shift)
            started[word] = True
        if shift + at.BATCH > 32 and word < 8:
            t.shift("asr" if limb == at.LIMBS - 1 else "lsr", registers[word + 1], 0, 32 - shift)
            started[word + 1] = True
    t.ldr(3, SP, at.F_PRODUCT + 12)
    for turn in range(2):
        t.shift("asr", 1, 2, 31)
        for index, register in enumerate(VALUE):
            t.ldr(0, 3, 4 * index)
            t.shifted("and", 0, 0, 1)
            getattr(t, common.first("add", index))(register, register, 0)
        t.adcs_imm(2, 2, 0)
        if turn == 0:  # negate if f ended as -1
            t.ldr(1, SP, at.F_PRODUCT + 8)
            for register in (*VALUE, 2):
                t.shifted("eor", register, register, 1)
            minus(t, [(register, 1) for register in (*VALUE, 2)])
    t.ldr(1, SP, at.F_TARGET)
    t.stm(1, VALUE, writeback=False)
    t.b("next")


def machine(curve: Curve) -> bytes:
    """Return the whole function: run(work, program, io, table) -> flags."""
    t, field = Thumb(wide=True), Field(curve)
    t.push_high()
    t.add_sp(-at.F_SIZE)
    for register, offset in ((0, at.F_WORK), (1, at.F_PROGRAM), (2, at.F_IO), (3, at.F_TABLE)):
        t.str_(register, SP, offset)
    t.movs(0, 0)
    t.str_(0, SP, at.F_FLAGS)
    t.label("next")
    t.ldrd(0, 4, SP, at.F_WORK)
    t.ldr_post(5, 4, 4)
    t.str_(4, SP, at.F_PROGRAM)
    t.ubfx(1, 5, 8, 8)
    t.ubfx(2, 5, 16, 8)
    t.lsrs(3, 5, 24)
    t.uxtb(5, 5)
    t.add(1, 0, 1, lsl=5)
    t.add(2, 0, 2, lsl=5)
    t.add(3, 0, 3, lsl=5)
    t.table_branch(5, common.HANDLERS)
    multiplication(t, field)
    additions(t, field)
    multiplication_n(t, curve)
    lookups(t, field)
    inversion(t)
    common.everything(t)
    t.label("end")
    t.ldr(0, SP, at.F_FLAGS)
    t.add_sp(at.F_SIZE)
    t.pop_high()
    for register in (1, 2, 3):
        t.movs(register, 0)
    t.mov(12, 1)
    t.mov(LR, 1)
    return t.code()
