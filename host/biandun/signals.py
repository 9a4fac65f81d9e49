"""How a program ends that is told to stop: by Ctrl-C (SIGINT), by SIGTERM, or because its terminal
closes (SIGHUP).

1. While modules are imported, and again once the command has ended, the signals have their default
   action: the process is gone at once and has nothing to say, since nothing has begun or everything
   is done.  Python's own way is a traceback of wherever it was.
2. While the command runs, the first of them becomes KeyboardInterrupt in the main thread.  So what
   was written aside is removed, the key is told, and the program says ``interrupted``.  SIGTERM and
   SIGHUP after that wait for it, because they come together: shells and service managers send both.
   Another Ctrl-C has its default action, for a person who does not want to wait.
3. Then the process ends by the signal that stopped it, and not with a status.  Shells show 130, 143
   or 129 either way, but only so do they stop a loop around it: after a status of 130 they would
   have the next filing signed.  Windows has no such end; there it is the status.

A signal that is ignored when the program starts (nohup, a job in the background) stays ignored.

``biandun.signals`` and ``biandun_office.platform.signals`` are the same, because the rooms do not
import each other; nothing is imported here that takes time.
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
    """Import a program with ``load``, run it, and end the process with the status that it returns
    or by the signal that stopped it.
    """
    by_default()
    stop = _Stop()
    atexit.register(stop.end)  # the first to be registered is the last to be called
    program = load()
    status = 0
    try:
        try:
            stop.listen()
            status = program()
        finally:
            by_default()
    except KeyboardInterrupt:  # just before the program took care of it, or just after
        status = stop.status
    raise SystemExit(status)


def on_each(handler: Callable[[int, FrameType | None], object]) -> None:
    """Have ``handler`` called for each of the signals that is not ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def by_default() -> None:
    """Give the signals their default action, but for those that are ignored."""
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


class _Stop:
    """The first signal that came: ``number``, 0 before that."""

    number = 0

    @property
    def status(self) -> int:
        """What a shell reports of a program that the signal has ended."""
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
        """Where Python cannot raise, as in a finaliser, it would complain and go on as if nobody
        had pressed anything.
        """
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self.end()
            os._exit(self.status)
        sys.__unraisablehook__(unraisable)

    def end(self) -> None:
        """End the process by the signal that came, if one did."""
        if self.number and sys.platform != "win32":
            signal.signal(self.number, signal.SIG_DFL)
            signal.raise_signal(self.number)
