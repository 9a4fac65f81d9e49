"""The power-cut sweep: every command, every operation on flash or one-time-programmable memory that
it makes, cut in every way.

For each scene: the flash before is an image; the command runs once uncut, which gives the state
after.  Then it runs again from the image for each operation and each way of cutting it, the key
boots, and what it then is must be the state before, the state after, or one that the scene names
(an attempt that is counted but not examined).  PIN attempts never grow, no statement is lost or
doubled, the chain holds, and the command, done again, leads where it would have led.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from biandun import errors, standing
from biandun.key import succession
from biandun.keys import Key
from biandun.ui import Ui
from biandun_protocol import cose
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.flashfaults import Cut
from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from biandun_protocol.wire.numbers import LIMIT_USER_SLOTS, STANDING_ACTIVE, STANDING_SUSPENDED
from biandun_protocol.wire.otpmodel import OtpModel
from etoken import server
from etoken.dispatch import COMMANDS
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

FLASH = 20 * 4096  # small, so that compaction comes into it
WRONG, NEW, SECOND = Secret(b"000000"), Secret(b"another one"), Secret(b"246802")
MANIFEST = softkey.manifest()
AHEAD = NOW + 400 * 86_400  # what an office with a wrong clock says
WAYS: tuple[tuple[float | None, bool], ...] = (
    (None, False),
    (0.0, False),
    (0.4, True),
    (0.7, False),
    (0.999, True),
    (1.0, False),
)


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


NOTHING: dict[str, Any] = {
    "tries": (),
    "log": (0, b"", 0),
    "forgotten": 0,
    "statements": (),
    "receipts": (),
    "parcels": (),
    "head": (0, b""),
    "shares": 0,
}


@dataclass(frozen=True)
class State:
    """What a key is, as far as anybody outside can tell, and how many PINs it still takes."""

    state: int
    generation: int
    public_key: bytes | None
    slots: tuple[int, ...]
    tries: tuple[int, ...]
    head: tuple[int, bytes]
    statements: tuple[bytes, ...]
    receipts: tuple[bytes | None, ...]
    log: tuple[int, bytes, int]
    forgotten: int
    card: bytes | None
    parcels: tuple[tuple[bytes, int], ...]
    shares: int = 0
    standing: bytes | None = None

    def without(self, *names: str) -> "State":
        """The same but for these."""
        return State(**{**self.__dict__, **{name: NOTHING[name] for name in names}})

    @property
    def without_tries(self) -> "State":
        """The same but for the attempts."""
        return self.without("tries")


def state_of(wire: Wire) -> State:
    """Look at a key that has just booted."""
    token = wire.key.token
    vault = token.vault
    assert not vault.damaged, "the flash contradicts itself"
    assert not wire.key.board.reported, wire.key.board.reported
    card = vault.card.current()
    assert card is None or vault.card.missing(card) == len(card.manifest.sections), (
        "sections of the card in force are missing"
    )
    shares = vault.recovery.shares()
    names = [vault.statements.link(seq) for seq in range(1, vault.statements.seq + 1)]
    receipts = [vault.statements.receipt(seq) for seq in range(1, vault.statements.seq + 1)]
    return State(
        vault.identity.state,
        vault.identity.generation,
        vault.identity.public_key,
        tuple(vault.users.slots()),
        tuple(vault.users.tries_left(slot) for slot in range(LIMIT_USER_SLOTS)),
        (vault.statements.seq, vault.statements.head),
        tuple(name or b"" for name in names),
        tuple(receipt[0] if receipt else None for receipt in receipts),
        (vault.statements.log_size, vault.statements.log_root, vault.statements.time_floor),
        vault.users.forgotten,
        card.raw_manifest if card else None,
        tuple((parcel.name, vault.outbox.missing(parcel)) for parcel in vault.outbox.parcels()),
        shares.number if shares else 0,
        vault.standing.raw(),
    )


def chain_holds(wire: Wire) -> bool:
    """Does every statement that is kept name the one before it?"""
    statements = wire.key.token.vault.statements
    for seq in range(2, statements.seq + 1):
        record = statements.by_seq(seq)
        if record is None:
            continue
        header = cose.parse(record.statement(), purpose=record.purpose).header
        if header.seq != seq or header.prev != statements.link(seq - 1):
            return False
    return True


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


# --- conditions
# ----------------------------------------------------------------------
def prepared(world: World, *steps: Callable[[World, Key], object]) -> Image:
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
    key.outbox.stow(b"1" * 16, b"package" * 500)


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
    standing.tell(key, said)
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
    standing.tell(key, world.kept["suspended"])


def resume(world: World, key: Key) -> None:
    """It lets the key go on."""
    world.kept.setdefault("resumed", world.office.status(key.info, STANDING_ACTIVE, NOW + 9))
    standing.tell(key, world.kept["resumed"])


def asked_to_succeed(world: World, key: Key) -> None:
    """The office has answered."""
    key.unlock(PIN)
    asked = succession.ask(key)
    world.kept["granted"] = world.office.succeed(
        asked, key.info.public_key or b"", purposes=["filing"]
    )


def succeed_and_sign(world: World, key: Key) -> None:
    """The new pair is in force and signs."""
    succession.take(key, world.kept["granted"])
    unlocked_sign(key, b"9" * 16)


ENROLLED = (answer, personalise, first_pin)


def attempts(before: State, after: State, found: State) -> bool:
    """An attempt may be counted and not examined yet; nothing else may have changed."""
    fewer = all(now <= then for now, then in zip(found.tries, before.tries, strict=True))
    return fewer and found.without_tries in (before.without_tries, after.without_tries)


Step = Callable[[World, Key], object]
Between = Callable[[State, State, State], bool]


def nothing_between(before: State, after: State, found: State) -> bool:
    """Before or after, no third."""
    return False


def receipt_half_kept(before: State, after: State, found: State) -> bool:
    """The log point goes first: the host hands the receipt in again."""
    return (
        State(**{**found.__dict__, "receipts": after.receipts}) == after
        and found.receipts == before.receipts
    )


def making_room(before: State, after: State, found: State) -> bool:
    """Receipted statements may have made room already; their names stay."""
    return attempts(*(State(**{**one.__dict__, "receipts": ()}) for one in (before, after, found)))


def counted_wipe(before: State, after: State, found: State) -> bool:
    """The count of wipes may have risen already: a key counts one too many rather than forget
    one.
    """
    return (
        found.generation == after.generation
        and State(**{**found.__dict__, "generation": before.generation}) == before
    )


def placed(before: State, after: State, found: State) -> bool:
    """The chain has its new head; that the key may sign comes next, that the order is used last."""
    changing = ("forgotten", "statements", "receipts", "head")
    return found.head == after.head and found.without(*changing) == before.without(*changing)


def card_arriving(before: State, after: State, found: State) -> bool:
    """The old card until the new one is whole; the office's time may have risen already."""
    return attempts(*(one.without("log") for one in (before, after, found)))


def parcel_arriving(before: State, after: State, found: State) -> bool:
    """The parcel has its place and not all of its parts."""
    return attempts(*(one.without("parcels") for one in (before, after, found)))


def sharing(before: State, after: State, found: State) -> bool:
    """The shares are those before or those after, whatever else has happened."""
    return found.shares in (before.shares, after.shares) and attempts(
        *(one.without("shares") for one in (before, after, found))
    )


def succeeding(before: State, after: State, found: State) -> bool:
    """The pair is the old one or the new one, what it signed is there or not; the receipt comes
    last.
    """
    changing = ("log", "receipts", "statements", "head")
    either = found.public_key in (before.public_key, after.public_key) and found.head[0] in (
        before.head[0],
        after.head[0],
    )
    same = [
        State(**{**one.without(*changing).__dict__, "public_key": None})
        for one in (before, after, found)
    ]
    return either and attempts(same[0], same[1], same[2])


def told(before: State, after: State, found: State) -> bool:
    """The word is kept first, then the time of it."""
    return found.without("log") == after.without("log") and found.log == before.log


def time_being_set(before: State, after: State, found: State) -> bool:
    """What the office said with a wrong clock is put back first, then the time floor; that the
    order is used comes last.
    """
    return found.without("log") == after.without("log") and found.log == before.log


def unblocking(before: State, after: State, found: State) -> bool:
    """The same, and the tries may be back already: the codes were right."""
    return sharing(before.without("tries"), after.without("tries"), found.without("tries"))


def enrolling(before: State, after: State, found: State) -> bool:
    """Three commands in a row: between them the key has its anchor and no key pair."""
    return found.public_key is None and found.statements == ()


def enrolled_twice(before: State, after: State, found: State) -> bool:
    """A second user: an attempt of the first, then the second one's PIN, counted or not."""
    return attempts(before, after, found) or (
        found.slots == after.slots and found.without_tries == after.without_tries
    )


def five_wrong(world: World, key: Key) -> None:
    for _ in range(5):
        refused(lambda: key.unlock(WRONG))


# name: conditions, command, what a cut may leave besides before and after, does the outcome differ
# from run to run?
SCENES: dict[str, tuple[tuple[Step, ...], Step, Between]] = {
    "install_anchor generate_key prove_possession": ((), answer, enrolling),
    "personalise": ((answer,), personalise, nothing_between),
    "personalise again": (
        (*ENROLLED, renewed),
        lambda world, key: key.personalise(world.kept["renewal"]),
        nothing_between,
    ),
    "set_pin first": ((answer, personalise), first_pin, nothing_between),
    "set_pin second": (ENROLLED, second_user, enrolled_twice),
    "unlock": (ENROLLED, lambda world, key: key.unlock(PIN), attempts),
    "unlock wrong": (ENROLLED, lambda world, key: refused(lambda: key.unlock(WRONG)), attempts),
    "unlock last try": (
        (*ENROLLED, five_wrong),
        lambda world, key: refused(lambda: key.unlock(PIN)),
        attempts,
    ),
    "change_pin": (ENROLLED, lambda world, key: change(key), attempts),
    "sign first": (ENROLLED, lambda world, key: unlocked_sign(key, b"9" * 16), attempts),
    "sign another": (
        (*ENROLLED, signed, receipted),
        lambda world, key: unlocked_sign(key, b"9" * 16),
        attempts,
    ),
    "sign full": (
        (*ENROLLED, filled),
        lambda world, key: unlocked_sign(key, b"9" * 16),
        making_room,
    ),
    "store_receipt": ((*ENROLLED, signed), receipted, receipt_half_kept),
    "login": (
        ENROLLED,
        lambda world, key: (key.unlock(PIN), key.login("https://office.example", b"n" * 16)),
        attempts,
    ),
    "export_links": (
        (*ENROLLED, signed),
        lambda world, key: (key.unlock(PIN), key.export_links(1, 1)),
        attempts,
    ),
    "wipe": ((answer,), lambda world, key: key.wipe(), counted_wipe),
    "export_audit": (ENROLLED, lambda world, key: key.audit(), nothing_between),
    "confirm_batch": (
        ENROLLED,
        lambda world, key: (
            key.unlock(PIN),
            key.confirm_batch([key.algorithm.digest(MANIFEST)], purpose="filing"),
        ),
        attempts,
    ),
    "challenge": (ENROLLED, lambda world, key: key.challenge(), nothing_between),
    "factory_reset": ((*ENROLLED, signed, stowed, carded, ordered_to_reset), reset, counted_wipe),
    "reinstate": (
        (*ENROLLED, signed, set_back, ordered_to_go_on),
        lambda world, key: key.carry_out(world.kept["order"]),
        placed,
    ),
    "set_time": (
        (*ENROLLED, ordered_to_set_the_time),
        lambda world, key: key.carry_out(world.kept["order"]),
        time_being_set,
    ),
    "begin_card card_section": (
        (*ENROLLED, carded),
        lambda world, key: (key.unlock(PIN), key.card.put(world.kept["newer"])),
        card_arriving,
    ),
    "set_officers": (
        (certified_device, *ENROLLED),
        lambda world, key: (key.unlock(PIN), key.recovery.name_officers(world.office.officers())),
        sharing,
    ),
    "export_shares": (
        (certified_device, *ENROLLED, officered),
        lambda world, key: key.recovery.shares(),
        nothing_between,
    ),
    "unblock": ((certified_device, *ENROLLED, officered, five_wrong), unblock, unblocking),
    "succeed": (
        (certified_device, answer, certified_to_succeed, first_pin),
        lambda world, key: (key.unlock(PIN), succession.ask(key)),
        attempts,
    ),
    "personalise with a new pair": (
        (certified_device, answer, certified_to_succeed, first_pin, asked_to_succeed),
        succeed_and_sign,
        succeeding,
    ),
    "status": (ENROLLED, suspend, told),
    "status again": ((*ENROLLED, suspend), resume, told),
    "remove_user": ((*ENROLLED, second_user), remove_second, enrolled_twice),
    "hello": ((certified_device, *ENROLLED), lambda world, key: key.secure(), nothing_between),
    "read_card read_section": (
        (*ENROLLED, carded),
        lambda world, key: (key.unlock(PIN), key.card.read()),
        attempts,
    ),
    "outbox_begin outbox_part": (
        (*ENROLLED, signed),
        lambda world, key: (key.unlock(PIN), stowed(world, key)),
        parcel_arriving,
    ),
    "outbox_drop outbox_entry outbox_read": (
        (*ENROLLED, signed, stowed),
        lambda world, key: (
            key.unlock(PIN),
            [key.outbox.read(entry) for entry in key.outbox.entries()],
            key.outbox.drop(b"1" * 16),
        ),
        attempts,
    ),
    "lock info fetch chain_state read_certificate": (
        (*ENROLLED, signed),
        lambda world, key: look(key),
        nothing_between,
    ),
}


def refused(call: Callable[[], object]) -> None:
    with suppress(errors.KeyRefused):
        call()


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


# --- the sweep
# ----------------------------------------------------------------------
@dataclass
class Outcome:
    """How many cuts there were, and what was wrong after which of them."""

    cut_points: int = 0
    violations: list[str] = field(default_factory=list)


def memories(board: TestBoard) -> Iterator[tuple[str, Any]]:
    """What can be cut on a board."""
    yield "flash", board.flash
    if board.otp is not None:
        yield "otp", board.otp


def commands_of(name: str) -> set[str]:
    """The commands that a scene cuts."""
    steps, act, _ = SCENES[name]
    world = World(otp=False)
    wire = world.wire(prepared(world, *steps))
    key = wire.open()
    wire.steps.clear()
    seen: set[str] = set()
    genuine = server.dispatch.run

    def watched(token: Any, raw: bytes, sealed: bool) -> bytes:
        seen.add(COMMANDS[codec.split_request(raw)[0]].handler.__name__)
        return genuine(token, raw, sealed)

    server.dispatch.run = watched
    try:
        act(world, key)
    finally:
        server.dispatch.run = genuine
    return seen


def operations(world: World, image: Image, act: Step, memory: str) -> tuple[int, State, State]:
    """Run uncut: how many operations the command makes on that memory, the state before and
    after.
    """
    before = state_of(world.wire(image))
    wire = world.wire(image)
    key = wire.open()
    counter = Cut(dict(memories(wire.key.board))[memory], 1 << 30)
    act(world, key)
    dict(memories(wire.key.board))[memory].hook = None
    wire.key.start()
    return counter.count, before, state_of(wire)


def alike(found: State, wanted: State, *, receipts: bool) -> bool:
    """The same state, but for what is random: a new key pair, and what was signed with it;
    ``receipts``: must they all be there?

    Shares may have a higher number: one that was counted and not given out is left out.
    """
    random = {"public_key": None, "head": (0, b""), "statements": (), "receipts": (), "shares": 0}
    if found.shares < wanted.shares:
        return False
    if State(**{**found.__dict__, **random}) != State(**{**wanted.__dict__, **random}):
        return False
    shapes = [
        (
            one.public_key is None,
            one.head[0],
            len(one.statements),
            [kept is None for kept in one.receipts] if receipts else None,
        )
        for one in (found, wanted)
    ]
    return shapes[0] == shapes[1]


def sweep(
    name: str, *, otp: bool, ways: tuple[tuple[float | None, bool], ...] = WAYS, most: int = 1 << 30
) -> Outcome:
    """Cut the command of a scene at every operation, in every way; at most ``most`` operations,
    spread evenly.
    """
    steps, act, between = SCENES[name]
    receipts = between is not making_room
    world, outcome = World(otp), Outcome()
    image = prepared(world, *steps)
    for memory, _ in memories(image.board()):
        count, before, after = operations(world, image, act, memory)
        chosen = (
            sorted({1 + index * count // min(count, most) for index in range(min(count, most))})
            if count
            else []
        )
        for at in chosen:
            for seed, (share, scattered) in enumerate(ways, 1):
                outcome.cut_points += 1
                wrong = cut_once(
                    world,
                    image,
                    act,
                    between,
                    (before, after),
                    (memory, at, share, scattered, seed + 7 * at),
                    receipts,
                )
                if wrong:
                    outcome.violations.append(
                        f"{name}: {memory} operation {at} of {count}, {share} done: {wrong}"
                    )
    return outcome


def cut_once(
    world: World,
    image: Image,
    act: Step,
    between: Between,
    states: tuple[State, State],
    how: tuple[str, int, float | None, bool, int],
    receipts: bool,
) -> str:
    """Cut once, boot, look, do it again; say what is wrong, or nothing."""
    (before, after), (memory, at, share, scattered, seed) = states, how
    wire = world.wire(image)
    key = wire.open()
    cut = dict(memories(wire.key.board))[memory]
    Cut(cut, at, share, seed, scattered)
    with suppress(PowerCut):
        act(world, key)
    cut.hook = None
    try:
        wire.key.start()
        found = state_of(wire)
        if (
            found != before
            and not alike(found, after, receipts=receipts)
            and not between(before, after, found)
        ):
            return f"neither before nor after: {found}"
        grown = [
            slot
            for slot, (now, then) in enumerate(zip(found.tries, before.tries, strict=True))
            if now > then
        ]
        if grown and found.tries != after.tries:
            return f"attempts grew: {found.tries} after {before.tries}"
        if not chain_holds(wire):
            return "the chain is broken"
        if (
            any(now != then for now, then in zip(found.statements, before.statements, strict=False))
            and found.generation == before.generation
        ):
            return "a statement changed"
        act(world, wire.open())
        wire.key.start()
        last = state_of(wire)
        wanted = State(**{**after.__dict__, "tries": (), "generation": last.generation})
        if not alike(State(**{**last.__dict__, "tries": ()}), wanted, receipts=receipts):
            return f"done again it leads elsewhere: {last}"
        if not chain_holds(wire):
            return "the chain is broken after doing it again"
    except (AssertionError, errors.HostProblem, PowerCut) as error:
        return f"{type(error).__name__}: {error}"
    return ""
