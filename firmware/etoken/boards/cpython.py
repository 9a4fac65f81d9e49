"""The CPython board: the same firmware inside a Python process, for coverage and fuzzing.

The port is a pair of byte queues; a test writes frames in and reads frames out.  Entropy is the
operating system's.
"""

import os
import sys
import time
import traceback

from biandun_protocol.wire.numbers import CLASS_SIMULATED


class MemoryPort:
    """A port of two byte queues; it never waits: with ``incoming`` empty the link is silent."""

    def __init__(self) -> None:
        self.incoming = bytearray()
        self.outgoing = bytearray()

    def read_into(self, buffer: bytearray, timeout_ms: int) -> int:  # noqa: ARG002
        """Move bytes into ``buffer`` and return their number, 0 when there are none."""
        size = min(len(buffer), len(self.incoming))
        buffer[:size] = self.incoming[:size]
        self.incoming = self.incoming[size:]
        return size

    def write(self, data: bytes) -> None:
        """Append bytes to what the host will read."""
        self.outgoing += data


class SystemClock:
    """Monotonic milliseconds."""

    period = 0

    def ticks_ms(self) -> int:
        """Milliseconds since an arbitrary moment."""
        return time.monotonic_ns() // 1000000


class CPythonBoard:
    """A board whose parts are given by the caller; ``presence`` is what ``button`` returns."""

    hardware_class = CLASS_SIMULATED
    pin_iterations = 10
    pin_delay_ms = 10
    reset_hold_ms = 10
    otp = None
    firmware = None
    entropy_bits = 8

    def __init__(self, serial: str, flash, port: MemoryPort) -> None:
        self.serial = serial
        self.flash = flash
        self.clock = SystemClock()
        self.port = port
        self.presence: "bool | None" = True

    def entropy(self, size: int) -> bytes:
        """Return ``size`` samples: random bytes of the operating system."""
        return os.urandom(size)

    def button(self) -> "bool | None":
        """Has the user confirmed (True), refused (False), or not decided yet (None)?"""
        return self.presence

    def report(self, error: Exception) -> None:
        """Print an unexpected exception to stderr."""
        traceback.print_exception(error, file=sys.stderr)
