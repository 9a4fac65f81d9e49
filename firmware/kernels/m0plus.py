"""The field machine for the Cortex-M0+ of the RP2040 (ARMv6-M).

Its only multiplication is 32 by 32 bits, low half.  A value is eight 32-bit words, R = 2^256.  A
product is Karatsuba's over 128 and over 64 bits; 64 by 64 bits are four of 32 by 32, each of four
MULS of 16 bits.  Values that the eight low registers cannot hold are in the stack frame, since only
SP can address memory without using a register.
"""

from etoken.crypto import machine as m
from etoken.crypto.curves import Curve
from kernels import common
from kernels import layout as at
from kernels.thumb import LR, SP, Thumb

NE = 1
WORDS = range(8)

# frame after the common part, offsets in bytes
A, B, P = at.F_PRODUCT + 64, at.F_PRODUCT + 96, at.F_PRODUCT  # operands, product
DA, DB, Q = B + 32, B + 48, B + 64  # differences of halves and their product
DA64, DB64, SIGN64, LOW64, SIGN128 = Q + 32, Q + 40, Q + 48, Q + 52, Q + 56
S128 = Q + 60  # four words
T = S128 + 16  # 16 words
F, G, D, E, MODULUS = (T + 64 + 4 * at.LIMBS * row for row in range(5))
ZETA, MD, ME, MODULUS_WORDS, SIGN_F = (
    MODULUS + 4 * (at.LIMBS + 1) + 4 * index for index in range(5)
)
SIZE = SIGN_F + 8


def word(base: int, index: int) -> int:
    """Offset of a word."""
    return base + 4 * index


def mul32(t: Thumb, a: int, b: int, t0: int, t1: int, low: int) -> None:
    """a : low = a * b; overwrites b, t0, t1.  18 instructions."""
    t.uxth(t0, a)
    t.lsrs(a, a, 16)
    t.lsrs(t1, b, 16)
    t.uxth(b, b)
    t.mov(low, t0)
    t.muls(low, b)
    t.muls(b, a)
    t.muls(t0, t1)
    t.muls(a, t1)
    t.adds(b, b, t0)
    t.movs(t0, 0)
    t.adcs(t0, t0, t0)
    t.lsls(t0, t0, 16)
    t.adds(a, a, t0)
    t.lsls(t0, b, 16)
    t.lsrs(b, b, 16)
    t.adds(low, low, t0)
    t.adcs(a, a, b)


def sqr32(t: Thumb, a: int, t0: int, t1: int, low: int) -> None:
    """a : low = a * a; overwrites t0, t1."""
    t.uxth(t0, a)
    t.lsrs(a, a, 16)
    t.mov(low, t0)
    t.muls(low, low)
    t.muls(t0, a)
    t.muls(a, a)
    t.lsls(t1, t0, 17)
    t.lsrs(t0, t0, 15)
    t.adds(low, low, t1)
    t.adcs(a, a, t0)


def mul64(t: Thumb, a: int, b: int, out: "tuple[int, int, int, int] | None") -> None:
    """Words at a times words at b.

    Stored at the offsets ``out``, or the low word at LOW64 and the others left in r5, r6, r7.
    """
    t.ldr(5, SP, a)
    t.ldr(1, SP, b)
    mul32(t, 5, 1, 2, 3, 4)
    t.str_(4, SP, out[0] if out else LOW64)
    t.ldr(6, SP, a)
    t.ldr(1, SP, b + 4)
    mul32(t, 6, 1, 2, 3, 4)
    t.adds(5, 5, 4)
    t.movs(0, 0)
    t.adcs(6, 6, 0)
    t.ldr(7, SP, a + 4)
    t.ldr(1, SP, b)
    mul32(t, 7, 1, 2, 3, 4)
    t.adds(5, 5, 4)
    t.adcs(6, 6, 7)
    t.movs(7, 0)
    t.adcs(7, 7, 7)
    if out:
        t.str_(5, SP, out[1])
    t.ldr(0, SP, a + 4)
    t.ldr(1, SP, b + 4)
    mul32(t, 0, 1, 2, 3, 4)
    t.adds(6, 6, 4)
    t.adcs(7, 7, 0)
    if out:
        t.str_(6, SP, out[2])
        t.str_(7, SP, out[3])


def sqr64(t: Thumb, a: int, out: "tuple[int, int, int, int] | None") -> None:
    """The same for a square."""
    t.ldr(5, SP, a)
    sqr32(t, 5, 2, 3, 4)
    t.str_(4, SP, out[0] if out else LOW64)
    t.ldr(7, SP, a + 4)
    sqr32(t, 7, 2, 3, 6)
    t.ldr(0, SP, a)
    t.ldr(1, SP, a + 4)
    mul32(t, 0, 1, 2, 3, 4)
    t.movs(1, 0)
    t.adds(4, 4, 4)
    t.adcs(0, 0, 0)
    t.adcs(7, 7, 1)
    t.adds(5, 5, 4)
    t.adcs(6, 6, 0)
    t.adcs(7, 7, 1)
    if out:
        for register, place in ((5, out[1]), (6, out[2]), (7, out[3])):
            t.str_(register, SP, place)


def difference(t: Thumb, x: int, y: int, count: int, out: int, mask: int) -> None:
    """Words at out = |x - y|; register mask = -1 where x < y.  Overwrites r0, r1, r4 and up."""
    if count == 2:
        for index in range(2):
            t.ldr(4 + index, SP, word(x, index))
            t.ldr(1, SP, word(y, index))
            getattr(t, common.first("sub", index))(4 + index, 4 + index, 1)
        t.sbcs(mask, mask, mask)
        for index in range(2):
            t.eors(4 + index, mask)
        for index in range(2):
            getattr(t, common.first("sub", index))(4 + index, 4 + index, mask)
            t.str_(4 + index, SP, word(out, index))
        return
    for index in range(4):
        t.ldr(4 + index, SP, word(x, index))
        t.ldr(1, SP, word(y, index))
        getattr(t, common.first("sub", index))(4 + index, 4 + index, 1)
    t.sbcs(mask, mask, mask)
    for index in range(4):
        t.eors(4 + index, mask)
    for index in range(4):
        getattr(t, common.first("sub", index))(4 + index, 4 + index, mask)
        t.str_(4 + index, SP, word(out, index))


def combine64(t: Thumb, out: int) -> None:
    """Add the middle product between the outer ones at out, four words each.

    The middle product is LOW64, r5, r6, r7, its sign in r0.
    """
    t.ldr(4, SP, LOW64)
    for register in (4, 5, 6, 7):
        t.eors(register, 0)
    t.lsrs(1, 0, 1)  # C = 1 to finish the negation
    for index in range(4):
        t.ldr(1, SP, word(out, index))
        t.adcs(4 + index, 4 + index, 1)
    t.movs(2, 0)
    t.adcs(0, 0, 2)
    for index in range(4):
        t.ldr(1, SP, word(out, 4 + index))
        getattr(t, common.first("add", index))(4 + index, 4 + index, 1)
    t.adcs(0, 0, 2)
    for index, register in enumerate((4, 5, 6, 7, 0)):
        t.ldr(1, SP, word(out, 2 + index))
        getattr(t, common.first("add", index))(register, register, 1)
        t.str_(register, SP, word(out, 2 + index))
    t.ldr(1, SP, word(out, 7))
    t.adcs(1, 1, 2)
    t.str_(1, SP, word(out, 7))


def mul128(t: Thumb, a: int, b: int, out: int) -> None:
    """Eight words at out = four at a times four at b."""
    mul64(t, a, b, (out, out + 4, out + 8, out + 12))
    mul64(t, a + 8, b + 8, (out + 16, out + 20, out + 24, out + 28))
    difference(t, a, a + 8, 2, DA64, 2)
    difference(t, b + 8, b, 2, DB64, 3)
    t.eors(2, 3)
    t.str_(2, SP, SIGN64)
    mul64(t, DA64, DB64, None)
    t.ldr(0, SP, SIGN64)
    combine64(t, out)


def sqr128(t: Thumb, a: int, out: int) -> None:
    """Eight words at out = the square of four at a."""
    sqr64(t, a, (out, out + 4, out + 8, out + 12))
    sqr64(t, a + 8, (out + 16, out + 20, out + 24, out + 28))
    difference(t, a, a + 8, 2, DA64, 2)
    sqr64(t, DA64, None)
    t.movs(0, 0)
    t.mvns(0, 0)  # the middle one is subtracted
    combine64(t, out)


def save_carry(t: Thumb, register: int) -> None:
    """register += C, keeping the carry of the addition."""
    t.movs(1, 0)
    t.adcs(register, register, 1)


def combine128(t: Thumb) -> None:
    """Add the middle product at Q (its sign in r3) between the outer ones at P, eight words each.

    Both middle quarters contain S = high quarter of the low product + low quarter of the high one.
    """
    for index in range(4):
        t.ldr(4 + index, SP, word(P, 4 + index))
        t.ldr(1, SP, word(P, 8 + index))
        getattr(t, common.first("add", index))(4 + index, 4 + index, 1)
    t.movs(0, 0)
    t.adcs(0, 0, 0)
    t.mov(8, 0)  # carry of S counts twice
    for index in range(4):
        t.str_(4 + index, SP, word(S128, index))
    for index in range(4):
        t.ldr(1, SP, word(P, index))
        getattr(t, common.first("add", index))(4 + index, 4 + index, 1)
    save_carry(t, 0)
    t.lsrs(1, 3, 1)
    for index in range(4):
        t.ldr(1, SP, word(Q, index))
        t.eors(1, 3)
        t.adcs(4 + index, 4 + index, 1)
        t.str_(4 + index, SP, word(P, 4 + index))
    # the carry continues in the upper half of Q; r0 is what the lower sums left over
    t.movs(2, 0)
    t.adcs(2, 2, 2)
    for index in range(4):
        t.ldr(4 + index, SP, word(S128, index))
    t.movs(1, 0)
    t.adds(4, 4, 0)
    t.mov(0, 8)
    for register in (5, 6, 7, 0):
        t.adcs(register, register, 1)
    for index in range(4):
        t.ldr(1, SP, word(P, 12 + index))
        getattr(t, common.first("add", index))(4 + index, 4 + index, 1)
    save_carry(t, 0)
    t.lsrs(1, 2, 1)
    for index in range(4):
        t.ldr(1, SP, word(Q, 4 + index))
        t.eors(1, 3)
        t.adcs(4 + index, 4 + index, 1)
        t.str_(4 + index, SP, word(P, 8 + index))
    t.adcs(0, 0, 3)
    t.movs(2, 0)
    t.ldr(1, SP, word(P, 12))
    t.adds(1, 1, 0)
    t.str_(1, SP, word(P, 12))
    for index in range(13, 16):
        t.ldr(1, SP, word(P, index))
        t.adcs(1, 1, 2)
        t.str_(1, SP, word(P, index))


def copy8(t: Thumb, source: int, target: int) -> None:
    """Copy eight words by address; both registers are advanced."""
    for _ in range(2):
        t.ldm(source, (4, 5, 6, 7), writeback=True)
        t.stm(target, (4, 5, 6, 7), writeback=True)


def product(t: Thumb) -> None:
    """Subroutine: P = product of the values at r2 and r3.  Overwrites every register."""
    t.label("product")
    t.mov(0, LR)
    t.str_(0, SP, at.F_RETURN)
    t.sp_address(0, A)
    copy8(t, 2, 0)
    copy8(t, 3, 0)  # B follows A in the frame
    mul128(t, A, B, P)
    mul128(t, A + 16, B + 16, P + 32)
    difference(t, A, A + 16, 4, DA, 2)
    difference(t, B + 16, B, 4, DB, 3)
    t.eors(2, 3)
    t.str_(2, SP, SIGN128)
    mul128(t, DA, DB, Q)
    t.ldr(3, SP, SIGN128)
    combine128(t)
    t.ldr(0, SP, at.F_RETURN)
    t.bx(0)


def square(t: Thumb) -> None:
    """P = the square of the value at r2."""
    t.sp_address(0, A)
    copy8(t, 2, 0)
    sqr128(t, A, P)
    sqr128(t, A + 16, P + 32)
    difference(t, A, A + 16, 4, DA, 2)
    sqr128(t, DA, Q)
    t.movs(3, 0)
    t.mvns(3, 3)
    combine128(t)


def add_words(t: Thumb, start: int, addends: "list[int]", temporary: int) -> None:
    """P from word ``start`` on += these registers, one a word."""
    for index, register in enumerate(addends):
        t.ldr(temporary, SP, word(P, start + index))
        getattr(t, common.first("add", index))(temporary, temporary, register)
        t.str_(temporary, SP, word(P, start + index))


def reduce_p256(t: Thumb) -> int:
    """Words 8 to 15 of P, and r7 above them = P / 2^256 mod p, or that plus p.

    p + 1 = 2^96 (1 + 2^96 - 2^128 + 2^160).  r0, r1, r2 = A, three words at a time; r0, r4 to r7 =
    A (1 - 2^32 + 2^64).
    """
    for start in (0, 3):
        for index in range(3):
            t.ldr(index, SP, word(P, start + index))
        t.movs(3, 0)
        t.mov(5, 2)
        t.adds(5, 5, 0)
        t.mov(6, 1)
        t.adcs(6, 6, 3)
        t.mov(7, 2)
        t.adcs(7, 7, 3)
        t.mov(4, 1)
        t.subs(4, 4, 0)
        t.sbcs(5, 5, 1)
        t.sbcs(6, 6, 2)
        t.sbcs(7, 7, 3)
        if start:  # the previous round's carry, at word 11
            t.mov(3, 8)
            t.adds(5, 5, 3)
            t.movs(3, 0)
            t.adcs(6, 6, 3)
            t.adcs(7, 7, 3)
        add_words(t, start + 3, [0, 1, 2, 0, 4, 5, 6, 7], 3)
        t.movs(3, 0)
        t.adcs(3, 3, 3)
        t.mov(8, 3)
    # A = words 6 and 7 = r0 r1; r0, r4, r5, r6 = A (1 - 2^32 + 2^64)
    t.ldr(0, SP, word(P, 6))
    t.ldr(1, SP, word(P, 7))
    t.movs(2, 0)
    t.mov(5, 0)
    t.mov(6, 1)
    t.mov(4, 1)
    t.subs(4, 4, 0)
    t.sbcs(5, 5, 1)
    t.sbcs(6, 6, 2)
    t.mov(3, 8)
    t.adds(5, 5, 3)
    t.adcs(6, 6, 2)
    add_words(t, 9, [0, 1, 2, 0, 4, 5, 6], 3)
    t.movs(7, 0)
    t.adcs(7, 7, 7)
    return 7


def reduce_sm2(t: Thumb) -> int:
    """The same for SM2: p + 1 = 2^64 (1 - 2^32 - 2^160 + 2^192).

    Two words A at a time; B = A (2^32 - 1) = r0, r1, r2 is subtracted at place 2 and added at place
    7.
    """
    t.movs(7, 0)
    for start in (0, 2, 4, 6):
        t.ldr(4, SP, word(P, start))
        t.ldr(5, SP, word(P, start + 1))
        t.rsbs_zero(0, 4)
        t.mov(1, 4)
        t.sbcs(1, 1, 5)
        t.mov(2, 5)
        t.movs(3, 0)
        t.sbcs(2, 2, 3)
        for index, register in enumerate((0, 1, 2, 3, 3)):
            t.ldr(6, SP, word(P, start + 2 + index))
            getattr(t, common.first("sub", index))(6, 6, register)
            t.str_(6, SP, word(P, start + 2 + index))
        for register in (0, 1, 2):
            t.sbcs(register, register, 3)
        # the previous round's carry belongs one place above the first of these
        t.adds(1, 1, 7)
        t.adcs(2, 2, 3)
        add_words(t, start + 7, [0, 1, 2], 6)
        t.movs(7, 0)
        t.adcs(7, 7, 7)
    return 7


class Field:
    """What depends on the curve: the words of p, made from a register that holds a mask (or -1)."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.words = [curve.p >> 32 * index & 0xFFFFFFFF for index in range(8)]
        self.plus_one = [curve.p + 1 >> 32 * index & 0xFFFFFFFF for index in range(8)]

    @staticmethod
    def prepare(
        t: Thumb, words: "list[int]", mask: int, zero: int, spare: "tuple[int, ...]"
    ) -> "list[int]":
        """zero = 0, spare = whichever else of 1 & mask and -2 & mask is needed.

        Returns the register of each word.
        """
        held = {0xFFFFFFFF: mask, 0: zero}
        for odd in (1, 0xFFFFFFFE):
            if odd in words:
                held[odd], spare = spare[0], spare[1:]
                if odd == 1:
                    t.lsrs(held[odd], mask, 31)
                else:
                    t.lsls(held[odd], mask, 1)
        t.movs(zero, 0)
        return [held[word] for word in words]


def finish(t: Thumb, field: Field, source: "tuple[int, int]", top: int) -> None:
    """Store the value (top : source) below 2 p, minus p unless it is smaller, at the address in r1.

    The source is (register, offset).  First only the borrow is computed, then p or zero is
    subtracted.  Uses r2 to r6; top is r7.
    """
    register, offset = source
    t.movs(2, 0)
    t.mvns(2, 2)
    names = field.prepare(t, field.words, 2, 3, (5,))
    for index, name in enumerate(names):
        t.ldr(4, register, offset + 4 * index)
        getattr(t, common.first("sub", index))(4, 4, name)
    t.sbcs(top, top, 3)
    t.mov(2, top)
    t.mvns(2, 2)  # -1: subtract p
    names = field.prepare(t, field.words, 2, 3, (5,))
    for index, name in enumerate(names):
        t.ldr(4, register, offset + 4 * index)
        getattr(t, common.first("sub", index))(4, 4, name)
        t.str_(4, 1, 4 * index)


def multiplication(t: Thumb, field: Field) -> None:
    """MUL and SQR."""
    reduce = reduce_p256 if field.words[3] == 0 else reduce_sm2
    t.label("mul")
    t.str_(1, SP, at.F_TARGET)
    t.bl("product")
    t.label("reduce")
    top = reduce(t)
    t.ldr(1, SP, at.F_TARGET)
    finish(t, field, (SP, word(P, 8)), top)
    t.b("next")
    t.label("sqr")
    t.str_(1, SP, at.F_TARGET)
    square(t)
    t.b("reduce")
    product(t)


def additions(t: Thumb, field: Field) -> None:
    """ADD, SUB, HALF."""
    t.label("add")
    common.chain(t, "add", 1, 2, 3)
    t.movs(7, 0)
    t.adcs(7, 7, 7)
    finish(t, field, (1, 0), 7)
    t.b("next")

    t.label("sub")
    common.chain(t, "sub", 1, 2, 3)
    t.sbcs(2, 2, 2)
    names = field.prepare(t, field.words, 2, 3, (5,))
    for index, name in enumerate(names):
        t.ldr(4, 1, 4 * index)
        getattr(t, common.first("add", index))(4, 4, name)
        t.str_(4, 1, 4 * index)
    t.b("next")

    t.label("half")
    t.ldr(6, 2, 0)
    t.lsls(6, 6, 31)
    t.asrs(6, 6, 31)
    names = field.prepare(t, field.words, 6, 3, (5,))
    for index, name in enumerate(names):
        t.ldr(4, 2, 4 * index)
        getattr(t, common.first("add", index))(4, 4, name)
        t.str_(4, 1, 4 * index)
    t.adcs(3, 3, 3)
    for index in reversed(WORDS):  # r3 = the bit from the word above
        t.ldr(4, 1, 4 * index)
        t.lsls(3, 3, 31)
        t.lsrs(5, 4, 1)
        t.orrs(5, 3)
        t.str_(5, 1, 4 * index)
        t.mov(3, 4)
    t.b("next")


def multiplication_n(t: Thumb) -> None:
    """MULN: T = a b, M = T (-1/n) mod 2^256, (T + M n) / 2^256.

    Three products, since it is seldom executed.
    """
    t.label("muln")
    t.str_(1, SP, at.F_TARGET)
    t.bl("product")
    t.sp_address(2, P)
    t.sp_address(1, T)
    copy8(t, 2, 1)
    copy8(t, 2, 1)
    t.sp_address(2, P)
    common.address(t, 3, m.C_SPARE * at.REGISTER, 4)
    t.bl("product")
    t.sp_address(2, P)
    common.address(t, 3, m.C_N * at.REGISTER, 4)
    t.bl("product")
    t.sp_address(2, P)
    t.sp_address(3, T)
    common.chain(t, "add", 3, 2, 3)
    t.ldr(1, SP, at.F_TARGET)
    for index in WORDS:
        t.ldr(4, SP, word(P, 8 + index))
        t.ldr(5, SP, word(T, 8 + index))
        t.adcs(4, 4, 5)
        t.str_(4, 1, 4 * index)
    t.movs(6, 0)
    t.adcs(6, 6, 6)
    common.address(t, 3, m.C_N * at.REGISTER, 5)
    common.reduce_once(t, 1, 3, 6, 7)
    t.b("next")


def scan(t: Thumb) -> None:
    """Subroutine: r4 to r7 |= half of the entry at r3 that r2 selects by its bit.

    Entered at scan_32 or scan_8; reads all entries.
    """
    t.label("scan_32")
    for entry in range(32):
        if entry == 24:
            t.label("scan_8")
        t.lsrs(2, 2, 1)
        t.sbcs(1, 1, 1)
        for index in range(4):
            t.ldr(0, 3, 32 * (entry % 4) + 4 * index)
            t.bics(0, 1)
            t.orrs(4 + index, 0)
        if entry % 4 == 3:
            t.adds_imm(3, 3, 128)
    t.bx(LR)


def digit(t: Thumb, teeth: int, stride: int) -> None:
    """r6 = number of the entry, r5 = -1 for its negative, from the signs at r3, column r2.

    Uses r1, r4, r7.
    """
    t.movs(6, 0)
    for tooth in range(teeth):
        t.lsrs(4, 2, 5)
        t.lsls(4, 4, 2)
        t.ldr_reg(4, 3, 4)
        t.movs(5, 31)
        t.ands(5, 2)
        t.lsrs_reg(4, 5)
        t.lsls(4, 4, 31)
        t.lsrs(4, 4, 31 - tooth)
        t.orrs(6, 4)
        t.adds_imm(2, 2, stride)
    t.lsrs(5, 6, teeth - 1)
    t.subs_imm(5, 5, 1)
    t.eors(6, 5)
    t.movs(4, (1 << teeth - 1) - 1)
    t.ands(6, 4)


def lookup(t: Thumb, entries: int, to_y: int) -> None:
    """The common part of PICK and WINDOW.

    r6 = number of the entry, r5 = mask; the table's address is in the frame at A.
    """
    t.movs(2, 1)
    t.lsls_reg(2, 6)
    t.str_(2, SP, A + 4)
    t.str_(5, SP, A + 8)
    for part in range(2):
        for half in range(2):
            t.ldr(3, SP, A)
            if part or half:
                t.constant(0, part * to_y + half * 16)
                t.adds(3, 3, 0)
            t.ldr(2, SP, A + 4)
            for register in (4, 5, 6, 7):
                t.movs(register, 0)
            t.bl(f"scan_{entries}")
            t.ldr(1, SP, at.F_TARGET)
            if part or half:
                t.adds_imm(1, 1, part * 32 + half * 16)
            t.stm(1, (4, 5, 6, 7), writeback=True)
    t.b("negate")


def lookups(t: Thumb, field: Field) -> None:
    """PICK, TAKE and WINDOW."""
    scan(t)
    for name in ("pick", "take"):
        t.label(name)
        t.str_(1, SP, at.F_TARGET)
        common.operand(t, 3, 2)
        t.movs(5, 3)
        t.ands(5, 3)
        t.movs(6, m.BLOCK_COLUMNS)
        t.muls(5, 6)
        t.ldr(2, SP, at.F_COUNTER)
        t.adds(2, 2, 5)
        t.lsls(5, 3, 11)
        t.ldr(6, SP, at.F_TABLE)
        t.adds(5, 5, 6)
        t.str_(5, SP, A)
        t.lsrs(3, 3, 2)
        t.movs(6, at.SIGNS_SIZE)
        t.muls(3, 6)
        t.adds(3, 3, 0)
        t.constant(6, at.SIGNS)
        t.adds(3, 3, 6)
        digit(t, m.TEETH, m.SPACING)
        if name == "pick":
            lookup(t, m.ENTRIES, 32 * m.ENTRIES)
    t.str_(5, SP, A + 8)
    t.ldr(2, SP, A)
    t.lsls(6, 6, 5)
    t.adds(2, 2, 6)
    t.ldr(1, SP, at.F_TARGET)
    copy8(t, 2, 1)
    t.constant(3, 32 * m.ENTRIES - 32)
    t.adds(2, 2, 3)
    copy8(t, 2, 1)
    t.b("negate")

    t.label("window")
    t.str_(1, SP, at.F_TARGET)
    t.ldr(2, SP, at.F_COUNTER)
    t.lsls(2, 2, 2)
    t.constant(3, at.REGISTER * m.WINDOW_TABLE)
    t.adds(3, 3, 0)
    t.str_(3, SP, A)
    t.constant(3, at.SIGNS + at.SIGNS_SIZE)
    t.adds(3, 3, 0)
    digit(t, 4, 1)
    lookup(t, 8, 8 * at.REGISTER)

    t.label("negate")  # register d + 1 = y or, if the mask is set, p - y: not y, plus p + 1
    t.ldr(1, SP, at.F_TARGET)
    t.adds_imm(1, 1, 32)
    t.ldr(2, SP, A + 8)
    names = field.prepare(t, field.plus_one, 2, 3, (5, 6))
    for index, name in enumerate(names):
        t.ldr(4, 1, 4 * index)
        t.eors(4, 2)
        getattr(t, common.first("add", index))(4, 4, name)
        t.str_(4, 1, 4 * index)
    t.b("next")


def divsteps(t: Thumb) -> None:
    """BATCH steps: r0 = zeta, r1 = f, r2 = g.

    Then r3 = u + 2^16 v, r4 = q + 2^16 r of the transition matrix.
    """
    t.movs(3, 1)
    t.lsls(4, 3, 16)
    for _ in range(at.BATCH):
        t.asrs(5, 0, 31)
        t.lsls(6, 2, 31)
        t.asrs(6, 6, 31)
        for source, target in ((1, 2), (3, 4)):
            t.mov(7, source)
            t.eors(7, 5)
            t.subs(7, 7, 5)
            t.ands(7, 6)
            t.adds(target, target, 7)
        t.ands(5, 6)
        t.eors(0, 5)
        t.subs_imm(0, 0, 1)
        for source, target in ((2, 1), (4, 3)):
            t.mov(7, source)
            t.ands(7, 5)
            t.adds(target, target, 7)
        t.asrs(2, 2, 1)
        t.lsls(3, 3, 1)


def inversion(t: Thumb) -> None:
    """INVP and INVN: 1 / a by 602 constant-time divsteps, fourteen at a time.

    Bernstein and Yang, eprint 2019/266.  f, g, d, e and the modulus are rows of LIMBS words of 14
    bits in the frame, the last one signed.
    """
    for name, which, register in (("invp", 0, m.C_P), ("invn", 1, m.C_N)):
        t.label(name)
        t.constant(3, at.MODULI + which * at.MODULUS_SIZE)
        t.constant(5, at.REGISTER * register)
        if which == 0:
            t.b("invert")
    t.label("invert")
    t.adds(3, 3, 0)
    t.adds(5, 5, 0)
    t.str_(1, SP, at.F_TARGET)
    t.str_(5, SP, MODULUS_WORDS)
    t.movs(7, 0)
    for limb in range(at.LIMBS):
        index, shift = divmod(at.BATCH * limb, 32)
        t.ldr(0, 2, 4 * index)
        if shift + at.BATCH <= 32:
            if shift + at.BATCH < 32:
                t.lsls(0, 0, 32 - shift - at.BATCH)
            t.lsrs(0, 0, 32 - at.BATCH)
        else:
            t.lsrs(0, 0, shift)
            if index < 7:
                t.ldr(1, 2, 4 * index + 4)
                t.lsls(1, 1, 64 - shift - at.BATCH)
                t.lsrs(1, 1, 32 - at.BATCH)
                t.orrs(0, 1)
        t.str_(0, SP, word(G, limb))
        t.ldr(1, 3, 4 * limb)
        t.str_(1, SP, word(F, limb))
        t.str_(1, SP, word(MODULUS, limb))
        t.str_(7, SP, word(D, limb))
        t.str_(7, SP, word(E, limb))
    t.ldr(1, 3, 4 * at.LIMBS)
    t.str_(1, SP, word(MODULUS, at.LIMBS))
    t.movs(1, 1)
    t.str_(1, SP, E)
    t.movs(1, at.BATCHES)
    t.str_(1, SP, at.F_COUNT)
    t.movs(0, 0)
    t.mvns(0, 0)
    t.str_(0, SP, ZETA)

    t.label("batch")
    t.ldr(0, SP, ZETA)
    t.ldr(1, SP, F)
    t.ldr(2, SP, G)
    divsteps(t)
    t.str_(0, SP, ZETA)
    # r0 = u, r1 = v, r2 = q, r3 = r
    t.sxth(0, 3)
    t.subs(1, 3, 0)
    t.asrs(1, 1, 16)
    t.sxth(2, 4)
    t.subs(3, 4, 2)
    t.asrs(3, 3, 16)
    _rows(t, F, G, 0)
    _rows(t, D, E, MODULUS)
    t.ldr(1, SP, at.F_COUNT)
    t.subs_imm(1, 1, 1)
    t.str_(1, SP, at.F_COUNT)
    t.bcond(0, "inverted")
    t.b("batch")
    t.label("inverted")
    _finish_inversion(t)


def _rows(t: Thumb, x: int, y: int, modulus: int) -> None:
    """(x, y) = (u x + v y, q x + r y) / 2^14, plus multiples of the modulus that make it exact.

    r4, r5 are the carries.
    """

    def sums(limb: int, begin: bool) -> None:
        for offset, (to_x, to_y) in ((x, (0, 2)), (y, (1, 3))):
            t.ldr(6, SP, word(offset, limb))
            first = begin and offset == x
            for carry, factor in ((4, to_x), (5, to_y)):
                if carry == 4:
                    t.mov(4 if first else 7, 6)
                    t.muls(4 if first else 7, factor)
                    if not first:
                        t.adds(4, 4, 7)
                elif first:
                    t.mov(5, 6)
                    t.muls(5, factor)
                else:
                    t.muls(6, factor)
                    t.adds(5, 5, 6)

    if modulus:
        # md = (u & sign d) + (v & sign e), me likewise
        t.ldr(6, SP, word(x, at.LIMBS - 1))
        t.asrs(6, 6, 31)
        t.ldr(7, SP, word(y, at.LIMBS - 1))
        t.asrs(7, 7, 31)
        for factors, place in (((0, 1), MD), ((2, 3), ME)):
            t.mov(4, factors[0])
            t.ands(4, 6)
            t.mov(5, factors[1])
            t.ands(5, 7)
            t.adds(4, 4, 5)
            t.str_(4, SP, place)
    sums(0, True)
    if modulus:
        for carry, place in ((4, MD), (5, ME)):
            t.ldr(6, SP, word(modulus, at.LIMBS))
            t.muls(6, carry)
            t.ldr(7, SP, place)
            t.adds(6, 6, 7)
            t.lsls(6, 6, 32 - at.BATCH)
            t.lsrs(6, 6, 32 - at.BATCH)
            t.subs(7, 7, 6)
            t.str_(7, SP, place)
            t.ldr(6, SP, modulus)
            t.muls(7, 6)
            t.adds(carry, carry, 7)
    t.asrs(4, 4, at.BATCH)
    t.asrs(5, 5, at.BATCH)
    for limb in range(1, at.LIMBS):
        sums(limb, False)
        if modulus:
            t.ldr(6, SP, word(modulus, limb))
            for carry, place in ((4, MD), (5, ME)):
                t.ldr(7, SP, place)
                t.muls(7, 6)
                t.adds(carry, carry, 7)
        for carry, offset in ((4, x), (5, y)):
            t.lsls(6, carry, 32 - at.BATCH)
            t.lsrs(6, 6, 32 - at.BATCH)
            t.str_(6, SP, word(offset, limb - 1))
            t.asrs(carry, carry, at.BATCH)
    t.str_(4, SP, word(x, at.LIMBS - 1))
    t.str_(5, SP, word(y, at.LIMBS - 1))


def _finish_inversion(t: Thumb) -> None:
    """The inverse is d times the sign of f; d is between -2 and 1 times the modulus.

    r1 = target, r7 = the word above it.
    """
    t.ldr(1, SP, at.F_TARGET)
    t.movs(4, 0)
    for limb in range(at.LIMBS):
        t.ldr(0, SP, word(D, limb))
        index, shift = divmod(at.BATCH * limb, 32)
        t.lsls(2, 0, shift) if shift else t.mov(2, 0)
        t.orrs(4, 2)
        if shift + at.BATCH >= 32:
            t.str_(4, 1, 4 * index)
            if shift + at.BATCH == 32:
                t.movs(4, 0)
            elif limb == at.LIMBS - 1:
                t.asrs(7, 0, 32 - shift)
            else:
                t.lsrs(4, 0, 32 - shift)
    t.ldr(3, SP, MODULUS_WORDS)
    t.movs(2, 0)
    for turn in range(2):
        t.asrs(6, 7, 31)
        common.add_masked(t, 1, 3, 6)
        t.adcs(7, 7, 2)
        if turn == 0:  # negate if f ended as -1
            t.ldr(6, SP, word(F, at.LIMBS - 1))
            t.asrs(6, 6, 31)
            for index in WORDS:
                t.ldr(4, 1, 4 * index)
                t.eors(4, 6)
                getattr(t, common.first("sub", index))(4, 4, 6)
                t.str_(4, 1, 4 * index)
            t.mov(5, 7)
            t.eors(5, 6)  # keeps C
            t.sbcs(5, 5, 6)
            t.mov(7, 5)
    t.b("next")


def machine(curve: Curve) -> bytes:
    """Return the whole function: run(work, program, io, table) -> flags."""
    t, field = Thumb(wide=False), Field(curve)
    for index in range(4):
        t.mov(4 + index, 8 + index)
    t.push((4, 5, 6, 7))
    t.add_sp(-SIZE)
    for register, offset in ((0, at.F_WORK), (1, at.F_PROGRAM), (2, at.F_IO), (3, at.F_TABLE)):
        t.str_(register, SP, offset)
    t.movs(0, 0)
    t.str_(0, SP, at.F_FLAGS)
    t.label("next")
    t.ldr(0, SP, at.F_WORK)
    t.ldr(4, SP, at.F_PROGRAM)
    for register, offset in ((5, 0), (1, 1), (2, 2), (3, 3)):
        t.ldrb(register, 4, offset)
    t.adds_imm(4, 4, 4)
    t.str_(4, SP, at.F_PROGRAM)
    for register in (1, 2, 3):
        t.lsls(register, register, 5)
        t.adds(register, register, 0)
    t.lsls(5, 5, 2)
    t.add_pc(5)
    t.mov(8, 8)  # the table begins four bytes after the jump
    for name in common.HANDLERS:
        t.b(name)
    multiplication(t, field)
    additions(t, field)
    multiplication_n(t)
    lookups(t, field)
    inversion(t)
    common.everything(t)
    t.label("end")
    t.sp_address(1, at.F_PRODUCT)  # the frame held intermediate values
    t.ldr(0, SP, at.F_FLAGS)
    for register in (4, 5, 6, 7):
        t.movs(register, 0)
    for _ in range((SIZE - at.F_PRODUCT) // 16):
        t.stm(1, (4, 5, 6, 7), writeback=True)
    t.add_sp(SIZE)
    t.pop((4, 5, 6, 7))
    for index in range(4):
        t.mov(8 + index, 4 + index)
    for register in (1, 2, 3):
        t.movs(register, 0)
    t.mov(12, 1)
    t.mov(LR, 1)
    return t.code()
