"""Both curves over Python integers, Jacobian coordinates with a = -3: readable and exact, the oracle for the other backends.

Its time depends on its numbers, so it is the negative control of the constant-time tests and never signs on a key that has
better.  Points are (x, y) or None for infinity; encoded points are 04 || x || y, 65 bytes, big-endian.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.crypto.curves import Curve

    Affine = tuple[int, int]
    Jacobian = tuple[int, int, int]


def nothing() -> None:
    """The tick of somebody who has no keep-alive to send."""


def _double(curve: "Curve", point: "Jacobian") -> "Jacobian":
    p = curve.p
    x, y, z = point
    if z == 0:
        return point
    yy = y * y % p
    s = 4 * x * yy % p
    zz = z * z % p
    m = 3 * (x - zz) * (x + zz) % p
    x3 = (m * m - 2 * s) % p
    return x3, (m * (s - x3) - 8 * yy * yy) % p, 2 * y * z % p


def _add(curve: "Curve", first: "Jacobian", second: "Jacobian") -> "Jacobian":
    p = curve.p
    x1, y1, z1 = first
    x2, y2, z2 = second
    if z1 == 0:
        return second
    if z2 == 0:
        return first
    zz1, zz2 = z1 * z1 % p, z2 * z2 % p
    u1, u2 = x1 * zz2 % p, x2 * zz1 % p
    s1, s2 = y1 * z2 * zz2 % p, y2 * z1 * zz1 % p
    if u1 == u2:
        return _double(curve, first) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % p
    hhh = h * hh % p
    v = u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


def multiply(curve: "Curve", pairs: "list[tuple[int, Affine]]", tick: "Callable[[], None]" = nothing) -> "Affine | None":
    """Return the sum of scalar * point over ``pairs``; windows of four bits, one run of doublings for all.

    ``tick`` is called once per window so that a long computation can send its keep-alives.
    """
    tables: list[tuple[int, list[Jacobian]]] = []
    for scalar, (x, y) in pairs:
        row: list[Jacobian] = [(1, 1, 0), (x, y, 1)]
        for index in range(2, 16):
            row.append(_double(curve, row[index // 2]) if index % 2 == 0 else _add(curve, row[index - 1], row[1]))
        tables.append((scalar, row))
    total: Jacobian = (1, 1, 0)
    for shift in range(252, -4, -4):
        tick()
        for _ in range(4):
            total = _double(curve, total)
        for scalar, row in tables:
            total = _add(curve, total, row[(scalar >> shift) & 15])
    x, y, z = total
    if z == 0:
        return None
    inverse = invert(z, curve.p)
    square = inverse * inverse % curve.p
    return x * square % curve.p, y * square * inverse % curve.p


def invert(value: int, prime: int) -> int:
    """Return 1/value mod ``prime`` by Fermat; MicroPython's pow(value, -1, prime) silently answers 0."""
    return pow(value, prime - 2, prime)


def encode(point: "Affine") -> bytes:
    """Return 04 || x || y."""
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode(curve: "Curve", raw: bytes) -> "Affine | None":
    """Return the point, or None when ``raw`` is not an uncompressed point of the curve."""
    if len(raw) != 65 or raw[0] != 4:
        return None
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
    if x >= curve.p or y >= curve.p or (y * y - (x * x - 3) * x - curve.b) % curve.p:
        return None
    return x, y
