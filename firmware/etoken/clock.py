"""A clock that never falls, over a board's, which begins again at zero: on rp2 after 2^30
milliseconds, twelve days and a half.

Whoever measures a time looks at this one.  It must be looked at at least once in a turn of the
board's clock; the main loop does so every second.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Clock(Protocol):
        """A board's milliseconds since some moment; ``period`` is when they begin again at zero, 0
        if they never do.
        """

        @property
        def period(self) -> int: ...  # noqa: D102
        def ticks_ms(self) -> int: ...  # noqa: D102


class SteadyClock:
    """Milliseconds since some moment, for as long as the key runs."""

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self._last = self._now = clock.ticks_ms()

    def ticks_ms(self) -> int:
        """Look at it."""
        raw = self._clock.ticks_ms()
        step = raw - self._last
        if step < 0 and self._clock.period:
            step += self._clock.period
        self._last = raw
        self._now += step
        return self._now
