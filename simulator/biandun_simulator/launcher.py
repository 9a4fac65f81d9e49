"""Starts a MicroPython program on a pseudo-terminal of its own, as its stdin and stdout."""

import contextlib
import os
import signal
import subprocess
import tty
from pathlib import Path

from biandun_simulator import interpreter


class Launched:
    """A running program; ``port`` is the other end of its pseudo-terminal, ``pid`` its process.

    ``arguments`` are those of the interpreter, ``modules`` its MICROPYPATH, ``heap`` its heap in
    bytes; its stderr is appended to the file ``log``.

    Raises SimulatorMissing, OSError.
    """

    def __init__(self, arguments: list[str], *, log: Path, heap: int, modules: str = "") -> None:
        command = [interpreter.find(), "-X", f"heapsize={heap}", *arguments]
        environment = {"MICROPYPATH": modules, "PATH": os.environ.get("PATH", "")}
        board, self._line = os.openpty()
        try:
            tty.setraw(self._line)
            # terminals are writable by their group for messages to users; this one has no user
            os.fchmod(self._line, 0o600)
            os.set_blocking(board, False)
            self.port = os.ttyname(self._line)
            with log.open("ab") as errors:
                self._process = subprocess.Popen(  # noqa: S603
                    command, stdin=board, stdout=board, stderr=errors, env=environment
                )
        except BaseException:
            os.close(self._line)
            raise
        finally:
            os.close(board)

    @property
    def pid(self) -> int:
        """Process id of the interpreter."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill it in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._line)
