"""The key's signatures against published vectors and against libraries that nobody here wrote, on
every backend.
"""

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun_protocol.algorithms import load_point, point_of, verify_es256
from biandun_simulator import interpreter
from etoken.crypto import ecdsa, programs, sm2
from etoken.crypto import machine as m
from etoken.crypto.curves import P256, SM2P256V1, Curve
from etoken.crypto.faults import SecretInvalid, SignatureFault
from etoken.crypto.hmac import hmac_sha256
from etoken.crypto.nonces import Hmac, Nonces
from etoken.crypto.points import Points, Scheme, points
from etoken.crypto.sm3 import sm3
from tests.firmware.kernel_cases import CORES, emulated_points
from tests.support import naive, remembered
from tests.support.openssl_sm2 import openssl_signs, openssl_verifies

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
# GB/T 32918.5-2017 appendix A
SM2_SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
SM2_POINT = bytes.fromhex(
    "04"
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SM2_DIGEST = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
SM2_NONCE = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")
SM2_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


@dataclass(frozen=True)
class Kind:
    """One suite as the tests need it."""

    name: str
    module: Any
    curve: Curve
    kernel: str
    secret: bytes
    point: bytes

    @property
    def scheme(self) -> Scheme:
        return self.module.SCHEME

    def digest(self, message: bytes, point: bytes) -> bytes:
        return self.module.message_digest(point, message)


ES256 = Kind("ES256", ecdsa, P256, "p256", SECRET, POINT)
SM2 = Kind("SM2", sm2, SM2P256V1, "sm2", SM2_SECRET, SM2_POINT)
KINDS = [pytest.param(kind, id=kind.name) for kind in (ES256, SM2)]
BACKENDS: dict[str, Callable[[Kind], Points]] = {
    "integers": lambda kind: points(kind.curve),
    "m33": lambda kind: emulated_points("m33", kind.kernel)[0],
    "m0plus": lambda kind: emulated_points("m0plus", kind.kernel)[0],
}
kinds = pytest.mark.parametrize("kind", KINDS)
backends = pytest.mark.parametrize("backend", BACKENDS)


@pytest.fixture(autouse=True)
def _firmware_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here it is what is tested."""
    remembered.readable(monkeypatch)


def random_bytes(out: bytearray) -> None:
    out[:] = os.urandom(len(out))


def low(s: int) -> int:
    return min(s, P256.n - s)


def octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


# --- published vectors ------------------------------------------------
@pytest.mark.parametrize(("message", "k", "r", "s"), VECTORS)
def test_the_nonce_without_fresh_entropy_is_the_one_of_rfc_6979(
    message: bytes, k: str, r: str, s: str
) -> None:
    out = bytearray(32)
    Nonces(SECRET, sha256(message).digest(), b"").next(out)
    assert out.hex().upper() == k


@backends
@pytest.mark.parametrize(("message", "k", "r", "s"), VECTORS)
def test_a_signature_without_fresh_entropy_is_the_one_of_rfc_6979_with_low_s(
    backend: str, message: bytes, k: str, r: str, s: str
) -> None:
    signature = BACKENDS[backend](ES256).sign(
        ecdsa.SCHEME, SECRET, POINT, sha256(message).digest(), b""
    )
    assert signature == bytes.fromhex(r) + octets(low(int(s, 16)))


@backends
def test_sm2_gives_the_signature_of_its_standard(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Given:
        """The nonce of the sample in the place of ours."""

        def __init__(self, *_: object) -> None:
            pass

        def next(self, out: memoryview) -> None:
            out[:] = SM2_NONCE

        def blind(self, out: memoryview, which: int) -> None:
            out[:] = bytes([which]) * 32

        def wipe(self) -> None:
            pass

    monkeypatch.setattr("etoken.crypto.points.Nonces", Given)
    assert sm2.message_digest(SM2_POINT, b"message digest") == SM2_DIGEST
    assert (
        BACKENDS[backend](SM2).sign(sm2.SCHEME, SM2_SECRET, SM2_POINT, SM2_DIGEST, b"")
        == SM2_SIGNATURE
    )


@backends
@kinds
def test_the_public_key_of_the_sample_comes_out(backend: str, kind: Kind) -> None:
    assert BACKENDS[backend](kind).public_key(kind.secret) == kind.point


def test_the_sample_of_the_sm2_standard_verifies() -> None:
    assert sm2.verify(SM2_POINT, b"message digest", SM2_SIGNATURE)


def test_sm3_gives_the_two_examples_of_its_standard() -> None:
    # GB/T 32905-2016 appendix A
    assert (
        sm3(b"abc").digest().hex()
        == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    assert (
        sm3(b"abcd" * 16).digest().hex()
        == "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    )


# --- other libraries --------------------------------------------------
def judged(kind: Kind, public: bytes, rows: list[tuple[bytes, bytes]]) -> list[bool]:
    """What an independent library says of (message, signature) pairs under one key."""
    if kind.name == "SM2":
        return openssl_verifies(public, rows)
    for message, signature in rows:
        verify_es256(public, message, signature)  # raises
    return [True] * len(rows)


counts = pytest.mark.parametrize("count", [20, pytest.param(200, marks=pytest.mark.slow)])


@pytest.mark.parametrize("backend", CORES)
@kinds
@counts
def test_signatures_of_a_kernel_verify_elsewhere(backend: str, kind: Kind, count: int) -> None:
    machine = BACKENDS[backend](kind)
    secret = machine.new_secret(random_bytes)
    public = machine.public_key(secret)
    messages = [os.urandom(index) for index in range(count)]
    rows = [
        (
            message,
            machine.sign(kind.scheme, secret, public, kind.digest(message, public), os.urandom(32)),
        )
        for message in messages
    ]
    assert judged(kind, public, rows) == [True] * count


@kinds
def test_two_hundred_signatures_over_integers_verify_elsewhere(kind: Kind) -> None:
    secret = kind.module.new_secret(random_bytes)
    public = kind.module.public_key(secret)
    messages = [os.urandom(index) for index in range(200)]
    rows = [
        (message, kind.module.sign(secret, public, message, os.urandom(32))) for message in messages
    ]
    assert judged(kind, public, rows) == [True] * 200


def micropython(*arguments: object) -> list[Any]:
    runner = str(Path(__file__).with_name("machine_runner.py"))
    environment = {"MICROPYPATH": interpreter.firmware_path(), "PATH": os.environ["PATH"]}
    command = [interpreter.find(), "-X", "heapsize=16m", runner, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@counts
def test_the_viper_machine_agrees_with_the_integers_and_its_signatures_verify_elsewhere(
    count: int,
) -> None:
    said, *made = micropython(os.urandom(8).hex(), count)
    assert said == {"backend": "viper", "compared": 2 * 27 * count}
    by_key: dict[tuple[str, bytes], list[tuple[bytes, bytes]]] = {}
    for name, secret, *row in made:
        public, message, signature = map(bytes.fromhex, row)
        kind = {"ES256": ES256, "SM2": SM2}[name]
        assert (
            naive.encode(naive.multiply(kind.curve, [(int(secret, 16), kind.curve.g)]) or (0, 0))
            == public
        )
        by_key.setdefault((name, public), []).append((message, signature))
    assert len(by_key) == 2 * count
    for (name, public), rows in by_key.items():
        if name == "ES256":
            judged(ES256, public, rows)
    several = [(public, rows) for (name, public), rows in by_key.items() if name == "SM2"]
    assert all(all(openssl_verifies(public, rows)) for public, rows in several)


@settings(max_examples=40, deadline=None)
@given(secret=st.integers(1, P256.n - 1), message=st.binary(max_size=100))
def test_signatures_of_another_library_verify_here_when_s_is_low(
    secret: int, message: bytes
) -> None:
    key = ec.derive_private_key(secret, ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
    point = point_of(key.public_key())
    good = octets(r) + octets(low(s))
    twin = octets(r) + octets(P256.n - low(s))
    assert ecdsa.verify(point, message, good)
    assert not ecdsa.verify(point, message, twin)
    assert not ecdsa.verify(point, message + b"!", good)


def test_signatures_of_openssl_verify_here_on_every_backend() -> None:
    public, rows = openssl_signs(SM2_SECRET, [os.urandom(index) for index in range(40)])
    assert public == SM2_POINT
    for index, (message, signature) in enumerate(rows):
        machine = BACKENDS[list(BACKENDS)[index % 3]](SM2)
        assert machine.verify(sm2.SCHEME, public, sm2.message_digest(public, message), signature)
        assert not machine.verify(
            sm2.SCHEME, public, sm2.message_digest(public, message + b"!"), signature
        )


@pytest.mark.parametrize("backend", CORES)
def test_signatures_of_another_library_verify_on_the_kernels(backend: str) -> None:
    machine = BACKENDS[backend](ES256)
    for index in range(20):
        key = ec.generate_private_key(ec.SECP256R1())
        message = os.urandom(index)
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256())))
        digest = sha256(message).digest()
        assert machine.verify(
            ecdsa.SCHEME, point_of(key.public_key()), digest, octets(r) + octets(s)
        )
        assert not machine.verify(
            ecdsa.SCHEME, point_of(key.public_key()), digest, octets(s) + octets(r)
        )


EDGES = [1, 2, 3, 15, 16, 17, 1 << 128, 1 << 255]


@backends
@kinds
@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["the two ends", "all"]
)
def test_keys_at_the_edges_of_their_range_work(backend: str, kind: Kind, every: bool) -> None:
    machine, n = BACKENDS[backend](kind), kind.curve.n
    for secret in (*EDGES, n - 2, n - 3, n // 2, n // 2 + 1) if every else (1, n - 2):
        public = machine.public_key(octets(secret))
        assert public == naive.encode(
            naive.multiply(kind.curve, [(secret, kind.curve.g)]) or (0, 0)
        )
        digest = sha256(octets(secret)).digest()
        signature = machine.sign(kind.scheme, octets(secret), public, digest, b"")
        assert machine.verify(kind.scheme, public, digest, signature)


@settings(max_examples=20, deadline=None)
@given(
    secret=st.integers(1, P256.n - 1),
    digest=st.binary(min_size=32, max_size=32),
    fresh=st.sampled_from([0, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
)
def test_es256_signs_as_the_schoolbook_does(secret: int, digest: bytes, fresh: bytes) -> None:
    machine = points(P256)
    public = machine.public_key(octets(secret))
    assert machine.sign(ecdsa.SCHEME, octets(secret), public, digest, fresh) == naive.sign_es256(
        P256, octets(secret), digest, fresh
    )


@settings(max_examples=20, deadline=None)
@given(
    secret=st.integers(1, SM2P256V1.n - 2),
    digest=st.binary(min_size=32, max_size=32),
    fresh=st.sampled_from([0, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
)
def test_sm2_signs_as_the_schoolbook_does(secret: int, digest: bytes, fresh: bytes) -> None:
    machine = points(SM2P256V1)
    public = machine.public_key(octets(secret))
    assert machine.sign(sm2.SCHEME, octets(secret), public, digest, fresh) == naive.sign_sm2(
        SM2P256V1, octets(secret), digest, fresh
    )


@kinds
def test_fresh_entropy_changes_the_signature_but_not_its_truth(kind: Kind) -> None:
    one, two = (
        kind.module.sign(kind.secret, kind.point, b"sample", fresh * 32) for fresh in (b"1", b"2")
    )
    assert one != two
    assert kind.module.verify(kind.point, b"sample", one)
    assert kind.module.verify(kind.point, b"sample", two)


def test_the_suites_draw_different_nonces_from_the_same_inputs() -> None:
    drawn = []
    for label in (b"", b"SM2"):
        out = bytearray(32)
        Nonces(SECRET, bytes(32), b"", label).next(out)
        drawn.append(bytes(out))
    assert drawn[0] != drawn[1]


# --- Diffie-Hellman ---------------------------------------------------
@settings(max_examples=15, deadline=None)
@given(
    secret=st.one_of(st.sampled_from([1, 2, 3, P256.n - 1, P256.n - 2]), st.integers(1, P256.n - 1))
)
def test_shared_secrets_are_those_of_another_library(secret: int) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    expected = other.exchange(ec.ECDH(), ec.derive_private_key(secret, ec.SECP256R1()).public_key())
    assert ecdsa.shared(octets(secret), point_of(other.public_key()), b"") == expected


@backends
@kinds
def test_both_sides_share_the_same_secret(backend: str, kind: Kind) -> None:
    machine = BACKENDS[backend](kind)
    for mine in (1, kind.curve.n - 2, int.from_bytes(machine.new_secret(random_bytes), "big")):
        other = machine.new_secret(random_bytes)
        one = machine.shared(octets(mine), machine.public_key(other), os.urandom(32))
        assert one is not None
        assert one == machine.shared(other, machine.public_key(octets(mine)), os.urandom(32))


@kinds
@pytest.mark.parametrize("secret", [0, 1], ids=["zero", "n"])
def test_no_secret_is_shared_by_a_key_out_of_range(kind: Kind, secret: int) -> None:
    with pytest.raises(SecretInvalid):
        kind.module.shared(octets(secret * kind.curve.n), kind.point, b"")


# --- bad input --------------------------------------------------------
ZERO, ONES = bytes(32), b"\xff" * 32


def malformed(kind: Kind) -> dict[str, bytes]:
    """Signatures that no rule allows."""
    good = kind.module.sign(kind.secret, kind.point, b"sample", b"")
    r, s, order = good[:32], good[32:], octets(kind.curve.n)
    minus_r = octets(kind.curve.n - int.from_bytes(r, "big"))
    return {
        "empty": b"",
        "short": good[:63],
        "long": good + b"\0",
        "r = 0": ZERO + s,
        "s = 0": r + ZERO,
        "r = n": order + s,
        "s = n": r + order,
        "r above n": octets(kind.curve.n + 1) + s,
        "ones": ONES + ONES,
        "s = ones": r + ONES,
        "zeros": ZERO + ZERO,
        "swapped": s + r,
        "s = n - r, whose sum is 0": r + minus_r,
        "DER": encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
    }


@kinds
@pytest.mark.parametrize("name", malformed(ES256))
def test_verify_answers_false_to_a_malformed_signature(kind: Kind, name: str) -> None:
    assert kind.module.verify(kind.point, b"sample", malformed(kind)[name]) is False


def test_es256_refuses_a_high_s() -> None:
    good = ecdsa.sign(SECRET, POINT, b"sample", b"")
    high = good[:32] + octets(P256.n - int.from_bytes(good[32:], "big"))
    # the mathematics agrees
    assert points(P256).verify(ecdsa.SCHEME, POINT, sha256(b"sample").digest(), high)
    assert ecdsa.verify(POINT, b"sample", high) is False


def test_sm2_refuses_a_signature_made_under_another_identity() -> None:
    digest = sm2.message_digest(SM2_POINT, b"sample", b"somebody@example")
    signature = points(SM2P256V1).sign(sm2.SCHEME, SM2_SECRET, SM2_POINT, digest, b"")
    assert sm2.verify(SM2_POINT, b"sample", signature) is False


def not_points(kind: Kind) -> dict[str, bytes]:
    """What is no uncompressed point of the curve."""
    point, p = kind.point, kind.curve.p
    return {
        "empty": b"",
        "short": point[:64],
        "long": point + b"\0",
        "compressed": b"\x02" + point[1:33],
        "zero": b"\x04" + bytes(64),
        "off the curve": point[:-1] + bytes([point[-1] ^ 1]),
        "of the other curve": (SM2 if kind is ES256 else ES256).point,
        "over p": b"\x04" + ONES + ONES,
        "x + p": b"\x04" + octets(p) + point[33:],
        "wrong form": b"\x05" + point[1:],
    }


@kinds
@pytest.mark.parametrize("name", not_points(ES256))
def test_verify_answers_false_to_a_point_that_is_none(kind: Kind, name: str) -> None:
    good = kind.module.sign(kind.secret, kind.point, b"sample", b"")
    assert kind.module.verify(not_points(kind)[name], b"sample", good) is False


@backends
@kinds
def test_every_backend_tells_points_from_what_is_none(backend: str, kind: Kind) -> None:
    machine = BACKENDS[backend](kind)
    assert machine.is_point(kind.point)
    assert not [name for name, raw in not_points(kind).items() if machine.is_point(raw)]


@kinds
@pytest.mark.parametrize("name", not_points(ES256))
def test_nothing_is_shared_with_a_point_that_is_none(kind: Kind, name: str) -> None:
    assert kind.module.shared(kind.secret, not_points(kind)[name], b"") is None


anything: Any = st.one_of(
    st.binary(max_size=70),
    st.none(),
    st.integers(),
    st.text(max_size=70),
    st.binary(min_size=64, max_size=65).map(memoryview),
)


@settings(max_examples=100, deadline=None)
@given(public=anything, message=anything, signature=anything)
def test_verify_never_raises(public: Any, message: Any, signature: Any) -> None:
    assert ecdsa.verify(public, message, signature) is False
    assert sm2.verify(public, message, signature) is False


@kinds
def test_every_flipped_bit_of_a_signature_is_noticed(kind: Kind) -> None:
    good = kind.module.sign(kind.secret, kind.point, b"sample", b"")
    load_point(POINT)
    for bit in range(0, 512, 7):
        broken = bytearray(good)
        broken[bit // 8] ^= 1 << bit % 8
        assert not kind.module.verify(kind.point, b"sample", bytes(broken))


@backends
@kinds
@pytest.mark.parametrize("value", ["zero", "n", "n + 1", "ones"])
def test_a_key_out_of_range_neither_signs_nor_has_a_public_key(
    backend: str, kind: Kind, value: str
) -> None:
    machine, n = BACKENDS[backend](kind), kind.curve.n
    secret = octets({"zero": 0, "n": n, "n + 1": n + 1, "ones": (1 << 256) - 1}[value])
    with pytest.raises(SecretInvalid):
        machine.public_key(secret)
    with pytest.raises(SecretInvalid):
        machine.sign(kind.scheme, secret, kind.point, bytes(32), b"")


def test_sm2_has_no_key_n_minus_one() -> None:
    with pytest.raises(SecretInvalid):
        sm2.public_key(octets(SM2P256V1.n - 1))
    with pytest.raises(SecretInvalid):
        sm2.sign(octets(SM2P256V1.n - 1), SM2_POINT, b"", b"")


def test_a_drawn_key_out_of_range_is_drawn_again() -> None:
    drawn = iter(
        [bytes(32), octets(P256.n), octets(P256.n - 1), ONES, octets(P256.n - 2), octets(1)]
    )

    def fill(out: bytearray) -> None:
        out[:] = next(drawn)

    assert ecdsa.new_secret(fill) == octets(P256.n - 2)
    assert ecdsa.new_secret(fill) == octets(1)


# --- faults -----------------------------------------------------------
@kinds
@pytest.mark.parametrize("slot", ["IO_R", "IO_S"])
@pytest.mark.parametrize("bit", [0, 100, 255])
def test_a_fault_while_signing_lets_no_signature_out(
    kind: Kind, slot: str, bit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = points(kind.curve)
    genuine = machine._machine.run

    def faulty(program: bytes, io: bytearray) -> int:
        flags = genuine(program, io)
        if program == machine._spelt.get(id(kind.scheme.sign)):
            io[32 * getattr(programs, slot) + bit // 8] ^= 1 << bit % 8
        return flags

    monkeypatch.setattr(machine._machine, "run", faulty)
    with pytest.raises(SignatureFault):
        kind.module.sign(kind.secret, kind.point, b"sample", b"")


@backends
@kinds
@pytest.mark.parametrize("slot", ["IO_E", "IO_K", "IO_D"])
def test_a_fault_in_what_is_signed_lets_no_wrong_signature_out(
    backend: str, kind: Kind, slot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine: Any = BACKENDS[backend](kind)
    digest = kind.digest(b"sample", kind.point)
    machine.prepare(kind.point)
    genuine = machine._machine.run

    def faulty(program: bytes, io: bytearray) -> int:
        if program == machine._spelt.get(id(kind.scheme.sign)):
            io[32 * getattr(programs, slot) + 17] ^= 4
        return genuine(program, io)

    machine.sign(kind.scheme, kind.secret, kind.point, digest, b"")
    monkeypatch.setattr(machine._machine, "run", faulty)
    if slot == "IO_K":  # another nonce makes another signature, and a right one
        signature = machine.sign(kind.scheme, kind.secret, kind.point, digest, b"")
        assert machine.verify(kind.scheme, kind.point, digest, signature)
    else:
        with pytest.raises(SignatureFault):
            machine.sign(kind.scheme, kind.secret, kind.point, digest, b"")


# the narrow kernel takes seconds for a comb; what rebuilds one is the same on all of them
@pytest.mark.parametrize(
    "backend", ["integers", "m33", pytest.param("m0plus", marks=pytest.mark.slow)]
)
@kinds
def test_a_comb_that_went_bad_gives_no_public_key_and_is_made_anew(
    backend: str, kind: Kind
) -> None:
    machine: Any = BACKENDS[backend](kind)
    machine.prepare(kind.point)
    for at in range(0, 8192, 32):
        machine.table[at] ^= 1
    with pytest.raises(SignatureFault):
        machine.public_key(kind.secret)
    assert machine.public_key(kind.secret) == kind.point
    for at in range(0, 16384, 32):
        machine.table[at] ^= 1
    digest = kind.digest(b"sample", kind.point)
    with pytest.raises(SignatureFault):
        machine.sign(kind.scheme, kind.secret, kind.point, digest, b"")
    assert machine.verify(
        kind.scheme,
        kind.point,
        digest,
        machine.sign(kind.scheme, kind.secret, kind.point, digest, b""),
    )


@kinds
@pytest.mark.parametrize("work", ["public_key", "shared", "sign"])
def test_what_the_nonces_were_made_from_is_wiped(
    kind: Kind, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def kept(*given: Any) -> Nonces:
        made.append(Nonces(*given))
        return made[-1]

    monkeypatch.setattr("etoken.crypto.points.Nonces", kept)
    if work == "public_key":
        kind.module.public_key(kind.secret)
    elif work == "shared":
        kind.module.shared(kind.secret, kind.point, b"")
    else:
        kind.module.sign(kind.secret, kind.point, b"sample", b"")
    (nonces,) = made
    left = [
        nonces._key,
        nonces._value,
        nonces._hash._rest,
        nonces._hmac._inner,
        nonces._hmac._outer,
        nonces._hmac._pad,
        nonces._hmac._hash._rest,
    ]
    assert not any(map(any, left))


@pytest.mark.parametrize("size", [1, 31, 33])
def test_fresh_entropy_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Nonces(SECRET, bytes(32), bytes(size), b"")


@kinds
def test_a_private_key_that_changed_on_its_way_signs_nothing(kind: Kind) -> None:
    with pytest.raises(SignatureFault):
        kind.module.sign(
            octets(int.from_bytes(kind.secret, "big") ^ 1 << 77), kind.point, b"sample", b""
        )


@kinds
def test_nothing_is_signed_under_a_public_key_that_is_none(kind: Kind) -> None:
    with pytest.raises(SignatureFault):
        kind.module.sign(kind.secret, not_points(kind)["off the curve"], b"sample", b"")


@kinds
def test_nothing_is_left_where_the_machine_works(kind: Kind) -> None:
    kind.module.sign(kind.secret, kind.point, b"sample", os.urandom(32))
    kind.module.public_key(kind.secret)
    kind.module.shared(kind.secret, kind.point, b"")
    machine: Any = points(kind.curve)
    assert not any(machine._io)
    assert not any(machine._machine.registers[:48])


def test_a_nonce_that_is_refused_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = points(P256)
    genuine, refused = machine._machine.run, []

    def picky(program: bytes, io: bytearray) -> int:
        flags = genuine(program, io)
        if program == machine._spelt.get(id(programs.SIGN_ES256)) and len(refused) < 3:
            refused.append(flags)
            return programs.BAD_NONCE
        return flags

    monkeypatch.setattr(machine._machine, "run", picky)
    signature = ecdsa.sign(SECRET, POINT, b"sample", b"")
    assert refused == [0, 0, 0]
    assert signature != ecdsa.sign(SECRET, POINT, b"sample", b"")
    assert ecdsa.verify(POINT, b"sample", signature)


def test_a_machine_that_refuses_every_nonce_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = points(P256)
    machine.prepare(POINT)
    genuine = machine._machine.run
    refused = m.expand(programs.SIGN_ES256, programs.MACROS)
    monkeypatch.setattr(
        machine._machine,
        "run",
        lambda program, io: programs.BAD_NONCE if program == refused else genuine(program, io),
    )
    with pytest.raises(SignatureFault):
        ecdsa.sign(SECRET, POINT, b"sample", b"")


def test_long_work_ticks_before_each_stretch() -> None:
    ticks: list[int] = []
    machine = Points(P256)
    machine.public_key(SECRET, lambda: ticks.append(1))
    assert len(ticks) == 5  # four blocks of a comb, then the multiplication


# --- hashes -----------------------------------------------------------
@given(parts=st.lists(st.binary(max_size=200), max_size=5))
def test_sm3_in_parts_agrees_with_another_library(parts: list[bytes]) -> None:
    other, own = Hash(SM3()), sm3()
    for part in parts:
        other.update(part)
        own.update(part)
    assert own.digest() == other.finalize()


@given(key=st.binary(max_size=150), message=st.binary(max_size=150))
def test_hmac_agrees_with_the_standard_library(key: bytes, message: bytes) -> None:
    import hmac

    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


@given(key=st.binary(min_size=32, max_size=32), parts=st.lists(st.binary(max_size=150), max_size=4))
def test_the_hmac_that_can_be_wiped_agrees_with_the_standard_library(
    key: bytes, parts: list[bytes]
) -> None:
    import hmac

    own, out = Hmac(), bytearray(32)
    own.key(bytearray(key))
    own.mac(out, *parts)
    assert out == hmac.digest(key, b"".join(parts), "sha256")
    own.zero_key()
    own.mac(out, *parts)
    assert out == hmac.digest(bytes(32), b"".join(parts), "sha256")


@settings(max_examples=30, deadline=None)
@given(
    secret=st.binary(min_size=32, max_size=32),
    digest=st.integers(0, P256.n - 1),
    fresh=st.sampled_from([0, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    label=st.sampled_from([b"", b"SM2"]),
)
def test_nonces_are_those_of_the_schoolbook(
    secret: bytes, digest: int, fresh: bytes, label: bytes
) -> None:
    out = bytearray(32)
    Nonces(secret, octets(digest), fresh, label).next(out)
    assert int.from_bytes(out, "big") == naive.nonce(secret, octets(digest), fresh, P256.n, label)
