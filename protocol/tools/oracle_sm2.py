"""SM2 with SM3 for the vectors, from the text of GB/T 32918.2-2016.

Affine points, one inversion for each addition.  It shares no code with the verifier or with the
key, and is as slow as it is simple.  A signature's nonce is a digest of the key and of what is
signed, so that signatures are reproducible; such keys are for vectors only.
"""

from hashlib import sha256

from cryptography.hazmat.primitives import hashes

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
Point = tuple[int, int] | None


def sm3(data: bytes) -> bytes:
    """Return SM3 of ``data``."""
    running = hashes.Hash(hashes.SM3())
    running.update(data)
    return running.finalize()


def _plus(first: Point, second: Point) -> Point:
    if first is None or second is None:
        return first or second
    (x1, y1), (x2, y2) = first, second
    if x1 == x2 and (y1 + y2) % P == 0:
        return None
    slope = (
        (3 * x1 * x1 + A) * pow(2 * y1, -1, P)
        if first == second
        else (y2 - y1) * pow(x2 - x1, -1, P)
    )
    x3 = (slope * slope - x1 - x2) % P
    return x3, (slope * (x1 - x3) - y1) % P


def _times(scalar: int, base: Point) -> tuple[int, int]:
    total: Point = None
    for bit in f"{scalar:b}":
        total = _plus(total, total)
        if bit == "1":
            total = _plus(total, base)
    if total is None:
        raise ValueError("a scalar is not a multiple of the order")
    return total


def point(secret: int) -> bytes:
    """Return the uncompressed public point."""
    x, y = _times(secret, G)
    return b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def identity_digest(public: bytes, identity: bytes) -> bytes:
    """Return ZA of section 5.5."""
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    return sm3((8 * len(identity)).to_bytes(2, "big") + identity + curve + public[1:])


def sign(secret: int, message: bytes, identity: bytes = b"1234567812345678") -> bytes:
    """Return r || s (64 bytes) of section 6.1."""
    e = int.from_bytes(sm3(identity_digest(point(secret), identity) + message), "big")
    k = (
        int.from_bytes(sha256(secret.to_bytes(32, "big") + e.to_bytes(32, "big")).digest(), "big")
        % (N - 1)
        + 1
    )
    r = (e + _times(k, G)[0]) % N
    s = pow(1 + secret, -1, N) * (k - r * secret) % N
    if not (r and s and r + k != N):
        raise ValueError("another nonce is needed")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")
