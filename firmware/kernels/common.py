"""Operations whose code is the same on both cores: those that are seldom executed.

At the start of each handler r0 is the work area; r1, r2 and r3 are the addresses of registers d, a
and b; r4 is the address after the instruction.  Handlers end with a branch to ``next``.  Nothing
here branches on the content of a register, or addresses memory by it.
"""

from etoken.crypto import machine as m
from kernels import layout as at
from kernels.thumb import SP, Thumb

EQUAL, NOT_EQUAL, NOT_NEGATIVE = 0, 1, 5  # conditions EQ, NE, PL
WORDS = range(8)


def address(t: Thumb, d: int, offset: int, temporary: int) -> None:
    """d = work area + offset."""
    t.ldr(d, SP, at.F_WORK)
    t.constant(temporary, offset)
    t.add(d, d, temporary)


def first(name: str, index: int) -> str:
    """Return the carrying form of an instruction, or at the start of a chain the plain one."""
    return (
        {"add": "adds", "sub": "subs"}[name] if index == 0 else {"add": "adcs", "sub": "sbcs"}[name]
    )


def chain(t: Thumb, name: str, d: int, a: int, b: int) -> None:
    """Eight words d = a + b or a - b, by address; carry or not-borrow in C.  Uses r4, r5."""
    for index in WORDS:
        t.ldr(4, a, 4 * index)
        t.ldr(5, b, 4 * index)
        getattr(t, first(name, index))(4, 4, 5)
        t.str_(4, d, 4 * index)


def add_masked(t: Thumb, d: int, modulus: int, mask: int) -> None:
    """Eight words d += modulus & mask, by address.  Uses r4, r5."""
    for index in WORDS:
        t.ldr(4, d, 4 * index)
        t.ldr(5, modulus, 4 * index)
        t.ands(5, mask)
        getattr(t, first("add", index))(4, 4, 5)
        t.str_(4, d, 4 * index)


def borrow_mask(t: Thumb, d: int) -> None:
    """d = -1 after a borrow, else 0."""
    t.sbcs(d, d, d)


def reduce_once(t: Thumb, d: int, modulus: int, top: int, zero: int) -> None:
    """Value (top : d) below twice the modulus: subtract the modulus if it is not larger."""
    chain(t, "sub", d, d, modulus)
    t.movs(zero, 0)
    t.sbcs(top, top, zero)
    add_masked(t, d, modulus, top)


def scalars(t: Thumb) -> None:
    """ADDN, SUBN, REDN, LOWS."""
    n = m.C_N * at.REGISTER
    t.label("addn")
    chain(t, "add", 1, 2, 3)
    t.movs(6, 0)
    t.adcs(6, 6, 6)
    address(t, 3, n, 5)
    reduce_once(t, 1, 3, 6, 7)
    t.b("next")

    t.label("subn")
    chain(t, "sub", 1, 2, 3)
    borrow_mask(t, 6)
    address(t, 3, n, 5)
    add_masked(t, 1, 3, 6)
    t.b("next")

    t.label("redn")
    address(t, 3, n, 5)
    chain(t, "sub", 1, 2, 3)
    borrow_mask(t, 6)
    add_masked(t, 1, 3, 6)
    t.b("next")

    t.label("lows")  # product area = n - a; used if it is below a
    address(t, 3, n, 5)
    t.sp_address(7, at.F_PRODUCT)
    chain(t, "sub", 7, 3, 2)
    for index in WORDS:
        t.ldr(4, 7, 4 * index)
        t.ldr(5, 2, 4 * index)
        getattr(t, first("sub", index))(4, 4, 5)
    borrow_mask(t, 6)
    for index in WORDS:
        t.ldr(4, 7, 4 * index)
        t.ldr(5, 2, 4 * index)
        t.eors(4, 5)
        t.ands(4, 6)
        t.eors(4, 5)
        t.str_(4, 1, 4 * index)
    t.b("next")


def moves(t: Thumb) -> None:
    """MOVE, LOAD, STORE, SAVE, FETCH."""
    t.label("move")
    t.ldm(2, (4, 5, 6, 7), writeback=True)
    t.stm(1, (4, 5, 6, 7), writeback=True)
    t.ldm(2, (4, 5, 6, 7), writeback=True)
    t.stm(1, (4, 5, 6, 7), writeback=True)
    t.b("next")

    t.label("load")  # r2 - r0 is 32 a, which is also the slot's offset
    t.subs(2, 2, 0)
    t.ldr(3, SP, at.F_IO)
    t.adds(2, 2, 3)
    for index in WORDS:
        t.ldr(4, 2, 28 - 4 * index)
        t.rev(4, 4)
        t.str_(4, 1, 4 * index)
    t.b("next")

    t.label("store")
    t.subs(1, 1, 0)
    t.ldr(3, SP, at.F_IO)
    t.adds(1, 1, 3)
    for index in WORDS:
        t.ldr(4, 2, 4 * index)
        t.rev(4, 4)
        t.str_(4, 1, 28 - 4 * index)
    t.b("next")

    for name, entry in (("save", 1), ("fetch", 2)):
        t.label(name)  # entry number i: x at 32 (i + (i & ~31)) of the table, y 1024 bytes further
        t.subs(entry, entry, 0)
        t.lsrs(3, entry, 10)
        t.lsls(3, 3, 10)
        t.adds(entry, entry, 3)
        t.ldr(3, SP, at.F_TABLE)
        t.adds(entry, entry, 3)
        for part in range(2):
            for _ in range(2):
                t.ldm(2, (4, 5, 6, 7), writeback=True)
                t.stm(1, (4, 5, 6, 7), writeback=True)
            if part == 0:
                t.constant(3, 1024 - 32)
                t.adds(entry, entry, 3)
        t.b("next")


def operand(t: Thumb, d: int, which: int) -> None:
    """d = operand ``which`` (1 d, 2 a, 3 b) of the instruction before r4; overwrites r4."""
    t.subs_imm(4, 4, 4)
    t.ldrb(d, 4, which)


def flow(t: Thumb) -> None:
    """LOOP, NEXT, END."""
    t.label("loop")
    t.str_(4, SP, at.F_BACK)
    operand(t, 1, 1)
    t.str_(1, SP, at.F_COUNTER)
    t.b("next")

    t.label("again")
    t.ldr(1, SP, at.F_COUNTER)
    t.ldr(2, SP, at.F_BACK)
    t.subs_imm(1, 1, 1)
    t.str_(1, SP, at.F_COUNTER)
    t.asrs(1, 1, 31)  # the counter is public, but selecting costs less than branching
    t.ldr(3, SP, at.F_PROGRAM)
    t.ands(3, 1)
    t.bics(2, 1)
    t.orrs(2, 3)
    t.str_(2, SP, at.F_PROGRAM)
    t.b("next")


def tests(t: Thumb) -> None:
    """ZERO, LEAST, OTHER: flags |= d under a condition, without a branch."""
    t.label("zero")
    t.movs(6, 0)
    for index in WORDS:
        t.ldr(5, 2, 4 * index)
        t.orrs(6, 5)
    t.label("raise_if_r6_zero")
    t.subs_imm(6, 6, 1)  # borrows if it was 0
    t.sbcs(6, 6, 6)
    t.label("raise_by_mask")
    operand(t, 1, 1)
    t.ands(1, 6)
    t.ldr(5, SP, at.F_FLAGS)
    t.orrs(5, 1)
    t.str_(5, SP, at.F_FLAGS)
    t.b("next")

    t.label("least")
    for index in WORDS:
        t.ldr(6, 2, 4 * index)
        t.ldr(5, 3, 4 * index)
        getattr(t, first("sub", index))(6, 6, 5)
    t.sbcs(6, 6, 6)
    t.mvns(6, 6)
    t.b("raise_by_mask")

    t.label("other")
    t.movs(6, 0)
    for index in WORDS:
        t.ldr(5, 2, 4 * index)
        t.ldr(7, 3, 4 * index)
        t.eors(5, 7)
        t.orrs(6, 5)
    t.rsbs_zero(6, 6)  # carries only if it was 0
    t.sbcs(6, 6, 6)
    t.b("raise_by_mask")


def bits(t: Thumb) -> None:
    """BITS: signs of a scalar."""
    t.label("bits")
    operand(t, 1, 1)
    t.ldrb(7, 4, 3)  # 1: window
    t.movs(3, at.SIGNS_SIZE)
    t.muls(1, 3)
    t.constant(3, at.SIGNS)
    t.adds(1, 1, 3)
    t.adds(1, 1, 0)  # address of the signs
    t.ldr(6, 2, 0)
    t.lsls(6, 6, 31)
    t.asrs(6, 6, 31)
    t.mvns(6, 6)  # -1 for an even scalar
    address(t, 3, m.C_N * at.REGISTER, 5)
    for index in WORDS:
        t.ldr(4, 2, 4 * index)
        t.ldr(5, 3, 4 * index)
        t.ands(5, 6)
        getattr(t, first("add", index))(4, 4, 5)
        t.str_(4, 1, 4 * index)
    t.movs(6, 0)
    t.adcs(6, 6, 6)
    for index in WORDS:  # shift right by one, the carry from above
        t.ldr(4, 1, 4 * index)
        t.lsrs(4, 4, 1)
        if index < 7:
            t.ldr(5, 1, 4 * index + 4)
        else:
            t.mov(5, 6)
        t.lsls(5, 5, 31)
        t.orrs(4, 5)
        t.str_(4, 1, 4 * index)
    # the highest sign: bit 257 - 256 = 1 for combs, 259 - 256 = 3 for windows
    t.lsls(7, 7, 1)
    t.adds_imm(7, 7, 1)
    t.movs(6, 1)
    t.lsls_reg(6, 7)
    t.str_(6, 1, 32)
    t.movs(6, 0)
    t.str_(6, 1, 36)
    t.b("next")


def wipe(t: Thumb) -> None:
    """WIPE: zero every register below CONSTANTS, signs, scratch and the frame's product area."""
    t.label("wipe")
    for register in (4, 5, 6, 7):
        t.movs(register, 0)
    t.mov(1, 0)
    t.constant(2, at.REGISTER * m.CONSTANTS)
    t.adds(2, 2, 1)
    t.label("wipe_registers")
    t.stm(1, (4, 5, 6, 7), writeback=True)
    t.cmp(1, 2)
    t.bcond(NOT_EQUAL, "wipe_registers")
    address(t, 1, at.SIGNS, 3)
    address(t, 2, at.MODULI, 3)
    t.label("wipe_scratch")
    t.stm(1, (4, 5, 6, 7), writeback=True)
    t.cmp(1, 2)
    t.bcond(NOT_EQUAL, "wipe_scratch")
    t.sp_address(1, at.F_PRODUCT)
    for _ in range(4):
        t.stm(1, (4, 5, 6, 7), writeback=True)
    t.b("next")


def everything(t: Thumb) -> None:
    """Emit all of these operations."""
    scalars(t)
    moves(t)
    flow(t)
    tests(t)
    bits(t)
    wipe(t)


# handler of each operation, in the order of their numbers
HANDLERS = [
    "end",
    "mul",
    "sqr",
    "add",
    "sub",
    "half",
    "invp",
    "muln",
    "addn",
    "subn",
    "invn",
    "redn",
    "lows",
    "move",
    "load",
    "store",
    "loop",
    "again",
    "bits",
    "pick",
    "take",
    "window",
    "save",
    "zero",
    "least",
    "other",
    "wipe",
    "fetch",
]
if len(HANDLERS) != m.OPERATIONS:
    raise ValueError("a handler for each operation")
