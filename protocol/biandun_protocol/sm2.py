"""Verification of SM2 signatures (GB/T 32918.2-2016 section 7) over Python's integers.

``cryptography`` has SM3 but no SM2; nothing here signs.  All operands except those of ``multiply``
and ``common`` are public, so nothing else need run in constant time: the sum s*G + t*P is computed
over signed windows of four half-length scalars at once, with tables cached per key, because a
city's keys recur.  Points are affine (x, y) in tables and Jacobian (X, Y, Z) with x = X/Z^2, y =
Y/Z^3 in between; Z = 0 is the point at infinity.
"""

from functools import lru_cache

from cryptography.hazmat.primitives import hashes

from biandun_protocol.errors import StatementProblem

IDENTITY = b"1234567812345678"  # the default identity of GM/T 0009
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Affine = tuple[int, int]
Jacobian = tuple[int, int, int]
INFINITY: Jacobian = (1, 1, 0)
_HALF = 128  # bits of the lower half of a scalar
_WIDTH = 6  # a signed digit is odd and its absolute value below 2^5
_WIDTH_G = 8  # the generator's table is made once


def sm3(data: bytes) -> bytes:
    """SM3 of ``data`` (32 bytes)."""
    running = hashes.Hash(hashes.SM3())
    running.update(data)
    return running.finalize()


def decode_point(point: bytes) -> Affine | None:
    """Return the coordinates of an uncompressed point (65 bytes), None when not on the curve."""
    if len(point) != 65 or point[0] != 4:
        return None
    x, y = int.from_bytes(point[1:33], "big"), int.from_bytes(point[33:], "big")
    return (x, y) if x < P and y < P and (y * y - (x * x + A) * x - B) % P == 0 else None


def identity_digest(point: bytes, identity: bytes = IDENTITY) -> bytes:
    """Return ZA of section 5.5: SM3(ENTL || ID || a || b || xG || yG || xA || yA)."""
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    return sm3((8 * len(identity)).to_bytes(2, "big") + identity + curve + point[1:])


def message_digest(point: bytes, message: bytes, identity: bytes = IDENTITY) -> int:
    """Return e = SM3(ZA || message) as a number: what is signed."""
    return int.from_bytes(sm3(identity_digest(point, identity) + message), "big")


def verify(point: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether r || s (64 bytes) verifies for ``message`` under an uncompressed point.

    False also when the point is not on the curve.
    """
    tables = _tables_of(point)
    if tables is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % N
    if not (0 < r < N and 0 < s < N) or t == 0:
        return False
    x, _, z = _sum([(*_generator(), s, _WIDTH_G), (*tables, t, _WIDTH)])
    return z != 0 and (message_digest(point, message) + x * pow(z, -2, P) % P) % N == r


def multiply(point: Affine, scalar: int) -> Affine:
    """Return ``scalar`` (2 to N - 3, else ValueError) times ``point``.

    For the Diffie-Hellman secret of one session.  A ladder: the same operations in the same order
    for every scalar, as far as Python's integers allow.
    """
    if not 2 <= scalar <= N - 3:
        raise ValueError("the ladder would pass the point at infinity")
    padded = scalar + N if (scalar + N) >> 256 else scalar + 2 * N  # 257 bits, always
    low, high = point, _affine(_double((*point, 1)))
    for place in range(padded.bit_length() - 2, -1, -1):
        both = _affine(_add((*low, 1), high))
        if padded >> place & 1:
            low, high = both, _affine(_double((*high, 1)))
        else:
            low, high = _affine(_double((*low, 1))), both
    return low


Table = list[Affine]


def common(point: bytes, scalar: int) -> bytes:
    """Diffie-Hellman: return x (32 bytes) of ``scalar`` times an uncompressed point.

    Raises StatementProblem(key-invalid).
    """
    decoded = decode_point(point)
    if decoded is None:
        raise StatementProblem("key-invalid")
    return multiply(decoded, scalar)[0].to_bytes(32, "big")


def _double(point: Jacobian) -> Jacobian:
    x, y, z = point
    gamma, delta = y * y % P, z * z % P
    beta, alpha = x * gamma % P, 3 * (x - delta) * (x + delta) % P
    x3 = (alpha * alpha - 8 * beta) % P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P, 2 * y * z % P


def _add(point: Jacobian, other: Affine) -> Jacobian:
    x, y, z = point
    if z == 0:
        return (*other, 1)
    zz = z * z % P
    h = (other[0] * zz - x) % P
    r = (other[1] * zz % P * z - y) % P
    if h == 0:
        return INFINITY if r else _double(point)
    hh = h * h % P
    hhh, v = h * hh % P, x * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y * hhh) % P, z * h % P


def _affine(point: Jacobian) -> Affine:
    inverse = pow(point[2], -1, P)
    square = inverse * inverse % P
    return point[0] * square % P, point[1] * square % P * inverse % P


def _odd_multiples(point: Affine, width: int) -> Table:
    """Return 1, 3, 5 … 2^(width-1) - 1 times ``point``."""
    twice, table, running = _affine(_double((*point, 1))), [point], (*point, 1)
    for _ in range((1 << width - 2) - 1):
        running = _add(running, twice)
        table.append(_affine(running))
    return table


def _halves(point: Affine, width: int) -> tuple[Table, Table]:
    """Return the tables of ``point`` and of 2^128 times it."""
    high: Jacobian = (*point, 1)
    for _ in range(_HALF):
        high = _double(high)
    return _odd_multiples(point, width), _odd_multiples(_affine(high), width)


@lru_cache(maxsize=1)
def _generator() -> tuple[Table, Table]:
    return _halves(G, _WIDTH_G)


@lru_cache(maxsize=4096)  # about 6 KiB a key
def _tables_of(point: bytes) -> tuple[Table, Table] | None:
    decoded = decode_point(point)
    return decoded and _halves(decoded, _WIDTH)


def _digits(number: int, width: int) -> list[tuple[int, int]]:
    """Return (place, odd digit) pairs whose sum of digit * 2^place is ``number``, lowest first.

    Digits are more than ``width`` - 1 places apart.
    """
    found: list[tuple[int, int]] = []
    place, mask, half = 0, (1 << width) - 1, 1 << width - 1
    while number:
        zeros = (number & -number).bit_length() - 1
        number >>= zeros
        place += zeros
        digit = number & mask
        if digit >= half:
            digit -= mask + 1
        found.append((place, digit))
        number -= digit
    return found


def _sum(terms: list[tuple[Table, Table, int, int]]) -> Jacobian:
    """Return the sum of scalar * point over (table, table of 2^128 times it, scalar, width)."""
    due: list[list[Affine]] = [[] for _ in range(_HALF + 2)]
    for low, high, scalar, width in terms:
        for table, part in ((low, scalar & (1 << _HALF) - 1), (high, scalar >> _HALF)):
            for place, digit in _digits(part, width):
                x, y = table[abs(digit) >> 1]
                due[place].append((x, y if digit > 0 else P - y))
    total = INFINITY
    for points in reversed(due):
        total = _double(total)
        for point in points:
            total = _add(total, point)
    return total
