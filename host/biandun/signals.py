"""How a program ends when it is stopped by SIGINT (Ctrl-C), SIGTERM or SIGHUP (terminal closed).

1. While modules are imported, and again after the command has ended, the signals have their default
   action: the process ends at once without output, since nothing has begun or everything is done.
   Python by itself would print a traceback.
2. While the command runs, the first signal becomes KeyboardInterrupt in the main thread.  So
   temporary files are removed, the key is notified, and the program prints ``interrupted``.  A
   later SIGTERM or SIGHUP is ignored meanwhile, because shells and service managers send both.  A
   second Ctrl-C has its default action, for a person who does not want to wait.
3. Then the process ends by the signal that stopped it, not with an exit status.  A shell shows 130,
   143 or 129 in both cases, but only so does it also end a loop around the program: after a status
   of 130 it would continue and have the next filing signed.  Windows cannot end a process by a
   signal; there it ends with the status.

A signal that is ignored when the program starts (nohup, a background job) stays ignored.

``biandun.signals`` and ``biandun_office.platform.signals`` are identical, because the rooms do not
import each other.  Nothing is imported here that takes time.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn

ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


def run(load: Callable[[], Callable[[], int]]) -> NoReturn:
    """Import a program with ``load``, run it, and end the process.

    It ends with the status that the program returns, or by the signal that stopped it.
    """
    by_default()
    stop = _Stop()
    atexit.register(stop.end)  # registered first, so called last
    program = load()
    status = 0
    try:
        try:
            stop.listen()
            status = program()
        finally:
            by_default()
    except KeyboardInterrupt:  # just before or after the program's own handling of it
        status = stop.status
    raise SystemExit(status)


def on_each(handler: Callable[[int, FrameType | None], object]) -> None:
    """Install ``handler`` for each of the signals that is not ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def by_default() -> None:
    """Reset each of the signals that is not ignored to its default action."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


class _Stop:
    """Remembers the first signal that was received: ``number``, 0 before that."""

    number = 0

    @property
    def status(self) -> int:
        """The status that a shell reports for a program that the signal has ended."""
        return 128 + (self.number or signal.SIGINT)

    def listen(self) -> None:
        """Begin to turn the first signal into KeyboardInterrupt."""
        sys.unraisablehook = self._lost
        on_each(self._came)

    def _came(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.number:
            return
        self.number = number
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        raise KeyboardInterrupt

    def _lost(self, unraisable: sys.UnraisableHookArgs) -> None:
        """End the process when KeyboardInterrupt was raised where Python ignores exceptions.

        In a finaliser, for instance, Python would print it and continue.
        """
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self.end()
            os._exit(self.status)
        sys.__unraisablehook__(unraisable)

    def end(self) -> None:
        """End the process by the signal that was received, if any."""
        if self.number and sys.platform != "win32":
            signal.signal(self.number, signal.SIG_DFL)
            signal.raise_signal(self.number)
