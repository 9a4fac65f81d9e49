"""The PIN: counted before it is looked at, good for one link, and never on flash."""

from collections.abc import Callable

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES
from etoken.vault import records
from tests.firmware.conftest import Wire
from tests.firmware.testboard import PowerCut
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice

WRONG = Secret(b"000000")
MANIFEST = softkey.manifest()


def sign(key: Key, name: bytes = b"k" * 16):
    return key.sign(MANIFEST, purpose="filing", idempotency_key=name)


def refusal(call: Callable[[], object]) -> errors.KeyRefused:
    with pytest.raises(errors.KeyRefused) as caught:
        call()
    return caught.value


@pytest.fixture
def unset(blank: Key, office: SoftOffice) -> Key:
    """A personalised key without a PIN."""
    blank.personalise(office.grant(blank.answer_offer(office.offer())))
    return blank


def test_a_key_without_a_pin_signs_nothing(unset: Key) -> None:
    assert refusal(lambda: sign(unset)).code == "pin-unset"


def test_a_key_asks_for_its_pin_once_a_link(key: Key, wire: Wire) -> None:
    person = Person()
    again = wire.open(person)
    sign(again, b"1" * 16)
    sign(again, b"2" * 16)
    assert person.asked == [(0, None)]


def test_a_new_link_starts_locked(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    assert wire.open(Person(b"")).info.unlocked_slot is None


def test_lock_ends_what_unlock_began(key: Key) -> None:
    key.unlock(PIN)
    assert key.refresh().unlocked_slot == 0
    key.lock()
    assert key.refresh().unlocked_slot is None


def test_the_statement_says_which_user_signed(key: Key) -> None:
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=5)
    key.unlock(Secret(b"246802"), slot=5)
    assert cose.parse(sign(key).statement, purpose="filing").header.user_slot == 5


def test_a_wrong_pin_says_how_many_tries_are_left_and_a_right_one_gives_them_all_back(
    key: Key,
) -> None:
    for left in (5, 4):
        refused = refusal(lambda: key.unlock(WRONG))
        assert (refused.code, refused.tries_left, refused.exit_status) == ("pin-wrong", left, 6)
    key.unlock(PIN)
    assert refusal(lambda: key.unlock(WRONG)).tries_left == 5


def test_after_the_last_try_even_the_right_pin_is_refused_also_after_unplugging(
    key: Key, wire: Wire
) -> None:
    codes = [refusal(lambda: key.unlock(WRONG)).code for _ in range(LIMIT_PIN_TRIES)]
    assert codes == ["pin-wrong"] * 5 + ["pin-locked"]
    assert refusal(lambda: key.unlock(PIN)).code == "pin-locked"
    assert refusal(lambda: wire.restart().unlock(PIN)).code == "pin-locked"


def test_a_locked_slot_does_not_lock_the_others(key: Key) -> None:
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=1)
    for _ in range(LIMIT_PIN_TRIES):
        refusal(lambda: key.unlock(WRONG, slot=1))
    key.unlock(PIN)


def test_a_wrong_pin_locks_who_was_in(key: Key) -> None:
    key.unlock(PIN)
    refusal(lambda: key.unlock(WRONG))
    assert key.refresh().unlocked_slot is None


def test_a_repeated_unlock_frame_counts_once(key: Key, wire: Wire) -> None:
    refusal(lambda: key.unlock(WRONG))
    frame = bytes.fromhex(str(wire.steps[-1][1]))
    wire.key.feed(frame)
    wire.key.feed(frame)
    assert refusal(lambda: key.unlock(WRONG)).tries_left == 4


@pytest.mark.parametrize("pin", [b"", b"12345"])
def test_a_short_pin_is_refused(pin: bytes, unset: Key) -> None:
    assert refusal(lambda: unset.set_pin(Secret(pin))).code == "pin-format"


def test_the_first_pin_needs_the_button(unset: Key, wire: Wire) -> None:
    wire.presence(False)
    assert refusal(lambda: unset.set_pin(PIN)).code == "presence-refused"
    assert unset.pin_slots == ()


@pytest.mark.parametrize("unlocked", [None, 1])
def test_only_user_0_lets_others_in(unlocked: int | None, key: Key) -> None:
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=1)
    key.lock()
    if unlocked is not None:
        key.unlock(Secret(b"246802"), slot=unlocked)
    assert refusal(lambda: key.set_pin(Secret(b"135791"), slot=2)).code == "slot-refused"


def test_a_pin_is_changed_with_the_old_one_only(key: Key, wire: Wire) -> None:
    new = Secret(b"new pin")
    assert refusal(lambda: key.change_pin(WRONG, new)).tries_left == 5
    key.change_pin(PIN, new)
    assert refusal(lambda: key.unlock(PIN)).tries_left == 5
    wire.restart().unlock(new)


def test_a_reset_forgets_the_pins(key: Key, office: SoftOffice) -> None:
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    assert key.pin_slots == ()


def test_no_pin_stands_on_flash(key: Key, wire: Wire) -> None:
    assert PIN.reveal() not in wire.key.board.flash.cells


def test_the_count_is_on_flash_and_read_back_before_the_pin_is_examined(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace: list[str] = []
    users = wire.key.token.vault.users
    journal, derive = users._journal, users._keys.pin_key
    put, get = journal.put, journal.get
    monkeypatch.setattr(
        journal,
        "put",
        lambda kind, number, payload: (trace.append(f"put {kind}"), put(kind, number, payload))[1],
    )
    monkeypatch.setattr(
        journal, "get", lambda kind, number=0: (trace.append(f"get {kind}"), get(kind, number))[1]
    )
    monkeypatch.setattr(
        users._keys, "pin_key", lambda *arguments: (trace.append("derive"), derive(*arguments))[1]
    )
    refusal(lambda: key.unlock(WRONG))
    written = trace.index(f"put {records.PIN_FAILURES}")
    read_back = trace.index(f"get {records.PIN_FAILURES}", written)
    assert written < read_back < trace.index("derive")


def test_a_counter_that_does_not_read_back_examines_no_pin(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = wire.key.token.vault.users
    put = users._journal.put

    def stuck(kind, number, payload):
        return None if kind == records.PIN_FAILURES else put(kind, number, payload)

    monkeypatch.setattr(users._journal, "put", stuck)
    assert refusal(lambda: key.unlock(PIN)).code == "internal"
    assert key.refresh().unlocked_slot is None
    assert len(wire.key.board.reported) == 1


def test_a_power_cut_at_any_moment_never_gives_a_try_back(key: Key, wire: Wire) -> None:
    flash = wire.key.board.flash
    refusal(lambda: key.unlock(WRONG))
    start, cells = flash.operations, bytes(flash.cells)
    refusal(lambda: key.unlock(WRONG))
    for cut in range(start + 1, flash.operations + 1):
        flash.cells[:] = cells
        flash.operations, flash.fail_after = start, cut
        again = wire.restart()
        with pytest.raises(PowerCut):
            again.unlock(WRONG)
        flash.fail_after = -1
        wire.restart()
        assert wire.key.token.vault.users.tries_left(0) <= 5


def test_a_person_who_mistypes_is_asked_again_and_told_the_tries(key: Key, wire: Wire) -> None:
    person = Person(b"000000", b"111111", PIN.reveal())
    assert sign(wire.open(person)).seq == 1
    assert person.asked == [(0, None), (0, 5), (0, 4)]


def test_a_person_who_gives_up_leaves_the_key_locked(key: Key, wire: Wire) -> None:
    assert refusal(lambda: sign(wire.open(Person(b"000000")))).code == "pin-wrong"
    person = Person()
    person.pins = []
    assert refusal(lambda: sign(wire.open(person))).code == "pin-required"
    assert key.info.serial
