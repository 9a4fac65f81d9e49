"""The viper machine's conversions and its inversion.

Conversions are between limbs, bytes, and pieces of 16 and of 14 bits; the inversion works on pieces
of 14 bits.
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
_P = const(4)  # word offset of the register that holds p
_P14 = const(6)  # 1 / p mod 2^14, and 1 / n
_N14 = const(7)
_HALVES = const(16)  # 18 words: a value in pieces of 16 bits
_F = const(112)  # inversion: rows of 19 words of 14 bits
_G = const(131)
_D = const(150)
_E = const(169)
_MODULUS = const(188)
_MATRIX = const(207)  # u, v, q, r, zeta
# added to stored values that may be negative: words are read unsigned on 64-bit machines
_BIAS = const(0x10000)


@micropython.viper
def gather(w: ptr32, d: int):  # noqa: F821
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
        acc = int(uint(acc) >> uint(bits))  # noqa: F821
        have -= bits
        i += 1


@micropython.viper
def scatter(w: ptr32, a: int, size: int):  # noqa: F821
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
        acc = int(uint(acc) >> uint(size))  # noqa: F821
        have -= size
        i += 1


@micropython.viper
def load(w: ptr32, d: int, io: ptr8, slot: int):  # noqa: F821
    """d = 32 bytes, big-endian."""
    at = 32 * slot
    i = 0
    while i < 16:
        w[_HALVES + i] = io[at + 30 - 2 * i] << 8 | io[at + 31 - 2 * i]
        i += 1
    gather(w, d)


@micropython.viper
def store(w: ptr32, a: int, io: ptr8, slot: int):  # noqa: F821
    """32 bytes, big-endian, of a."""
    scatter(w, a, 16)
    at = 32 * slot
    i = 0
    while i < 16:
        io[at + 30 - 2 * i] = w[_HALVES + i] >> 8
        io[at + 31 - 2 * i] = w[_HALVES + i]
        i += 1


@micropython.viper
def divsteps(w: ptr32):  # noqa: F821
    """Fourteen divsteps on the lowest limbs of f and g (Bernstein and Yang, eprint 2019/266).

    Leaves the transition matrix at MATRIX.
    """
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
def rows(w: ptr32, x: int, y: int, inverse: int):  # noqa: F821
    """(x, y) = matrix (x, y) / 2^14.

    ``inverse`` is 1 / modulus mod 2^14 where multiples of the modulus make the division exact, else
    0.
    """
    u = w[_MATRIX] - _BIAS
    v = w[_MATRIX + 1] - _BIAS
    q = w[_MATRIX + 2] - _BIAS
    r = w[_MATRIX + 3] - _BIAS
    xs = ptr32(uint(w) + uint(4) * uint(x))  # noqa: F821
    ys = ptr32(uint(w) + uint(4) * uint(y))  # noqa: F821
    ms = ptr32(uint(w) + uint(4 * _MODULUS))  # noqa: F821
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
def invert(w: ptr32, d: int, a: int, mod: int):  # noqa: F821
    """d = 1 / a modulo the modulus at ``mod``, in 43 times 14 divsteps for every a."""
    n = w[_LIMBS]
    scatter(w, mod, 14)
    i = 0
    while i < 19:
        w[_MODULUS + i] = w[_G + i]
        w[_F + i] = w[_G + i]
        w[_D + i] = 0
        w[_E + i] = 0
        i += 1
    w[_E] = 1
    scatter(w, a, 14)
    for_top = _F + 18
    while for_top < _MODULUS:
        w[for_top] = w[for_top] + _BIAS
        for_top += 19
    w[_MATRIX + 4] = _BIAS - 1
    inverse = w[_P14] if mod == w[_P] else w[_N14]
    i = 0
    while i < 43:
        divsteps(w)
        rows(w, _F, _G, 0)
        rows(w, _D, _E, inverse)
        i += 1
    # d is between -2 and 1 times the modulus, and has the sign of f
    sign = (w[_F + 18] - _BIAS) >> 31
    top = 0
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
        acc = int(uint(acc) >> uint(bits))  # noqa: F821
        have -= bits
        i += 1
