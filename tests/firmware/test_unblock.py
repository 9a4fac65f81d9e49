"""A locked key comes back with the codes of two officers, and loses nothing; nobody comes in with
less.
"""

from collections.abc import Callable

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol import cose, recovery
from biandun_protocol.algorithms import ES256, SM2, Algorithm, PublicKey
from biandun_protocol.audit import verify_audit
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.recovery import Officers
from biandun_protocol.secret import Secret
from biandun_protocol.wire.messages import OfficersManifest
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES, LIMIT_UNBLOCK_TRIES
from biandun_protocol.wire.otpmodel import OtpModel
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

MANIFEST = softkey.manifest()
NEW, WRONG = Secret(b"a new beginning"), Secret(b"000000")
NOBODYS = Secret(recovery.encode_code(bytes(range(8))).encode())


def refusal(call: Callable[[], object]) -> errors.KeyRefused:
    with pytest.raises(errors.KeyRefused) as caught:
        call()
    return caught.value


def sign(key: Key, number: int) -> bytes:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16).statement


def lock_up(key: Key, slot: int = 0) -> None:
    """Enter wrong PINs until the key takes none any more."""
    for _ in range(LIMIT_PIN_TRIES):
        refusal(lambda: key.unlock(WRONG, slot))
    assert refusal(lambda: key.unlock(PIN, slot)).code == "pin-locked"


class Locked:
    """A key with a statement and a second user, enrolled by an office with officers, whose first
    user is locked.
    """

    def __init__(self, algorithm: Algorithm = ES256, board: TestBoard | None = None) -> None:
        self.office = SoftOffice(algorithm=algorithm)
        self.wire = Wire(board)
        self.key = self.wire.open()
        self.request = self.key.answer_offer(self.office.offer(), self.office.officers())
        self.key.personalise(self.office.grant(self.request))
        self.key.set_pin(PIN)
        self.first = cose.parse(sign(self.key, 1), purpose="filing")
        self.key.unlock(PIN)
        self.key.set_pin(PIN, slot=3)
        lock_up(self.key)

    def codes(self, slot: int = 0) -> tuple[Secret, Secret]:
        return self.office.codes(self.key, slot)

    def unblock(self, *codes: Secret, slot: int = 0) -> int:
        first, second = codes or self.codes(slot)
        return self.key.recovery.unblock(slot, (first, second), NEW)


@pytest.fixture
def locked() -> Locked:
    return Locked()


@pytest.fixture
def officered(wire: Wire) -> Key:
    """A key whose office has named its officers before it was enrolled; its PIN is good."""
    office, key = SoftOffice(), wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer(), office.officers())))
    key.set_pin(PIN)
    return key


# --- the right pair ---------------------------------------------------
@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=["ES256", "SM2"])
def test_both_codes_set_the_pin_anew_on_the_same_key_whose_chain_goes_on(
    algorithm: Algorithm,
) -> None:
    locked = Locked(algorithm)
    before = locked.key.info.public_key
    locked.unblock()
    locked.key.unlock(NEW)
    second = cose.parse(sign(locked.key, 2), purpose="filing").header
    assert (locked.key.refresh().public_key, second.seq, second.prev) == (
        before,
        2,
        locked.first.id,
    )


def test_the_codes_may_come_in_either_order(locked: Locked) -> None:
    first, second = locked.codes()
    locked.unblock(second, first)
    locked.key.unlock(NEW)


def test_other_users_keep_their_pins(locked: Locked) -> None:
    locked.unblock()
    locked.key.unlock(PIN, slot=3)
    assert locked.key.pin_slots == (0, 3)


def test_any_users_pin_can_be_set_anew_and_nobody_elses_changes(locked: Locked) -> None:
    locked.unblock(slot=3)
    locked.key.unlock(NEW, slot=3)
    assert refusal(lambda: locked.key.unlock(NEW)).code == "pin-locked"


def test_codes_are_good_once(locked: Locked) -> None:
    codes = locked.codes()
    assert locked.unblock(*codes) == 2
    assert refusal(lambda: locked.unblock(*codes)).code == "unblock-wrong"
    assert refusal(lambda: locked.key.unlock(WRONG)).code == "pin-wrong"
    locked.key.unlock(NEW)


def test_after_codes_were_used_there_are_new_shares_that_work(locked: Locked) -> None:
    before = locked.codes()
    locked.unblock()
    lock_up(locked.key)
    after = locked.codes()
    assert {code.reveal() for code in before}.isdisjoint(code.reveal() for code in after)
    assert locked.unblock(*after) == 3
    locked.key.unlock(NEW)


def test_it_needs_the_button(locked: Locked) -> None:
    codes = locked.codes()
    locked.wire.presence(False)
    assert refusal(lambda: locked.unblock(*codes)).code == "presence-refused"
    locked.wire.presence(True)
    locked.unblock(*codes)


def test_it_is_noted(locked: Locked) -> None:
    refusal(lambda: locked.unblock(NOBODYS, NOBODYS))
    locked.unblock()
    device_key = locked.key.profile().device_key
    assert device_key is not None
    names = [
        (event.name, event.detail)
        for event in verify_audit(locked.key.audit(), PublicKey(ES256, device_key)).events
    ]
    assert names[-2:] == [("unblock-wrong", LIMIT_UNBLOCK_TRIES - 1), ("unblocked", 0)]


# --- anything less ----------------------------------------------------
def test_one_officer_alone_opens_nothing(locked: Locked) -> None:
    for code in locked.codes():
        assert refusal(lambda code=code: locked.unblock(code, code)).code == "unblock-wrong"
        assert refusal(lambda code=code: locked.unblock(code, NOBODYS)).code == "unblock-wrong"


def test_a_code_of_another_key_is_none_of_this_one(locked: Locked) -> None:
    other = Locked(board=TestBoard(seed=b"another")).codes()
    assert refusal(lambda: locked.unblock(locked.codes()[0], other[1])).code == "unblock-wrong"


def test_after_ten_wrong_pairs_the_right_one_is_not_looked_at(locked: Locked) -> None:
    codes = locked.codes()
    left = [
        refusal(lambda: locked.unblock(NOBODYS, NOBODYS)).tries_left
        for _ in range(LIMIT_UNBLOCK_TRIES)
    ]
    assert left == list(reversed(range(LIMIT_UNBLOCK_TRIES)))
    assert refusal(lambda: locked.unblock(*codes)).code == "unblock-locked"
    locked.key = locked.wire.restart()
    assert refusal(lambda: locked.unblock(*codes)).code == "unblock-locked"


def test_user_0_with_the_pin_makes_new_shares_for_a_key_that_takes_no_codes(officered: Key) -> None:
    office = SoftOffice()
    for _ in range(LIMIT_UNBLOCK_TRIES):
        refusal(lambda: officered.recovery.unblock(0, (NOBODYS, NOBODYS), NEW))
    officered.unlock(PIN)
    assert officered.recovery.name_officers(office.officers()) == 2
    officered.recovery.unblock(0, office.codes(officered), NEW)
    officered.unlock(NEW)


def test_a_wrong_pair_is_counted_before_it_is_looked_at(locked: Locked) -> None:
    """The plug is pulled at every flash operation of a wrong attempt: it is never given back once a
    code was tried.
    """
    flash = locked.wire.key.board.flash
    cells = bytes(flash.cells)
    for _ in range(3):
        flash.cells[:] = cells
        locked.key = locked.wire.restart()
        vault = locked.wire.key.token.vault
        looked: list[int] = []
        genuine = vault.keys.unwrap

        def watched(*given: object, vault=vault, looked=looked, genuine=genuine) -> object:  # type: ignore[no-untyped-def]
            looked.append(vault.recovery.tries_left)
            return genuine(*given)

        vault.keys.unwrap = watched  # type: ignore[method-assign]
        refusal(lambda: locked.unblock(NOBODYS, NOBODYS))
        assert looked == [LIMIT_UNBLOCK_TRIES - 1]


def test_an_image_from_before_wrong_codes_is_found_out_on_a_board_that_counts() -> None:
    locked = Locked(board=TestBoard(otp=OtpModel()))
    flash = locked.wire.key.board.flash
    older = bytes(flash.cells)
    for _ in range(2):
        refusal(lambda: locked.unblock(NOBODYS, NOBODYS))
    codes = locked.codes()
    flash.cells[:] = older
    locked.key = locked.wire.restart()
    assert refusal(lambda: locked.unblock(*codes)).code == "rolled-back"


def test_a_boot_after_wrong_codes_takes_them_for_no_forgotten_attempts() -> None:
    locked = Locked(board=TestBoard(otp=OtpModel()))
    for _ in range(3):
        refusal(lambda: locked.unblock(NOBODYS, NOBODYS))
    locked.key = locked.wire.restart()
    assert locked.key.chain().forgotten is None
    locked.unblock()


@pytest.mark.parametrize(
    ("slot", "pin", "code"),
    [(5, NEW, "pin-unset"), (0, Secret(b"12345"), "pin-format")],
    ids=["no such user", "short PIN"],
)
def test_what_cannot_be_done_uses_no_try(slot: int, pin: Secret, code: str, locked: Locked) -> None:
    codes = locked.codes()
    assert refusal(lambda: locked.key.recovery.unblock(slot, codes, pin)).code == code
    assert refusal(lambda: locked.unblock(NOBODYS, NOBODYS)).tries_left == LIMIT_UNBLOCK_TRIES - 1


def test_a_key_without_officers_says_so(key: Key) -> None:
    assert refusal(key.recovery.shares).code == "unblock-unset"
    assert refusal(lambda: key.recovery.unblock(0, (NOBODYS, NOBODYS), NEW)).code == "unblock-unset"


# --- officers ---------------------------------------------------------
def test_a_key_in_service_takes_officers_from_user_0(key: Key, office: SoftOffice) -> None:
    assert key.recovery.name_officers(office.officers()) == 1
    lock_up(key)
    key.recovery.unblock(0, office.codes(key), NEW)
    key.unlock(NEW)


def test_another_user_names_no_officers(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    key.set_pin(PIN, slot=1)
    key.unlock(PIN, slot=1)
    assert refusal(lambda: key.recovery.name_officers(office.officers())).code == "slot-refused"


def test_the_same_officers_again_change_nothing(officered: Key) -> None:
    office, before = SoftOffice(), officered.recovery.shares().manifest
    assert officered.recovery.name_officers(office.officers()) == 1
    assert officered.recovery.shares().manifest == before


def test_newer_officers_get_new_shares_and_older_ones_none(officered: Key) -> None:
    office = SoftOffice()
    assert officered.recovery.name_officers(office.officers(version=2)) == 2
    assert (
        refusal(lambda: officered.recovery.name_officers(office.officers(version=1))).code
        == "officers-older"
    )


OFFICE = SoftOffice()
SAME = OFFICE.unblockers[0].public_key
INVALID: dict[str, Officers] = {
    "of another office": SoftOffice(seed=2000).officers(),
    "one person with one key": OFFICE.officers(second_key=SAME),
    "one name": OFFICE.officers(second_name="测试员甲"),
    "of another schema": OFFICE.officers(schema="biandun-officers/2"),
    "no point": OFFICE.officers(second_key=b"\4" + bytes(64)),
}


@pytest.mark.parametrize("name", INVALID)
def test_officers_that_do_not_hold_are_refused(name: str, key: Key) -> None:
    assert refusal(lambda: key.recovery.name_officers(INVALID[name])).code == "officers-invalid"
    assert refusal(key.recovery.shares).code == "unblock-unset"


# --- shares -----------------------------------------------------------
def test_before_the_first_pin_the_shares_are_there_and_open_nothing_yet() -> None:
    office, wire = SoftOffice(), Wire()
    key = wire.open()
    request = key.answer_offer(office.offer(), office.officers())
    assert recovery.read_shares(key.recovery.shares()).number == 1
    key.personalise(office.grant(request))
    assert refusal(lambda: key.recovery.unblock(0, office.codes(key), NEW)).code == "pin-unset"
    key.set_pin(PIN)
    key.recovery.unblock(0, office.codes(key), NEW)
    key.unlock(NEW)


def test_a_plug_pulled_behind_the_first_pin_leaves_shares_that_the_next_unlock_completes(
    wire: Wire,
) -> None:
    office, key = SoftOffice(), wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer(), office.officers())))
    vault = wire.key.token.vault
    vault.recovery.finish_pending_shares = lambda random, tick: False  # type: ignore[method-assign]
    key.set_pin(PIN)
    key = wire.restart()
    key.unlock(PIN)
    lock_up(key)
    key.recovery.unblock(0, office.codes(key), NEW)
    key.unlock(NEW)


def test_a_plug_pulled_behind_the_new_pin_leaves_codes_that_are_used_up(locked: Locked) -> None:
    codes = locked.codes()
    vault = locked.wire.key.token.vault
    vault.recovery.finish_pending_shares = lambda random, tick: False  # type: ignore[method-assign]
    locked.unblock(*codes)
    locked.key = locked.wire.restart()
    assert refusal(lambda: locked.unblock(*codes)).code == "unblock-wrong"
    locked.key.unlock(NEW)
    assert recovery.read_shares(locked.key.recovery.shares()).number == 2


def test_a_reset_destroys_the_shares_and_their_number_goes_on(officered: Key) -> None:
    office = SoftOffice()
    office.reset(officered)
    assert refusal(officered.recovery.shares).code == "wrong-state"
    officered.personalise(office.grant(officered.answer_offer(office.offer(), office.officers())))
    assert recovery.read_shares(officered.recovery.shares()).number == 2


def test_shares_open_for_their_own_officer_only(officered: Key) -> None:
    office = SoftOffice()
    device_key = officered.profile().device_key
    assert device_key is not None
    shares = recovery.read_shares(officered.recovery.shares())
    first, second = office.unblockers
    for place, officer, device in (
        (1, second, device_key),
        (2, first, device_key),
        (1, first, SAME),
    ):
        with pytest.raises(StatementProblem) as caught:
            recovery.open_share(shares, place, officer, device, 0)
        assert caught.value.code == "share-foreign"


def test_nothing_that_leaves_the_key_holds_a_code(wire: Wire) -> None:
    office, key = SoftOffice(), wire.open()
    crossed = bytearray()
    wire.cut_in = lambda data: (crossed.extend(data), data)[1]
    wire.cut_out = lambda data: (crossed.extend(data), data)[1]
    key.personalise(office.grant(key.answer_offer(office.offer(), office.officers())))
    key.set_pin(PIN)
    codes = office.codes(key)
    key.recovery.unblock(0, codes, NEW)
    for code in codes:
        share = recovery.decode_code(code.reveal().decode())
        assert share not in crossed
        assert code.reveal() not in crossed


# --- what is spoken ---------------------------------------------------
CODE = recovery.encode_code(bytes.fromhex("0fedcba987654321"))


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        CODE.replace("-", ""),
        CODE.replace("-", " "),
        f" {CODE} ",
        CODE.replace("1", "l"),
    ],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert recovery.decode_code(typed).hex() == "0fedcba987654321"


def test_every_single_wrong_letter_is_noticed() -> None:
    plain = CODE.replace("-", "")
    for place, letter in enumerate(plain):
        for other in recovery.ALPHABET:
            if other != letter:
                with pytest.raises(ManifestProblem):
                    recovery.decode_code(plain[:place] + other + plain[place + 1 :])


@pytest.mark.parametrize(
    "typed", ["", "0", CODE[:-1], CODE + "0", "U" * 13, "汉字" * 7, "0" * 12 + "-"]
)
def test_what_is_no_code_is_refused_before_anything_is_counted(typed: str, officered: Key) -> None:
    with pytest.raises(ManifestProblem) as caught:
        officered.recovery.unblock(0, (Secret(typed.encode()), NOBODYS), NEW)
    assert caught.value.code == "code-mistyped"
    assert (
        refusal(lambda: officered.recovery.unblock(0, (NOBODYS, NOBODYS), NEW)).tries_left
        == LIMIT_UNBLOCK_TRIES - 1
    )


def test_the_check_differs_by_slot_and_by_shares(locked: Locked) -> None:
    asked = locked.key.recovery.ask(0)
    assert asked.check != locked.key.recovery.ask(1).check
    locked.unblock()
    assert locked.key.recovery.ask(0).check != asked.check


def test_names_are_told_by_the_office(officered: Key) -> None:
    assert isinstance(OFFICE.officers().read(), OfficersManifest)
    assert (
        recovery.verify_officers(OFFICE.officers(), OFFICE.issuer_manifest, ES256).first_name
        == "测试员甲"
    )


# --- removing users ---------------------------------------------------
def test_a_removed_user_is_out_and_the_slot_is_free(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    key.set_pin(NEW, slot=2)
    key.remove_user(2)
    assert key.pin_slots == (0,)
    assert refusal(lambda: key.unlock(NEW, slot=2)).code == "pin-unset"
    key = wire.restart()
    key.unlock(PIN)
    key.set_pin(PIN, slot=2)
    key.unlock(PIN, slot=2)


def test_nothing_of_a_removed_users_pin_stays_on_flash(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    key.set_pin(NEW, slot=2)
    vault = wire.key.token.vault
    sealed = vault.users._pin(2)[2]
    assert sealed in bytes(wire.key.board.flash.cells)
    key.remove_user(2)
    assert sealed not in bytes(wire.key.board.flash.cells)


def test_user_0_stays_and_only_user_0_removes(key: Key) -> None:
    key.unlock(PIN)
    key.set_pin(NEW, slot=2)
    key.unlock(PIN)
    assert refusal(lambda: key.remove_user(0)).code == "slot-refused"
    assert refusal(lambda: key.remove_user(3)).code == "pin-unset"
    key.unlock(NEW, slot=2)
    assert refusal(lambda: key.remove_user(2)).code == "slot-refused"
    assert key.pin_slots == (0, 2)


def test_removing_a_user_makes_a_counting_board_suspect_nothing() -> None:
    wire, office = Wire(TestBoard(otp=OtpModel())), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    key.unlock(PIN)
    key.set_pin(NEW, slot=2)
    for _ in range(3):
        key.unlock(NEW, slot=2)
    key.unlock(PIN)
    key.remove_user(2)
    assert wire.restart().chain().forgotten is None


# --- older images -----------------------------------------------------
class Dumped:
    """A key on a counting board with two users, and an image of its flash that somebody has
    taken.
    """

    def __init__(self) -> None:
        self.locked = Locked(board=TestBoard(otp=OtpModel()))
        self.locked.unblock()
        self.key = self.locked.wire.restart()
        self.flash = self.locked.wire.key.board.flash
        self.older = bytes(self.flash.cells)

    def put_back(self) -> Key:
        self.flash.cells[:] = self.older
        self.key = self.locked.key = self.locked.wire.restart()
        return self.key


def test_an_image_from_before_a_user_was_removed_does_not_bring_the_user_back() -> None:
    dumped = Dumped()
    dumped.key.unlock(NEW)
    dumped.key.remove_user(3)
    assert refusal(lambda: dumped.put_back().unlock(PIN, slot=3)).code == "rolled-back"


def test_an_image_from_before_codes_were_used_does_not_bring_them_back() -> None:
    dumped = Dumped()
    codes = dumped.locked.office.codes(dumped.key)
    dumped.key.recovery.unblock(0, codes, PIN)
    assert refusal(lambda: dumped.put_back().recovery.unblock(0, codes, NEW)).code == "rolled-back"


def test_putting_the_flash_back_after_each_wrong_pair_gives_no_more_than_ten_of_them() -> None:
    dumped = Dumped()
    codes, tries = dumped.locked.office.codes(dumped.key), 0
    while tries < 3 * LIMIT_UNBLOCK_TRIES:
        said = refusal(lambda: dumped.key.recovery.unblock(0, (NOBODYS, NOBODYS), NEW)).code
        if said != "unblock-wrong":
            break
        tries += 1
        dumped.put_back()
        dumped.older = bytes(dumped.flash.cells)
    assert said == "unblock-locked"
    assert tries <= LIMIT_UNBLOCK_TRIES
    assert refusal(lambda: dumped.key.recovery.unblock(0, codes, NEW)).code == "unblock-locked"


def test_a_plug_pulled_while_older_images_are_outdated_makes_no_key_suspect_itself() -> None:
    dumped = Dumped()
    users = dumped.locked.wire.key.token.vault.users
    users._note(users.tally() + 2, 0)  # and no bit burned yet
    key = dumped.locked.wire.restart()
    assert key.chain().forgotten is None
    assert dumped.locked.wire.key.token.vault.users._compare(users.tally()) is None
    assert refusal(lambda: dumped.put_back().unlock(NEW)).code == "rolled-back"


# --- one user's codes -------------------------------------------------
def test_codes_for_one_user_set_no_other_users_pin(locked: Locked) -> None:
    codes = locked.office.codes(locked.key, 3)
    assert refusal(lambda: locked.key.recovery.unblock(0, codes, NEW)).code == "unblock-wrong"
    locked.key.recovery.unblock(3, codes, NEW)
    locked.key.unlock(NEW, slot=3)
