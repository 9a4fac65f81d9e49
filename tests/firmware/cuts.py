"""What a key is, as far as anybody outside can tell, and what a power cut may leave of a command
besides the state before and the state after.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from biandun_protocol import cose
from biandun_protocol.wire.numbers import LIMIT_USER_SLOTS
from tests.firmware.conftest import Wire

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
        vault.key_status.raw(),
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


# --- between: what a cut may leave, by the states before, after and found ---
Between = Callable[[State, State, State], bool]


def nothing(before: State, after: State, found: State) -> bool:
    """Before or after, no third."""
    return False


def attempts(before: State, after: State, found: State) -> bool:
    """An attempt may be counted and not examined yet; nothing else may have changed."""
    fewer = all(now <= then for now, then in zip(found.tries, before.tries, strict=True))
    return fewer and found.without_tries in (before.without_tries, after.without_tries)


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
