"""Claims of the threat model that cut across commands."""

from collections.abc import Iterator

import pytest

from biandun import standing
from biandun.key import succession, updating
from biandun.keys import Key
from biandun_protocol import recovery
from biandun_protocol.release import Described
from biandun_protocol.wire import codec
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from biandun_simulator.release import sign as sign_firmware
from etoken import server
from etoken.boards.vendor import SIMULATED, TARGET
from etoken.crypto.pbkdf2 import equal
from etoken.dispatch import COMMANDS
from etoken.store.images import Images, Installed
from etoken.token import Token
from etoken.vault import records
from tests.firmware.conftest import Wire
from tests.firmware.test_signing import NAME, sign
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice


class Tap(Wire):
    """A wire that keeps what the key sends, and the numbers of the commands that reach it."""

    def __init__(self) -> None:
        super().__init__()
        self.said = bytearray()
        self.heard = bytearray()

        def hear(data: bytes) -> bytes:
            self.heard += data
            return data

        def keep(data: bytes) -> bytes:
            self.said += data
            return data

        self.cut_out, self.cut_in = hear, keep


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice(purposes=("filing", "login", "link", "succession"))


@pytest.fixture
def wire() -> Tap:
    return Tap()


def test_neither_pin_nor_any_private_key_crosses_the_cable_whatever_is_asked(
    key: Key, wire: Tap, office: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    # what the fixture did
    asked = {"personalise", "set_pin", "install_anchor", "prove_possession", "hello", "info"}
    genuine = server.dispatch.run

    def watched(token: Token, raw: bytes, sealed: bool) -> bytes:
        asked.add(COMMANDS[codec.split_request(raw)[0]].handler.__name__)
        return genuine(token, raw, sealed)

    monkeypatch.setattr(server.dispatch, "run", watched)
    key.unlock(PIN)
    secret = bytes(wire.key.token.vault.identity.secret())
    device = bytes(wire.key.token.vault.identity.secret(records.DEVICE_KEY))
    data_key = bytes(wire.key.token.vault.keys.data_key())
    signed = sign(key, claimed_time=NOW + 1)
    key.keep_receipt(office.take_in(signed.statement))
    key.chain()
    key.fetch(idempotency_key=NAME)
    key.certificate()
    key.login("https://office.example", b"n" * 16)
    key.export_links(1, 1)
    key.confirm_batch([bytes(32)], purpose="filing")
    key.card.put(office.card([b"section"]))
    key.card.read()
    key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"t" * 16)
    key.outbox.stow(b"t" * 16, b"package")
    key.outbox.read(key.outbox.entries()[0])
    key.outbox.drop(b"t" * 16)
    wire.key.token.vault.users._note(0, 2)
    key.carry_out(office.order("reinstate", key.challenge(), 64))
    key.carry_out(office.order("set-time", key.challenge(), time=NOW))
    assert key.tries_left(0)
    key.change_pin(PIN, PIN)
    key.audit()
    key.unlock(PIN)
    key.recovery.name_officers(office.officers())
    codes = office.codes(key)
    key.recovery.unblock(0, codes, PIN)
    key.unlock(PIN)
    key.set_pin(PIN, slot=1)
    key.remove_user(1)
    asked_for = succession.ask(key)
    following = bytes(wire.key.token.vault.identity.secret(records.NEXT_KEY_PAIR))
    succession.take(key, office.succeed(asked_for, key.info.public_key or b""))
    for number, word in enumerate((STANDING_SUSPENDED, STANDING_ACTIVE)):
        standing.tell(key, office.status(key.info, word, NOW + number))
    key.lock()
    images = Images(NorFlash(2 * 4 * 4096))
    wire.key.board.firmware = Installed(images, None, TARGET, SIMULATED)
    updating.update(key, office.approved(sign_firmware(Described(TARGET, "9.9.9", 99), b"image")))
    office.reset(key)
    key.answer_offer(office.offer())
    key.wipe()
    assert asked == {entry.handler.__name__ for entry in COMMANDS.values()}
    shares = [recovery.decode_code(code.reveal().decode()) for code in codes]
    for private in (PIN.reveal(), secret, device, data_key, following, *shares):
        assert private not in wire.said + wire.heard


class Watched(bytes):
    """Bytes that count how many of them were looked at."""

    looked = 0

    def __iter__(self) -> Iterator[int]:
        for byte in bytes(self):
            self.looked += 1
            yield byte


@pytest.mark.parametrize("different", [0, 15, 31, None])
def test_comparing_looks_at_every_byte_wherever_the_first_difference_is(
    different: int | None,
) -> None:
    kept = Watched(32)
    given = bytearray(32)
    if different is not None:
        given[different] = 1
    assert equal(bytes(given), kept) is (different is None)
    assert kept.looked == 32
