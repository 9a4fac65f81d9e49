"""A passphrase opens what it sealed, whatever keyboard or file it comes from; nobody is locked out
of an older key file.
"""

import pytest

from biandun_office.office.keys import new_key
from biandun_office.office.keystore import Cost, Passphrase, seal, unseal
from biandun_office.platform.errors import PassphraseProblem
from biandun_protocol import pins
from biandun_protocol.algorithms import ES256

CHEAP = Cost(log2n=1)
TYPED = Passphrase("ｌｏｎｇ　ｅｎｏｕｇｈ　１")


def test_full_width_and_plain_letters_are_one_passphrase() -> None:
    key = new_key(ES256)
    sealed = seal(key, TYPED, CHEAP)
    assert unseal(sealed, Passphrase("long enough 1"), ES256).public_key == key.public_key
    assert unseal(sealed, TYPED, ES256).public_key == key.public_key


def test_a_key_that_an_earlier_version_sealed_as_it_was_typed_still_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = new_key(ES256)
    with monkeypatch.context() as old:
        old.setattr(pins, "folded", lambda text: text)
        sealed = seal(key, TYPED, CHEAP)
    assert unseal(sealed, TYPED, ES256).public_key == key.public_key


@pytest.mark.parametrize("secret", ["too short", "aaaaaaaaaaaa", "abababababab"])
def test_a_passphrase_that_is_short_or_of_two_characters_is_weak(secret: str) -> None:
    with pytest.raises(PassphraseProblem) as caught:
        Passphrase(secret).require_strength()
    assert caught.value.code == "passphrase-weak"


@pytest.mark.parametrize(
    "raw",
    [
        b"long enough 1",
        b"\xef\xbb\xbflong enough 1\r\n",
        b"\xff\xfe" + "long enough 1\r\n".encode("utf-16-le"),
    ],
)
def test_a_file_of_a_passphrase_is_read_without_mark_and_end_of_line(raw: bytes) -> None:
    assert pins.decoded(raw) == "long enough 1"
