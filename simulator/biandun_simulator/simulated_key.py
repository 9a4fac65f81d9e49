"""A simulated key: the real firmware in a real MicroPython interpreter behind a real pseudo-terminal.

    with SimulatedKey("BD-000001", folder) as simulated, keys.open(serial="BD-000001") as key: ...

Its flash is the file SERIAL.flash in ``folder`` and outlives the object; plugging in again goes on where it was.  The button
is the file SERIAL.presence: ``accept``, ``reject`` or ``wait``.  The key is ready when it has answered on its own port.
"""

import contextlib
import json
import os
import signal
import subprocess
import tty
from pathlib import Path
from types import TracebackType
from typing import Literal, cast

from biandun.errors import HostProblem
from biandun.key.connection import Connection
from biandun.key.ports import announcements
from biandun.key.transport import SerialTransport
from biandun_protocol.errors import Problem
from biandun_simulator import interpreter

Presence = Literal["accept", "reject", "wait"]
READY_WITHIN = 10.0  # seconds; far more than a loaded machine needs


class SimulatorFailed(HostProblem):
    """The simulated key did not come up; ``values['detail']`` is what it said."""

    code = "simulator-failed"


class SimulatedKey:
    """One key that can be plugged in and out.  ``heap`` is the interpreter's, in bytes."""

    def __init__(
        self,
        serial: str,
        folder: Path,
        *,
        heap: int = interpreter.BOARD_HEAP,
        presence: Presence | None = None,
        announce: bool = True,
    ) -> None:
        self.serial = serial
        self.folder = folder
        self.heap = heap
        self.port = ""
        self._announce = announce
        self._process: subprocess.Popen[bytes] | None = None
        self._line = -1
        folder.mkdir(parents=True, exist_ok=True)
        if presence is not None or not self._presence_path.exists():
            self.presence = presence or "accept"

    def __enter__(self) -> "SimulatedKey":
        self.plug()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.unplug()

    def __repr__(self) -> str:
        return f"<SimulatedKey {self.serial} {self.port or 'unplugged'}>"

    @property
    def flash_path(self) -> Path:
        """The flash image."""
        return self.folder / f"{self.serial}.flash"

    @property
    def _presence_path(self) -> Path:
        return self.folder / f"{self.serial}.presence"

    @property
    def _announcement(self) -> Path:
        return announcements() / f"{self.serial}.json"

    @property
    def presence(self) -> Presence:
        """What the button says when the firmware asks."""
        return cast("Presence", self._presence_path.read_text("ascii"))

    @presence.setter
    def presence(self, policy: Presence) -> None:
        # written aside and moved: the firmware must never read half a word
        aside = self._presence_path.with_suffix(".presence.new")
        aside.write_text(policy, "ascii")
        aside.replace(self._presence_path)

    @property
    def log_path(self) -> Path:
        """What the firmware wrote to stderr: nothing, unless it has a bug."""
        return self.folder / f"{self.serial}.log"

    @property
    def pid(self) -> int:
        """Process id of the interpreter; 0 when unplugged."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """Is the key plugged in and its firmware running?"""
        return self._process is not None and self._process.poll() is None

    def plug(self) -> None:
        """Start the firmware and wait until it answers.  Raises SimulatorMissing, SimulatorFailed."""
        if self.alive:
            return
        board, self._line = os.openpty()
        tty.setraw(self._line)
        os.set_blocking(board, False)
        self.port = os.ttyname(self._line)
        command = [interpreter.find(), "-X", f"heapsize={self.heap}", "-m", "etoken.boards.unix"]
        command += [self.serial, str(self.flash_path), str(self._presence_path)]
        environment = {"MICROPYPATH": interpreter.firmware_path(), "PATH": os.environ.get("PATH", "")}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=board, stdout=board, stderr=log, env=environment)  # noqa: S603
        os.close(board)
        try:
            self._wait_ready()
        except BaseException:
            self.unplug()
            raise
        if self._announce:
            self._announcement.parent.mkdir(parents=True, exist_ok=True)
            self._announcement.write_text(json.dumps({"port": self.port, "pid": self.pid}), "utf-8")

    def unplug(self) -> None:
        """Pull the plug: the firmware stops in the middle of whatever it does."""
        if self._announce:
            self._announcement.unlink(missing_ok=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        if self._line >= 0:
            os.close(self._line)
            self._line = -1
        self.port = ""

    def _wait_ready(self) -> None:
        try:
            transport = SerialTransport(self.port)
            try:
                Connection(transport).resync(READY_WITHIN)
            finally:
                transport.close()
        except Problem as problem:
            said = self.log_path.read_text("utf-8", errors="replace").strip().splitlines()
            raise SimulatorFailed(serial=self.serial, detail=said[-1] if said else problem.message("en")) from problem
