"""A key that its office tells not to sign: what it refuses then, what it still does, and whose word
it takes.
"""

from collections.abc import Callable

import pytest

from biandun import key_status
from biandun.key import succession
from biandun.keys import Key
from biandun_protocol import audit
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire import messages as m
from biandun_protocol.wire.numbers import (
    STANDING_ACTIVE,
    STANDING_REVOKED,
    STANDING_SUSPENDED,
    STATE_ANCHORED,
)
from biandun_protocol.wire.otpmodel import OtpModel
from etoken.dispatch import COMMANDS
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

MANIFEST = softkey.manifest()
SERIAL = "BD-TEST-0001"
STOPPED = {STANDING_SUSPENDED: "key-suspended", STANDING_REVOKED: "certificate-revoked"}
PURPOSES = ("filing", "login", "link", "succession")


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice(purposes=PURPOSES)


def sign(key: Key, number: int = 1) -> object:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16)


def hand(key: Key, status: Signed) -> m.StatusReply:
    """The office's word as any program may hand it over, without the look that the host takes
    first.
    """
    return key.call(m.StatusRequest(status.statement, status.manifest), m.StatusReply)


def told(
    key: Key, office: SoftOffice, stopped: int, since: int = NOW + 10, number: int = 1
) -> m.StatusReply:
    return key_status.store(key, office.status(key.info, stopped, since, number=number))


def renewal(key: Key, office: SoftOffice, not_before: int) -> m.Grant:
    device_key = key.profile().device_key
    return office.grant_for(
        SERIAL, key.info.public_key or b"", version=2, not_before=not_before, device_key=device_key
    )


def first(key: Key) -> tuple[int, int, int]:
    reply = key_status.stored(key)
    assert reply is not None
    return reply.standing, reply.since, reply.number


def test_a_key_that_was_told_nothing_may_sign(key: Key) -> None:
    assert first(key) == (STANDING_ACTIVE, 0, 0)
    sign(key)


@pytest.mark.parametrize("stopped", STOPPED)
def test_a_stopped_key_signs_nothing_also_after_a_restart(
    key: Key, office: SoftOffice, wire: Wire, stopped: int
) -> None:
    told(key, office, stopped)
    for again in (key, wire.restart()):
        assert first(again) == (stopped, NOW + 10, 1)
        assert refusal(lambda at=again: sign(at)) == STOPPED[stopped]
        assert (
            refusal(lambda at=again: at.login("https://office.example", b"n" * 16))
            == STOPPED[stopped]
        )
        assert (
            refusal(lambda at=again: at.confirm_batch([bytes(32)], purpose="filing"))
            == STOPPED[stopped]
        )
        assert refusal(lambda at=again: succession.ask(at)) == STOPPED[stopped]


def test_nobody_is_asked_for_the_button_by_a_stopped_key(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    told(key, office, STANDING_SUSPENDED)
    wire.presence(False)  # who is asked says no
    for call in (
        lambda: sign(key),
        lambda: key.login("https://office.example", b"n" * 16),
        lambda: key.confirm_batch([bytes(32)], purpose="filing"),
        lambda: succession.ask(key),
    ):
        assert refusal(call) == "key-suspended"


def test_a_key_that_was_resumed_goes_on_with_its_chain(key: Key, office: SoftOffice) -> None:
    sign(key, 1)
    told(key, office, STANDING_SUSPENDED)
    told(key, office, STANDING_ACTIVE, NOW + 20, 2)
    sign(key, 2)
    assert key.chain().seq == 2


def test_a_revoked_key_takes_no_other_word_and_no_newer_certificate_for_one(
    key: Key, office: SoftOffice
) -> None:
    revoked = office.status(key.info, STANDING_REVOKED, NOW + 10)
    hand(key, revoked)
    assert refusal(lambda: told(key, office, STANDING_ACTIVE, NOW + 20)) == "certificate-revoked"
    assert hand(key, revoked).standing == STANDING_REVOKED
    key.personalise(renewal(key, office, NOW + 30))
    assert refusal(lambda: sign(key)) == "certificate-revoked"


@pytest.mark.parametrize("stopped", STOPPED)
def test_a_stop_makes_an_older_image_of_a_board_with_a_tally_one_that_was_set_back(
    office: SoftOffice, stopped: int
) -> None:
    wire = Wire(TestBoard(otp=OtpModel()))
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    sign(key, 1)
    image = bytes(wire.key.board.flash.cells)
    told(key, office, stopped)
    wire.key.board.flash.cells[:] = image
    key = wire.restart()
    assert key.chain().forgotten
    assert refusal(lambda: sign(key, 2)) == "rolled-back"


def test_a_stop_that_an_older_image_does_not_know_of_is_heard_again(
    key: Key, office: SoftOffice, wire: Wire
) -> None:
    image = bytes(wire.key.board.flash.cells)
    told(key, office, STANDING_SUSPENDED)
    wire.key.board.flash.cells[:] = image  # a board without a tally does not notice
    key = wire.restart()
    told(key, office, STANDING_SUSPENDED)
    assert refusal(lambda: sign(key)) == "key-suspended"


def test_a_word_for_the_next_key_pair_counts_before_its_certificate_is_here(
    key: Key, office: SoftOffice
) -> None:
    following = (
        succession.ask(key).verify(PublicKey(key.algorithm, key.info.public_key or b"")).public_key
    )
    kid = PublicKey(key.algorithm, following).kid
    assert (
        hand(key, office.status(key.info, STANDING_SUSPENDED, NOW + 10, kid=kid)).standing
        == STANDING_SUSPENDED
    )
    assert refusal(lambda: sign(key, 2)) == "key-suspended"


def test_a_stream_that_was_open_is_not_signed(key: Key, office: SoftOffice) -> None:
    key.unlock(PIN)
    ask(key, m.SignBeginRequest(b"k" * 16, "filing", len(MANIFEST), key.algorithm.digest(MANIFEST)))
    key.connection.stream(key.connection.last_id, MANIFEST, 8)
    told(key, office, STANDING_SUSPENDED)
    assert refusal(lambda: ask(key, m.SignFinishRequest(b"k" * 16))) == "key-suspended"
    assert key.chain().seq == 0


def test_a_batch_that_was_confirmed_is_not_signed(key: Key, office: SoftOffice) -> None:
    key.confirm_batch([key.algorithm.digest(MANIFEST)], purpose="filing")
    told(key, office, STANDING_SUSPENDED)
    assert refusal(lambda: sign(key)) == "key-suspended"


def test_a_stopped_key_gives_back_what_it_signed_and_takes_receipts(
    key: Key, office: SoftOffice
) -> None:
    before = sign(key)
    told(key, office, STANDING_SUSPENDED)
    assert sign(key) == before
    kept = key.fetch(seq=1)
    key.keep_receipt(office.take_in(kept.statement, received=NOW + 20))
    assert key.fetch(seq=1).receipt is not None


def test_a_stopped_key_still_names_what_it_signed_and_shows_its_ring(
    key: Key, office: SoftOffice
) -> None:
    sign(key)
    told(key, office, STANDING_SUSPENDED)
    key.export_links(1, 1)
    device_key = key.profile().device_key
    assert device_key is not None
    ring = audit.verify_audit(key.audit(), PublicKey(key.algorithm, device_key))
    assert [(event.name, event.detail) for event in ring.events][-1] == (
        "status-taken",
        STANDING_SUSPENDED,
    )


def test_the_same_word_again_changes_nothing(key: Key, office: SoftOffice, wire: Wire) -> None:
    said = office.status(key.info, STANDING_SUSPENDED)
    key_status.store(key, said)
    image = bytes(wire.key.board.flash.cells)
    assert key_status.store(key, said).standing == STANDING_SUSPENDED
    assert bytes(wire.key.board.flash.cells) == image


@pytest.mark.parametrize(
    ("since", "number", "taken"),
    [
        pytest.param(NOW + 9, 9, False, id="before"),
        pytest.param(NOW + 10, 4, False, id="in the same second, before"),
        pytest.param(NOW + 10, 5, False, id="at once, and less strict"),
        pytest.param(NOW + 10, 6, True, id="in the same second, after"),
        pytest.param(NOW + 11, 1, True, id="after, by an office that counts anew"),
    ],
)
def test_an_older_word_does_not_let_a_stopped_key_go_on(
    key: Key, office: SoftOffice, since: int, number: int, taken: bool
) -> None:
    told(key, office, STANDING_SUSPENDED, NOW + 10, 5)
    if taken:
        assert told(key, office, STANDING_ACTIVE, since, number).standing == STANDING_ACTIVE
    else:
        assert refusal(lambda: told(key, office, STANDING_ACTIVE, since, number)) == "status-older"
        assert first(key) == (STANDING_SUSPENDED, NOW + 10, 5)


def test_a_word_raises_the_time_floor_and_counts_as_one_of_the_office(
    key: Key, office: SoftOffice
) -> None:
    key.card.put(office.card([b"section"], max_offline=1))
    sign(key, 1)
    assert refusal(lambda: sign(key, 2)) == "offline-limit"
    told(key, office, STANDING_ACTIVE, NOW + 30)
    assert key.chain().time_floor == NOW + 30
    sign(key, 2)


def test_the_same_word_again_is_no_news_of_the_office(key: Key, office: SoftOffice) -> None:
    key.card.put(office.card([b"section"], max_offline=1))
    told(key, office, STANDING_ACTIVE)
    sign(key, 1)
    told(key, office, STANDING_ACTIVE)
    assert refusal(lambda: sign(key, 2)) == "offline-limit"


def test_a_renewal_is_a_newer_word_than_a_status_from_before(key: Key, office: SoftOffice) -> None:
    told(key, office, STANDING_SUSPENDED)
    key.personalise(renewal(key, office, NOW + 11))
    assert first(key) == (STANDING_ACTIVE, 0, 0)
    sign(key)


def test_a_word_from_before_the_certificate_does_not_count(key: Key, office: SoftOffice) -> None:
    key.personalise(renewal(key, office, NOW + 11))
    assert refusal(lambda: told(key, office, STANDING_SUSPENDED, NOW + 10)) == "status-older"
    assert told(key, office, STANDING_SUSPENDED, NOW + 11).standing == STANDING_SUSPENDED


def test_a_certificate_from_before_a_stop_does_not_lift_it(key: Key, office: SoftOffice) -> None:
    granted = renewal(key, office, NOW + 9)
    told(key, office, STANDING_SUSPENDED)
    key.personalise(granted)
    assert refusal(lambda: sign(key)) == "key-suspended"


def test_a_stop_does_not_outlive_the_key_pair(key: Key, office: SoftOffice) -> None:
    stopped = office.status(key.info, STANDING_REVOKED, NOW + 10)
    key_status.store(key, stopped)
    office.reset(key)
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    assert first(key) == (STANDING_ACTIVE, 0, 0)
    assert refusal(lambda: key_status.store(key, stopped)) == "key-mismatch"
    sign(key)


def test_a_word_that_was_cut_off_counts_once_as_one_of_the_office(
    key: Key, office: SoftOffice, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    key.card.put(office.card([b"section"], max_offline=1))
    statements, kept = wire.key.token.vault.statements, []
    genuine = statements.raise_floor
    monkeypatch.setattr(
        statements,
        "raise_floor",
        lambda time: (kept.append(bytes(wire.key.board.flash.cells)), genuine(time)),
    )
    told(key, office, STANDING_ACTIVE)
    monkeypatch.undo()
    wire.key.board.flash.cells[:] = kept[0]
    key = wire.restart()
    sign(key, 1)
    told(key, office, STANDING_ACTIVE)
    sign(key, 2)
    told(key, office, STANDING_ACTIVE)
    assert refusal(lambda: sign(key, 3)) == "offline-limit"


def test_a_status_outlives_a_new_key_pair(key: Key, office: SoftOffice) -> None:
    told(key, office, STANDING_ACTIVE, NOW + 10, 3)
    succession.install(
        key,
        office.succeed(succession.ask(key), key.info.public_key or b"", purposes=list(PURPOSES)),
    )
    assert refusal(lambda: told(key, office, STANDING_ACTIVE, NOW + 9)) == "status-older"
    told(key, office, STANDING_SUSPENDED, NOW + 20)
    assert refusal(lambda: sign(key)) == "key-suspended"


def changed(manifest: bytes) -> bytes:
    return manifest[:-1] + bytes((manifest[-1] ^ 1,))


INVALID: dict[str, Callable[[SoftOffice, m.InfoReply], Signed]] = {
    "another office": lambda office, info: SoftOffice(seed=77).status(info, STANDING_ACTIVE),
    "another purpose": lambda office, info: office.card([b"section"]).signed,
    "another schema": lambda office, info: office.status(
        info, STANDING_ACTIVE, schema="biandun-status/2"
    ),
    "another manifest": lambda office, info: Signed(
        office.status(info, STANDING_ACTIVE).statement,
        changed(office.status(info, STANDING_ACTIVE).manifest),
    ),
    "no manifest": lambda office, info: Signed(office.status(info, STANDING_ACTIVE).statement, b""),
    "no statement": lambda office, info: Signed(b"", office.status(info, STANDING_ACTIVE).manifest),
}


@pytest.mark.parametrize("what", INVALID)
def test_what_the_office_did_not_sign_changes_nothing(
    key: Key, office: SoftOffice, wire: Wire, what: str
) -> None:
    image, word = bytes(wire.key.board.flash.cells), INVALID[what](office, key.info)
    assert refusal(lambda: hand(key, word)) == "status-invalid"
    assert bytes(wire.key.board.flash.cells) == image
    with pytest.raises((StatementProblem, ManifestProblem)):  # the host looks first
        key_status.store(key, word)


@pytest.mark.parametrize(
    "request_",
    [m.StatusRequest(statement=b"s"), m.StatusRequest(manifest=b"m")],
    ids=["statement", "manifest"],
)
def test_half_a_word_is_none(key: Key, request_: codec.Request) -> None:
    assert refusal(lambda: key.call(request_, m.StatusReply)) == "status-invalid"


def test_the_word_about_another_key_is_refused(key: Key, office: SoftOffice) -> None:
    assert (
        refusal(
            lambda: hand(key, office.status(key.info, STANDING_SUSPENDED, serial="BD-TEST-0002"))
        )
        == "serial-mismatch"
    )


def test_the_word_about_another_key_pair_is_refused(key: Key, office: SoftOffice) -> None:
    assert (
        refusal(lambda: hand(key, office.status(key.info, STANDING_SUSPENDED, kid=bytes(16))))
        == "key-mismatch"
    )


def test_a_key_that_is_not_in_service_has_no_standing(blank: Key, office: SoftOffice) -> None:
    assert refusal(lambda: key_status.stored(blank)) == "wrong-state"
    blank.answer_offer(office.offer())
    blank.wipe()
    assert blank.info.state == STATE_ANCHORED
    assert refusal(lambda: key_status.stored(blank)) == "wrong-state"


def test_firmware_that_knows_of_no_status_has_none_to_tell(
    key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(COMMANDS, m.StatusRequest.NUMBER)
    assert key_status.stored(key) is None
