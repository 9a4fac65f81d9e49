"""What a key agrees to sign for whom: roles and purposes, batches, the unit card, and how long it
goes on without its office.
"""

from pathlib import Path

import pytest

from biandun import errors
from biandun.key import succession
from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    KEY_PURPOSES,
    LIMIT_BATCH,
    LIMIT_BATCH_MS,
    PURPOSE_LINK,
    PURPOSE_LOGIN,
    PURPOSE_POSSESSION,
    PURPOSE_SUCCESSION,
    ROLES,
)
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.test_signing import raw_manifest
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, YEAR, SoftOffice

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
NOT_YET = ("receipt-ack",)  # purposes that roles have and that no manifest can be signed for yet
# possession is proved before there is a role
SIGNED = [purpose for purpose in KEY_PURPOSES if purpose != PURPOSE_POSSESSION]
MANIFEST = softkey.manifest()


def key_of(wire: Wire, office: SoftOffice, **changed: object) -> Key:
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer()), **changed))
    key.set_pin(PIN)
    key.unlock(PIN)
    return key


def attempt(key: Key, purpose: str) -> str:
    """Try to have something signed for a purpose; the code of the refusal, or nothing."""
    try:
        if purpose == PURPOSE_LOGIN:
            key.login("https://office.example", b"n" * 16)
        elif purpose == PURPOSE_LINK:
            key.export_links(1, 1)
        elif purpose == PURPOSE_SUCCESSION:
            succession.ask(key)
        else:
            ask(
                key,
                m.SignBeginRequest(
                    b"k" * 16, purpose, len(MANIFEST), key.algorithm.digest(MANIFEST)
                ),
            )
    except errors.KeyRefused as refused:
        return refused.code
    return ""


# --- roles ------------------------------------------------------------
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("purpose", SIGNED)
def test_every_role_and_every_purpose(
    role: str, purpose: str, wire: Wire, office: SoftOffice
) -> None:
    key = key_of(wire, office, role=role, purposes=list(ROLES[role]))
    wanted = (
        "purpose-refused"
        if purpose not in ROLES[role] or purpose in NOT_YET
        else "not-found"
        if purpose == PURPOSE_LINK
        else ""
    )
    assert attempt(key, purpose) == wanted
    assert key.profile().role == role


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("purpose", SIGNED)
def test_a_profile_that_gives_a_role_more_than_it_may_have_is_refused(
    role: str, purpose: str, blank: Key, office: SoftOffice
) -> None:
    grant = office.grant(blank.answer_offer(office.offer()), role=role, purposes=[purpose])
    if purpose in ROLES[role]:
        blank.personalise(grant)
        assert blank.info.purposes == [purpose]
    else:
        assert refusal(lambda: blank.personalise(grant)) == "profile-invalid"


def test_a_role_that_the_firmware_does_not_know_has_no_purpose(
    blank: Key, office: SoftOffice
) -> None:
    grant = office.grant(blank.answer_offer(office.offer()), role="emperor", purposes=["filing"])
    assert refusal(lambda: blank.personalise(grant)) == "profile-invalid"


def test_a_key_signs_no_more_than_the_office_granted_of_its_role(
    wire: Wire, office: SoftOffice
) -> None:
    key = key_of(wire, office, role="supervisor", purposes=["filing"])
    assert (attempt(key, "filing"), attempt(key, "countersign")) == ("", "purpose-refused")


def page() -> str:
    """docs/roles.md, from the table that the key uses."""
    head = "# Roles and purposes\n\nWhat the key of a role may sign at most; the office may grant less. Written from `protocol/schema.toml`"
    head += " by `python -m tests.firmware.test_roles`;\nthe key refuses every other pair, and so does the office"
    head += " (`tests/firmware/test_roles.py`, `tests/backend/test_roles.py`).\n\n"
    rows = [["role", *(f"`{purpose}`" for purpose in SIGNED)], ["---"] * (len(SIGNED) + 1)]
    for role, purposes in ROLES.items():
        rows.append([f"`{role}`", *("yes" if purpose in purposes else "" for purpose in SIGNED)])
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    tail = "\n\nOfficer, seal keeper and key administrator are roles of the office's own unit. No manifest can be signed yet for"
    return head + table + tail + "\n`receipt-ack`: today every key refuses it.\n"


def test_the_page_of_roles_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page()


# --- batches ----------------------------------------------------------
def presses(wire: Wire) -> list[int]:
    """Count how often the button is asked for; the list holds the count."""
    count = [0]
    button = wire.key.board.button

    def counted() -> bool | None:
        count[0] += 1
        return button()

    wire.key.board.button = counted  # type: ignore[method-assign]
    return count


def manifests(count: int) -> list[bytes]:
    return [raw_manifest(600 + number) for number in range(count)]


def confirm(key: Key, contents: list[bytes], purpose: str = "filing") -> m.ConfirmBatchReply:
    return key.confirm_batch(
        [key.algorithm.digest(content) for content in contents], purpose=purpose
    )


def sign(key: Key, content: bytes, number: int) -> cose.Header:
    signed = key.sign(
        content, purpose="filing", idempotency_key=number.to_bytes(16, "big"), claimed_time=NOW
    )
    return cose.parse(signed.statement, purpose="filing").header


def test_one_press_is_good_for_a_batch_and_every_header_says_so(key: Key, wire: Wire) -> None:
    contents, count = manifests(5), presses(wire)
    batch = confirm(key, contents)
    headers = [sign(key, content, number) for number, content in enumerate(contents)]
    assert count == [1]
    assert [header.batch for header in headers] == [(batch.digest, place, 5) for place in range(5)]
    assert {header.presence for header in headers} == {1}
    assert [header.seq for header in headers] == [1, 2, 3, 4, 5]


def test_a_batch_has_room_for_so_many(key: Key) -> None:
    contents = [number.to_bytes(2, "big") for number in range(LIMIT_BATCH + 1)]
    assert confirm(key, contents[:-1]).count == LIMIT_BATCH
    with pytest.raises(Exception, match="6"):
        confirm(key, contents)


def test_what_is_not_in_the_batch_needs_a_press_of_its_own(key: Key, wire: Wire) -> None:
    inside, outside = manifests(2)
    confirm(key, [inside])
    count = presses(wire)
    assert sign(key, outside, 1).batch is None
    assert sign(key, inside, 2).batch is not None
    assert count == [1]


def test_a_confirmation_is_good_for_one_signature(key: Key, wire: Wire) -> None:
    [content] = manifests(1)
    confirm(key, [content])
    count = presses(wire)
    sign(key, content, 1)
    assert sign(key, content, 2).batch is None
    assert count == [1]


def test_a_manifest_that_is_listed_twice_may_be_signed_twice(key: Key, wire: Wire) -> None:
    [content] = manifests(1)
    confirm(key, [content, content])
    count = presses(wire)
    assert [
        header.batch[1] for header in (sign(key, content, 1), sign(key, content, 2)) if header.batch
    ] == [0, 1]
    assert count == [0]


def test_a_confirmation_does_not_hold_for_ever(key: Key, wire: Wire) -> None:
    [content] = manifests(1)
    confirm(key, [content])
    wire.key.board.clock.now += LIMIT_BATCH_MS + 1
    count = presses(wire)
    assert sign(key, content, 1).batch is None
    assert count == [1]


@pytest.mark.parametrize("end", ["lock", "wrong pin", "new link", "another batch"])
def test_a_confirmation_ends_with_what_it_was_given_under(end: str, key: Key, wire: Wire) -> None:
    first, second = manifests(2)
    confirm(key, [first])
    if end == "lock":
        key.lock()
    elif end == "wrong pin":
        refusal(lambda: key.unlock(type(PIN)(b"000000")))
    elif end == "new link":
        key = wire.open()
    else:
        confirm(key, [second])
    key.unlock(PIN)
    count = presses(wire)
    if end == "another batch":
        confirm(key, [second])
        count[0] = 0
    assert sign(key, first, 1).batch is None
    assert count == [1]


def test_a_batch_for_one_purpose_is_none_for_another(wire: Wire) -> None:
    office = SoftOffice(purposes=("filing", "countersign"))
    key = key_of(wire, office)
    [content] = manifests(1)
    confirm(key, [content], "countersign")
    count = presses(wire)
    assert sign(key, content, 1).batch is None
    assert count == [1]


def test_a_manifest_in_a_batch_passes_the_policy_all_the_same(key: Key) -> None:
    foreign = softkey.manifest(uscc="126299214390001547")
    confirm(key, [foreign])
    with pytest.raises(errors.KeyRefused) as caught:
        key.sign(foreign, purpose="filing", idempotency_key=b"k" * 16)
    assert caught.value.code == "unit-mismatch"


def test_a_batch_needs_pin_button_purpose_and_something_in_it(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    assert refusal(lambda: key.confirm_batch([], purpose="filing")) == "bad-field"
    assert refusal(lambda: key.confirm_batch([bytes(32)], purpose="decision")) == "purpose-refused"
    wire.presence(False)
    assert refusal(lambda: key.confirm_batch([bytes(32)], purpose="filing")) == "presence-refused"
    key.lock()
    assert refusal(lambda: ask(key, m.ConfirmBatchRequest("filing", [bytes(32)]))) == "pin-required"


# --- the unit card and the office -------------------------------------
def test_a_signature_names_the_card_that_it_was_made_under(key: Key, office: SoftOffice) -> None:
    assert sign(key, MANIFEST, 1).card_version is None
    key.card.put(office.card([b"section"], 7))
    assert sign(key, MANIFEST, 2).card_version == 7


def test_a_key_signs_nothing_under_a_card_whose_day_is_over(key: Key, office: SoftOffice) -> None:
    first = key.sign(
        MANIFEST, purpose="filing", idempotency_key=b"1" * 16, claimed_time=NOW
    ).statement
    key.card.put(office.card([b"section"], not_after=NOW + 100))
    key.keep_receipt(office.take_in(first, received=NOW + 101))
    later = {"purpose": "filing", "idempotency_key": b"2" * 16, "claimed_time": NOW + 200}
    assert refusal(lambda: key.sign(MANIFEST, **later)) == "card-stale"  # type: ignore[arg-type]
    key.card.put(office.card([b"section"], 2, not_after=NOW + YEAR))
    key.sign(MANIFEST, **later)  # type: ignore[arg-type]


def test_without_word_from_its_office_a_key_signs_as_often_as_its_card_allows(
    key: Key, office: SoftOffice
) -> None:
    key.card.put(office.card([b"section"], max_offline=3))
    statements = [
        key.sign(
            MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16, claimed_time=NOW
        )
        for number in range(3)
    ]
    fourth = {"purpose": "filing", "idempotency_key": b"4" * 16, "claimed_time": NOW}
    assert refusal(lambda: key.sign(MANIFEST, **fourth)) == "offline-limit"  # type: ignore[arg-type]
    key.keep_receipt(office.take_in(statements[0].statement))
    assert key.sign(MANIFEST, **fourth).seq == 4  # type: ignore[arg-type]


def test_a_new_card_is_word_from_the_office_and_counts_through_a_restart(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    key.card.put(office.card([b"section"], max_offline=1))
    sign(key, MANIFEST, 1)
    again = wire.restart()
    assert refusal(lambda: sign(again, MANIFEST, 2)) == "offline-limit"
    again.card.put(office.card([b"section"], 2, max_offline=1))
    again = wire.restart()
    sign(again, MANIFEST, 2)
    assert refusal(lambda: sign(again, MANIFEST, 3)) == "offline-limit"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
