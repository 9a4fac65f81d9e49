"""The generator against NIST's vectors and against a second one, written here from the standard's
text over hmac and hashlib.
"""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etoken.crypto import drbg
from etoken.crypto.drbg import HmacDrbg, ReseedRequired


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def test_a_generator_that_is_not_reseeded_gives_what_nist_says() -> None:
    # CAVS 14.3 drbgvectors_no_reseed HMAC_DRBG.rsp, SHA-256, no personalization, no additional
    # input, COUNT = 0
    generator = HmacDrbg(
        raw("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488"),
        raw("659ba96c601dc69fc902940805ec0ca8"),
    )
    generator.generate(128)
    assert generator.generate(128) == raw(
        "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1"
        "07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"
    )


def test_a_reseeded_generator_gives_what_nist_says() -> None:
    # CAVS 14.3 drbgvectors_pr_false HMAC_DRBG.rsp, SHA-256, no personalization, no additional
    # input, COUNT = 0
    generator = HmacDrbg(
        raw("06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d"),
        raw("0e66f71edc43e42a45ad3c6fc6cdc4df"),
    )
    generator.reseed(raw("01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552"))
    generator.generate(128)
    assert generator.generate(128) == raw(
        "76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb2b1bc215000209208cd506cb28da2a51bdb03826aaf2bd2335d576d519160842"
        "e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a80225422918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124"
    )


def test_a_generator_with_additional_input_gives_what_nist_says() -> None:
    # the same file, AdditionalInputLen = 256, COUNT = 0
    generator = HmacDrbg(
        raw("05ac9fc4c62a02e3f90840da5616218c6de5743d66b8e0fbf833759c5928b53d"),
        raw("2b89a17904922ed8f017a63044848545"),
    )
    generator.reseed(
        raw("2791126b8b52ee1fd9392a0a13e0083bed4186dc649b739607ac70ec8dcecf9b"),
        raw("43bac13bae715092cf7eb280a2e10a962faf7233c41412f69bc74a35a584e54c"),
    )
    generator.generate(128, raw("3f2fed4b68d506ecefa21f3f5bb907beb0f17dbc30f6ffbba5e5861408c53a1e"))
    assert generator.generate(
        128, raw("529030df50f410985fde068df82b935ec23d839cb4b269414c0ede6cffea5b68")
    ) == raw(
        "02ddff5173da2fcffa10215b030d660d61179e61ecc22609b1151a75f1cbcbb4363c3a89299b4b63aca5e581e73c860491010aa35de3337cc6c09ebec8c91a62"
        "87586f3a74d9694b462d2720ea2e11bbd02af33adefb4a16e6b370fa0effd57d607547bdcfbb7831f54de7073ad2a7da987a0016a82fa958779a168674b56524"
    )


class Plain:
    """HMAC_DRBG in the letters of the standard."""

    def __init__(self, seed: bytes) -> None:
        self.k, self.v = b"\0" * 32, b"\1" * 32
        self.update(seed)

    def mac(self, data: bytes) -> bytes:
        return hmac.new(self.k, data, hashlib.sha256).digest()

    def update(self, data: bytes) -> None:
        self.k = self.mac(self.v + b"\0" + data)
        self.v = self.mac(self.v)
        if data:
            self.k = self.mac(self.v + b"\1" + data)
            self.v = self.mac(self.v)

    def generate(self, size: int, additional: bytes) -> bytes:
        if additional:
            self.update(additional)
        temp = b""
        while len(temp) < size:
            self.v = self.mac(self.v)
            temp += self.v
        self.update(additional)
        return temp[:size]


inputs = st.binary(max_size=80)
steps = st.lists(
    st.one_of(st.tuples(st.just("reseed"), inputs, inputs), st.tuples(st.integers(0, 200), inputs)),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(entropy=st.binary(min_size=32, max_size=64), nonce=inputs, personal=inputs, steps=steps)
def test_any_run_is_that_of_a_second_implementation(
    entropy: bytes, nonce: bytes, personal: bytes, steps: list[tuple]
) -> None:
    ours, plain = HmacDrbg(entropy, nonce, personal), Plain(entropy + nonce + personal)
    for step in steps:
        if step[0] == "reseed":
            ours.reseed(step[1], step[2])
            plain.update(step[1] + step[2])
        else:
            assert ours.generate(*step) == plain.generate(*step)


def test_what_was_given_out_cannot_be_found_from_the_state_that_is_left() -> None:
    generator = HmacDrbg(bytes(32), b"nonce")
    out = generator.generate(64)
    state = bytes(generator._key + generator._value)
    assert out[:32] not in state
    assert out[32:] not in state


def test_a_wiped_generator_holds_nothing_and_gives_nothing() -> None:
    generator = HmacDrbg(bytes(range(32)), b"nonce")
    key, value = generator._key, generator._value
    generator.wipe()
    assert not any(key + value)
    with pytest.raises(ReseedRequired):
        generator.generate(1)


def test_a_generator_asks_for_fresh_entropy_when_its_time_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drbg, "RESEED_INTERVAL", 3)
    generator = HmacDrbg(bytes(32), b"nonce")
    for _ in range(3):
        generator.generate(1)
    with pytest.raises(ReseedRequired):
        generator.generate(1)
    generator.reseed(bytes(32))
    assert len(generator.generate(1)) == 1


@pytest.mark.parametrize("size", [-1, (1 << 16) + 1])
def test_a_request_of_no_sensible_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="65536"):
        HmacDrbg(bytes(32), b"nonce").generate(size)
