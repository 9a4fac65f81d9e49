"""A person at a key, for tests: knows the PIN, says nothing, presses no button (the simulated key
has its own).
"""

from biandun.ui import Silent
from biandun_protocol.secret import Secret

PIN = Secret(b"135790")


class Person(Silent):
    """Gives the right PIN, once per question; counts the questions."""

    def __init__(self, *pins: bytes) -> None:
        self.pins = [Secret(pin) for pin in pins] if pins else None
        self.asked: list[tuple[int, int | None]] = []

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        """Has looked at the fingerprint, and it is right."""
        return True

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """The next PIN of the list, or the right one; None when the list is used up."""
        self.asked.append((slot, tries_left))
        if self.pins is None:
            return PIN if tries_left is None or len(self.asked) == 1 else None
        return self.pins.pop(0) if self.pins else None
