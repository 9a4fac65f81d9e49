"""The key's arithmetic against published vectors and against a library that nobody here wrote."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3, Hash
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun_protocol.algorithms import load_point, point_of, verify_es256
from etoken.crypto import ecdsa, sm2
from etoken.crypto.curves import P256
from etoken.crypto.hmac import hmac_sha256
from etoken.crypto.sm3 import sm3

# RFC 6979 appendix A.2.5, P-256 with SHA-256
SECRET = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")
POINT = bytes.fromhex(
    "04"
    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
)
VECTORS = [
    (
        b"sample",
        "A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60",
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    ),
    (
        b"test",
        "D16B6AE827F17175E040871A1C7EC3500192C4C92677336EC2537ACAEE0008E0",
        "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
        "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
    ),
]
scalars = st.one_of(
    st.integers(1, P256.n - 1), st.sampled_from([1, 2, 15, 16, 17, P256.n - 1, P256.n - 2, (P256.n - 1) // 2, 1 << 255])
)


def low(s: int) -> int:
    return min(s, P256.n - s)


@pytest.mark.parametrize(("message", "k", "r", "s"), VECTORS)
def test_the_nonce_without_fresh_entropy_is_the_one_of_rfc_6979(message: bytes, k: str, r: str, s: str) -> None:
    assert ecdsa.nonce(SECRET, sha256(message).digest(), b"") == int(k, 16)


@pytest.mark.parametrize(("message", "k", "r", "s"), VECTORS)
def test_a_signature_without_fresh_entropy_is_the_one_of_rfc_6979_with_low_s(message: bytes, k: str, r: str, s: str) -> None:
    signature = ecdsa.sign(SECRET, POINT, message, b"")
    assert signature == bytes.fromhex(r) + low(int(s, 16)).to_bytes(32, "big")


def test_fresh_entropy_changes_the_signature_but_not_its_truth() -> None:
    one, two = (ecdsa.sign(SECRET, POINT, b"sample", fresh * 32) for fresh in (b"1", b"2"))
    assert one != two
    verify_es256(POINT, b"sample", one)
    verify_es256(POINT, b"sample", two)


@settings(max_examples=60, deadline=None)
@given(secret=scalars, message=st.binary(max_size=100), fresh=st.binary(min_size=32, max_size=32))
def test_another_library_verifies_every_signature(secret: int, message: bytes, fresh: bytes) -> None:
    raw = secret.to_bytes(32, "big")
    point = ecdsa.public_key(raw)
    assert point == point_of(ec.derive_private_key(secret, ec.SECP256R1()).public_key())
    verify_es256(point, message, ecdsa.sign(raw, point, message, fresh))


@settings(max_examples=40, deadline=None)
@given(secret=scalars, message=st.binary(max_size=100))
def test_signatures_of_another_library_verify_here_when_s_is_low(secret: int, message: bytes) -> None:
    from cryptography.hazmat.primitives import hashes

    key = ec.derive_private_key(secret, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    point = point_of(key.public_key())
    good = r.to_bytes(32, "big") + low(s).to_bytes(32, "big")
    twin = r.to_bytes(32, "big") + (P256.n - low(s)).to_bytes(32, "big")
    assert ecdsa.verify(point, message, good)
    assert not ecdsa.verify(point, message, twin)
    assert not ecdsa.verify(point, message + b"!", good)


GOOD = ecdsa.sign(SECRET, POINT, b"sample", b"")
R, S = GOOD[:32], GOOD[32:]
ZERO, ORDER, ONES = bytes(32), P256.n.to_bytes(32, "big"), b"\xff" * 32


@pytest.mark.parametrize(
    "signature",
    [b"", GOOD[:63], GOOD + b"\0", ZERO + S, R + ZERO, ORDER + S, R + ORDER, ONES + ONES, R + ONES, ZERO + ZERO, S + R],
    ids=["empty", "short", "long", "r=0", "s=0", "r=n", "s=n", "ones", "s=ones", "zeros", "swapped"],
)
def test_verify_answers_false_to_a_malformed_signature(signature: bytes) -> None:
    assert ecdsa.verify(POINT, b"sample", signature) is False


def test_only_points_of_the_curve_are_decoded() -> None:
    assert integers.decode(P256, POINT) is not None
    for byte in (1, 33, 64):
        off = bytearray(POINT)
        off[byte] ^= 1
        assert integers.decode(P256, bytes(off)) is None


@pytest.mark.parametrize(
    "point",
    [b"", POINT[:64], b"\x02" + POINT[1:33], b"\x04" + bytes(64), POINT[:-1] + b"\x00", b"\x04" + ONES + ONES, b"\x05" + POINT[1:]],
    ids=["empty", "short", "compressed", "zero", "off the curve", "over p", "wrong form"],
)
def test_verify_answers_false_to_a_point_that_is_none(point: bytes) -> None:
    assert ecdsa.verify(point, b"sample", GOOD) is False


def test_every_flipped_bit_of_a_signature_is_noticed() -> None:
    load_point(POINT)
    for bit in range(0, 512, 7):
        broken = bytearray(GOOD)
        broken[bit // 8] ^= 1 << bit % 8
        assert not ecdsa.verify(POINT, b"sample", bytes(broken))


def test_a_fault_while_signing_lets_no_signature_out(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = integers.invert
    monkeypatch.setattr(integers, "invert", lambda value, prime: genuine(value, prime) ^ (prime == P256.n))
    with pytest.raises(ecdsa.SignatureFault):
        ecdsa.sign(SECRET, POINT, b"sample", b"")


def test_a_long_computation_ticks_once_a_window() -> None:
    ticks: list[int] = []
    ecdsa.public_key(SECRET, lambda: ticks.append(1))
    assert len(ticks) == 64


@given(key=st.binary(max_size=150), message=st.binary(max_size=150))
def test_hmac_agrees_with_the_standard_library(key: bytes, message: bytes) -> None:
    import hmac

    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


def test_sm3_gives_the_two_examples_of_its_standard() -> None:
    # GB/T 32905-2016 appendix A
    assert sm3(b"abc").digest().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert sm3(b"abcd" * 16).digest().hex() == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"


@given(parts=st.lists(st.binary(max_size=200), max_size=5))
def test_sm3_in_parts_agrees_with_another_library(parts: list[bytes]) -> None:
    other, own = Hash(SM3()), sm3()
    for part in parts:
        other.update(part)
        own.update(part)
    assert own.digest() == other.finalize()


# GB/T 32918.5-2017 appendix A
SM2_SECRET = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
SM2_POINT = bytes.fromhex(
    "04"
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)


def test_sm2_gives_the_signature_of_its_standard() -> None:
    assert sm2.public_key(SM2_SECRET.to_bytes(32, "big")) == SM2_POINT
    digest = sm2.message_digest(SM2_POINT, b"message digest")
    assert digest.hex().upper() == "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
    k = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
    signature = sm2.sign_digest(SM2_SECRET, int.from_bytes(digest, "big"), k)
    assert signature.hex().upper() == (
        "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
    )
    assert sm2.verify(SM2_POINT, b"message digest", signature)
