"""The power-cut sweep: every command, every operation on flash or one-time-programmable memory that
it makes, cut in every way.

For each scene: the flash before is an image; the command runs once uncut, which gives the state
after.  Then it runs again from the image for each operation and each way of cutting it, the key
boots, and what it then is must be the state before, the state after, or one that the scene names
(an attempt that is counted but not examined).  PIN attempts never grow, no statement is lost or
doubled, the chain holds, and the command, done again, leads where it would have led.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from biandun import errors
from biandun_protocol.wire.flashfaults import Cut
from biandun_protocol.wire.flashmodel import PowerCut
from tests.firmware import cuts
from tests.firmware import world as w
from tests.firmware.cuts import State, chain_holds, state_of
from tests.firmware.scenes import Scene, together
from tests.firmware.testboard import TestBoard
from tests.firmware.world import Image, World, prepared

WAYS: tuple[tuple[float | None, bool], ...] = (
    (None, False),
    (0.0, False),
    (0.4, True),
    (0.7, False),
    (0.999, True),
    (1.0, False),
)


# the scene of each command, and what else a cut may meet
SWEPT = {name: scene for name, scene in together().items() if not scene.cut_elsewhere} | {
    "personalise again": Scene(
        (*w.ENROLLED, w.renewed), lambda world, key: key.personalise(world.kept["renewal"])
    ),
    "set_pin second": Scene(w.ENROLLED, w.second_user, cuts.enrolled_twice),
    "unlock wrong": Scene(
        w.ENROLLED, lambda world, key: w.refused(lambda: key.unlock(w.WRONG)), cuts.attempts
    ),
    "unlock last try": Scene(
        (*w.ENROLLED, w.five_wrong),
        lambda world, key: w.refused(lambda: key.unlock(w.PIN)),
        cuts.attempts,
    ),
    "sign another": Scene(
        (*w.ENROLLED, w.signed, w.receipted),
        lambda world, key: w.unlocked_sign(key, b"9" * 16),
        cuts.attempts,
    ),
    "sign full": Scene(
        (*w.ENROLLED, w.filled),
        lambda world, key: w.unlocked_sign(key, b"9" * 16),
        cuts.making_room,
    ),
    "personalise with a new pair": Scene(
        (
            w.certified_device,
            w.answer,
            w.certified_to_succeed,
            w.first_pin,
            w.asked_to_succeed,
        ),
        w.succeed_and_sign,
        cuts.succeeding,
    ),
    "status again": Scene((*w.ENROLLED, w.suspend), w.resume, cuts.told),
}


# --- the sweep --------------------------------------------------------
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


def operations(world: World, image: Image, act: w.Step, memory: str) -> tuple[int, State, State]:
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
    scene = SWEPT[name]
    act, between = scene.act, scene.between
    receipts = between is not cuts.making_room
    world, outcome = World(otp), Outcome()
    image = prepared(world, *scene.steps)
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
    act: w.Step,
    between: cuts.Between,
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
