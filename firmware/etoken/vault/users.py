"""The people who use a key: a PIN per slot, counted before it is looked at.

An attempt burns a bit of the board's tally where there is one, then is written to flash and read
back, and only then the PIN is derived and tried on the sealed data key: pulling the plug at any
moment never gives a try back.  A right PIN sets the count to zero.  After f wrong ones the next is
not looked at for 2^f seconds, counted anew from each boot (docs/design/key.md, "PIN and vault").

The tally only rises and is not on flash.  More bits in it than flash knows of means that attempts
were made which flash has forgotten: they count as failures of everybody.  One bit may be a plug
pulled in between; two or more is an older image of the flash, and then nothing is signed until the
office has said how the chain goes on.  What flash knows is in the TALLY record, which is made
before the key pair and is the last one of a compacted bank, and in the count of each slot.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES, LIMIT_UNBLOCK_TRIES
from etoken.vault import records
from etoken.vault.keys import Keys
from etoken.vault.sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Tally(Protocol):
        """A count in one-time-programmable memory."""

        def tally(self) -> int: ...  # noqa: D102
        def burn(self) -> int: ...  # noqa: D102


SALT = 16
COUNT = 4  # bytes of the tally in a record
NUMBER = 4  # bytes of the number of the shares, in front of the count of wrong codes
OUTDATED = 2  # attempts that flash must not know of to be an older image


class AttemptNotCounted(Exception):
    """The counter did not read back as written: the flash is failing, and no PIN is examined."""


class Users:
    """PINs by slot; ``otp`` is the board's one-time-programmable memory, None without one."""

    def __init__(self, journal: Sealed, keys: Keys, otp: "Tally | None", delay_ms: int) -> None:
        self._journal = journal
        self._keys = keys
        self._otp = otp
        self._delay_ms = delay_ms
        self.found_older = False  # did this boot find that flash had been set back?
        self._failed_at = 0  # ticks; a boot counts like a wrong PIN just now
        if otp is not None and not journal.damaged:
            self._compare(otp.tally())

    def slots(self) -> "list[int]":
        """The slots that have a PIN, ascending."""
        return [
            slot
            for slot in self._journal.numbers(records.PIN)
            if self._journal.peek(records.PIN, slot, 1)
        ]

    def has_pin(self, slot: int) -> bool:
        """Has this slot a PIN?"""
        return bool(self._journal.peek(records.PIN, slot, 1))

    def tries_left(self, slot: int) -> int:
        """How many wrong PINs are left; 0 means locked."""
        return max(LIMIT_PIN_TRIES - self._failures(slot), 0)

    def wait_ms(self, slot: int, now: int) -> int:
        """How long the next attempt has to wait, 0 if it need not."""
        failures = self._failures(slot)
        if not failures:
            return 0
        return max(self._failed_at + (self._delay_ms << failures) - now, 0)

    def started(self, now: int) -> None:
        """A boot: who failed before it waits again."""
        self._failed_at = now

    def set_pin(
        self,
        slot: int,
        pin: bytes,
        salt: bytes,
        iterations: int,
        data_key: bytearray,
        shares: int = 0,
    ) -> None:
        """Store a PIN: seal the data key under it; ``shares`` is the number of those that it is set
        by, and that are used up with it.

        The count goes to zero before: whoever may set a PIN may also try one.
        """
        pin_key = self._keys.pin_key(pin, salt, iterations)
        wrapped = self._keys.wrap(slot, pin_key, data_key)
        pin_key[:] = bytes(len(pin_key))
        self._count(slot, 0)
        content: list[object] = [salt, iterations, wrapped]
        self._journal.put(records.PIN, slot, cbor.dumps(content + [shares] if shares else content))

    def remove(self, slot: int) -> None:
        """The slot has no PIN any more.  Its count stays: the tally stands there."""
        self._journal.put(records.PIN, slot, b"")

    def is_used(self, shares: int) -> bool:
        """Are the shares of that number used up, because a PIN in force was set by them?"""
        return any(self._pin(slot)[3:] == [shares] for slot in self.slots())

    def verify(self, slot: int, pin: bytes, now: int) -> "bytearray | None":
        """Count an attempt, then examine the PIN.  The caller has seen to it that the slot has a
        PIN, tries left, and need not wait.

        Returns the data key (32 bytes), None for a wrong PIN.  Raises AttemptNotCounted.
        """
        failures = self._failures(slot) + 1
        self.burn()
        # counted before compared: a power cut must not give a free try
        self._count(slot, failures)
        if self._failures(slot) != failures:
            raise AttemptNotCounted
        self._failed_at = now
        salt, iterations, wrapped = self._pin(slot)[:3]
        pin_key = self._keys.pin_key(pin, salt, iterations)
        data_key = self._keys.unwrap(slot, pin_key, wrapped)
        pin_key[:] = bytes(len(pin_key))
        if data_key is not None:
            self._count(slot, 0)
        return data_key

    def _pin(self, slot: int) -> "list[Any]":
        return cbor.loads(self._journal.get(records.PIN, slot) or b"")  # type: ignore[return-value]

    # --- the tally ----------------------------------------------------
    @property
    def rolled_back(self) -> bool:
        """Has this flash forgotten attempts that were made?"""
        return self.forgotten > 0

    @property
    def forgotten(self) -> int:
        """How many attempts flash had forgotten when it was found out; 0 when the office has let
        the key go on since.
        """
        return int.from_bytes((self._journal.get(records.TALLY) or b"")[COUNT:], "big")

    def begin(self) -> None:
        """Before there is a key pair: note the tally, so that an image without any PIN is known to
        be old as well.
        """
        if self._otp is not None:
            self._note(self.tally(), 0)

    def reinstate(self) -> None:
        """The office has said how the chain goes on.  Failures stay counted, they were attempts of
        somebody; one try is left.
        """
        for slot in self.slots():
            if not self.tries_left(slot):
                self._count(slot, LIMIT_PIN_TRIES - 1)
        self._note(self.tally(), 0)

    def invalidate_images(self) -> None:
        """Invalidate all earlier images of the flash, by advancing the board's tally past what they
        recorded.  Without a tally nothing is done.

        Flash records it first: if the tally were advanced first, a key whose power was cut in
        between would take its own flash for an older image.
        """
        if self._otp is not None:
            if self._journal.get(records.TALLY) is not None:
                self._note(self.tally() + OUTDATED, self.forgotten)
            for _ in range(OUTDATED):
                self.burn()

    def tally(self) -> int:
        """Attempts that the board's memory has counted; 0 on a board without one."""
        return self._otp.tally() if self._otp is not None else 0

    def burn(self) -> None:
        """An attempt, of whatever kind, is about to be counted."""
        if self._otp is not None:
            self._otp.burn()

    def _compare(self, tally: int) -> None:
        noted, unblocking = (
            self._journal.get(records.TALLY),
            self._journal.get(records.UNBLOCK_FAILURES) or b"",
        )
        if noted is None:
            if not self._journal.get(records.KEY_PAIR):
                return  # there is nothing to be set back
            known = -2
        else:
            counts = [self._tally(slot) for slot in self._journal.numbers(records.PIN_FAILURES)]
            known = max(
                counts
                + [int.from_bytes(part, "big") for part in (noted[:COUNT], unblocking[-COUNT:])]
            )
        missing = tally - known
        for _ in range(-missing):
            self.burn()  # a plug was pulled while older images were being outdated
        if missing <= 0:
            return
        # before the slots know of the attempts: a plug pulled in between finds the same again
        if missing > 1:
            self._note(max(known, 0), self.forgotten + missing)
            self.found_older = True
        for slot in self.slots():
            self._count(slot, min(self._failures(slot) + missing, LIMIT_PIN_TRIES))
        if unblocking:  # forgotten attempts may have been codes as well
            failures = min(unblocking[NUMBER] + missing, LIMIT_UNBLOCK_TRIES)
            self._journal.put(
                records.UNBLOCK_FAILURES,
                0,
                unblocking[:NUMBER] + bytes((failures,)) + tally.to_bytes(COUNT, "big"),
            )

    def _note(self, tally: int, forgotten: int) -> None:
        self._journal.put(
            records.TALLY, 0, tally.to_bytes(COUNT, "big") + forgotten.to_bytes(COUNT, "big")
        )

    def _count(self, slot: int, failures: int) -> None:
        self._journal.put(
            records.PIN_FAILURES, slot, bytes((failures,)) + self.tally().to_bytes(COUNT, "big")
        )

    def _failures(self, slot: int) -> int:
        raw = self._journal.get(records.PIN_FAILURES, slot)
        return raw[0] if raw else 0

    def _tally(self, slot: int) -> int:
        raw = self._journal.get(records.PIN_FAILURES, slot)
        return int.from_bytes(raw[1:], "big") if raw else 0
