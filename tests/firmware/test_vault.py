"""The vault: nothing on flash can be changed unnoticed, the private key is sealed, and an older
image does not go on.
"""

from binascii import crc32
from collections.abc import Callable
from contextlib import suppress

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol.secret import Secret
from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_AUTO_LOCK_MS, LIMIT_PIN_TRIES
from biandun_protocol.wire.otpmodel import OtpModel
from etoken.crypto import backend, ecdsa
from etoken.store.journal import BANK_HEADER, RECORD_HEADER, Journal
from etoken.vault import records
from etoken.vault.keys import UNDER_DATA, UNDER_DEVICE, Keys, Locked
from tests.firmware.conftest import Wire
from tests.firmware.kernel_cases import CORES, hash_emulator
from tests.firmware.testboard import MemoryFlash, PowerCut, TestBoard, TestKey
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

WRONG = Secret(b"000000")
MANIFEST = softkey.manifest()
Stored = tuple[int, int, bytes]  # kind, number, payload with its link


def sign(key: Key, name: bytes = b"k" * 16):
    return key.sign(MANIFEST, purpose="filing", idempotency_key=name)


def refusal(call: Callable[[], object]) -> errors.KeyRefused:
    with pytest.raises(errors.KeyRefused) as caught:
        call()
    return caught.value


def enrolled(board: TestBoard) -> tuple[Wire, Key]:
    """A personalised key with a PIN on this board."""
    wire, office = Wire(board), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    return wire, key


def stored(flash: MemoryFlash) -> list[Stored]:
    """All records of the active bank as they stand."""
    return [
        (kind, number, flash.read(at, size)) for kind, number, at, size in Journal(flash).each()
    ]


def rewritten(flash: MemoryFlash, rows: list[Stored]) -> MemoryFlash:
    """The same flash with other records, every CRC right: what somebody with a programmer can make
    of it.
    """
    journal = Journal(flash)
    changed = MemoryFlash(flash.size)
    base = journal._base(journal._bank)
    head = bytes(flash.cells[base : base + BANK_HEADER])
    body = b""
    for kind, number, payload in rows:
        fields = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
        body += b"\0" + fields + crc32(payload, crc32(fields)).to_bytes(4, "big") + payload
        assert len(fields) + 5 == RECORD_HEADER
    changed.cells[base : base + BANK_HEADER + len(body)] = head + body
    return changed


def is_damaged(flash: MemoryFlash) -> bool:
    return TestKey(TestBoard(flash=flash)).token.vault.damaged


# --- the links --------------------------------------------------------
@pytest.fixture
def image() -> MemoryFlash:
    """The flash of a key that has signed and counted a wrong PIN."""
    wire, key = enrolled(TestBoard())
    sign(key)
    refusal(lambda: key.unlock(WRONG))
    assert not is_damaged(wire.key.board.flash)
    return wire.key.board.flash


def test_a_flash_rewritten_as_it_was_is_taken(image: MemoryFlash) -> None:
    assert not is_damaged(rewritten(image, stored(image)))


def test_every_changed_record_is_noticed(image: MemoryFlash) -> None:
    rows = stored(image)
    for place, (kind, number, payload) in enumerate(rows):
        for at in {0, len(payload) // 2, len(payload) - 1}:
            broken = bytes([*payload[:at], payload[at] ^ 1, *payload[at + 1 :]])
            assert is_damaged(
                rewritten(image, [*rows[:place], (kind, number, broken), *rows[place + 1 :]])
            ), (kind, at)


def test_every_record_left_out_before_the_last_is_noticed(image: MemoryFlash) -> None:
    rows = stored(image)
    for place in range(len(rows) - 1):
        assert is_damaged(rewritten(image, rows[:place] + rows[place + 1 :])), rows[place][0]


def test_records_put_elsewhere_or_added_again_are_noticed(image: MemoryFlash) -> None:
    rows = stored(image)
    assert is_damaged(rewritten(image, [*rows[:-2], rows[-1], rows[-2]]))
    count = next(row for row in rows if row[0] == records.PIN_FAILURES)
    assert is_damaged(rewritten(image, [*rows, count]))
    kind, _, payload = rows[-1]
    assert is_damaged(rewritten(image, [*rows[:-1], (kind, 7, payload)]))


def test_a_bank_of_another_key_is_noticed(image: MemoryFlash) -> None:
    other = enrolled(TestBoard(seed=b"another"))[0].key.board.flash
    mine = {row[:2]: row for row in stored(image)}
    mixed = [mine[row[:2]] if row[0] == records.KEY_PAIR else row for row in stored(other)]
    assert is_damaged(rewritten(other, mixed))


def test_a_damaged_key_still_answers_and_signs_nothing(image: MemoryFlash) -> None:
    rows = stored(image)
    key = Wire(TestBoard(flash=rewritten(image, rows[:-2] + rows[-1:]))).open()
    assert key.info.unit_code
    assert refusal(lambda: key.unlock(PIN)).code == "store-damaged"


def test_compaction_links_anew_and_puts_the_device_first(image: MemoryFlash) -> None:
    again = TestKey(TestBoard(flash=image))
    again.token.vault._journal.compact()
    assert stored(image)[0][0] == records.DEVICE
    assert not is_damaged(image)


@pytest.mark.parametrize("has_otp", [False, True], ids=["training class", "with a secret"])
def test_a_bank_without_links_is_that_of_a_damaged_key(has_otp: bool) -> None:
    otp = OtpModel() if has_otp else None
    if otp is not None:
        otp.write_secret(b"s" * 32)
    unlinked = MemoryFlash()
    Journal(unlinked).put(records.GENERATION, 0, b"\0\0\0\1")
    Journal(unlinked).put(records.PIN_FAILURES, 0, b"\1")
    wire = Wire(TestBoard(flash=unlinked, otp=otp))
    before = bytes(unlinked.cells)
    key = wire.open()
    assert key.condition().damaged
    assert refusal(lambda: key.answer_offer(SoftOffice().offer())).code == "store-damaged"
    assert unlinked.cells == before


# --- the private key --------------------------------------------------
def test_the_private_key_is_on_flash_under_the_data_key_only(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    vault = wire.key.token.vault
    public_key, scheme, _ = vault.identity._read(records.KEY_PAIR)
    secret = vault.identity.secret()
    assert ecdsa.public_key(secret) == public_key
    assert scheme == UNDER_DATA
    assert secret not in wire.key.board.flash.cells
    assert bytes(vault.keys.data_key()) not in wire.key.board.flash.cells
    assert (
        vault.keys.seal_private_key(UNDER_DEVICE, secret, public_key)
        not in wire.key.board.flash.cells
    )


def test_a_locked_key_cannot_open_its_private_key(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    key.lock()
    with pytest.raises(Locked):
        wire.key.token.vault.identity.secret()


def test_a_sealed_private_key_put_beside_another_point_does_not_open() -> None:
    keys = Keys(b"d" * 32)
    sealed = keys.seal_private_key(UNDER_DEVICE, bytearray(b"p" * 32), b"one point")
    assert keys.open_private_key(UNDER_DEVICE, sealed, b"one point") == b"p" * 32
    assert keys.open_private_key(UNDER_DEVICE, sealed, b"another point") is None
    assert Keys(b"e" * 32).open_private_key(UNDER_DEVICE, sealed, b"one point") is None


def test_the_data_key_opens_for_the_right_pin_slot_and_device_only() -> None:
    keys = Keys(b"d" * 32)
    right = keys.pin_key(b"123456", b"s" * 16, 3)
    wrapped = keys.wrap(0, right, bytearray(b"k" * 32))
    assert keys.unwrap(0, right, wrapped) == b"k" * 32
    assert keys.unwrap(1, right, wrapped) is None
    assert keys.unwrap(0, keys.pin_key(b"123457", b"s" * 16, 3), wrapped) is None
    assert keys.unwrap(0, Keys(b"e" * 32).pin_key(b"123456", b"s" * 16, 3), wrapped) is None


def test_every_user_opens_the_same_key(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    key.set_pin(Secret(b"246802"), slot=3)
    first = wire.key.token.vault.keys.data_key()
    key.unlock(Secret(b"246802"), slot=3)
    assert wire.key.token.vault.keys.data_key() == first
    sign(key)


def test_a_changed_pin_leaves_no_seal_that_the_old_one_opens(key: Key, wire: Wire) -> None:
    before = wire.key.token.vault._journal.get(records.PIN, 0)
    key.change_pin(PIN, Secret(b"another"))
    assert before is not None
    assert before[-48:] not in wire.key.board.flash.cells
    key.unlock(Secret(b"another"))
    sign(key)


def test_a_cut_at_any_moment_of_the_first_pin_leaves_a_key_that_signs() -> None:
    wire, office = Wire(), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    start = bytes(wire.key.board.flash.cells)
    cut = -2
    while True:
        cut += 3  # the sweep cuts at every one
        flash = MemoryFlash()
        flash.cells[:] = start
        broken = Wire(TestBoard(flash=flash))
        user = broken.open()
        flash.fail_after = flash.operations + cut
        try:
            user.set_pin(PIN)
        except PowerCut:
            pass
        else:
            break
        flash.fail_after = -1
        again = broken.restart()
        if not again.pin_slots:
            again.set_pin(PIN)
        again.unlock(PIN)
        sign(again)
        assert broken.key.token.vault.identity._read(records.KEY_PAIR)[1] == UNDER_DATA
    assert cut > 10


# --- waiting and locking ----------------------------------------------
def test_after_a_wrong_pin_the_key_waits_twice_as_long_each_time() -> None:
    board = TestBoard()
    board.pin_delay_ms = 1000
    _, key = enrolled(board)
    for failures in range(1, 4):
        assert refusal(lambda: key.unlock(WRONG)).code == "pin-wrong"
        early = refusal(lambda: key.unlock(PIN))
        assert early.code == "pin-wait"
        assert 900 * 2**failures < (early.wait_ms or 0) <= 1000 * 2**failures
        assert early.tries_left == LIMIT_PIN_TRIES - failures
        board.clock.now += 1000 * 2**failures
    key.unlock(PIN)
    assert refusal(lambda: key.unlock(WRONG)).tries_left == LIMIT_PIN_TRIES - 1


def test_unplugging_does_not_shorten_the_wait() -> None:
    board = TestBoard()
    board.pin_delay_ms = 1000
    wire, key = enrolled(board)
    refusal(lambda: key.unlock(WRONG))
    board.clock.now += 1500
    key = wire.restart()
    assert 1500 < (refusal(lambda: key.unlock(PIN)).wait_ms or 0) <= 2000
    board.clock.now += 2000
    key.unlock(PIN)


def test_an_attempt_that_comes_too_soon_is_not_counted() -> None:
    board = TestBoard()
    board.pin_delay_ms = 1000
    _, key = enrolled(board)
    refusal(lambda: key.unlock(WRONG))
    operations = board.flash.operations
    for _ in range(10):
        assert refusal(lambda: key.unlock(WRONG)).code == "pin-wait"
    assert board.flash.operations == operations


def test_a_key_that_nobody_uses_locks_itself(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    wire.key.board.clock.now += LIMIT_AUTO_LOCK_MS - 1000
    assert key.refresh().unlocked_slot == 0
    wire.key.board.clock.now += LIMIT_AUTO_LOCK_MS + 1
    assert key.refresh().unlocked_slot is None
    with pytest.raises(Locked):
        wire.key.token.vault.keys.data_key()


# --- older images -----------------------------------------------------
def board_with_tally() -> TestBoard:
    return TestBoard(otp=OtpModel())


def test_the_device_secret_stands_in_the_memory_where_there_is_one() -> None:
    board = board_with_tally()
    wire, _ = enrolled(board)
    secret = board.otp.secret()
    assert secret is not None
    assert secret not in board.flash.cells
    assert not any(row[0] == records.DEVICE for row in stored(board.flash))
    sign(wire.restart())


def test_every_attempt_burns_a_bit_before_it_is_written() -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    trace: list[str] = []
    otp, put = board.otp, wire.key.token.vault._journal.put
    burn = otp.burn
    otp.burn = lambda: (trace.append("burn"), burn())[1]
    wire.key.token.vault._journal.put = lambda *row: (trace.append(f"put {row[0]}"), put(*row))[1]
    key.unlock(PIN)
    refusal(lambda: key.unlock(WRONG))
    assert otp.tally() == 2
    assert trace[:2] == ["burn", f"put {records.PIN_FAILURES}"]


def test_an_older_image_is_noticed_by_the_tally_and_signs_nothing() -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    key.unlock(PIN)
    older = bytes(board.flash.cells)
    for _ in range(2):
        key.unlock(PIN)
    sign(key)
    board.flash.cells[:] = older
    key = wire.restart()
    tally = board.otp.tally()
    assert refusal(lambda: key.unlock(PIN)).code == "rolled-back"
    assert refusal(lambda: sign(key)).code == "rolled-back"
    assert key.info.unit_code
    key = wire.restart()  # it is not forgotten
    assert refusal(lambda: key.unlock(PIN)).code == "rolled-back"
    assert board.otp.tally() == tally


def test_a_key_set_back_signs_again_after_a_reset_with_another_key_pair() -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    older = bytes(board.flash.cells)
    for _ in range(2):
        key.unlock(PIN)
    board.flash.cells[:] = older
    key = wire.restart()
    before = key.info.public_key
    office = SoftOffice()
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    key.unlock(PIN)
    sign(key)
    assert key.info.public_key != before


def test_attempts_that_an_older_image_has_forgotten_count_as_failures() -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    older = bytes(board.flash.cells)
    assert refusal(lambda: key.unlock(WRONG)).tries_left == LIMIT_PIN_TRIES - 1
    board.flash.cells[:] = older
    key = wire.restart()
    assert refusal(lambda: key.unlock(WRONG)).tries_left == LIMIT_PIN_TRIES - 2


def test_setting_the_flash_back_again_and_again_gives_two_attempts_and_no_more() -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    older = bytes(board.flash.cells)
    answers: list[str] = []
    for _ in range(20):
        answers.append(refusal(lambda key=key: key.unlock(WRONG)).code)
        board.flash.cells[:] = older
        key = wire.restart()
    assert answers == ["pin-wrong"] * 2 + ["rolled-back"] * 18
    assert wire.key.token.vault.users.tries_left(0) == LIMIT_PIN_TRIES - 2


@pytest.mark.parametrize("operation", range(1, 6))
def test_a_plug_pulled_in_an_attempt_costs_that_attempt_and_is_no_older_image(
    operation: int,
) -> None:
    board = board_with_tally()
    wire, key = enrolled(board)
    board.flash.fail_after = board.flash.operations + operation
    with suppress(PowerCut):
        refusal(lambda: key.unlock(WRONG))
    board.flash.fail_after = -1
    key = wire.restart()
    assert not wire.key.token.vault.users.rolled_back
    assert wire.key.token.vault.users.tries_left(0) == LIMIT_PIN_TRIES - 1
    key.unlock(PIN)
    sign(key)


def test_without_a_tally_an_older_image_is_not_noticed() -> None:
    """The training class, as docs/threat-model.md says: whoever can write its flash can set it
    back.
    """
    wire, key = enrolled(TestBoard())
    older = bytes(wire.key.board.flash.cells)
    sign(key)
    wire.key.board.flash.cells[:] = older
    assert wire.restart().chain().seq == 0


def test_a_cut_at_any_moment_of_the_memorys_first_use_leaves_a_key_that_can_be_enrolled() -> None:
    office = SoftOffice()
    for cut in range(1, 400, 5):  # the sweep cuts at every one
        board = board_with_tally()
        wire = Wire(board)
        key = wire.open()
        board.flash.fail_after = board.flash.operations + cut
        try:
            key.answer_offer(office.offer())
        except PowerCut:
            board.flash.fail_after = -1
            key = wire.restart()
            key.personalise(office.grant(key.answer_offer(office.offer())))
            key.set_pin(PIN)
            sign(wire.restart())
        else:
            break
    assert 5 < cut < 399


@pytest.mark.parametrize("core", CORES)
def test_wrong_pins_cost_equal_instructions(
    core: str, key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted on the kernels: the stretching, the key of the PIN, and the attempt to open the data
    key with it.
    """
    kernel = hash_emulator(core, "sha256")
    keys = wire.key.token.vault.keys
    salt, iterations, wrapped = cbor.loads(wire.key.token.vault._journal.get(records.PIN, 0) or b"")  # type: ignore[misc]
    costs: list[tuple[int, int]] = []

    def cost(pin: bytes) -> bytearray | None:
        calls = instructions = 0

        def counted(state: bytearray, data: bytes, count: int, scratch: bytearray) -> None:
            nonlocal calls, instructions
            calls += 1
            instructions += kernel.call(state, bytes(data), count, scratch).instructions

        monkeypatch.setattr(backend, "sha256", counted)
        found = keys.unwrap(0, keys.pin_key(pin, salt, iterations), wrapped)
        costs.append((calls, instructions))
        return found

    right = PIN.reveal()
    nearly = [
        right[:at] + bytes([right[at] ^ 1]) + right[at + 1 :]
        for at in (0, len(right) // 2, len(right) - 1)
    ]
    for pin in (*nearly, b"000000", b"999999", bytes(6)):
        assert cost(pin) is None
    assert cost(right) is not None
    assert len(set(costs)) == 1
