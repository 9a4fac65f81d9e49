"""The two curves as their standards define them.

Both have a = p - 3, cofactor 1, and p congruent to -1 modulo 2^64.  P-256: SP 800-186 section
3.2.1.3.  sm2p256v1: GB/T 32918.5-2017, RFC 8998 section 3.2.1.
"""


class Curve:
    """Domain parameters as integers: prime ``p``, ``b``, base point ``gx``, ``gy``, order ``n``."""

    def __init__(self, name: str, p: int, b: int, gx: int, gy: int, n: int) -> None:
        self.name = name
        self.p = p
        self.b = b
        self.g = (gx, gy)
        self.n = n


P256 = Curve(
    "P-256",
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
SM2P256V1 = Curve(
    "sm2p256v1",
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
    0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
)


def constants(curve: Curve, r_bits: int) -> "list[int]":
    """Return the values of registers CONSTANTS and up for R = 2^r_bits (see ``machine``)."""
    p, n, r = curve.p, curve.n, 1 << r_bits
    gx, gy = curve.g
    return [
        0,
        r % p,
        1,
        p,
        n,
        r * r % p,
        r * r * r % p,
        r * r % n,
        curve.b * r % p,
        gx * r % p,
        gy * r % p,
    ]


def inverse(value: int, bits: int) -> int:
    """Return 1 / value mod 2^bits for an odd value, by Newton's iteration."""
    result = 1
    for _ in range(8):
        result = result * (2 - value * result) & ((1 << bits) - 1)
    return result
