"""A small assembler for Thumb machine code, with only the instructions that the kernels use.

Each is a method with its ARM name.  Encodings are those of the ARMv8-M Architecture Reference
Manual (DDI 0553); ``Thumb(wide=False)`` refuses everything that ARMv6-M, the Cortex-M0+, lacks.
Registers are the integers 0 to 15.  Branches take label names; nothing else is relative to the
program counter, so the code can be at any even address.
"""

from collections.abc import Iterable

SP, LR, PC = 13, 14, 15
EQ, NE, CS, CC, MI, PL, VS, VC, HI, LS, GE, LT, GT, LE = range(14)


class CannotEncode(Exception):
    """The core has no such instruction."""


def _low(*registers: int) -> bool:
    return all(register < 8 for register in registers)


def modified_immediate(value: int) -> int:
    """Return the 12 bits of a Thumb-2 constant (section C1.5 of the manual).

    Raises CannotEncode.
    """
    value &= 0xFFFFFFFF
    byte = value & 0xFF
    for pattern, control in ((byte, 0), (byte * 0x10001, 1), (byte * 0x1010101, 3)):
        if value == pattern:
            return control << 8 | byte
    if value == (value >> 8 & 0xFF) * 0x1000100:
        return 2 << 8 | value >> 8 & 0xFF
    for rotation in range(8, 32):
        rotated = (value << rotation | value >> (32 - rotation)) & 0xFFFFFFFF
        if 0x80 <= rotated <= 0xFF:
            return rotation << 7 | rotated & 0x7F
    raise CannotEncode(hex(value))


class Thumb:
    """Code being assembled.

    ``code()`` resolves the labels and returns its bytes, little-endian halfwords.
    """

    def __init__(self, *, wide: bool) -> None:
        self.wide = wide
        self._halves: list[int] = []
        self._labels: dict[str, int] = {}
        self._fixes: list[tuple[int, str, str]] = []

    # --- the frame ----------------------------------------------------
    def label(self, name: str) -> None:
        """Give the current position a name."""
        if name in self._labels:
            raise ValueError(name)
        self._labels[name] = len(self._halves)

    def _emit(self, *halves: int) -> None:
        self._halves += halves

    def _emit32(self, first: int, second: int) -> None:
        if not self.wide:
            raise CannotEncode(f"{first:04x} {second:04x} needs ARMv7-M")
        self._halves += (first, second)

    def code(self) -> bytes:
        """Return the machine code."""
        halves = list(self._halves)
        for at, kind, name in self._fixes:
            distance = 2 * (self._labels[name] - at) - 4
            if kind == "bcond" and -256 <= distance < 256:
                halves[at] |= distance >> 1 & 0xFF
            elif kind in ("bl", "bw"):
                sign = distance >> 31 & 1
                first = 0xF000 | sign << 10 | distance >> 12 & 0x3FF
                j1, j2 = 1 ^ (distance >> 23 & 1) ^ sign, 1 ^ (distance >> 22 & 1) ^ sign
                halves[at] = first
                halves[at + 1] = (
                    (0xD000 if kind == "bl" else 0x9000)
                    | j1 << 13
                    | j2 << 11
                    | distance >> 1 & 0x7FF
                )
            elif kind == "bcondw":
                cond = halves[at]
                halves[at] = 0xF000 | (distance >> 20 & 1) << 10 | cond << 6 | distance >> 12 & 0x3F
                halves[at + 1] = (
                    0x8000
                    | (distance >> 18 & 1) << 13
                    | (distance >> 19 & 1) << 11
                    | distance >> 1 & 0x7FF
                )
            elif kind == "tbh":
                halves[at] = self._labels[name] - halves[at]
            else:
                raise CannotEncode(f"{name} is too far away ({distance})")
        return b"".join(half.to_bytes(2, "little") for half in halves)

    # --- branches -----------------------------------------------------
    def b(self, name: str) -> None:
        """Branch anywhere: B.W, or on the narrow core BL, which overwrites LR."""
        self._fixes.append((len(self._halves), "bw" if self.wide else "bl", name))
        self._emit(0, 0)

    def bcond(self, condition: int, name: str) -> None:
        """Conditional branch; never on a secret."""
        if self.wide:
            self._fixes.append((len(self._halves), "bcondw", name))
            self._emit(condition, 0)
        else:
            self._fixes.append((len(self._halves), "bcond", name))
            self._emit(0xD000 | condition << 8)

    def bl(self, name: str) -> None:
        """Call; on the narrow core also a far jump."""
        self._fixes.append((len(self._halves), "bl", name))
        self._emit(0, 0)

    def bx(self, m: int) -> None:
        """Jump to an address."""
        self._emit(0x4700 | m << 3)

    def add_pc(self, m: int) -> None:
        """PC += m, counted from four bytes after this instruction."""
        self._emit(0x4487 | m << 3)

    def table_branch(self, m: int, names: Iterable[str]) -> None:
        """Jump to the m-th of ``names`` (TBH)."""
        self._emit32(0xE8DF, 0xF010 | m)
        start = len(self._halves)
        for name in names:
            self._fixes.append((len(self._halves), "tbh", name))
            self._emit(start)

    # --- moves and constants ------------------------------------------
    def mov(self, d: int, m: int) -> None:
        """d = m, any registers; flags stay."""
        self._emit(0x4600 | (d & 8) << 4 | m << 3 | d & 7)

    def movs(self, d: int, value: int) -> None:
        """d = 0 to 255; sets N and Z, keeps C."""
        if not _low(d) or not 0 <= value < 256:
            raise CannotEncode("movs")
        self._emit(0x2000 | d << 8 | value)

    def mov_imm(self, d: int, value: int) -> None:
        """d = any Thumb-2 constant; flags stay."""
        imm = modified_immediate(value)
        self._emit32(0xF04F | (imm & 0x800) >> 1, (imm & 0x700) << 4 | d << 8 | imm & 0xFF)

    def movw(self, d: int, value: int) -> None:
        """d = 16 bits."""
        self._emit32(
            0xF240 | value >> 12 & 0xF | (value >> 11 & 1) << 10,
            (value >> 8 & 7) << 12 | d << 8 | value & 0xFF,
        )

    def movt(self, d: int, value: int) -> None:
        """High half of d = 16 bits."""
        self._emit32(
            0xF2C0 | value >> 12 & 0xF | (value >> 11 & 1) << 10,
            (value >> 8 & 7) << 12 | d << 8 | value & 0xFF,
        )

    def constant(self, d: int, value: int) -> None:
        """d = 32 bits, with as few instructions as possible; the narrow core's flags change."""
        value &= 0xFFFFFFFF
        if self.wide:
            try:
                self.mov_imm(d, value)
            except CannotEncode:
                self.movw(d, value & 0xFFFF)
                if value >> 16:
                    self.movt(d, value >> 16)
            return
        shift = 0
        parts = value.to_bytes(4, "big").lstrip(b"\0") or b"\0"
        self.movs(d, parts[0])
        for part in parts[1:]:
            shift += 8
            if part:
                self.lsls(d, d, shift)
                self.adds_imm(d, d, part)
                shift = 0
        if shift:
            self.lsls(d, d, shift)

    # --- arithmetic: three registers ----------------------------------
    def _data(self, op: int, d: int, n: int, m: int, lsl: int, kind: int, s: bool) -> None:
        self._emit32(
            0xEA00 | op << 5 | s << 4 | n,
            (lsl & 0x1C) << 10 | d << 8 | (lsl & 3) << 6 | kind << 4 | m,
        )

    def _data_imm(self, op: int, d: int, n: int, value: int, s: bool) -> None:
        imm = modified_immediate(value)
        self._emit32(
            0xF000 | (imm & 0x800) >> 1 | op << 5 | s << 4 | n,
            (imm & 0x700) << 4 | d << 8 | imm & 0xFF,
        )

    def adds(self, d: int, n: int, m: int) -> None:
        """d = n + m, flags."""
        if _low(d, n, m):
            self._emit(0x1800 | m << 6 | n << 3 | d)
        else:
            self._data(8, d, n, m, 0, 0, True)

    def subs(self, d: int, n: int, m: int) -> None:
        """d = n - m, flags."""
        if _low(d, n, m):
            self._emit(0x1A00 | m << 6 | n << 3 | d)
        else:
            self._data(13, d, n, m, 0, 0, True)

    def adcs(self, d: int, n: int, m: int) -> None:
        """d = n + m + C, flags."""
        if _low(d, n, m) and d == n:
            self._emit(0x4140 | m << 3 | d)
        else:
            self._data(10, d, n, m, 0, 0, True)

    def sbcs(self, d: int, n: int, m: int) -> None:
        """d = n - m - not C, flags."""
        if _low(d, n, m) and d == n:
            self._emit(0x4180 | m << 3 | d)
        else:
            self._data(11, d, n, m, 0, 0, True)

    def adds_imm(self, d: int, n: int, value: int) -> None:
        """d = n + constant, flags."""
        if _low(d, n) and 0 <= value < 8:
            self._emit(0x1C00 | value << 6 | n << 3 | d)
        elif _low(d) and d == n and 0 <= value < 256:
            self._emit(0x3000 | d << 8 | value)
        else:
            self._data_imm(8, d, n, value, True)

    def subs_imm(self, d: int, n: int, value: int) -> None:
        """d = n - constant, flags."""
        if _low(d, n) and 0 <= value < 8:
            self._emit(0x1E00 | value << 6 | n << 3 | d)
        elif _low(d) and d == n and 0 <= value < 256:
            self._emit(0x3800 | d << 8 | value)
        else:
            self._data_imm(13, d, n, value, True)

    def adcs_imm(self, d: int, n: int, value: int) -> None:
        """d = n + constant + C, flags."""
        self._data_imm(10, d, n, value, True)

    def sbcs_imm(self, d: int, n: int, value: int) -> None:
        """d = n - constant - not C, flags."""
        self._data_imm(11, d, n, value, True)

    def rsbs_zero(self, d: int, n: int) -> None:
        """d = 0 - n, flags."""
        if _low(d, n):
            self._emit(0x4240 | n << 3 | d)
        else:
            self._data_imm(14, d, n, 0, True)

    def add(self, d: int, n: int, m: int, lsl: int = 0) -> None:
        """d = n + (m << lsl); flags stay."""
        if d == n and lsl == 0:
            self._emit(0x4400 | (d & 8) << 4 | m << 3 | d & 7)
        else:
            self._data(8, d, n, m, lsl, 0, False)

    def shifted(self, name: str, d: int, n: int, m: int, kind: str = "lsl", count: int = 0) -> None:
        """d = n OP (m shifted by a constant); flags stay.

        OP is and, orr, eor, add, sub, bic, rsb, orn.
        """
        op = {"and": 0, "bic": 1, "orr": 2, "orn": 3, "eor": 4, "add": 8, "sub": 13, "rsb": 14}[
            name
        ]
        self._data(op, d, n, m, count, {"lsl": 0, "lsr": 1, "asr": 2, "ror": 3}[kind], False)

    def logic_imm(self, name: str, d: int, n: int, value: int) -> None:
        """d = n OP constant; flags stay."""
        self._data_imm(
            {"and": 0, "bic": 1, "orr": 2, "eor": 4, "add": 8, "sub": 13, "rsb": 14}[name],
            d,
            n,
            value,
            False,
        )

    def ror(self, d: int, m: int, count: int) -> None:
        """d = m rotated right by a constant; flags stay."""
        self._data(2, d, 15, m, count, 3, False)

    def shift(self, kind: str, d: int, m: int, count: int) -> None:
        """d = m shifted by a constant, any registers; flags stay."""
        self._data(2, d, 15, m, count, {"lsl": 0, "lsr": 1, "asr": 2}[kind], False)

    # --- arithmetic: two registers, narrow ----------------------------
    def _alu(self, op: int, d: int, m: int) -> None:
        if not _low(d, m):
            raise CannotEncode("low registers only")
        self._emit(0x4000 | op << 6 | m << 3 | d)

    def ands(self, d: int, m: int) -> None:
        """d &= m."""
        self._alu(0, d, m)

    def eors(self, d: int, m: int) -> None:
        """d ^= m."""
        self._alu(1, d, m)

    def lsls_reg(self, d: int, m: int) -> None:
        """d <<= m."""
        self._alu(2, d, m)

    def lsrs_reg(self, d: int, m: int) -> None:
        """d >>= m."""
        self._alu(3, d, m)

    def rors_reg(self, d: int, m: int) -> None:
        """Rotate d right by m."""
        self._alu(7, d, m)

    def cmp(self, n: int, m: int) -> None:
        """Flags of n - m."""
        self._alu(10, n, m)

    def orrs(self, d: int, m: int) -> None:
        """d |= m."""
        self._alu(12, d, m)

    def muls(self, d: int, m: int) -> None:
        """d *= m; C and V stay."""
        self._alu(13, d, m)

    def bics(self, d: int, m: int) -> None:
        """d &= ~m."""
        self._alu(14, d, m)

    def mvns(self, d: int, m: int) -> None:
        """d = ~m."""
        self._alu(15, d, m)

    def cmp_imm(self, n: int, value: int) -> None:
        """Flags of n - constant."""
        if not _low(n) or not 0 <= value < 256:
            raise CannotEncode("cmp")
        self._emit(0x2800 | n << 8 | value)

    def lsls(self, d: int, m: int, count: int) -> None:
        """d = m << count, flags."""
        self._emit((count & 31) << 6 | m << 3 | d)

    def lsrs(self, d: int, m: int, count: int) -> None:
        """d = m >> count, flags."""
        self._emit(0x0800 | (count & 31) << 6 | m << 3 | d)

    def asrs(self, d: int, m: int, count: int) -> None:
        """d = m >> count with sign, flags."""
        self._emit(0x1000 | (count & 31) << 6 | m << 3 | d)

    def uxth(self, d: int, m: int) -> None:
        """d = low half of m."""
        self._emit(0xB280 | m << 3 | d)

    def sxth(self, d: int, m: int) -> None:
        """d = low half of m with sign."""
        self._emit(0xB200 | m << 3 | d)

    def uxtb(self, d: int, m: int) -> None:
        """d = low byte of m."""
        self._emit(0xB2C0 | m << 3 | d)

    def rev(self, d: int, m: int) -> None:
        """d = m with its bytes reversed."""
        if _low(d, m):
            self._emit(0xBA00 | m << 3 | d)
        else:
            self._emit32(0xFA90 | m, 0xF080 | d << 8 | m)

    # --- multiplications of the wide core -----------------------------
    def umaal(self, lo: int, hi: int, n: int, m: int) -> None:
        """hi:lo = n * m + lo + hi."""
        self._emit32(0xFBE0 | n, lo << 12 | hi << 8 | 0x60 | m)

    def umull(self, lo: int, hi: int, n: int, m: int) -> None:
        """hi:lo = n * m."""
        self._emit32(0xFBA0 | n, lo << 12 | hi << 8 | m)

    def umlal(self, lo: int, hi: int, n: int, m: int) -> None:
        """hi:lo += n * m."""
        self._emit32(0xFBE0 | n, lo << 12 | hi << 8 | m)

    def mla(self, d: int, n: int, m: int, a: int) -> None:
        """d = n * m + a."""
        self._emit32(0xFB00 | n, a << 12 | d << 8 | m)

    def mul(self, d: int, n: int, m: int) -> None:
        """d = n * m; flags stay."""
        self._emit32(0xFB00 | n, 0xF000 | d << 8 | m)

    def smlad(self, d: int, n: int, m: int, a: int) -> None:
        """d = low(n) * low(m) + high(n) * high(m) + a, halves with sign."""
        self._emit32(0xFB20 | n, a << 12 | d << 8 | m)

    def ubfx(self, d: int, n: int, lsb: int, width: int) -> None:
        """d = ``width`` bits of n from ``lsb``."""
        self._emit32(0xF3C0 | n, (lsb & 0x1C) << 10 | d << 8 | (lsb & 3) << 6 | width - 1)

    def sbfx(self, d: int, n: int, lsb: int, width: int) -> None:
        """The same, with sign."""
        self._emit32(0xF340 | n, (lsb & 0x1C) << 10 | d << 8 | (lsb & 3) << 6 | width - 1)

    def bfi(self, d: int, n: int, lsb: int, width: int) -> None:
        """Put the low ``width`` bits of n into d at ``lsb``."""
        self._emit32(0xF360 | n, (lsb & 0x1C) << 10 | d << 8 | (lsb & 3) << 6 | lsb + width - 1)

    # --- memory -------------------------------------------------------
    def _load_store(self, t: int, n: int, offset: int, narrow: int, scale: int, wide: int) -> None:
        if _low(t, n) and 0 <= offset < 32 * scale and offset % scale == 0:
            self._emit(narrow | offset // scale << 6 | n << 3 | t)
        elif n == SP and scale == 4 and _low(t) and 0 <= offset < 1024 and offset % 4 == 0:
            self._emit((0x9800 if narrow == 0x6800 else 0x9000) | t << 8 | offset // 4)
        elif offset >= 0:
            self._emit32(wide | 0x80 | n, t << 12 | offset)
        else:
            self._emit32(wide | n, t << 12 | 0xC00 | -offset)

    def ldr(self, t: int, n: int, offset: int = 0) -> None:
        """t = word at n + offset."""
        self._load_store(t, n, offset, 0x6800, 4, 0xF850)

    def str_(self, t: int, n: int, offset: int = 0) -> None:
        """Word at n + offset = t."""
        self._load_store(t, n, offset, 0x6000, 4, 0xF840)

    def ldrb(self, t: int, n: int, offset: int = 0) -> None:
        """t = byte at n + offset."""
        self._load_store(t, n, offset, 0x7800, 1, 0xF810)

    def strb(self, t: int, n: int, offset: int = 0) -> None:
        """Byte at n + offset = t."""
        self._load_store(t, n, offset, 0x7000, 1, 0xF800)

    def ldrh(self, t: int, n: int, offset: int = 0) -> None:
        """t = half word at n + offset."""
        self._load_store(t, n, offset, 0x8800, 2, 0xF830)

    def ldr_post(self, t: int, n: int, step: int) -> None:
        """t = word at n, then n += step."""
        self._emit32(0xF850 | n, t << 12 | 0xB00 | step)

    def str_post(self, t: int, n: int, step: int) -> None:
        """Word at n = t, then n += step."""
        self._emit32(0xF840 | n, t << 12 | 0xB00 | step)

    def ldr_reg(self, t: int, n: int, m: int) -> None:
        """t = word at n + m."""
        self._emit(0x5800 | m << 6 | n << 3 | t)

    def ldr_index(self, t: int, n: int, m: int) -> None:
        """t = word number m from n on."""
        self._emit32(0xF850 | n, t << 12 | 0x20 | m)

    def lsl_reg(self, d: int, n: int, m: int) -> None:
        """d = n << m, any registers; flags stay."""
        self._emit32(0xFA00 | n, 0xF000 | d << 8 | m)

    def lsr_reg(self, d: int, n: int, m: int) -> None:
        """d = n >> m, any registers; flags stay."""
        self._emit32(0xFA20 | n, 0xF000 | d << 8 | m)

    def rrxs(self, d: int, m: int) -> None:
        """d = C:m >> 1; the bit shifted out goes into C."""
        self._data(2, d, 15, m, 0, 3, True)

    def push_high(self) -> None:
        """Push r8 to r11."""
        self._emit32(0xE92D, 0x0F00)

    def pop_high(self) -> None:
        """Pop r8 to r11."""
        self._emit32(0xE8BD, 0x0F00)

    def str_reg(self, t: int, n: int, m: int) -> None:
        """Word at n + m = t."""
        self._emit(0x5000 | m << 6 | n << 3 | t)

    def ldrd(self, t: int, t2: int, n: int, offset: int = 0) -> None:
        """t, t2 = the two words at n + offset."""
        self._emit32(0xE9D0 | n, t << 12 | t2 << 8 | offset // 4)

    def strd(self, t: int, t2: int, n: int, offset: int = 0) -> None:
        """The two words at n + offset = t, t2."""
        self._emit32(0xE9C0 | n, t << 12 | t2 << 8 | offset // 4)

    def ldm(self, n: int, registers: Iterable[int], *, writeback: bool) -> None:
        """Load ascending registers from n on."""
        names = set(registers)
        mask = sum(1 << register for register in names)
        if max(names) < 8 and _low(n) and (writeback == (n not in names)):
            self._emit(0xC800 | n << 8 | mask)
        else:
            self._emit32(0xE890 | writeback << 5 | n, mask)

    def stm(self, n: int, registers: Iterable[int], *, writeback: bool) -> None:
        """Store ascending registers from n on."""
        names = set(registers)
        mask = sum(1 << register for register in names)
        if max(names) < 8 and _low(n) and writeback:
            self._emit(0xC000 | n << 8 | mask)
        else:
            self._emit32(0xE880 | writeback << 5 | n, mask)

    def push(self, registers: Iterable[int]) -> None:
        """Push low registers and LR."""
        names = set(registers)
        self._emit(
            0xB400 | sum(1 << register for register in names if register < 8) | (LR in names) << 8
        )

    def pop(self, registers: Iterable[int]) -> None:
        """Pop low registers and PC."""
        names = set(registers)
        self._emit(
            0xBC00 | sum(1 << register for register in names if register < 8) | (PC in names) << 8
        )

    def add_sp(self, size: int) -> None:
        """SP += size (negative too), a multiple of 4."""
        step = min(abs(size), 508)
        self._emit((0xB000 if size > 0 else 0xB080) | step // 4)
        if abs(size) > step:
            self.add_sp((abs(size) - step) * (1 if size > 0 else -1))

    def sp_address(self, d: int, offset: int) -> None:
        """d = SP + offset."""
        if _low(d) and offset % 4 == 0 and offset < 1024:
            self._emit(0xA800 | d << 8 | offset // 4)
        else:
            self._data_imm(8, d, SP, offset, False)
