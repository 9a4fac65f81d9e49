"""Checks the clock at intervals, so that an idle office does not seem to have jumped in time."""

from contextlib import suppress
from typing import Protocol

from django.db import Error as DatabaseProblem
from django.db import connections

from biandun_office.platform.errors import ClockUntrusted
from biandun_office.timekeeping import guard


class Stopped(Protocol):
    """What is used of ``threading.Event``: ``wait`` returns True when it is time to end."""

    def wait(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds."""
        ...


def watch(stopped: Stopped) -> None:
    """Check the clock every LOOK_EVERY seconds until ``stopped``.

    `alerts` and /health report what is wrong.
    """
    while not stopped.wait(guard.LOOK_EVERY):
        # if the database is busy or full, the next round tries again
        with suppress(ClockUntrusted, DatabaseProblem):
            guard.now()
        connections.close_all()
