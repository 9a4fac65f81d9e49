"""The viper machine's arithmetic modulo p and n.

Offsets into the work area are in words; loops run a public number of times.
"""


# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportArgumentType=false

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    import micropython

# offsets into the work area, in words: see ``machine_viper``
_LIMBS = const(0)
_BITS = const(1)
_MASK = const(2)
_INVERSE_N = const(3)  # -1 / n mod 2^BITS
_P = const(4)  # word offset of the register that holds p
_N = const(5)
_M = const(72)  # multipliers of a reduction
_T = const(92)  # a temporary value
_F = const(112)  # inversion: rows of 19 words of 14 bits


@micropython.viper
def select(w: ptr32, d: int, mod: int, top: int):  # noqa: F821
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
    keep = (top + borrow) >> 31  # -1 when T was smaller
    i = 0
    while i < n:
        w[d + i] = w[d + i] ^ ((w[d + i] ^ w[_T + i]) & keep)
        i += 1


@micropython.viper
def multiply(w: ptr32, d: int, ab: int, mod: int):  # noqa: F821
    """d = a b / R modulo the modulus at ``mod``; ab = a << 16 | b.

    Montgomery's reduction, column by column.
    """
    n = w[_LIMBS]
    bits = w[_BITS]
    mask = w[_MASK]
    inverse = 1 if mod == w[_P] else w[_INVERSE_N]  # p = -1 mod 2^64
    a = ptr32(uint(w) + uint(4) * uint(ab >> 16))  # noqa: F821
    b = ptr32(uint(w) + uint(4) * uint(ab & 0xFFFF))  # noqa: F821
    p = ptr32(uint(w) + uint(4) * uint(mod))  # noqa: F821
    q = ptr32(uint(w) + uint(4 * _M))  # noqa: F821
    t = ptr32(uint(w) + uint(4 * _T))  # noqa: F821
    acc = uint(0)  # noqa: F821
    k = 0
    while k < n:
        i = 0
        j = k
        while i < k:
            acc += uint(a[i] * b[j])  # noqa: F821
            acc += uint(q[i] * p[j])  # noqa: F821
            i += 1
            j -= 1
        acc += uint(a[k] * b[0])  # noqa: F821
        factor = (int(acc) & mask) * inverse & mask
        q[k] = factor
        acc += uint(factor * p[0])  # noqa: F821
        acc >>= uint(bits)  # noqa: F821
        k += 1
    while k < n + n - 1:
        i = k - n + 1
        j = n - 1
        while i < n:
            acc += uint(a[i] * b[j])  # noqa: F821
            acc += uint(q[i] * p[j])  # noqa: F821
            i += 1
            j -= 1
        t[k - n] = int(acc) & mask
        acc >>= uint(bits)  # noqa: F821
        k += 1
    t[n - 1] = int(acc) & mask
    select(w, d, mod, int(acc >> uint(bits)))  # noqa: F821


@micropython.viper
def add(w: ptr32, d: int, ab: int, mod: int):  # noqa: F821
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
    select(w, d, mod, carry)


@micropython.viper
def subtract(w: ptr32, d: int, ab: int, mod: int):  # noqa: F821
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
def half(w: ptr32, d: int, a: int):  # noqa: F821
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
def copy(w: ptr32, d: int, a: int):  # noqa: F821
    """d = a."""
    n = w[_LIMBS]
    i = 0
    while i < n:
        w[d + i] = w[a + i]
        i += 1


@micropython.viper
def lows(w: ptr32, d: int, a: int, zero: int):  # noqa: F821
    """d = the smaller of a and n - a."""
    n = w[_LIMBS]
    subtract(w, _F, zero << 16 | a, w[_N])  # F is free between inversions
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
