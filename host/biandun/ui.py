"""The interface through which the library interacts with a person.

The library never prints or asks for input itself.  The command line and tests each pass their own
``Ui``.
"""

from collections.abc import Sequence
from typing import Protocol

from biandun_protocol.forms.form import Form
from biandun_protocol.secret import Secret


class Ui(Protocol):
    """The interactions that the library may need."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Report progress; called on change only.

        ``phase`` is sending, working, signing, writing, verifying or uploading.
        """
        ...

    def about_to_sign(self, forms: Sequence[Form]) -> None:
        """Show what a key is about to sign; called before the PIN is asked for.

        ``forms`` are to be shown completely, in order; forms that are only referred to come first.
        """
        ...

    def need_presence(self, serial: str) -> None:
        """Ask the person to press the key's button.

        Called once per wait; the wait ends with the next ``progress``.
        """
        ...

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """Ask for the PIN of a user slot; None cancels.

        ``tries_left`` is None if no wrong PIN was entered since the last correct one.
        """
        ...

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        """Ask whether a key that this account has never met is the right one.

        ``fingerprint`` is that of its device key.  ``root_known`` says that this account knows its
        root from other keys; anybody can make a key under a root of their own.
        """
        ...


class Silent:
    """A Ui without a person, for programs."""

    def progress(self, phase: str, done: int, total: int) -> None:
        """Ignore it."""

    def about_to_sign(self, forms: Sequence[Form]) -> None:
        """Ignore it."""

    def need_presence(self, serial: str) -> None:
        """Ignore it."""

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """Return None: there is nobody to ask."""

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:  # noqa: ARG002
        """Accept keys under a known root, and no others."""
        return root_known
