"""A simulated key: the real firmware in a real MicroPython interpreter behind a real
pseudo-terminal.

    with SimulatedKey("BD-000001", folder) as simulated, keys.open(serial="BD-000001") as key: ...

Its flash is the file SERIAL.flash in ``folder`` and outlives the object; plugging in again goes on
where it was.  The button is the file SERIAL.presence: ``accept``, ``reject``, ``wait``, or
``press``, which is one confirmation and then ``wait``; the file SERIAL.entropy makes its source of
randomness fail: ``stall``, ``repeat`` or ``short``.  ``cut_power`` orders a power cut at a flash
operation.  The key is ready when it has answered on its own port.
"""

import json
import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Literal, cast

import filelock

from biandun.errors import HostProblem
from biandun.folders import own, replace_file, runtime_folder, unwritable
from biandun.key.connection import Connection
from biandun.key.ports import announcements
from biandun.key.transport import SerialTransport
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import LIMIT_IMAGE
from biandun_simulator import firmware, interpreter
from biandun_simulator.launcher import Launched

Presence = Literal["accept", "reject", "wait", "press"]
Entropy = Literal["ok", "stall", "repeat", "short"]
READY_WITHIN = 10.0  # seconds; far more than a loaded machine needs


class SimulatorFailed(HostProblem):
    """The simulated key did not come up; ``values['detail']`` is what it said."""

    code = "simulator-failed"


class SerialTaken(HostProblem):
    """Another simulated key is plugged in under this serial number; ``values['holder']`` says
    where.
    """

    code = "serial-taken"


def holder_of(serial: str) -> str | None:
    """Who has a simulated key plugged in under this serial number: program, process and folder;
    None when nobody has.

    Raises FolderProblem.
    """
    claim = _claim_of(serial)
    if not claim.exists():
        return None
    lock = filelock.FileLock(claim)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return _holder(claim)
    lock.release()
    return None


def _claim_of(serial: str) -> Path:
    """The lock of a serial number, among all keys that announce themselves in one place."""
    name = sha256(os.fsencode(announcements().absolute() / serial)).hexdigest()[:16]
    return own(runtime_folder() / "locks") / f"{name}.serial"


def _holder(claim: Path) -> str:
    try:
        return claim.with_suffix(".holder").read_text("utf-8")
    except (OSError, ValueError):
        return "another program"


class SimulatedKey:
    """One key that can be plugged in and out.  ``heap`` is the interpreter's, in bytes.

    ``otp`` gives it one-time-programmable memory, as boards of the production class have;
    ``updatable`` two places for firmware, of which it runs the newest that is good.  A key that was
    once given one of them keeps it.
    """

    def __init__(
        self,
        serial: str,
        folder: Path,
        *,
        heap: int = interpreter.BOARD_HEAP,
        presence: Presence | None = None,
        entropy: Entropy | None = None,
        announce: bool = True,
        otp: bool = False,
        updatable: bool = False,
    ) -> None:
        self.serial = serial
        self.folder = folder
        self.heap = heap
        self._otp = otp
        self._updatable = updatable
        self._announce = announce
        self._running: Launched | None = None
        own(folder)
        self._claim: filelock.FileLock | None = None
        # another thread may unplug it
        self._lock = filelock.FileLock(folder / f"{serial}.lock", thread_local=False)
        if presence is not None or not self._presence_path.exists():
            self.presence = presence or "accept"
        if entropy is not None:
            self.entropy = entropy

    def __enter__(self) -> "SimulatedKey":
        self.plug()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unplug()

    def __repr__(self) -> str:
        return f"<SimulatedKey {self.serial} {self.port or 'unplugged'}>"

    @property
    def flash_path(self) -> Path:
        """The flash image."""
        return self.folder / f"{self.serial}.flash"

    @property
    def otp_path(self) -> Path:
        """One-time-programmable memory; there only on a key that has some."""
        return self.folder / f"{self.serial}.otp"

    @property
    def images_path(self) -> Path:
        """The two places for firmware; there only on a key that can be updated."""
        return self.folder / f"{self.serial}.images"

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
        self._write_word(self._presence_path, policy)

    @property
    def _entropy_path(self) -> Path:
        return self.folder / f"{self.serial}.entropy"

    @property
    def entropy(self) -> Entropy:
        """How the source of randomness behaves from its next block on."""
        return (
            cast("Entropy", self._entropy_path.read_text("ascii"))
            if self._entropy_path.exists()
            else "ok"
        )

    @entropy.setter
    def entropy(self, behaviour: Entropy) -> None:
        self._write_word(self._entropy_path, behaviour)

    @property
    def _fault_path(self) -> Path:
        return self.folder / f"{self.serial}.fault"

    def cut_power(
        self, cut_at: int, *, share: float | None = None, seed: int = 1, scattered: bool = False
    ) -> None:
        """Let the next time it is plugged in end in its ``cut_at``-th flash operation (1 is the
        first), as if unplugged.

        ``share`` (0.0 to 1.0) of that operation is done, the rest torn as ``seed`` and
        ``scattered`` say; None cuts before it begins.  It happens once.  ``plug`` raises
        SimulatorFailed when the cut comes before the key has answered.
        """
        order = {"at": cut_at, "share": share, "seed": seed, "scattered": scattered}
        self._write_word(self._fault_path, json.dumps(order))

    def _write_word(self, path: Path, word: str) -> None:
        replace_file(path, word.encode("ascii"))  # whole: the firmware must never read half a word

    @property
    def log_path(self) -> Path:
        """What the firmware wrote to stderr: nothing, unless it has a bug."""
        return self.folder / f"{self.serial}.log"

    @property
    def port(self) -> str:
        """The serial line; empty when unplugged."""
        return self._running.port if self._running else ""

    @property
    def pid(self) -> int:
        """Process id of the interpreter; 0 when unplugged."""
        return self._running.pid if self._running else 0

    @property
    def alive(self) -> bool:
        """Is the key plugged in and its firmware running?"""
        return self._running is not None and self._running.alive

    def plug(self) -> None:
        """Start the firmware and wait until it answers.  Raises SimulatorMissing, SimulatorFailed,
        SerialTaken, FolderProblem.
        """
        if self.alive:
            return
        self.unplug()  # what is left of a firmware that died by itself
        self._hold()
        files = [
            str(path)
            for path in (self.flash_path, self._presence_path, self._entropy_path, self._fault_path)
        ]
        has_otp = self._otp or self.otp_path.exists()
        files.append(str(self.otp_path) if has_otp else "")
        board, heap = "etoken.boards.unix", self.heap
        if self._updatable or self.images_path.exists():
            files.append(str(self.images_path))
            # an image lies in the heap here; a board runs it from flash
            board, heap = "etoken.boards.boot", heap + LIMIT_IMAGE
        arguments = ["-m", board, self.serial, *files]
        try:
            self._running = Launched(
                arguments, log=self.log_path, heap=heap, modules=firmware.search_path()
            )
            self._wait_ready()
            if self._announce:
                replace_file(
                    self._announcement, json.dumps({"port": self.port, "pid": self.pid}).encode()
                )
        except BaseException as error:
            self.unplug()
            if isinstance(error, OSError):
                raise unwritable(Path(error.filename or self.folder), error) from None
            raise

    def unplug(self) -> None:
        """Pull the plug: the firmware stops in the middle of whatever it does."""
        if self._running is not None:
            if self._announce and self._announced_pid() == self.pid:
                self._announcement.unlink(missing_ok=True)
            self._running.kill()
            self._running = None
        self._lock.release()
        if self._claim is not None:
            self._claim.release()
            self._claim = None

    def _hold(self) -> None:
        """One flash, one key: two would sign the same sequence numbers.  One serial number, one
        key: one would hide the other.

        Raises SimulatorFailed, SerialTaken, FolderProblem.
        """
        try:
            own(self.folder)
            self._lock.acquire(timeout=0)
            if self._announce:
                self._claim_serial()
        except filelock.Timeout:
            raise SimulatorFailed(
                serial=self.serial, detail=f"{self.flash_path} is in use by another simulated key"
            ) from None
        except OSError as error:
            raise unwritable(self.folder, error) from None
        except Problem:
            self._lock.release()
            raise

    def _claim_serial(self) -> None:
        claim = _claim_of(self.serial)
        lock = filelock.FileLock(claim, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise SerialTaken(serial=self.serial, holder=_holder(claim)) from None
        self._claim = lock
        replace_file(
            claim.with_suffix(".holder"),
            f"biandun-sim (pid {os.getpid()}, {self.folder.absolute()})".encode(
                errors="backslashreplace"  # a folder whose name is no text
            ),
        )

    def _announced_pid(self) -> int:
        try:
            return int(json.loads(self._announcement.read_text("utf-8"))["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def _wait_ready(self) -> None:
        try:
            transport = SerialTransport(self.port)
            try:
                Connection(transport).resync(READY_WITHIN)
            finally:
                transport.close()
        except Problem as problem:
            said = self.log_path.read_text("utf-8", errors="replace").strip().splitlines()
            raise SimulatorFailed(
                serial=self.serial, detail=said[-1] if said else problem.message("en")
            ) from problem
