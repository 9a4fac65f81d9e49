"""One interaction object: how the library talks to a person, whoever draws the screen.

The library never prints and never asks by itself.  The CLI, the workstation and tests each hand in
their own ``Ui``.
"""

from collections.abc import Sequence
from typing import Protocol

from biandun_protocol.forms.form import Form
from biandun_protocol.secret import Secret


class Ui(Protocol):
    """What the library may want from the person in front of it."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Work goes on: ``phase`` is sending, working, signing, writing, verifying or uploading.
        Called on change only.
        """
        ...

    def about_to_sign(self, forms: Sequence[Form]) -> None:
        """These are what a key is about to sign, and before them what they speak of: show them
        whole.  Called before the PIN is asked for.
        """
        ...

    def need_presence(self, serial: str) -> None:
        """The key waits for its button to be pressed.

        Called once per wait; it ends when ``progress`` comes next.
        """
        ...

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """Ask for the PIN of a user slot; None gives up.

        ``tries_left`` is None while none was wrong since the last right one.
        """
        ...

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        """This account has never met the key: is it the right one?

        ``fingerprint`` is that of its device key.

        ``root_known``: is it under a root that this account knows from other keys?  Anybody can
        make one under a root of his own.
        """
        ...


class Silent:
    """A Ui for programs: says nothing."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Ignore it."""

    def about_to_sign(self, forms: Sequence[Form]) -> None:
        """Ignore it."""

    def need_presence(self, serial: str) -> None:
        """Ignore it."""

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """There is nobody to ask."""

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:  # noqa: ARG002
        """A program takes keys of an office that it knows, and no others."""
        return root_known
