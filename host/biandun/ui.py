"""One interaction object: how the library talks to a person, whoever draws the screen.

The library never prints and never asks by itself.  The CLI, the workstation and tests each hand in their own ``Ui``.
"""

from typing import Protocol


class Ui(Protocol):
    """What the library may want from the person in front of it."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Work goes on: ``phase`` is sending, working, signing, writing, verifying or uploading.  Called on change only."""
        ...

    def need_presence(self, serial: str) -> None:
        """The key waits for its button to be pressed.  Called once per wait; it ends when ``progress`` comes next."""
        ...


class Silent:
    """A Ui for programs: says nothing."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Ignore it."""

    def need_presence(self, serial: str) -> None:
        """Ignore it."""
