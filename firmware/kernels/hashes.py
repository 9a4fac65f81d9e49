"""SHA-256 (FIPS 180-4) and SM3 (GB/T 32905-2016) for both cores.

    compress(state, data, count, constants)

``state`` is eight words, big-endian as in digests; ``data`` is count blocks of 64 bytes at an
address that is a multiple of 4; ``constants`` are the 64 words of SHA-256 (SM3 computes its two
itself).  The schedule is on the stack and is wiped before the function returns.
"""

from collections.abc import Callable

from kernels.thumb import SP, Thumb

NE = 1
T_FIRST, T_THEN = 0x79CC4519, 0x7A879D8A
F_STATE, F_DATA, F_COUNT, F_CONSTANTS, F_LEFT = range(0, 20, 4)
W = 24  # schedule: up to 68 words
STATE = W + 4 * 68  # narrow core: the eight working words
SIZE = STATE + 32


def rol(count: int) -> int:
    """Return a rotation to the left as one to the right."""
    return 32 - count


def open_frame(t: Thumb) -> None:
    """Save registers and arguments."""
    if t.wide:
        t.push_high()
    else:
        for index in range(4):
            t.mov(4 + index, 8 + index)
        t.push((4, 5, 6, 7))
    t.add_sp(-SIZE)
    for register, offset in ((0, F_STATE), (1, F_DATA), (2, F_COUNT), (3, F_CONSTANTS)):
        t.str_(register, SP, offset)
    turn_state(t)
    t.label("block")


def turn_state(t: Thumb) -> None:
    """Reverse the bytes of each word of the state in place: words inside, bytes outside."""
    t.ldr(1, SP, F_STATE)
    for index in range(8):
        t.ldr(0, 1, 4 * index)
        t.rev(0, 0)
        t.str_(0, 1, 4 * index)


def load_block(t: Thumb) -> None:
    """Load the first 16 words of the schedule, big-endian."""
    t.ldr(1, SP, F_DATA)
    for index in range(16):
        t.ldr(0, 1, 4 * index)
        t.rev(0, 0)
        t.str_(0, SP, W + 4 * index)
    t.adds_imm(1, 1, 64)
    t.str_(1, SP, F_DATA)


def close_frame(t: Thumb) -> None:
    """Continue with the next block; after the last one wipe the schedule."""
    t.ldr(0, SP, F_COUNT)
    t.subs_imm(0, 0, 1)
    t.str_(0, SP, F_COUNT)
    t.bcond(0, "done")
    t.b("block")
    t.label("done")
    turn_state(t)
    t.sp_address(1, W)
    for register in (4, 5, 6, 7):
        t.movs(register, 0)
    for _ in range((SIZE - W) // 16):
        t.stm(1, (4, 5, 6, 7), writeback=True)
    t.add_sp(SIZE)
    if t.wide:
        t.pop_high()
    else:
        t.pop((4, 5, 6, 7))
        for index in range(4):
            t.mov(8 + index, 4 + index)
    forget_registers(t)


def forget_registers(t: Thumb) -> None:
    """Zero the registers that the caller does not restore.

    r0 becomes a Python object there, so it must not hold anything that was hashed.
    """
    for register in (0, 1, 2, 3):
        t.movs(register, 0)
    t.mov(12, 0)


def loop(t: Thumb, name: str, count: int, body: Callable[[], None]) -> None:
    """Emit ``body``, executed count times; the counter is in the frame, r0 is overwritten."""
    t.movs(0, count)
    t.str_(0, SP, F_LEFT)
    t.label(name)
    body()
    t.ldr(0, SP, F_LEFT)
    t.subs_imm(0, 0, 1)
    t.str_(0, SP, F_LEFT)
    if t.wide:
        t.bcond(NE, name)
    else:
        t.bcond(0, name + "_end")
        t.b(name)
        t.label(name + "_end")


# --- Cortex-M33 -------------------------------------------------------
STATE33 = [4, 5, 6, 7, 8, 9, 10, 11]


def load_state33(t: Thumb) -> None:
    """r4 to r11 = state; r12 = schedule."""
    t.ldr(0, SP, F_STATE)
    t.ldm(0, STATE33, writeback=False)
    t.sp_address(12, W)


def mix_state33(t: Thumb, operation: str) -> None:
    """state = state OP r4 to r11."""
    t.ldr(0, SP, F_STATE)
    for half in (0, 4):
        t.ldm(0, (1, 2, 3, 12), writeback=False)
        for register, other in zip(STATE33[half : half + 4], (1, 2, 3, 12), strict=True):
            t.shifted(operation, register, register, other)
        t.stm(0, STATE33[half : half + 4], writeback=True)


def sha256_m33() -> bytes:
    """SHA-256 for the wide core; eight rounds a turn."""
    t = Thumb(wide=True)
    open_frame(t)
    load_block(t)
    t.sp_address(12, W)

    def expand() -> None:
        for _ in range(4):
            t.ldr(1, 12, 4)
            t.ldr(2, 12, 56)
            t.ror(3, 1, 7)
            t.shifted("eor", 3, 3, 1, "ror", 18)
            t.shifted("eor", 3, 3, 1, "lsr", 3)
            t.ror(4, 2, 17)
            t.shifted("eor", 4, 4, 2, "ror", 19)
            t.shifted("eor", 4, 4, 2, "lsr", 10)
            t.ldr(2, 12, 36)
            t.adds(3, 3, 4)
            t.ldr_post(1, 12, 4)
            t.adds(3, 3, 2)
            t.adds(3, 3, 1)
            t.str_(3, 12, 60)

    loop(t, "expand", 12, expand)
    load_state33(t)
    t.ldr(14, SP, F_CONSTANTS)
    t.shifted("eor", 3, 5, 6)  # b ^ c

    def rounds() -> None:
        names = list(STATE33)
        for _ in range(8):
            a, b, _c, d, e, f, g, h = names
            t.ror(1, e, 6)
            t.shifted("eor", 1, 1, e, "ror", 11)
            t.shifted("eor", 1, 1, e, "ror", 25)
            t.shifted("eor", 2, f, g)
            t.shifted("and", 2, 2, e)
            t.shifted("eor", 2, 2, g)
            t.shifted("add", h, h, 1)
            t.shifted("add", h, h, 2)
            t.ldr_post(1, 14, 4)
            t.ldr_post(2, 12, 4)
            t.shifted("add", h, h, 1)
            t.shifted("add", h, h, 2)
            t.shifted("add", d, d, h)
            t.ror(1, a, 2)
            t.shifted("eor", 1, 1, a, "ror", 13)
            t.shifted("eor", 1, 1, a, "ror", 22)
            t.shifted("add", h, h, 1)
            t.shifted("eor", 2, a, b)
            t.shifted("and", 3, 3, 2)
            t.shifted("eor", 3, 3, b)  # majority
            t.shifted("add", h, h, 3)
            t.mov(3, 2)
            names = [h, *names[:7]]

    loop(t, "rounds", 8, rounds)
    mix_state33(t, "add")
    close_frame(t)
    return t.code()


def sm3_m33() -> bytes:
    """SM3 for the wide core; four rounds a turn."""
    t = Thumb(wide=True)
    open_frame(t)
    load_block(t)
    t.sp_address(12, W)

    def expand() -> None:
        for _ in range(4):
            t.ldr(1, 12, 28)
            t.ldr(2, 12, 52)
            t.ldr(3, 12, 12)
            t.ldr(4, 12, 40)
            t.ldr_post(5, 12, 4)
            t.shifted("eor", 1, 1, 5)
            t.shifted("eor", 1, 1, 2, "ror", rol(15))
            t.shifted("eor", 2, 1, 1, "ror", rol(15))
            t.shifted("eor", 1, 2, 1, "ror", rol(23))
            t.shifted("eor", 1, 1, 3, "ror", rol(7))
            t.shifted("eor", 1, 1, 4)
            t.str_(1, 12, 60)

    loop(t, "expand", 13, expand)
    load_state33(t)
    t.constant(14, T_FIRST)
    for later in (False, True):

        def rounds(later: bool = later) -> None:
            names = list(STATE33)
            for _ in range(4):
                a, b, c, d, e, f, g, h = names
                t.ror(1, a, rol(12))
                t.shifted("add", 2, 1, e)
                t.shifted("add", 2, 2, 14)
                t.ror(2, 2, rol(7))  # SS1
                t.shifted("eor", 1, 1, 2)  # SS2
                t.shifted("add", d, d, 1)
                t.shifted("add", h, h, 2)
                t.ldr(1, 12, 16)
                t.ldr_post(0, 12, 4)
                t.shifted("add", h, h, 0)
                t.shifted("eor", 1, 1, 0)
                t.shifted("add", d, d, 1)
                if later:
                    t.shifted("eor", 1, a, b)
                    t.shifted("eor", 2, a, c)
                    t.shifted("and", 1, 1, 2)
                    t.shifted("eor", 1, 1, a)
                    t.shifted("eor", 2, f, g)
                    t.shifted("and", 2, 2, e)
                    t.shifted("eor", 2, 2, g)
                else:
                    t.shifted("eor", 1, a, b)
                    t.shifted("eor", 1, 1, c)
                    t.shifted("eor", 2, e, f)
                    t.shifted("eor", 2, 2, g)
                t.shifted("add", d, d, 1)  # TT1
                t.shifted("add", h, h, 2)  # TT2
                t.shifted("eor", 1, h, h, "ror", rol(9))
                t.shifted("eor", h, 1, h, "ror", rol(17))
                t.ror(b, b, rol(9))
                t.ror(f, f, rol(19))
                t.ror(14, 14, 31)
                names = [d, a, b, c, h, e, f, g]

        loop(t, f"rounds_{later}", 12 if later else 4, rounds)
        if not later:
            t.constant(14, (T_THEN << 16 | T_THEN >> 16) & 0xFFFFFFFF)
    mix_state33(t, "eor")
    close_frame(t)
    return t.code()


# --- Cortex-M0+ -------------------------------------------------------
def state0(index: int) -> int:
    """Offset of a working word."""
    return STATE + 4 * index


def load_state0(t: Thumb) -> None:
    """Working words = state."""
    t.ldr(0, SP, F_STATE)
    t.sp_address(1, STATE)
    for _ in range(2):
        t.ldm(0, (4, 5, 6, 7), writeback=True)
        t.stm(1, (4, 5, 6, 7), writeback=True)


def mix_state0(t: Thumb, *, add: bool) -> None:
    """State += or ^= working words."""
    t.ldr(0, SP, F_STATE)
    for index in range(8):
        t.ldr(1, 0, 4 * index)
        t.ldr(2, SP, state0(index))
        if add:
            t.adds(1, 1, 2)
        else:
            t.eors(1, 2)
        t.str_(1, 0, 4 * index)


def turn(t: Thumb, d: int, count: int, spare: int) -> None:
    """d = d rotated right by a constant."""
    t.movs(spare, count)
    t.rors_reg(d, spare)


def sha256_m0plus() -> bytes:
    """SHA-256 for the narrow core."""
    t = Thumb(wide=False)
    open_frame(t)
    load_block(t)
    t.sp_address(7, W)

    def expand() -> None:
        t.ldr(1, 7, 4)
        t.mov(2, 1)
        turn(t, 2, 11, 5)  # 7 = 18 - 11
        t.eors(2, 1)
        turn(t, 2, 7, 5)
        t.lsrs(1, 1, 3)
        t.eors(2, 1)
        t.ldr(1, 7, 56)
        t.mov(3, 1)
        turn(t, 3, 2, 5)  # 17 = 19 - 2
        t.eors(3, 1)
        turn(t, 3, 17, 5)
        t.lsrs(1, 1, 10)
        t.eors(3, 1)
        t.adds(2, 2, 3)
        t.ldr(1, 7, 36)
        t.adds(2, 2, 1)
        t.ldr(1, 7, 0)
        t.adds(2, 2, 1)
        t.str_(2, 7, 64)
        t.adds_imm(7, 7, 4)

    def expand_four() -> None:
        for _ in range(4):
            expand()

    loop(t, "expand", 12, expand_four)
    load_state0(t)
    t.sp_address(7, W)
    t.ldr(6, SP, F_CONSTANTS)

    def rounds() -> None:
        places = list(range(8))
        for step in range(8):
            a, b, c, d, e, f, g, h = (state0(place) for place in places)
            t.ldr(0, SP, e)
            t.mov(1, 0)
            for count in (14, 5):  # 6, 11, 25 from the inside out
                turn(t, 1, count, 5)
                t.eors(1, 0)
            turn(t, 1, 6, 5)
            t.ldr(2, SP, f)
            t.ldr(3, SP, g)
            t.eors(2, 3)
            t.ands(2, 0)
            t.eors(2, 3)
            t.adds(1, 1, 2)
            t.ldr(2, SP, h)
            t.adds(1, 1, 2)
            t.ldr(2, 7, 4 * step)
            t.adds(1, 1, 2)
            t.ldr(2, 6, 4 * step)
            t.adds(1, 1, 2)
            t.ldr(2, SP, d)
            t.adds(2, 2, 1)
            t.str_(2, SP, d)
            t.ldr(0, SP, a)
            t.mov(2, 0)
            for count in (9, 11):  # 2, 13, 22
                turn(t, 2, count, 5)
                t.eors(2, 0)
            turn(t, 2, 2, 5)
            t.adds(1, 1, 2)
            t.ldr(2, SP, b)
            t.ldr(3, SP, c)
            t.eors(0, 2)
            t.eors(3, 2)
            t.ands(0, 3)
            t.eors(0, 2)
            t.adds(1, 1, 0)
            t.str_(1, SP, h)
            places = [places[7], *places[:7]]
        t.adds_imm(7, 7, 32)
        t.adds_imm(6, 6, 32)

    loop(t, "rounds", 8, rounds)
    mix_state0(t, add=True)
    close_frame(t)
    return t.code()


def sm3_m0plus() -> bytes:
    """SM3 for the narrow core; r4 to r6 hold the rotation counts that are used most."""
    t = Thumb(wide=False)
    open_frame(t)
    load_block(t)
    t.sp_address(7, W)
    t.movs(6, rol(15))

    def expand() -> None:
        for _ in range(4):
            t.ldr(1, 7, 52)
            t.rors_reg(1, 6)
            t.ldr(2, 7, 28)
            t.eors(1, 2)
            t.ldr(2, 7, 0)
            t.eors(1, 2)
            t.mov(2, 1)  # x ^ rol(x, 15) ^ rol(x, 23) from the inside out
            turn(t, 2, rol(8), 5)
            t.eors(2, 1)
            t.rors_reg(2, 6)
            t.eors(1, 2)
            t.ldr(2, 7, 12)
            turn(t, 2, rol(7), 5)
            t.eors(1, 2)
            t.ldr(2, 7, 40)
            t.eors(1, 2)
            t.str_(1, 7, 64)
            t.adds_imm(7, 7, 4)

    loop(t, "expand", 13, expand)
    load_state0(t)
    t.sp_address(7, W)
    t.constant(6, T_FIRST)
    for later in (False, True):

        def rounds(later: bool = later) -> None:
            places = list(range(8))
            for step in range(4):
                a, b, c, d, e, f, g, h = (state0(place) for place in places)
                t.ldr(0, SP, a)
                t.mov(1, 0)
                turn(t, 1, rol(12), 5)
                t.ldr(2, SP, e)
                t.adds(3, 1, 2)
                t.adds(3, 3, 6)
                turn(t, 3, rol(7), 5)  # SS1
                t.eors(1, 3)  # SS2
                t.ldr(4, 7, 4 * step)
                t.adds(3, 3, 4)
                t.ldr(5, 7, 4 * step + 16)
                t.eors(4, 5)
                t.adds(1, 1, 4)
                t.ldr(4, SP, b)
                t.ldr(5, SP, c)
                t.eors(5, 0)
                if later:
                    t.eors(4, 0)
                    t.ands(4, 5)
                    t.eors(4, 0)
                else:
                    t.eors(4, 5)
                t.adds(1, 1, 4)
                t.ldr(4, SP, d)
                t.adds(1, 1, 4)
                t.str_(1, SP, d)  # TT1
                t.ldr(4, SP, f)
                t.ldr(5, SP, g)
                if later:
                    t.mov(0, 4)
                    t.eors(0, 5)
                    t.ands(0, 2)
                    t.eors(0, 5)
                else:
                    t.mov(0, 4)
                    t.eors(0, 5)
                    t.eors(0, 2)
                t.adds(3, 3, 0)
                turn(t, 4, rol(19), 5)
                t.str_(4, SP, f)
                t.ldr(4, SP, h)
                t.adds(3, 3, 4)  # TT2
                t.mov(0, 3)  # x ^ rol(x, 9) ^ rol(x, 17)
                turn(t, 0, rol(8), 5)
                t.eors(0, 3)
                t.movs(5, rol(9))
                t.rors_reg(0, 5)
                t.eors(0, 3)
                t.str_(0, SP, h)
                t.ldr(0, SP, b)
                t.rors_reg(0, 5)
                t.str_(0, SP, b)
                turn(t, 6, 31, 5)
                places = [places[3], *places[:3], places[7], *places[4:7]]
            t.adds_imm(7, 7, 16)

        loop(t, f"rounds_{later}", 12 if later else 4, rounds)
        if not later:
            t.constant(6, (T_THEN << 16 | T_THEN >> 16) & 0xFFFFFFFF)
    mix_state0(t, add=False)
    close_frame(t)
    return t.code()


FUNCTIONS = {
    ("m33", "sha256"): sha256_m33,
    ("m33", "sm3"): sm3_m33,
    ("m0plus", "sha256"): sha256_m0plus,
    ("m0plus", "sm3"): sm3_m0plus,
}
