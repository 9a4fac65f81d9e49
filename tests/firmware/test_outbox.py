"""The outbox: packages of what this key signed, on their way to somebody with a network."""

from collections.abc import Callable

import pytest

from biandun.keys import Key
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import LIMIT_OUTBOX, LIMIT_PARCELS, LIMIT_PIECE
from etoken.vault import records
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

PACKAGE = bytes(range(250)) * 20


def name_of(number: int) -> bytes:
    return bytes((number,)) * 16


def sign(key: Key, number: int) -> bytes:
    return key.sign(softkey.manifest(), purpose="filing", idempotency_key=name_of(number)).statement


def begin(key: Key, number: int, content: bytes) -> int:
    request = m.OutboxBeginRequest(name_of(number), len(content), key.algorithm.digest(content))
    return codec.decode(m.OutboxBeginReply, ask(key, request)).next


def part(key: Key, number: int, index: int, content: bytes) -> int:
    request = m.OutboxPartRequest(name_of(number), index, content)
    return codec.decode(m.OutboxPartReply, ask(key, request)).next


def test_a_parcel_is_kept_and_given_back_after_a_restart(key: Key, wire: Wire) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), PACKAGE)
    again = wire.restart()
    [entry] = again.outbox.entries()
    assert (entry.name, entry.length, entry.next) == (name_of(1), len(PACKAGE), 3)
    assert again.outbox.read(entry) == PACKAGE
    assert again.chain().parcels == 1


def test_a_parcel_goes_on_where_it_was_interrupted(key: Key, wire: Wire) -> None:
    sign(key, 1)
    assert begin(key, 1, PACKAGE) == 0
    assert part(key, 1, 0, PACKAGE[:LIMIT_PIECE]) == 1
    again = wire.restart()
    again.unlock(PIN)
    assert begin(again, 1, PACKAGE) == 1
    again.outbox.put(name_of(1), PACKAGE)
    assert again.outbox.read(again.outbox.entries()[0]) == PACKAGE


def test_a_parcel_of_which_parts_are_missing_is_not_given_out(key: Key) -> None:
    sign(key, 1)
    begin(key, 1, PACKAGE)
    part(key, 1, 0, PACKAGE[:LIMIT_PIECE])
    [entry] = key.outbox.entries()
    assert entry.next == 1
    assert refusal(lambda: key.outbox.read(entry)) == "not-found"


def test_a_parcel_leaves_when_its_receipt_is_kept(key: Key, office: SoftOffice) -> None:
    receipt = office.take_in(sign(key, 1))
    key.outbox.put(name_of(1), PACKAGE)
    key.keep_receipt(receipt)
    assert key.outbox.entries() == []
    assert key.chain().parcels is None


def test_a_parcel_that_was_taken_out_is_gone_and_its_parts_with_the_next_compaction(
    key: Key, wire: Wire
) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), PACKAGE)
    key.outbox.drop(name_of(1))
    key.outbox.drop(name_of(1))
    assert key.outbox.entries() == []
    journal = wire.key.token.vault._journal
    journal.compact()
    assert not {kind for kind, _, _, _ in journal.each()} & {records.PARCEL, records.PART}


def test_nothing_travels_that_this_key_did_not_sign(key: Key) -> None:
    assert refusal(lambda: key.outbox.put(name_of(1), PACKAGE)) == "not-found"


def test_a_parcel_that_is_not_what_was_announced_is_taken_out_again(key: Key) -> None:
    sign(key, 1)
    begin(key, 1, b"announced")
    assert refusal(lambda: part(key, 1, 0, b"delivered")) == "digest-mismatch"
    assert key.outbox.entries() == []


def test_after_a_damaged_part_the_parcel_can_be_put_there_again(key: Key) -> None:
    sign(key, 1)
    begin(key, 1, PACKAGE)
    part(key, 1, 0, PACKAGE[:LIMIT_PIECE])
    part(key, 1, 1, bytes(LIMIT_PIECE))
    assert refusal(lambda: part(key, 1, 2, PACKAGE[2 * LIMIT_PIECE :])) == "digest-mismatch"
    key.outbox.put(name_of(1), PACKAGE)
    assert key.outbox.read(key.outbox.entries()[0]) == PACKAGE


def test_the_same_digest_with_another_length_is_another_parcel(key: Key) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), PACKAGE)
    request = m.OutboxBeginRequest(name_of(1), LIMIT_PIECE, key.algorithm.digest(PACKAGE))
    assert codec.decode(m.OutboxBeginReply, ask(key, request)).next == 0
    assert refusal(lambda: part(key, 1, 0, PACKAGE[:LIMIT_PIECE])) == "digest-mismatch"


def test_what_has_its_receipt_need_not_travel(key: Key, office: SoftOffice) -> None:
    key.keep_receipt(office.take_in(sign(key, 1)))
    assert refusal(lambda: key.outbox.put(name_of(1), PACKAGE)) == "receipt-present"


def test_a_parcel_of_which_little_is_missing_is_finished_on_a_key_that_is_nearly_full() -> None:
    key, number = nearly_full(
        lambda key: (
            begin(key, 1, PACKAGE),
            part(key, 1, 0, PACKAGE[:LIMIT_PIECE]),
            part(key, 1, 1, PACKAGE[LIMIT_PIECE : 2 * LIMIT_PIECE]),
        )
    )
    assert number
    assert begin(key, 1, PACKAGE) == 2


def test_another_package_under_the_same_name_takes_the_place_of_the_first(
    key: Key, wire: Wire
) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), PACKAGE)
    key.outbox.put(name_of(1), PACKAGE[::-1])
    wire.key.token.vault._journal.compact()
    [entry] = key.outbox.entries()
    assert key.outbox.read(entry) == PACKAGE[::-1]


def test_the_outbox_has_room_for_so_many_parcels(key: Key) -> None:
    for number in range(1, LIMIT_PARCELS + 1):
        sign(key, number)
        key.outbox.put(name_of(number), b"package %d" % number)
    sign(key, 99)
    assert refusal(lambda: key.outbox.put(name_of(99), b"one too many")) == "outbox-full"
    key.outbox.drop(name_of(3))
    key.outbox.put(name_of(99), b"now there is room")
    assert [key.outbox.read(entry) for entry in key.outbox.entries()][2] == b"now there is room"


def test_the_outbox_has_room_for_so_many_bytes(key: Key) -> None:
    whole = bytes(LIMIT_OUTBOX)
    sign(key, 1)
    sign(key, 2)
    key.outbox.put(name_of(1), whole)
    assert key.outbox.read(key.outbox.entries()[0]) == whole
    assert refusal(lambda: key.outbox.put(name_of(2), b"1")) == "outbox-full"
    with pytest.raises(ManifestProblem):
        key.outbox.put(name_of(2), whole + b"1")
    key.outbox.put(name_of(1), whole[:-1])
    key.outbox.put(name_of(2), b"1")


@pytest.mark.parametrize(
    ("index", "content"),
    [(0, b"short"), (2, PACKAGE[2 * LIMIT_PIECE :] + b"1"), (3, b"1")],
    ids=["short", "long", "beyond"],
)
def test_a_part_of_another_size_is_refused(index: int, content: bytes, key: Key) -> None:
    sign(key, 1)
    begin(key, 1, PACKAGE)
    assert refusal(lambda: part(key, 1, index, content)) == "bad-field"


def test_an_empty_parcel_is_refused(key: Key) -> None:
    sign(key, 1)
    request = m.OutboxBeginRequest(name_of(1), 0, bytes(32))
    assert refusal(lambda: ask(key, request)) == "bad-field"


def test_a_part_of_a_parcel_that_was_not_announced_is_refused(key: Key) -> None:
    key.unlock(PIN)
    assert refusal(lambda: part(key, 1, 0, b"part")) == "not-found"


def test_without_a_pin_the_outbox_shows_names_only(key: Key, wire: Wire) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), PACKAGE)
    locked = wire.restart()
    assert [entry.name for entry in locked.outbox.entries()] == [name_of(1)]
    assert refusal(lambda: locked.outbox._part(name_of(1), 0)) == "pin-required"
    assert refusal(lambda: begin(locked, 1, PACKAGE)) == "pin-required"
    assert refusal(lambda: part(locked, 1, 0, PACKAGE[:LIMIT_PIECE])) == "pin-required"
    drop = m.OutboxDropRequest(name_of(1))
    assert refusal(lambda: ask(locked, drop)) == "pin-required"


def test_no_package_stands_on_flash_in_clear(key: Key, wire: Wire) -> None:
    sign(key, 1)
    key.outbox.put(name_of(1), b"Zhang San, born 1 May 1980" * 20)
    assert b"Zhang San" not in wire.key.board.flash.cells


def nearly_full(first: Callable[[Key], object]) -> tuple[Key, int]:
    """A small key that has signed until it was full, a little less than a parcel of room left,
    after ``first`` was done.
    """
    wire, office = Wire(TestBoard(flash=NorFlash(20 * 4096))), SoftOffice()
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    sign(key, 1)
    first(key)
    number = 1
    while wire.key.token.vault._journal.has_room(8 * 1024 + 3000):
        number += 1
        sign(key, number)
    return key, number


def test_a_key_that_is_nearly_full_takes_no_parcel_and_loses_none() -> None:
    key, number = nearly_full(lambda key: key.outbox.put(name_of(1), PACKAGE))
    assert refusal(lambda: key.outbox.put(name_of(number), PACKAGE)) == "store-full"
    assert key.outbox.read(key.outbox.entries()[0]) == PACKAGE
