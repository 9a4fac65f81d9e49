"""Keys brought to where a command can run: the office, what it handed out, and the steps that lead
there.

A step is a function of the world and a key.  It may be done again on a key that was cut in the
middle of it, and then leads where it would have led.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from biandun import errors, key_status
from biandun.key import succession, updating
from biandun.keys import Key
from biandun.ui import Ui
from biandun_protocol.release import Described
from biandun_protocol.secret import Secret
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from biandun_protocol.wire.otpmodel import OtpModel
from biandun_simulator.release import sign as sign_firmware
from etoken.boards.vendor import SIMULATED, TARGET
from etoken.store.images import Images, Installed
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

FLASH = 20 * 4096  # small, so that compaction comes into it
WRONG, NEW, SECOND = Secret(b"000000"), Secret(b"another one"), Secret(b"246802")
MANIFEST = softkey.manifest()
AHEAD = NOW + 400 * 86_400  # what an office with a wrong clock says
PURPOSES = ["filing", "login", "link"]


@dataclass(frozen=True)
class Image:
    """What survives a cable that is pulled: flash, and one-time-programmable memory where the board
    has it.
    """

    flash: bytes
    otp: bytes | None

    def board(self) -> TestBoard:
        """A board with these contents."""
        flash = NorFlash(FLASH)
        flash.medium.write(0, self.flash)
        if self.otp is None:
            return TestBoard(flash=flash)
        otp = OtpModel()
        otp.medium.write(0, self.otp)
        return TestBoard(flash=flash, otp=otp)


def image_of(board: TestBoard) -> Image:
    """Its contents now."""
    otp = None if board.otp is None else board.otp.medium.read(0, 33 + board.otp.bits // 8)
    return Image(board.flash.medium.read(0, FLASH), otp)


@dataclass
class World:
    """The office, and what earlier steps handed out; the same for every run of a scene."""

    otp: bool
    office: SoftOffice = field(
        default_factory=lambda: SoftOffice(sessions=False)
    )  # to open one each time is slow and changes nothing
    kept: dict[str, Any] = field(default_factory=dict)

    def wire(self, image: Image | None = None) -> "ClearWire":
        """A key with this contents, or a new one."""
        board = (
            image.board()
            if image
            else TestBoard(flash=NorFlash(FLASH), otp=OtpModel() if self.otp else None)
        )
        return ClearWire(board)


class ClearWire(Wire):
    """A host that takes keys without a certified device key."""

    def open(self, ui: Ui | None = None) -> Key:
        """A new link."""
        key = super().open(ui)
        key.pin_in_clear = True
        return key


def sign(key: Key, name: bytes) -> Any:
    """Sign the manifest under a name."""
    return key.sign(MANIFEST, purpose="filing", idempotency_key=name)


def refused(call: Callable[[], object]) -> None:
    """Do what is refused on purpose, or was done already."""
    with suppress(errors.KeyRefused):
        call()


Step = Callable[[World, Key], object]


# --- conditions -------------------------------------------------------
def prepared(world: World, *steps: Step) -> Image:
    """The image after these steps on a new key."""
    wire = world.kept["wire"] = world.wire()
    key = wire.open()
    for step in steps:
        step(world, key)
    return world.kept.pop("image", None) or image_of(wire.key.board)


def answer(world: World, key: Key) -> None:
    unless_done(
        lambda: world.kept.update(request=key.answer_offer(world.office.offer())), "wrong-state"
    )


def unless_done(call: Callable[[], object], *codes: str) -> None:
    """A command that was done already is refused with one of these, by a key that was cut after
    it.
    """
    try:
        call()
    except errors.KeyRefused as refusal:
        if refusal.code not in codes:
            raise


def personalise(world: World, key: Key) -> None:
    grant = world.office.grant(world.kept["request"], purposes=["filing", "login", "link"])
    # of the same version, with another signature
    unless_done(lambda: key.personalise(grant), "profile-older")


def renewed(world: World, key: Key) -> None:
    """The same key, certified anew by a grant that is made once."""
    world.kept["renewal"] = world.office.grant(
        world.kept["request"], version=2, purposes=["filing", "login", "link"]
    )


def first_pin(world: World, key: Key) -> None:
    unless_done(lambda: key.set_pin(PIN), "pin-set")


def second_user(world: World, key: Key) -> None:
    key.unlock(PIN)
    unless_done(lambda: key.set_pin(SECOND, slot=2), "pin-set")


def signed(world: World, key: Key) -> None:
    key.unlock(PIN)
    statement = sign(key, b"1" * 16).statement
    world.kept["receipt"] = world.office.take_in(statement)


def receipted(world: World, key: Key) -> None:
    key.keep_receipt(world.kept["receipt"])


def filled(world: World, key: Key) -> None:
    """Sign and keep receipts until the next signature has to make room."""
    key.unlock(PIN)
    for number in range(100, 200):
        before = world.kept["wire"].key.token.vault._journal.generation
        image = image_of(world.kept["wire"].key.board)
        statement = sign(key, number.to_bytes(16, "big")).statement
        if world.kept["wire"].key.token.vault._journal.generation != before:
            world.kept["image"] = image  # the one before this signature
            return
        size = len(world.office.leaves)
        receipt = world.office.take_in(statement)
        key.keep_receipt(receipt, world.office.consistency(size) if size else None)
    raise AssertionError("the flash never filled up")


def certified_device(world: World, key: Key) -> None:
    world.office.sessions = True


def stowed(world: World, key: Key) -> None:
    key.outbox.put(b"1" * 16, b"package" * 500)


def carded(world: World, key: Key) -> None:
    """The first card is on the key, the second at hand."""
    first, newer = (
        world.office.card([b"%d %d " % (version, part) * 300 for part in range(2)], version)
        for version in (1, 2)
    )
    key.card.put(first)
    world.kept["newer"] = newer


def set_back(world: World, key: Key) -> None:
    """Have the flash know that it was set back."""
    users = world.kept["wire"].key.token.vault.users
    users._note(users.tally(), 2)


def ordered_to_go_on(world: World, key: Key) -> None:
    world.kept["order"] = world.office.order("reinstate", key.challenge(), 64)


def ordered_to_reset(world: World, key: Key) -> None:
    world.kept["order"] = world.office.order("reset", key.challenge())


def ordered_to_set_the_time(world: World, key: Key) -> None:
    """The key was told that it is suspended, at a time that the office takes back."""
    said = world.office.status(key.info, STANDING_SUSPENDED, AHEAD)
    key_status.store(key, said)
    world.kept["order"] = world.office.order("set-time", key.challenge(), time=NOW, until=AHEAD)


def reset(world: World, key: Key) -> None:
    """Once it has worked the key has no certificate to be reset."""
    unless_done(lambda: key.carry_out(world.kept["order"]), "wrong-state")


def officered(world: World, key: Key) -> None:
    """User 0 has named the officers, who have opened their shares."""
    key.unlock(PIN)
    key.recovery.name_officers(world.office.officers())
    world.kept["codes"] = world.office.codes(key)


def unblock(world: World, key: Key) -> None:
    """Codes that were used up are refused; then their PIN is set."""
    try:
        key.recovery.unblock(0, world.kept["codes"], NEW)
    except errors.KeyRefused:
        key.unlock(NEW)


def remove_second(world: World, key: Key) -> None:
    key.unlock(PIN)
    unless_done(lambda: key.remove_user(2), "pin-unset")


def certified_to_succeed(world: World, key: Key) -> None:
    """The first certificate of a key that may ask for another pair."""
    grant = world.office.grant(world.kept["request"], purposes=["filing", "succession"])
    unless_done(lambda: key.personalise(grant), "profile-older")


def suspend(world: World, key: Key) -> None:
    """The office has suspended the key, by a word that is given once."""
    world.kept.setdefault("suspended", world.office.status(key.info, STANDING_SUSPENDED))
    key_status.store(key, world.kept["suspended"])


def resume(world: World, key: Key) -> None:
    """It lets the key go on."""
    world.kept.setdefault("resumed", world.office.status(key.info, STANDING_ACTIVE, NOW + 9))
    key_status.store(key, world.kept["resumed"])


def asked_to_succeed(world: World, key: Key) -> None:
    """The office has answered."""
    key.unlock(PIN)
    asked = succession.ask(key)
    world.kept["granted"] = world.office.succeed(
        asked, key.info.public_key or b"", purposes=["filing"]
    )


def succeed_and_sign(world: World, key: Key) -> None:
    """The new pair is in force and signs."""
    succession.install(key, world.kept["granted"])
    unlocked_sign(key, b"9" * 16)


ENROLLED = (answer, personalise, first_pin)


def five_wrong(world: World, key: Key) -> None:
    for _ in range(5):
        refused(lambda: key.unlock(WRONG))


def change(key: Key) -> None:
    try:
        key.change_pin(PIN, NEW)
    except errors.KeyRefused:  # it was changed already, by the run that was cut
        key.unlock(NEW)


def unlocked_sign(key: Key, name: bytes) -> None:
    key.unlock(PIN)
    sign(key, name)


def look(key: Key) -> None:
    key.lock()
    key.refresh()
    key.fetch(seq=1)
    key.chain()
    key.condition()
    assert key.certificate()


def renew_firmware(world: World, key: Key) -> None:
    """A release is announced, handed over and finished; it runs from the next start."""
    release = sign_firmware(Described(TARGET, "9.9.9", 99), b"image" * 900)
    updating.update(key, world.office.approved(release))


def with_firmware(board: TestBoard) -> TestBoard:
    """The board, with two places for firmware, both empty."""
    board.firmware = Installed(Images(NorFlash(2 * 4 * 4096)), None, TARGET, SIMULATED)
    return board
