"""Users of a key and their PINs, on top of the sealed channel (SPEC section 6.2).

``Access`` is a channel on which a user can unlock the key.  A PIN is sent in its normal form
(``biandun_protocol.pins``); the form as typed is tried, too, while enough tries are left.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from biandun import errors
from biandun.key.channel import Channel
from biandun.key.connection import Connection
from biandun.known_keys import KnownKeys
from biandun.ui import Ui
from biandun_protocol import pins
from biandun_protocol.secret import Secret
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import (
    ERROR_PIN_FORMAT,
    ERROR_PIN_LOCKED,
    ERROR_PIN_REQUIRED,
    ERROR_PIN_WAIT,
    ERROR_PIN_WEAK,
    ERROR_PIN_WRONG,
    ERROR_UNKNOWN_COMMAND,
    LIMIT_PIN_TRIES,
    LIMIT_USER_SLOTS,
)

TO_SPARE = 2  # tries that must be left for a PIN to be tried as typed
T = TypeVar("T")


@dataclass(frozen=True)
class Condition:
    """Whether a key's flash is damaged, and the PIN tries left by user slot."""

    damaged: bool
    tries: dict[int, int]

    @property
    def locked(self) -> tuple[int, ...]:
        """The users whose PIN is locked."""
        return tuple(slot for slot, left in self.tries.items() if left == 0)


class Access(Channel):
    """A channel on which users unlock the key with their PINs.

    ``slot`` is the user whose PIN is asked for when the key requires one.
    """

    def __init__(
        self, connection: Connection, ui: Ui | None = None, known: KnownKeys | None = None
    ) -> None:
        self.slot = 0
        super().__init__(connection, ui, known)

    @property
    def pin_slots(self) -> tuple[int, ...]:
        """The user slots that have a PIN."""
        return pin_slots(self.info)

    def set_pin(self, pin: Secret, slot: int = 0) -> None:
        """Set the first PIN of a slot.

        Slot 0 needs a press of the button, other slots need slot 0 unlocked.  Raises KeyRefused:
        pin-format, pin-weak, pin-set, slot-refused, presence-*; the errors of ``secure``.
        """
        self.call(wire.SetPinRequest(slot, self.new_pin(pin).reveal()), wire.SetPinReply)
        self.refresh()

    def unlock(self, pin: Secret | None = None, slot: int | None = None) -> None:
        """Unlock the key as a user, until the link ends or ``lock``.

        Without ``pin`` the Ui is asked for it, again after a wrong one.

        Raises KeyRefused: pin-wrong with tries_left, pin-locked, pin-unset; pin-required when the
        Ui returns no PIN; pin-wait with wait_ms when ``pin`` came too soon after a wrong one.
        """
        slot = self.slot if slot is None else slot
        if pin is not None:
            self._unlock(slot, pin, self._try)
            return
        left, wrong = self.tries_left(slot), None
        if left == 0:
            raise errors.KeyRefused(ERROR_PIN_LOCKED, tries_left=0)
        while True:
            pin = self.ui.need_pin(
                self.info.serial, slot, None if left == LIMIT_PIN_TRIES else left
            )
            if pin is None:
                raise wrong or errors.KeyRefused(ERROR_PIN_REQUIRED)
            try:
                self._unlock(slot, pin, self._try_in_time)
                return
            except errors.KeyRefused as refusal:
                if refusal.number != ERROR_PIN_WRONG:
                    raise
                wrong, left = refusal, refusal.tries_left

    def _unlock(self, slot: int, pin: Secret, attempt: Callable[[int, Secret], None]) -> None:
        """Try a PIN in its normal form, then, while tries are to spare, as it was typed.

        Earlier versions set PINs as typed.
        """
        spelled = pins.normalised(pin)
        if not pins.is_possible(spelled):
            raise errors.KeyRefused(ERROR_PIN_FORMAT)
        try:
            attempt(slot, spelled)
        except errors.KeyRefused as refusal:
            other = pin.reveal() != spelled.reveal() and pins.is_possible(pin)
            if (
                refusal.number != ERROR_PIN_WRONG
                or not other
                or (refusal.tries_left or 0) <= TO_SPARE
            ):
                raise
            attempt(slot, pin)

    def _try(self, slot: int, pin: Secret) -> None:
        self.call(wire.UnlockRequest(slot, pin.reveal()), wire.UnlockReply)

    def _try_in_time(self, slot: int, pin: Secret) -> None:
        """Try a PIN, after the delay that the key may require after wrong ones."""
        try:
            self._try(slot, pin)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_PIN_WAIT:
                raise
            wait = refusal.wait_ms or 0
            self.ui.progress("waiting", 0, 1)
            time.sleep(wait / 1000)
            self._try(slot, pin)

    def condition(self) -> Condition:
        """Ask whether the key's flash is damaged and how many tries each PIN has left.

        Firmware without this command counts as undamaged, with tries unknown.
        """
        try:
            reply = self.call(wire.ConditionRequest(), wire.ConditionReply)
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_UNKNOWN_COMMAND:
                raise
            return Condition(False, {})
        return Condition(
            reply.damaged,
            {slot: left for slot, left in enumerate(reply.tries) if left <= LIMIT_PIN_TRIES},
        )

    def tries_left(self, slot: int) -> int | None:
        """Return how many wrong PINs a user has left.

        None for a slot without a PIN, and from firmware that does not report it.
        """
        return self.condition().tries.get(slot)

    def new_pin(self, pin: Secret) -> Secret:
        """Return a new PIN in its normal form, if it is acceptable.

        Raises KeyRefused without asking the key: pin-format, pin-weak.
        """
        spelled = pins.normalised(pin)
        fault = pins.fault_of(spelled, self.info.serial)
        if fault:
            raise errors.KeyRefused(ERROR_PIN_WEAK if fault == "pin-weak" else ERROR_PIN_FORMAT)
        return spelled

    def lock(self) -> None:
        """Lock the key: the next command that needs a PIN asks for it again."""
        self.call(wire.LockRequest(), wire.LockReply)

    def change_pin(self, old: Secret, new: Secret, slot: int = 0) -> None:
        """Replace a PIN.

        Raises KeyRefused: pin-format, pin-weak, pin-wrong with tries_left, pin-locked, pin-unset.
        """
        spelled = self.new_pin(new).reveal()
        self._unlock(slot, old, lambda at, pin: self._change(at, pin, spelled))

    def _change(self, slot: int, old: Secret, new: bytes) -> None:
        self.call(wire.ChangePinRequest(slot, old.reveal(), new), wire.ChangePinReply)

    def remove_user(self, slot: int) -> None:
        """Delete a user's PIN; needs user 0's PIN and the button.

        Raises KeyRefused: slot-refused, pin-unset, presence-*.
        """
        self.unlocked(lambda: self.call(wire.RemoveUserRequest(slot), wire.RemoveUserReply))
        self.refresh()

    def unlocked(self, work: Callable[[], T]) -> T:
        """Call ``work``; if the key requires a PIN for it, unlock and call it again.

        Raises what ``work`` and ``unlock`` raise.
        """
        try:
            return work()
        except errors.KeyRefused as refusal:
            if refusal.number != ERROR_PIN_REQUIRED:
                raise
        self.unlock()
        return work()


def pin_slots(info: wire.InfoReply) -> tuple[int, ...]:
    """The user slots that have a PIN, lowest first.

    The key reports them as a bit mask, bit 0 for slot 0.
    """
    mask = info.pin_slots or 0
    return tuple(slot for slot in range(LIMIT_USER_SLOTS) if mask >> slot & 1)
