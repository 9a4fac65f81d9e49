"""The arithmetic that keys in this process have is the readable one, only quicker."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etoken.crypto import backend, ecdsa, hash_integers, hashes, points, sm2
from etoken.crypto.curves import P256, SM2P256V1, Curve
from etoken.crypto.machine_integers import IntegerMachine
from tests.firmware import machine_runner
from tests.support import libcrypto, remembered, unrolled

CURVES = [pytest.param(curve, id=curve.name) for curve in (P256, SM2P256V1)]
QUICK_SHA256 = {"unrolled": unrolled.sha256, "libcrypto": libcrypto.sha256}
SCHEMES = {P256.name: ecdsa.SCHEME, SM2P256V1.name: sm2.SCHEME}


class AtOnce(unrolled.UnrolledMachine):
    """Unrolls a program the first time too."""

    def run(self, program: bytes, io: bytearray) -> int:
        return self.unroll(program)(io)


@pytest.mark.parametrize("name", [name for name, compress in QUICK_SHA256.items() if compress])
@given(blocks=st.integers(1, 4), state=st.binary(min_size=32, max_size=32), data=st.data())
def test_a_quick_compression_function_is_the_readable_one(
    name: str, blocks: int, state: bytes, data: st.DataObject
) -> None:
    compress: Any = QUICK_SHA256[name]
    content = data.draw(st.binary(min_size=64 * blocks, max_size=64 * blocks))
    plain, quick = bytearray(state), bytearray(state)
    hash_integers.sha256(plain, content, blocks, bytearray(hashes.scratch))
    compress(quick, memoryview(content), blocks, bytearray(hashes.scratch))
    assert quick == plain


@pytest.mark.parametrize("curve", CURVES)
def test_each_operation_unrolled_is_the_readable_one(curve: Curve) -> None:
    def write(machine: unrolled.UnrolledMachine, register: int, value: int) -> None:
        machine.registers[register] = value

    def read(machine: unrolled.UnrolledMachine, register: int) -> int:
        return machine.registers[register]

    numbers: Any = machine_runner.Numbers(os.urandom(16))
    assert machine_runner.compare(curve, AtOnce(curve), read, write, 0, numbers, 20)


@pytest.mark.parametrize("curve", CURVES)
@settings(max_examples=5, deadline=None)
@given(
    secrets=st.lists(
        st.integers(1, SM2P256V1.n - 2).map(lambda number: number.to_bytes(32, "big")),
        min_size=2,
        max_size=2,
    ),
    digest=st.binary(min_size=32, max_size=32),
    fresh=st.binary(min_size=32, max_size=32),
)
def test_keys_that_remember_their_combs_compute_what_others_do(
    curve: Curve, secrets: list[bytes], digest: bytes, fresh: bytes
) -> None:
    scheme = SCHEMES[curve.name]
    plain, quick = points.Points(curve, IntegerMachine(curve)), remembered.RememberingPoints(curve)
    # the other key's comb is in the place of this one's when it comes back
    for secret in [*secrets, *secrets]:
        public = plain.public_key(secret)
        assert quick.public_key(secret) == public
        signature = plain.sign(scheme, secret, public, digest, fresh)
        assert quick.sign(scheme, secret, public, digest, fresh) == signature
        assert quick.verify(scheme, public, digest, signature)
        assert not quick.verify(scheme, public, fresh, signature) or fresh == digest
        assert quick.shared(secret, public, fresh) == plain.shared(secret, public, fresh)


def test_keys_in_this_process_have_the_quick_arithmetic_and_tests_of_the_arithmetic_the_readable_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(points.points(P256), remembered.RememberingPoints)
    remembered.readable(monkeypatch)
    assert backend.sha256 is hash_integers.sha256
    assert backend.sm3 is hash_integers.sm3
    for curve in (P256, SM2P256V1):
        machine: Any = points.points(curve)
        assert type(machine) is points.Points
        assert type(machine._machine) is IntegerMachine
