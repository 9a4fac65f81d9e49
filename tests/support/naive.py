"""Curve arithmetic as the schoolbook has it, over Python integers: an oracle of its own, and the
slow peer of the benches.

Jacobian coordinates with a = -3, windows of four bits, inversion by Fermat; its time depends on its
numbers.  Runs under both interpreters.  Points are (x, y) or None for infinity; encoded points are
04 || x || y, 65 bytes, big-endian.
"""

from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.crypto.curves import Curve

    Affine = tuple[int, int]
    Jacobian = tuple[int, int, int]


def double(curve: "Curve", point: "Jacobian") -> "Jacobian":
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


def add(curve: "Curve", first: "Jacobian", second: "Jacobian") -> "Jacobian":
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
        return double(curve, first) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % p
    hhh = h * hh % p
    v = u1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


def multiply(curve: "Curve", pairs: "list[tuple[int, Affine]]") -> "Affine | None":
    """Return the sum of scalar * point over ``pairs``."""
    tables = []
    for scalar, (x, y) in pairs:
        row = [(1, 1, 0), (x, y, 1)]
        for index in range(2, 16):
            row.append(
                double(curve, row[index // 2])
                if index % 2 == 0
                else add(curve, row[index - 1], row[1])
            )
        tables.append((scalar, row))
    total = (1, 1, 0)
    for shift in range(252, -4, -4):
        for _ in range(4):
            total = double(curve, total)
        for scalar, row in tables:
            total = add(curve, total, row[(scalar >> shift) & 15])
    x, y, z = total
    if z == 0:
        return None
    inverse = invert(z, curve.p)
    square = inverse * inverse % curve.p
    return x * square % curve.p, y * square * inverse % curve.p


def invert(value: int, prime: int) -> int:
    """1/value by Fermat; MicroPython's pow(value, -1, prime) silently answers 0."""
    return pow(value, prime - 2, prime)


def encode(point: "Affine") -> bytes:
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    key = key + bytes(64 - len(key))
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def nonce(secret: bytes, digest: bytes, fresh: bytes, order: int, label: bytes = b"") -> int:
    """RFC 6979 with additional data and a label, step by step."""
    reduced = (int.from_bytes(digest, "big") % order).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for step in (b"\x00", b"\x01"):
        key = hmac_sha256(key, value + step + secret + reduced + fresh + label)
        value = hmac_sha256(key, value)
    while True:
        value = hmac_sha256(key, value)
        candidate = int.from_bytes(value, "big")
        if 0 < candidate < order:
            return candidate
        key = hmac_sha256(key, value + b"\x00")
        value = hmac_sha256(key, value)


def sign_es256(curve: "Curve", secret: bytes, digest: bytes, fresh: bytes = b"") -> bytes:
    """r || s with low s, unchecked."""
    n, private = curve.n, int.from_bytes(secret, "big")
    k = nonce(secret, digest, fresh, n)
    point = multiply(curve, [(k, curve.g)])
    r = point[0] % n if point else 0
    s = invert(k, n) * (int.from_bytes(digest, "big") + r * private) % n
    s = min(s, n - s)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def sign_sm2(curve: "Curve", secret: bytes, digest: bytes, fresh: bytes = b"") -> bytes:
    """r || s of a digest e, unchecked."""
    n, private = curve.n, int.from_bytes(secret, "big")
    k = nonce(secret, digest, fresh, n, b"SM2")
    return sign_sm2_with(curve, private, int.from_bytes(digest, "big"), k)


def sign_sm2_with(curve: "Curve", private: int, e: int, k: int) -> bytes:
    """GB/T 32918.2 section 6.1, steps A4 to A7, with the nonce given."""
    n = curve.n
    point = multiply(curve, [(k, curve.g)])
    r = (e + point[0]) % n if point else 0
    s = invert(1 + private, n) * (k - r * private) % n
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
