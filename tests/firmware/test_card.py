"""The unit card on the key: which one it believes, and that there is always a whole one."""

import pytest

from biandun.keys import Key
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import LIMIT_PIECE, LIMIT_SECTIONS
from etoken.store.journal import StoreFull
from etoken.vault import records
from tests.firmware.conftest import Wire, ask, refusal
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

SECTIONS = [bytes((number,)) * (LIMIT_PIECE - number) for number in range(4)]


def begin(key: Key, card: UnitCard) -> int:
    request = m.BeginCardRequest(card.signed.statement, card.signed.manifest)
    return codec.decode(m.BeginCardReply, ask(key, request)).next


def section(key: Key, index: int, content: bytes) -> int:
    request = m.CardSectionRequest(index, content)
    return codec.decode(m.CardSectionReply, ask(key, request)).next


def test_a_card_is_kept_and_given_back_after_a_restart(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    card = office.card(SECTIONS)
    assert key.card.put(card) == 1
    again = wire.restart()
    assert again.card.read() == card
    assert again.chain().card_version == 1


def test_the_largest_card_fits_beside_the_one_before(key: Key, office: SoftOffice) -> None:
    for version in (1, 2):
        card = office.card(
            [bytes((version, number)) * (LIMIT_PIECE // 2) for number in range(LIMIT_SECTIONS)],
            version,
        )
        key.card.put(card)
        assert key.card.read() == card


def test_a_card_raises_the_time_floor(key: Key, office: SoftOffice) -> None:
    key.card.put(office.card(SECTIONS, issued=NOW + 9))
    assert key.chain().time_floor == NOW + 9


def test_the_old_card_is_in_force_until_the_last_section_is_there(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    old, new = office.card(SECTIONS), office.card(SECTIONS[::-1], 2)
    key.card.put(old)
    begin(key, new)
    for index in (3, 0, 2):  # in any order
        assert section(key, index, new.sections[index]) == (0 if index == 3 else 1)
        assert key.card.read() == old
    again = wire.restart()
    again.unlock(PIN)
    assert begin(again, new) == 1
    assert section(again, 1, new.sections[1]) == 4
    assert again.card.read() == new


def test_another_card_may_take_the_place_of_one_on_its_way(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    late, latest = office.card(SECTIONS, 2), office.card([*SECTIONS[:1], b"other", b"sections"], 3)
    begin(key, late)
    for index in range(3):
        section(key, index, late.sections[index])
    assert key.card.put(latest) == 3
    assert key.card.read() == latest


def test_sections_of_cards_that_have_had_their_day_are_gone_after_a_compaction(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    cards = [office.card(SECTIONS[version:], version) for version in (1, 2, 3)]
    for card in cards:
        key.card.put(card)
    journal = wire.key.token.vault._journal
    journal.compact()
    assert [kind for kind, _, _, _ in journal.each()].count(records.SECTION) == 1
    assert key.card.read() == cards[-1]


def test_the_card_in_force_again_lacks_nothing_and_writes_nothing(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    key.card.put(office.card(SECTIONS))
    before = wire.key.board.flash.operations
    assert key.card.put(office.card(SECTIONS)) == 1
    assert wire.key.board.flash.operations == before


def test_a_card_with_the_sections_of_an_earlier_one_is_in_force_at_once(
    key: Key, office: SoftOffice
) -> None:
    for version, sections in ((1, SECTIONS), (2, SECTIONS[::-1])):
        key.card.put(office.card(sections, version))
    key.unlock(PIN)
    assert begin(key, office.card(SECTIONS, 3)) == len(SECTIONS)
    assert key.chain().card_version == 3


def test_a_card_for_which_there_is_no_room_leaves_the_one_on_its_way_alone(
    key: Key, office: SoftOffice, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    key.unlock(PIN)
    coming = office.card(SECTIONS, 2)
    begin(key, coming)
    section(key, 0, SECTIONS[0])
    statements = wire.key.token.vault.statements

    def full(size: int = 0) -> None:
        raise StoreFull

    with monkeypatch.context() as patched:
        patched.setattr(statements, "require_room", full)
        assert refusal(lambda: begin(key, office.card(SECTIONS[::-1], 3))) == "store-full"
    assert begin(key, coming) == 1


def test_a_plug_pulled_when_the_card_was_put_in_force_leaves_none_on_its_way(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    card = office.card(SECTIONS)
    key.card.put(card)
    vault = wire.key.token.vault
    vault._journal.put(records.NEXT_CARD, 0, vault._journal.get(records.CARD))
    key.card.put(card)
    assert vault.card.arriving() is None


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_card_is_refused(version: int, key: Key, office: SoftOffice) -> None:
    key.card.put(office.card(SECTIONS, 2))
    assert refusal(lambda: key.card.put(office.card([b"other"], version))) == "card-older"


def test_a_card_of_another_unit_is_refused(key: Key, office: SoftOffice) -> None:
    assert (
        refusal(lambda: key.card.put(office.card(SECTIONS, uscc="12629900MB00000999")))
        == "unit-mismatch"
    )


def test_a_card_of_another_office_is_refused(key: Key) -> None:
    key.unlock(PIN)
    assert refusal(lambda: begin(key, SoftOffice(seed=7000).card(SECTIONS))) == "card-invalid"


@pytest.mark.parametrize(
    "sections",
    [SECTIONS[:2], [*SECTIONS, b"more"], [b"changed", *SECTIONS[1:]]],
    ids=["fewer", "more", "changed"],
)
def test_a_card_whose_sections_are_not_those_it_names_is_not_handed_over(
    sections: list[bytes], key: Key, office: SoftOffice
) -> None:
    card = UnitCard(office.card(SECTIONS).signed, tuple(sections))
    with pytest.raises(StatementProblem) as caught:
        key.card.put(card)
    assert caught.value.code == "digest-mismatch"


def test_a_card_that_is_never_good_is_refused(key: Key, office: SoftOffice) -> None:
    assert refusal(lambda: key.card.put(office.card(SECTIONS, not_after=NOW))) == "card-invalid"


def test_every_bit_of_a_cards_statement_counts(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    card = office.card(SECTIONS)
    for part in ("statement", "manifest"):
        raw = getattr(card.signed, part)
        for place in range(0, 8 * len(raw), 11):
            flipped = bytearray(raw)
            flipped[place // 8] ^= 1 << place % 8
            changed = Signed(
                **{
                    "statement": card.signed.statement,
                    "manifest": card.signed.manifest,
                    part: bytes(flipped),
                }
            )
            assert (
                refusal(lambda changed=changed: begin(key, UnitCard(changed, ()))) == "card-invalid"
            )


def test_a_section_that_the_office_did_not_sign_is_refused(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    begin(key, office.card(SECTIONS))
    assert refusal(lambda: section(key, 0, b"made up")) == "digest-mismatch"
    assert refusal(lambda: section(key, 0, SECTIONS[1])) == "digest-mismatch"


def test_a_section_without_a_card_on_its_way_is_refused(key: Key) -> None:
    key.unlock(PIN)
    assert refusal(lambda: section(key, 0, b"section")) == "not-found"


def test_a_section_that_the_card_does_not_have_is_refused(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    begin(key, office.card(SECTIONS[:1]))
    assert refusal(lambda: section(key, 1, SECTIONS[0])) == "bad-field"


def test_without_a_pin_a_card_is_neither_taken_nor_its_sections_given(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    key.card.put(office.card(SECTIONS))
    locked = wire.restart()
    assert refusal(lambda: begin(locked, office.card(SECTIONS, 2))) == "pin-required"
    assert refusal(lambda: section(locked, 0, SECTIONS[0])) == "pin-required"
    assert refusal(lambda: locked.card._section(0)) == "pin-required"
    assert refusal(lambda: ask(locked, m.ReadCardRequest())) == "pin-required"
    assert locked.chain().card_version == 1


def test_a_key_without_a_card_says_so(key: Key) -> None:
    assert refusal(key.card.read) == "not-found"
    assert refusal(lambda: key.unlocked(lambda: key.card._section(0))) == "not-found"
    assert key.chain().card_version is None


def test_no_section_stands_on_flash_in_clear(key: Key, office: SoftOffice, wire: Wire) -> None:
    key.card.put(office.card([b"Zhang San, born 1 May 1980" * 20]))
    assert b"Zhang San" not in wire.key.board.flash.cells
