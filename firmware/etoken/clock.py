"""A clock that never wraps, over a board's clock, which does.

On rp2 ``ticks_ms`` begins again at zero after 2^30 milliseconds (12.4 days).  All times of the key
are measured with this clock.  It must be read at least once in each period of the board's clock;
the main loop does so every second.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Clock(Protocol):
        """A board's milliseconds since an arbitrary moment.

        ``period`` is the number of milliseconds after which they begin again at zero, 0 for never.
        """

        @property
        def period(self) -> int: ...  # noqa: D102
        def ticks_ms(self) -> int: ...  # noqa: D102


class SteadyClock:
    """Milliseconds since an arbitrary moment; they only rise while the key runs."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._last = self._now = clock.ticks_ms()

    def ticks_ms(self) -> int:
        """Return the milliseconds now."""
        raw = self._clock.ticks_ms()
        step = raw - self._last
        if step < 0 and self._clock.period:
            step += self._clock.period
        self._last = raw
        self._now += step
        return self._now
