"""A byte line to a key: six small methods, and the serial port behind them.

pyserial's exceptions are irregular (errno or none, SerialException or OSError); ``_named`` is the one place that gives them
our names.  A port is held by two locks: the kernel's exclusive mode, and a lock file whose neighbour says who holds it.
"""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, cast

import filelock
import serial

from biandun import errors
from biandun.folders import runtime_folder

READ_WAIT = 0.02  # seconds; how long one read waits for its first byte
WRITE_LIMIT = 5.0  # seconds; a key that does not read for so long is gone


class Transport(Protocol):
    """What a connection needs of a line; a simulated or in-process key is just another one."""

    @property
    def name(self) -> str:
        """How to call it in messages."""
        ...

    def read(self) -> bytes:
        """Return what has come, waiting a moment for the first byte; empty when nothing came.  Raises Unplugged."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of ``data``.  Raises Unplugged, LinkTimeout."""
        ...

    def close(self) -> None:
        """Let go of the line; again is allowed."""
        ...


def lock_path(port: str) -> Path:
    """Where the lock of a port lies; its neighbour with the suffix .json names the holder."""
    name = sha256(str(Path(port).resolve()).encode()).hexdigest()[:16]
    return runtime_folder() / "locks" / f"{name}.lock"


def _holder(lock: Path) -> str:
    try:
        note = cast("dict[str, object]", json.loads(lock.with_suffix(".json").read_text("utf-8")))
        return f"{note['program']} (pid {note['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another program"


def _named(error: Exception, port: str, *, opening: bool) -> errors.HostProblem:
    """Give an exception of pyserial or the operating system one of our names."""
    number = getattr(error, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return errors.PortPermission(port=port)
    if number in (errno.EBUSY, errno.EAGAIN):
        return errors.PortBusy(port=port, holder="another program")
    if isinstance(error, serial.SerialTimeoutException):
        return errors.LinkTimeout(port=port)
    if opening and number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return errors.KeyNotFound(serial="", port=port)
    if opening:
        return errors.PortFailed(port=port, detail=str(error))
    return errors.Unplugged(port=port)


def _keep_others_out(port: Any) -> None:
    """Let the kernel refuse further openers: ``exclusive`` alone keeps out only those who ask for it too."""
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415
        import termios  # noqa: PLC0415

        with contextlib.suppress(OSError):  # a line without the call is still guarded by both locks
            fcntl.ioctl(port.fileno(), termios.TIOCEXCL)


class SerialTransport:
    """A serial port, held exclusively from opening to ``close``.

    Raises PortBusy (with the holder's name), PortPermission, KeyNotFound, PortFailed.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        lock = lock_path(port)
        try:
            lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = filelock.FileLock(lock)
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise errors.PortBusy(port=port, holder=_holder(lock)) from None
        except OSError as error:
            raise errors.PortFailed(port=port, detail=f"{lock.parent}: {error.strerror}") from error
        try:
            lock.with_suffix(".json").write_text(json.dumps({"pid": os.getpid(), "program": Path(sys.argv[0]).name}), "utf-8")
            self._serial: Any = serial.Serial(port, 115200, timeout=READ_WAIT, write_timeout=WRITE_LIMIT, exclusive=True)
            _keep_others_out(self._serial)
        except (serial.SerialException, OSError, ValueError) as error:
            self._lock.release()
            raise _named(error, port, opening=True) from error

    @contextlib.contextmanager
    def _naming(self) -> Generator[None]:
        try:
            yield
        except (serial.SerialException, OSError, TypeError) as error:  # TypeError: pyserial read from a closed port
            raise _named(error, self.name, opening=False) from error

    def read(self) -> bytes:
        """Return what has come, waiting READ_WAIT for the first byte."""
        with self._naming():
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))

    def write(self, data: bytes) -> None:
        """Send all of ``data``."""
        with self._naming():
            self._serial.write(data)

    def close(self) -> None:
        """Close the port and let go of both locks."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._serial.close()
        self._lock.release()
