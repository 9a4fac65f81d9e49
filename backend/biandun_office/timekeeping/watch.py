"""An office that nobody asks anything for weeks still looks at its clock, so that a quiet month is
no jump afterwards.
"""

from contextlib import suppress
from typing import Protocol

from django.db import Error as DatabaseProblem
from django.db import connections

from biandun_office.platform.errors import ClockUntrusted
from biandun_office.timekeeping import guard


class Stopped(Protocol):
    """What ``threading.Event`` has: ``wait`` returns True when it is time to end."""

    def wait(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds."""
        ...


def watch(stopped: Stopped) -> None:
    """Look at the clock every LOOK_EVERY seconds until ``stopped``; what is wrong is told by
    `alerts` and /health.
    """
    while not stopped.wait(guard.LOOK_EVERY):
        # a busy or full database is asked again next time
        with suppress(ClockUntrusted, DatabaseProblem):
            guard.now()
        connections.close_all()
