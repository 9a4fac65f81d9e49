"""The viper machine's recoding of scalars and its lookups, which read every entry."""


# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportArgumentType=false

from micropython import const

from etoken.crypto.viper_field import copy
from etoken.crypto.viper_numbers import gather, scatter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import micropython

# offsets into the work area, in words: see ``machine_viper``
_LIMBS = const(0)
_BITS = const(1)
_MASK = const(2)
_P = const(4)  # word offset of the register that holds p
_N = const(5)
_COUNTER = const(8)
_DIGIT = const(10)
_HALVES = const(16)  # 18 words: a value in pieces of 16 bits
_SIGNS = const(36)  # two rows of 18 words of 16 bits
_T = const(92)  # a temporary value


@micropython.viper
def bits(w: ptr32, which: int, a: int, window: int):  # noqa: F821
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
    scatter(w, _T, 16)
    row = _SIGNS + 18 * which
    i = 0
    while i < 17:
        above = w[_HALVES + i + 1] if i < 16 else 0
        w[row + i] = (w[_HALVES + i] >> 1 | above << 15) & 0xFFFF
        i += 1
    w[row + 16] = w[row + 16] | (8 if window else 2)
    w[row + 17] = 0


@micropython.viper
def find_digit(w: ptr32, row: int, column: int, shape: int):  # noqa: F821
    """w[DIGIT] = number of the entry << 1 | 1 for its negative; shape = count << 8 | stride.

    The result is left in the work area: a return value would become a Python object.
    """
    count = shape >> 8
    stride = shape & 0xFF
    digit = 0
    i = 0
    while i < count:
        digit |= (w[row + (column >> 4)] >> (column & 15) & 1) << i
        column += stride
        i += 1
    negative = (digit >> (count - 1)) - 1
    w[_DIGIT] = ((digit ^ negative) & ((1 << (count - 1)) - 1)) << 1 | (negative & 1)


@micropython.viper
def negate(w: ptr32, d: int):  # noqa: F821
    """d = p - d if the digit says so."""
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    p = w[_P]
    flip = 0 - (w[_DIGIT] & 1)
    carry = 0
    i = 0
    while i < n:
        carry += (w[p + i] & flip) + ((w[d + i] ^ flip) - flip)
        w[d + i] = carry & mask
        carry >>= bits
        i += 1


@micropython.viper
def pick(w: ptr32, d: int, table: ptr32, block: int):  # noqa: F821
    """d and the register after it = the signed entry of a block; every entry is read."""
    n = w[_LIMBS]
    find_digit(w, _SIGNS + 18 * (block >> 2), w[_COUNTER] + 11 * (block & 3), 6 << 8 | 43)
    wanted = w[_DIGIT] >> 1
    part = 0
    halves = ptr16(uint(w) + uint(4 * _T))  # noqa: F821
    words = ptr32(uint(w) + uint(4 * _T))  # noqa: F821
    while part < 2:
        entry = ptr32(uint(table) + uint(2048 * block + 1024 * part))  # noqa: F821
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
            entry = ptr32(uint(entry) + uint(32))  # noqa: F821
            i += 1
        j = 0
        while j < 16:
            w[_HALVES + j] = halves[j]
            j += 1
        gather(w, d + part * n)
        part += 1
    negate(w, d + n)


@micropython.viper
def take(w: ptr32, d: int, table: ptr16, block: int):  # noqa: F821
    """The same for a public scalar, reading one entry."""
    n = w[_LIMBS]
    find_digit(w, _SIGNS + 18 * (block >> 2), w[_COUNTER] + 11 * (block & 3), 6 << 8 | 43)
    part = 0
    while part < 2:
        at = 1024 * block + 512 * part + 16 * (w[_DIGIT] >> 1)
        j = 0
        while j < 16:
            w[_HALVES + j] = table[at + j]
            j += 1
        gather(w, d + part * n)
        part += 1
    negate(w, d + n)


@micropython.viper
def window(w: ptr32, d: int, first: int):  # noqa: F821
    """The same from the window table in the registers from ``first`` on."""
    n = w[_LIMBS]
    find_digit(w, _SIGNS + 18, 4 * w[_COUNTER], 4 << 8 | 1)
    wanted = w[_DIGIT] >> 1
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
        copy(w, d + part * n, _T)
        part += 1
    negate(w, d + n)


@micropython.viper
def save(w: ptr32, entry: int, a: int, table: ptr8):  # noqa: F821
    """Entry of the table = register a and the one after it."""
    n = w[_LIMBS]
    part = 0
    while part < 2:
        scatter(w, a + part * n, 16)
        at = 32 * ((entry & 0xE0) + entry) + 1024 * part
        j = 0
        while j < 16:
            table[at + 2 * j] = w[_HALVES + j]
            table[at + 2 * j + 1] = w[_HALVES + j] >> 8
            j += 1
        part += 1


@micropython.viper
def fetch(w: ptr32, d: int, entry: int, table: ptr16):  # noqa: F821
    """Register d and the one after it = an entry of the table."""
    n = w[_LIMBS]
    part = 0
    while part < 2:
        at = 16 * ((entry & 0xE0) + entry) + 512 * part
        j = 0
        while j < 16:
            w[_HALVES + j] = table[at + j]
            j += 1
        gather(w, d + part * n)
        part += 1
