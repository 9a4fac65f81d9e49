"""The users of a key: a PIN per slot, and the counts of attempts.

An attempt burns a bit of the board's tally where there is one, then is written to flash and read
back; only then is the PIN derived and tried on the sealed data key.  So pulling the plug at any
moment never yields a free attempt.  A right PIN sets the count to zero.  After f wrong ones no
attempt is accepted for 2^f seconds, measured anew from each boot (SPEC section 6.1;
docs/design/key.md, "PIN and vault").

The tally is outside flash and only rises.  A higher tally than flash records means that flash has
forgotten attempts: they count as failures of every user.  A difference of one may be a power cut in
between; two or more mean an older image of the flash, and then nothing is signed until the office
has ordered how the chain continues (``reinstate``).  Flash records the tally in the TALLY record,
which is written before the key pair and is the last one of a compacted bank, and in the count of
each slot.
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
        """A counter in one-time-programmable memory."""

        def tally(self) -> int: ...  # noqa: D102
        def burn(self) -> int: ...  # noqa: D102


SALT = 16
COUNT = 4  # bytes of the tally in a record, big-endian
NUMBER = 4  # bytes of the number of the shares, before the count of wrong codes
OUTDATED = 2  # so many attempts missing on flash mean an older image


class AttemptNotCounted(Exception):
    """The counter did not read back as written: the flash is failing, and no PIN is checked."""


class Users:
    """PINs by slot.

    ``otp`` is the board's one-time-programmable memory, None on a board without it.  ``delay_ms``
    milliseconds stand for one second of waiting after wrong PINs.
    """

    def __init__(self, journal: Sealed, keys: Keys, otp: "Tally | None", delay_ms: int) -> None:
        self._journal = journal
        self._keys = keys
        self._otp = otp
        self._delay_ms = delay_ms
        self.rollback_detected = False  # whether this boot detected an older image of the flash
        self._failed_at = 0  # of the last wrong PIN, or the boot, in ms
        if otp is not None and not journal.damaged:
            self._compare(otp.tally())

    def slots(self) -> "list[int]":
        """Return the slots that have a PIN, in ascending order."""
        return [
            slot
            for slot in self._journal.numbers(records.PIN)
            if self._journal.peek(records.PIN, slot, 1)
        ]

    def has_pin(self, slot: int) -> bool:
        """Return whether this slot has a PIN."""
        return bool(self._journal.peek(records.PIN, slot, 1))

    def tries_left(self, slot: int) -> int:
        """Return how many attempts are left; 0 means locked."""
        return max(LIMIT_PIN_TRIES - self._failures(slot), 0)

    def wait_ms(self, slot: int, now: int) -> int:
        """Return the milliseconds until the next attempt is accepted, 0 if it is now."""
        failures = self._failures(slot)
        if not failures:
            return 0
        return max(self._failed_at + (self._delay_ms << failures) - now, 0)

    def restart_waits(self, now: int) -> None:
        """Restart the waiting times at a boot; ``now`` in milliseconds of the key's clock."""
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
        """Store a PIN: seal the data key under it.

        ``shares`` is the number of the shares whose codes authorised this and are used up by it,
        else 0.  The count of failures is set to zero first: whoever may set a PIN may also try one.
        """
        pin_key = self._keys.pin_key(pin, salt, iterations)
        wrapped = self._keys.wrap(slot, pin_key, data_key)
        pin_key[:] = bytes(len(pin_key))
        self._count(slot, 0)
        content: list[object] = [salt, iterations, wrapped]
        self._journal.put(records.PIN, slot, cbor.dumps(content + [shares] if shares else content))

    def remove(self, slot: int) -> None:
        """Remove a slot's PIN.  Its count stays, because it records the tally."""
        self._journal.put(records.PIN, slot, b"")

    def is_used(self, shares: int) -> bool:
        """Return whether the shares of that number are used up by a PIN that is in force."""
        return any(self._pin(slot)[3:] == [shares] for slot in self.slots())

    def verify(self, slot: int, pin: bytes, now: int) -> "bytearray | None":
        """Count an attempt, then check the PIN.

        The caller has checked that the slot has a PIN and attempts left, and need not wait.
        Returns the data key (32 bytes), None for a wrong PIN.

        Raises AttemptNotCounted.
        """
        failures = self._failures(slot) + 1
        self.burn()
        # counted before it is compared: a power cut must not yield a free attempt
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
        """Whether this flash has forgotten attempts: it is an older image."""
        return self.forgotten > 0

    @property
    def forgotten(self) -> int:
        """How many attempts flash had forgotten when this was detected; 0 after ``reinstate``."""
        return int.from_bytes((self._journal.get(records.TALLY) or b"")[COUNT:], "big")

    def record_tally(self) -> None:
        """Record the tally before there is a key pair.

        So an image without any PIN is recognised as old as well.
        """
        if self._otp is not None:
            self._note(self.tally(), 0)

    def reinstate(self) -> None:
        """Clear the rollback after an order of the office.

        Failures stay counted, since somebody made those attempts; a locked slot gets one attempt.
        """
        for slot in self.slots():
            if not self.tries_left(slot):
                self._count(slot, LIMIT_PIN_TRIES - 1)
        self._note(self.tally(), 0)

    def invalidate_images(self) -> None:
        """Invalidate all earlier images of the flash; without a tally nothing is done.

        The board's tally is advanced past what they recorded.  Flash records it first: if the tally
        were advanced first, a key whose power was cut in between would take its own flash for an
        older image.
        """
        if self._otp is not None:
            if self._journal.get(records.TALLY) is not None:
                self._note(self.tally() + OUTDATED, self.forgotten)
            for _ in range(OUTDATED):
                self.burn()

    def tally(self) -> int:
        """Return the attempts that the board's memory has counted; 0 on a board without a tally."""
        return self._otp.tally() if self._otp is not None else 0

    def burn(self) -> None:
        """Advance the board's tally: an attempt is about to be counted."""
        if self._otp is not None:
            self._otp.burn()

    def _compare(self, tally: int) -> None:
        noted, unblocking = (
            self._journal.get(records.TALLY),
            self._journal.get(records.UNBLOCK_FAILURES) or b"",
        )
        if noted is None:
            if not self._journal.get(records.KEY_PAIR):
                return  # no key pair: an older image harms nothing
            known = -2
        else:
            counts = [self._tally(slot) for slot in self._journal.numbers(records.PIN_FAILURES)]
            known = max(
                counts
                + [int.from_bytes(part, "big") for part in (noted[:COUNT], unblocking[-COUNT:])]
            )
        missing = tally - known
        for _ in range(-missing):
            self.burn()  # power was cut while earlier images were being invalidated
        if missing <= 0:
            return
        # before the slots record the attempts: after a power cut in between this runs again
        if missing > 1:
            self._note(max(known, 0), self.forgotten + missing)
            self.rollback_detected = True
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
