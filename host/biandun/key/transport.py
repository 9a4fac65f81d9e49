"""A byte stream to a key: an interface of a few methods, and the serial port that implements it.

pyserial's exceptions are irregular (with errno or without, SerialException or OSError); ``named``
is the only place that turns them into ours.  A port is protected by two locks: the kernel's
exclusive mode, and a lock file with a .json file beside it that names the holder.
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
except ImportError:  # Windows, where opening a port is always exclusive
    fcntl = termios = None

READ_WAIT = 0.02  # seconds; how long one read waits for its first byte
WRITE_LIMIT = 5.0  # seconds; a key that does not read for so long counts as gone


class Transport(Protocol):
    """What a connection needs; simulated and in-process keys implement it, too."""

    @property
    def name(self) -> str:
        """The name of the port in messages."""
        ...

    def read(self) -> bytes:
        """Return what has arrived, waiting a moment for the first byte; may be empty.

        Raises Unplugged.
        """
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``.  Raises Unplugged, LinkTimeout."""
        ...

    def close(self) -> None:
        """Close the port; may be called again."""
        ...


def lock_path(port: str) -> Path:
    """The path of a port's lock file; the file with the suffix .json beside it names the holder."""
    name = sha256(os.fsencode(Path(port).resolve())).hexdigest()[:16]
    return runtime_folder() / "locks" / f"{name}.lock"


def _holder(lock: Path) -> str:
    try:
        note = cast("dict[str, object]", jsontext.read(lock.with_suffix(".json").read_bytes()))
        return f"{note['program']} (pid {note['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def _families() -> tuple[type[Exception], ...]:
    """Every kind of exception that pyserial and the system libraries let through.

    serial.SerialException and the kernel's errors are OSErrors.  Others are: termios.error, which
    is no OSError, for a port that vanished while it was set up; ValueError, for a descriptor that
    is -1 or too high for select, and for a name with a NUL; TypeError and AttributeError, for a
    port that was closed meanwhile, whose descriptor or Windows handle is None.
    """
    families: tuple[type[Exception], ...] = (OSError, ValueError, TypeError, AttributeError)
    if termios is not None:
        families += (termios.error,)
    return families


PORT_ERRORS = _families()
# pyserial's message for a port that it could not set up contains termios.error as text
IN_PAIR = re.compile(r"\((\d+), ['\"]")
# pyserial on Windows keeps only the text of the error, not its number
IN_TEXT = re.compile(r"(FileNotFound|Permission)Error\((\d+)")


def _number(error: Exception) -> int | None:
    """The system's error number, from wherever the exception has it."""
    number = getattr(error, "errno", None)
    if number is None and error.args and isinstance(error.args[0], int):
        return error.args[0]  # termios.error has only a pair of arguments
    if number is None and (found := IN_TEXT.search(str(error))):
        # Windows denies access only to a port that another program has open
        return errno.ENOENT if found[1] == "FileNotFound" else errno.EBUSY
    if number is None and (found := IN_PAIR.search(str(error))):
        return int(found[1])
    return number


def named(error: Exception, port: str, *, opening: bool) -> errors.HostProblem:
    """Turn one of PORT_ERRORS into an error of ours."""
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
    """Is it the pseudo-terminal of a simulated key?"""
    return sys.platform == "linux" and os.major(os.fstat(descriptor).st_rdev) in range(136, 144)


def _keep_others_out(port: Any, *, out: bool) -> None:
    """Set or clear the kernel's exclusive flag (TIOCEXCL), which refuses every further open.

    pyserial's ``exclusive`` keeps out only programs that use it, too.  The kernel keeps the flag
    until the last descriptor of the port is closed.  So it is cleared before closing.  If this
    program is killed while another still has the port open, the flag remains.  With a
    pseudo-terminal that is always so, because the simulator has it open, and then only root could
    open it.  So the flag is not set there; the mode of the device keeps other users out.
    """
    if termios is None or fcntl is None:
        return
    # a port without this ioctl is still protected by both locks
    with contextlib.suppress(*PORT_ERRORS):
        descriptor = cast("int", port.fileno())
        if not _is_pseudo_terminal(descriptor):
            fcntl.ioctl(descriptor, termios.TIOCEXCL if out else termios.TIOCNXCL)


class SerialTransport:
    """A serial port, locked from opening to ``close``.

    Raises PortBusy (with the holder's name), PortPermission, KeyNotFound, PortFailed.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        self._serial: Any = None
        try:
            # not thread-local, because another thread may close it
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
        """Return what has arrived, waiting READ_WAIT seconds for the first byte."""
        with self._naming():
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        with self._naming():
            self._serial.write(data)

    def close(self) -> None:
        """Close the port and release all locks."""
        if self._serial is not None:
            _keep_others_out(self._serial, out=False)
            with contextlib.suppress(*PORT_ERRORS):
                self._serial.close()
        self._lock.release()
