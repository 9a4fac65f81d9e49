"""The unix board: this firmware in the MicroPython unix port, on a pseudo-terminal.

    micropython -X heapsize=… -m etoken.boards.unix SERIAL FLASH_FILE PRESENCE_FILE [ENTROPY_FILE [FAULT_FILE [OTP_FILE [IMAGES_FILE]]]]

The pseudo-terminal is passed as stdin and stdout; stdin must not block.  Files stand for the parts
of a hardware board:

    presence   the button: ``accept``, ``reject`` or ``wait``, read each time the key asks for presence;
               or ``press``, which confirms once and is then overwritten with ``wait``
    entropy    a failure of the entropy source, read for each block: ``stall`` (the block comes too late), ``repeat`` (the same
               block again) or ``short`` (bytes are missing).  Any other content, or no file, changes nothing.  Entropy is the
               operating system's; it cannot be replaced
    fault      read once at start and removed: a JSON object with the arguments of ``wire.flashfaults.Cut``, which cuts the power
               in the ``at``-th flash operation of this run; the process then exits with status 3
    OTP        one-time-programmable memory, created when it does not exist; without this argument the board has none, like a
               board of the training class
    images     the two firmware slots (``boot``); without this argument the firmware cannot be updated
"""  # noqa: E501

import gc

# collect often while importing (compiling makes most garbage): otherwise long-lived objects are
# scattered over the whole heap
if __file__.endswith(".mpy"):
    gc.threshold(64 * 1024)
else:
    gc.threshold(16 * 1024)

import os
import select
import sys
import time

from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from biandun_protocol.wire.numbers import CLASS_SIMULATED
from etoken import selftest
from etoken.boards.filemedium import FileMedium
from etoken.commands import all as _commands  # pyright: ignore[reportUnusedImport]  fills the table  # noqa: F401
from etoken.entropy import STALL_MS
from etoken.heap import tidy
from etoken.server import Server
from etoken.token import Token

FLASH = 512 * 1024
OTP_BITS = 8192
CUT = 3  # exit status after a power cut that the fault file asked for
UNFIT = 4  # exit status of a firmware on trial that failed its self-test


TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun_protocol.wire.otpmodel import OtpModel
    from etoken.store.images import Installed


class StandardPort:
    """stdin and stdout as the serial line; ``write`` blocks while the other side does not read."""

    def __init__(self) -> None:
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(self._in, select.POLLIN)
        self._drain = select.poll()
        self._drain.register(self._out, select.POLLOUT)

    def read_into(self, buffer: bytearray, timeout_ms: int) -> int:
        """Wait for bytes and return how many came, 0 after the timeout.

        Raises EOFError when the line is closed.
        """
        try:
            size = self._in.readinto(buffer)  # None when nothing is there
            if size is None and self._poll.poll(timeout_ms):
                size = self._in.readinto(buffer)
        except OSError:
            raise EOFError
        if size == 0:
            raise EOFError
        return size or 0

    def write(self, data: bytes) -> None:
        """Write all of ``data``.

        Raises EOFError when the line is closed.
        """
        view = memoryview(data)
        while view:
            try:
                done = self._out.write(view)
            except OSError:
                raise EOFError
            if done is None:
                self._drain.poll(-1)
            else:
                view = view[done:]


class SystemClock:
    """Milliseconds of the operating system; never wraps within a run."""

    period = 0

    def ticks_ms(self) -> int:
        """Milliseconds since an arbitrary moment."""
        return time.ticks_ms()  # pyright: ignore[reportReturnType] - an int by another name; wraps in 146 million years


class UnixBoard:
    """The board of a simulated key."""

    hardware_class = CLASS_SIMULATED
    pin_delay_ms = 10  # a hundredth of a board's, so that nobody waits for a simulated key
    reset_hold_ms = 100  # likewise
    pin_iterations = 200  # a simulated PIN protects nothing; a board does what fits half a second
    entropy_bits = 8

    def __init__(
        self,
        serial: str,
        flash_path: str,
        presence_path: str,
        entropy_path: str = "",
        fault_path: str = "",
        otp_path: str = "",
        images_path: str = "",
        place: int = -1,
    ) -> None:
        self.serial = serial
        self.flash = NorFlash(FLASH, medium=FileMedium(flash_path, FLASH, b"\xff"))
        self.otp = _otp(otp_path)
        self.firmware = _installed(images_path, place)
        self.clock = SystemClock()
        self.port = StandardPort()
        self._presence_path = presence_path
        self._entropy_path = entropy_path
        self._again = b""
        self._order_fault(fault_path)

    def entropy(self, size: int) -> bytes:
        """Return ``size`` random bytes of the operating system, or a failure that a file orders."""
        word = _word(self._entropy_path)
        if word == "stall":
            time.sleep_ms(STALL_MS + 100)
        elif word == "short":
            size -= 1
        elif word == "repeat" and self._again:
            return self._again
        self._again = os.urandom(size)
        return self._again

    def button(self) -> "bool | None":
        """Has the user confirmed (True), refused (False), or not decided yet (None)?"""
        word = _word(self._presence_path)
        if word == "press":
            with open(self._presence_path, "w") as policy:
                policy.write("wait")
            return True
        return {"accept": True, "reject": False}.get(word)

    def report(self, error: Exception) -> None:
        """Print an unexpected exception to stderr, never to the serial line."""
        sys.print_exception(error, sys.stderr)  # pyright: ignore[reportArgumentType] - the stub wants a stream of io

    def _order_fault(self, path: str) -> None:
        text = _word(path)
        if text:
            import json  # noqa: PLC0415

            from biandun_protocol.wire.flashfaults import Cut  # noqa: PLC0415

            os.remove(path)  # a cut happens once
            Cut(self.flash, **json.loads(text))


def _otp(path: str) -> "OtpModel | None":
    if not path:
        return None
    from biandun_protocol.wire.otpmodel import OtpModel, size_of  # noqa: PLC0415

    return OtpModel(OTP_BITS, FileMedium(path, size_of(OTP_BITS), b"\0"))


def _installed(path: str, place: int) -> "Installed | None":
    if not path:
        return None
    from etoken.boards.imagefile import images_in  # noqa: PLC0415
    from etoken.boards.vendor import SIMULATED, TARGET  # noqa: PLC0415
    from etoken.store.images import Installed  # noqa: PLC0415

    images = images_in(path)
    return Installed(images, images.at(place) if place >= 0 else None, TARGET, SIMULATED)


def _word(path: str) -> str:
    """Return the content of a file without surrounding space; empty when there is no file."""
    try:
        with open(path) as policy:
            return policy.read().strip()
    except OSError:
        return ""


def main(arguments: "list[str]", place: int = -1) -> None:
    """Run one key until its line is closed or its power is cut by the fault file.

    ``place`` is the slot that this firmware was booted from, -1 for the firmware that the board
    came with.
    """
    gc.threshold(-1)
    tidy()  # free the garbage of importing, so that long-lived objects are allocated before it
    try:
        token = Token(UnixBoard(*arguments[:7], place=place))
        selftest.confirm_or_reject(token)
        Server(token).run()
    except PowerCut:
        sys.exit(CUT)
    except selftest.SelfTestFailed:
        sys.exit(UNFIT)


if __name__ == "__main__":
    main(sys.argv[1:])
