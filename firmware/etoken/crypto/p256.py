"""The curve P-256 over Python integers (SP 800-186 section 3.2.1.3), Jacobian coordinates with a = -3.

Readable and exact, but its time depends on its numbers: fit for a simulator and as the oracle for what replaces it.
Points are (x, y) or None for infinity; encoded points are 04 || x || y, 65 bytes, big-endian.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Affine = tuple[int, int]
    Jacobian = tuple[int, int, int]

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def nothing() -> None:
    """The tick of somebody who has no keep-alive to send."""


def _double(point: "Jacobian") -> "Jacobian":
    x, y, z = point
    if z == 0:
        return point
    yy = y * y % P
    s = 4 * x * yy % P
    zz = z * z % P
    m = 3 * (x - zz) * (x + zz) % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(first: "Jacobian", second: "Jacobian") -> "Jacobian":
    x1, y1, z1 = first
    x2, y2, z2 = second
    if z1 == 0:
        return second
    if z2 == 0:
        return first
    zz1, zz2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * zz2 % P, x2 * zz1 % P
    s1, s2 = y1 * z2 * zz2 % P, y2 * z1 * zz1 % P
    if u1 == u2:
        return _double(first) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, h * z1 * z2 % P


def multiply(pairs: "list[tuple[int, Affine]]", tick: "Callable[[], None]" = nothing) -> "Affine | None":
    """Return the sum of scalar * point over ``pairs``; windows of four bits, one run of doublings for all.

    ``tick`` is called once per window so that a long computation can send its keep-alives.
    """
    tables: list[tuple[int, list[Jacobian]]] = []
    for scalar, (x, y) in pairs:
        row: list[Jacobian] = [(1, 1, 0), (x, y, 1)]
        for index in range(2, 16):
            row.append(_double(row[index // 2]) if index % 2 == 0 else _add(row[index - 1], row[1]))
        tables.append((scalar, row))
    total: Jacobian = (1, 1, 0)
    for shift in range(252, -4, -4):
        tick()
        for _ in range(4):
            total = _double(total)
        for scalar, row in tables:
            total = _add(total, row[(scalar >> shift) & 15])
    x, y, z = total
    if z == 0:
        return None
    inverse = invert(z, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P


def invert(value: int, prime: int) -> int:
    """Return 1/value mod ``prime`` by Fermat; MicroPython's pow(value, -1, prime) silently answers 0."""
    return pow(value, prime - 2, prime)


def encode(point: "Affine") -> bytes:
    """Return 04 || x || y."""
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def decode(raw: bytes) -> "Affine | None":
    """Return the point, or None when ``raw`` is not an uncompressed point of the curve."""
    if len(raw) != 65 or raw[0] != 4:
        return None
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
    if x >= P or y >= P or (y * y - (x * x - 3) * x - B) % P:
        return None
    return x, y
