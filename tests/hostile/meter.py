"""What a call costs, counted and not timed: lines run in Python, and bytes copied out of its input.

A decoder in C does its own copying and hashing unseen, which is why the office reads foreign CBOR
with none; what such a decoder calls in Python (a regular expression that is compiled, an object
that is built) is seen again.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, SupportsIndex

# copying is cheaper than running a line, but what is copied again for every byte must show
BYTES_A_STEP = 8


class Exceeded(BaseException):
    """The call was stopped: it took more steps than it may.  No ``except Exception`` keeps it."""


class Watched(bytes):
    """Bytes that count what is copied out of them, and out of those copies."""

    meter: "Meter"

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, int):
            return found
        self.meter.copied += len(found)
        copy = Watched(found)
        copy.meter = self.meter
        return copy


class Meter:
    """Counts one call after the other; ``most`` is where the next call is stopped."""

    def __init__(self) -> None:
        self.lines = self.copied = 0
        self.most = 0

    @property
    def steps(self) -> int:
        """What the last call took."""
        return self.lines + self.copied // BYTES_A_STEP

    def run(self, call: Callable[[bytes], object], raw: bytes, most: int) -> int:
        """Call, and return the steps that it took.  Raises Exceeded beyond ``most``, and what the
        call raises.

        Whoever traced before (a count of lines, a debugger) goes on afterwards.
        """
        self.lines = self.copied = 0
        self.most = most
        watched = Watched(raw)
        watched.meter = self
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            call(watched)
        except BaseException:
            # cbor2 makes an error of its own out of any other, even out of this one
            if self.steps > most:
                raise Exceeded from None
            raise
        finally:
            sys.settrace(before)
        if self.steps > most:
            raise Exceeded
        return self.steps

    def _enter(self, frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code is _COUNTING:
            return None  # our own way of counting copies is no work of the decoder's
        return self._line(frame, event, arg)

    def _line(self, frame: FrameType, event: str, arg: object) -> Any:
        self.lines += 1
        if self.lines + self.copied // BYTES_A_STEP > self.most:
            raise Exceeded
        return self._line


_COUNTING = Watched.__getitem__.__code__
