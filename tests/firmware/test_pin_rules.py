"""Which PINs a key takes, on the key and before it; one spelling; and no try is lost for what
cannot be right.
"""

from collections.abc import Callable

import pytest

from biandun import errors
from biandun.key.access import Condition
from biandun.key.session import Key
from biandun_protocol import pins
from biandun_protocol.secret import Secret
from biandun_protocol.wire import messages as wire_messages
from biandun_protocol.wire import pins as rules
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES
from tests.firmware.conftest import Wire
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice

SERIAL = "BD-TEST-4711042"
WEAK = {
    "a run": b"123456",
    "a run down": b"987654",
    "a run over nine": b"890123",
    "letters in a row": b"abcdefg",
    "one digit": b"888888",
    "two digits": b"181811",
    "a part again": b"135135",
    "two characters of three bytes again": "编办编办编办".encode(),
    "a birthday": b"19900131",
    "a short birthday": b"900131",
    "a column of the pad": b"147258",
    "mirrored": b"123321",
    "a word": b"Password",
    "of the serial number": b"471104",
}
GOOD = (
    b"135790",
    b"246810",
    b"246802",
    b"864209",
    b"135791",
    b"901332",
    b"correct horse",
    "陇澜市编制文".encode(),
)


def refusal(call: Callable[[], object]) -> errors.KeyRefused:
    with pytest.raises(errors.KeyRefused) as caught:
        call()
    return caught.value


@pytest.fixture
def unset(blank: Key, office: SoftOffice) -> Key:
    """A personalised key without a PIN."""
    blank.personalise(office.grant(blank.answer_offer(office.offer())))
    return blank


@pytest.mark.parametrize("why", WEAK)
def test_a_weak_pin_is_told_from_a_good_one(why: str) -> None:
    assert rules.is_weak(WEAK[why], SERIAL)


@pytest.mark.parametrize("pin", GOOD, ids=repr)
def test_a_pin_that_nobody_tries_first_is_taken(pin: bytes) -> None:
    assert not rules.is_weak(pin, SERIAL) and not rules.is_short(pin)


def test_a_key_refuses_a_weak_pin_whatever_program_sends_it(unset: Key) -> None:
    for weak in (b"123456", b"888888", unset.info.serial.encode()):
        request = wire_messages.SetPinRequest(0, weak)
        assert (
            refusal(lambda request=request: unset.call(request, wire_messages.SetPinReply)).code
            == "pin-weak"
        )
    assert unset.refresh().pin_slots is None


def test_a_key_counts_characters_and_not_bytes(unset: Key) -> None:
    request = wire_messages.SetPinRequest(0, "编办".encode())
    assert refusal(lambda: unset.call(request, wire_messages.SetPinReply)).code == "pin-format"


@pytest.mark.parametrize(
    "pin",
    [b"123456", "１２３４５６".encode(), b"\xef\xbb\xbf888888\r\n"],
    ids=["plain", "full width", "file"],
)
def test_the_host_refuses_a_weak_pin_before_the_key_is_asked(
    pin: bytes, unset: Key, wire: Wire
) -> None:
    wire.steps.clear()
    assert refusal(lambda: unset.set_pin(Secret(pin))).code == "pin-weak"
    assert wire.steps == []


def test_a_weak_pin_that_is_set_already_keeps_working(
    unset: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as old:
        old.setattr(rules, "is_weak", lambda pin, serial: False)
        unset.set_pin(Secret(b"123456"))
    unset.unlock(Secret(b"123456"))
    assert unset.refresh().unlocked_slot == 0


SPELLINGS = {
    "as it is": b"135790",
    "with a mark and the end of a line": b"\xef\xbb\xbf135790\r\n",
    "full width": "１３５７９０".encode(),
    "UTF-16 with its mark": b"\xff\xfe" + "135790\r\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_pin_opens_the_key_and_costs_no_try(spelling: str, key: Key) -> None:
    key.unlock(Secret(SPELLINGS[spelling]))
    assert key.refresh().unlocked_slot == 0


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_pin_that_was_set_in_any_spelling_is_opened_by_typing_it(
    spelling: str, unset: Key
) -> None:
    unset.set_pin(Secret(SPELLINGS[spelling]))
    unset.unlock(PIN)
    assert unset.refresh().unlocked_slot == 0


def test_a_pin_that_an_earlier_version_took_as_it_was_typed_still_opens_the_key(
    unset: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = Secret("１３５７９０".encode())
    with monkeypatch.context() as old:
        old.setattr(pins, "normalised", lambda pin: pin)
        unset.set_pin(typed)
    unset.unlock(typed)
    assert unset.refresh().unlocked_slot == 0


@pytest.mark.parametrize(
    "pin", [b"", b"1", b"12345", b"1" * 33], ids=["empty", "one", "five", "too long"]
)
def test_a_pin_of_an_impossible_length_is_refused_before_it_costs_a_try(
    pin: bytes, key: Key
) -> None:
    assert refusal(lambda: key.unlock(Secret(pin))).code == "pin-format"
    assert refusal(lambda: key.change_pin(Secret(pin), Secret(b"246810"))).code == "pin-format"
    assert key.condition().tries == {0: LIMIT_PIN_TRIES}


def test_the_key_counts_no_attempt_for_a_pin_that_is_too_short(key: Key) -> None:
    request = wire_messages.UnlockRequest(0, b"12345")
    assert refusal(lambda: key.call(request, wire_messages.UnlockReply)).code == "pin-format"
    assert key.condition().tries == {0: LIMIT_PIN_TRIES}


def test_the_tries_left_are_asked_of_the_key_before_the_first_prompt(key: Key, wire: Wire) -> None:
    refusal(lambda: key.unlock(Secret(b"000000")))
    person = Person(b"")
    again = wire.open(person)
    refusal(again.unlock)
    assert person.asked[0] == (0, LIMIT_PIN_TRIES - 1)


def test_nobody_is_asked_for_a_pin_that_is_locked(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person()
    again = wire.open(person)
    monkeypatch.setattr(again, "condition", lambda: Condition(False, {0: 0}))
    assert refusal(again.unlock).code == "pin-locked"
    assert person.asked == []


def test_an_older_firmware_that_knows_no_such_question_is_asked_for_nothing(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etoken.dispatch import COMMANDS

    monkeypatch.delitem(COMMANDS, wire_messages.ConditionRequest.NUMBER)
    assert key.condition() == Condition(False, {})
    key.unlock(PIN)
