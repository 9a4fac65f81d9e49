"""Two things a key signs of its own accord in every byte: a login, and the names of its
statements.
"""

import pytest

from biandun.keys import Key
from biandun_protocol import cose
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import StatementProblem
from biandun_protocol.links import verify_links
from biandun_protocol.login import verify_login
from tests.firmware.conftest import Wire, refusal
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

ORIGIN, NONCE = "https://office.test", b"n" * 16


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice(purposes=("filing", "login", "link"))


def verify(key: Key, signed: Signed, **changed: object) -> cose.Statement:
    expected = {
        "public_key": key.public_key,
        "office_id": "longlan",
        "origin": ORIGIN,
        "nonce": NONCE,
        **changed,
    }
    return verify_login(signed, **expected)  # type: ignore[arg-type]


def test_a_login_verifies_and_uses_no_sequence_number(key: Key) -> None:
    header = verify(key, key.login(ORIGIN, NONCE)).header
    assert (header.seq, header.prev, header.presence, header.user_slot) == (None, None, 1, 0)
    assert key.chain().seq == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"office_id": "qingping"}, "office_id"),
        ({"origin": "https://evil.test"}, "origin"),
        ({"nonce": b"N" * 16}, "nonce"),
    ],
)
def test_a_login_is_good_for_one_office_one_place_and_one_challenge(
    changed: dict[str, object], field: str, key: Key
) -> None:
    with pytest.raises(StatementProblem) as caught:
        verify(key, key.login(ORIGIN, NONCE), **changed)
    assert (caught.value.code, caught.value.values["field"]) == ("login-mismatch", field)


def test_a_login_with_another_manifest_is_refused(key: Key) -> None:
    one, two = key.login(ORIGIN, NONCE), key.login(ORIGIN, b"m" * 16)
    with pytest.raises(StatementProblem) as caught:
        verify(key, Signed(one.statement, two.manifest))
    assert caught.value.values["field"] == "digest"


def test_a_filing_is_no_login(key: Key) -> None:
    manifest = softkey.manifest()
    statement = key.sign(manifest, purpose="filing", idempotency_key=b"k" * 16).statement
    with pytest.raises(StatementProblem) as caught:
        verify(key, Signed(statement, manifest))
    assert caught.value.code == "purpose-mismatch"


@pytest.mark.parametrize(
    "origin", ["", "office.test", "javascript:alert(1)", "https://office.test\nhttps://evil.test"]
)
def test_a_place_that_is_no_address_is_refused(origin: str, key: Key) -> None:
    assert refusal(lambda: key.login(origin, NONCE)) == "origin-malformed"


def test_a_login_needs_the_button(key: Key, wire: Wire) -> None:
    wire.presence(False)
    assert refusal(lambda: key.login(ORIGIN, NONCE)) == "presence-refused"


def test_a_key_without_the_purposes_does_neither(blank: Key) -> None:
    office = SoftOffice(purposes=("filing",))
    blank.personalise(office.grant(blank.answer_offer(office.offer())))
    blank.set_pin(PIN)
    assert refusal(lambda: blank.login(ORIGIN, NONCE)) == "purpose-refused"
    assert refusal(lambda: blank.export_links(1, 1)) == "purpose-refused"


def sign_some(key: Key, count: int) -> list[bytes]:
    return [
        key.sign(
            softkey.manifest(),
            purpose="filing",
            idempotency_key=n.to_bytes(16, "big"),
            claimed_time=NOW,
        ).statement_id
        for n in range(count)
    ]


def test_links_name_the_statements_in_order(key: Key) -> None:
    names = sign_some(key, 5)
    links = verify_links(key.export_links(2, 3), key.public_key)
    assert (links.first, links.ids) == (2, names[1:4])
    assert key.chain().seq == 5


@pytest.mark.parametrize(("first", "count"), [(0, 1), (1, 0), (3, 1), (2, 2)])
def test_links_that_were_never_made_are_not_found(first: int, count: int, key: Key) -> None:
    sign_some(key, 2)
    assert refusal(lambda: key.export_links(first, count)) == "not-found"


def test_links_outlive_the_statements_that_made_room_for_others(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    names = sign_some(key, 3)
    statements = wire.key.token.vault.statements
    for seq in (1, 2, 3):
        statements.keep_receipt(seq, b"r", b"p", 1, bytes(32), NOW)
    statements._compact(1)
    again = wire.restart()
    assert refusal(lambda: again.fetch(seq=1)) == "not-found"
    assert verify_links(again.export_links(1, 3), key.public_key).ids == names


def test_links_of_another_key_are_refused(key: Key) -> None:
    sign_some(key, 1)
    with pytest.raises(StatementProblem):
        verify_links(key.export_links(1, 1), SoftOffice(seed=8000).root_key)
