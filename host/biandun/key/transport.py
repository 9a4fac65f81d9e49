"""A byte line to a key: six small methods, and the serial port behind them.

pyserial's exceptions are irregular (errno or none, SerialException or OSError); ``named`` is the
one place that gives them our names.  A port is held by two locks: the kernel's exclusive mode, and
a lock file whose neighbour says who holds it.
"""

import contextlib
import errno
import json
import os
import re
import sys
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast

import filelock
import serial

from biandun import errors
from biandun.folders import own, replace_file, runtime_folder, unwritable
from biandun_protocol import jsontext, oserrors

try:
    import fcntl
    import termios
except ImportError:  # Windows: who opens a port there has it alone
    fcntl = termios = None

READ_WAIT = 0.02  # seconds; how long one read waits for its first byte
WRITE_LIMIT = 5.0  # seconds; a key that does not read for so long is gone


class Transport(Protocol):
    """What a connection needs of a line; a simulated or in-process key is just another one."""

    @property
    def name(self) -> str:
        """How to call it in messages."""
        ...

    def read(self) -> bytes:
        """Return what has come, waiting a moment for the first byte; empty when nothing came.

        Raises Unplugged.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``.  Raises Unplugged, LinkTimeout."""
        ...

    def close(self) -> None:
        """Let go of the line; again is allowed."""
        ...


def lock_path(port: str) -> Path:
    """Where the lock of a port lies; its neighbour with the suffix .json names the holder."""
    name = sha256(os.fsencode(Path(port).resolve())).hexdigest()[:16]
    return runtime_folder() / "locks" / f"{name}.lock"


def _holder(lock: Path) -> str:
    try:
        note = cast("dict[str, object]", jsontext.read(lock.with_suffix(".json").read_bytes()))
        return f"{note['program']} (pid {note['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def _families() -> tuple[type[Exception], ...]:
    """Every kind of exception that pyserial and the systems below it let through.

    serial.SerialException and all that comes from the kernel are OSErrors.  Besides: a line that
    vanished while it was set up (termios.error, which is no OSError), a descriptor that is -1 or
    too high for select, a name with a NUL in it (ValueError), and a port that was closed meanwhile,
    whose descriptor or Windows handle is None (TypeError, AttributeError).
    """
    families: tuple[type[Exception], ...] = (OSError, ValueError, TypeError, AttributeError)
    if termios is not None:
        families += (termios.error,)
    return families


PORT_ERRORS = _families()
# what pyserial says of a port that it could not set up: termios.error, as text
IN_PAIR = re.compile(r"\((\d+), ['\"]")
# pyserial on Windows drops the number and keeps the words
IN_TEXT = re.compile(r"(FileNotFound|Permission)Error\((\d+)")


def _number(error: Exception) -> int | None:
    """The system's error number, wherever this exception has it."""
    number = getattr(error, "errno", None)
    if number is None and error.args and isinstance(error.args[0], int):
        return error.args[0]  # termios.error is a bare pair
    if number is None and (told := IN_TEXT.search(str(error))):
        # Windows denies access to a port that another program has open, and to nothing else
        return errno.ENOENT if told[1] == "FileNotFound" else errno.EBUSY
    if number is None and (told := IN_PAIR.search(str(error))):
        return int(told[1])
    return number


def named(error: Exception, port: str, *, opening: bool) -> errors.HostProblem:
    """Give one of PORT_ERRORS one of our names."""
    number = _number(error)
    if number in (errno.EACCES, errno.EPERM):
        return errors.PortPermission(port=port)
    if number in (errno.EBUSY, errno.EAGAIN):
        return errors.PortBusy(port=port, holder="another program")
    if isinstance(error, serial.SerialTimeoutException):
        return errors.LinkTimeout(port=port)
    if opening and number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return errors.KeyNotFound(serial="", port=port)
    if opening:
        return errors.PortFailed(
            port=port,
            detail=oserrors.of_number(number, os.strerror(number))
            if number
            else str(error) or type(error).__name__,
        )
    return errors.Unplugged(port=port)


def _is_pseudo_terminal(descriptor: int) -> bool:
    """Is it the line of a simulated key?"""
    return sys.platform == "linux" and os.major(os.fstat(descriptor).st_rdev) in range(136, 144)


def _keep_others_out(port: Any, *, out: bool) -> None:
    """Let the kernel refuse further openers, or no longer: ``exclusive`` alone keeps out only those
    who ask for it too.

    The kernel forgets the flag when nobody has the line open any more, and not before: it has to be
    taken back before closing, and it would outlive a program that is killed if somebody else still
    had the line.  Beside a pseudo-terminal somebody always has, the simulator; nobody could take
    the flag back, and only root would get in.  There the line's own mode keeps other users out.
    """
    if termios is None or fcntl is None:
        return
    # a line without the call is still guarded by both locks
    with contextlib.suppress(*PORT_ERRORS):
        descriptor = cast("int", port.fileno())
        if not _is_pseudo_terminal(descriptor):
            fcntl.ioctl(descriptor, termios.TIOCEXCL if out else termios.TIOCNXCL)


class SerialTransport:
    """A serial port, held exclusively from opening to ``close``.

    Raises PortBusy (with the holder's name), PortPermission, KeyNotFound, PortFailed.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        self._serial: Any = None
        try:
            # another thread may close it
            self._lock = filelock.FileLock(lock_path(port), thread_local=False)
            self._open()
        except PORT_ERRORS as error:
            raise named(error, port, opening=True) from error

    def _open(self) -> None:
        lock = Path(self._lock.lock_file)
        own(lock.parent)
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise errors.PortBusy(port=self.name, holder=_holder(lock)) from None
        except OSError as error:
            raise unwritable(lock, error) from None
        try:
            note = {"pid": os.getpid(), "program": Path(sys.argv[0]).name}
            replace_file(lock.with_suffix(".json"), json.dumps(note).encode())
            self._serial = serial.Serial(
                self.name, 115200, timeout=READ_WAIT, write_timeout=WRITE_LIMIT, exclusive=True
            )
            _keep_others_out(self._serial, out=True)
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def _naming(self) -> Generator[None]:
        try:
            yield
        except PORT_ERRORS as error:
            raise named(error, self.name, opening=False) from error

    def read(self) -> bytes:
        """Return what has come, waiting READ_WAIT for the first byte."""
        with self._naming():
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        with self._naming():
            self._serial.write(data)

    def close(self) -> None:
        """Close the port and let go of all locks."""
        if self._serial is not None:
            _keep_others_out(self._serial, out=False)
            with contextlib.suppress(*PORT_ERRORS):
                self._serial.close()
        self._lock.release()
