"""A simulated key: the real firmware in a MicroPython interpreter on a pseudo-terminal.

    with SimulatedKey("BD-000001", folder) as simulated, keys.open(serial="BD-000001") as key: ...

Its flash is the file SERIAL.flash in ``folder``; it stays when the object is gone, and the next key
with this serial number and folder continues with it.  The button is the file SERIAL.presence:
``accept``, ``reject``, ``wait``, or ``press``, which confirms once and then becomes ``wait``.  The
file SERIAL.entropy makes the entropy source fail: ``stall``, ``repeat`` or ``short``.
``cut_power`` orders a power cut at a flash operation.  ``plug`` returns when the key has answered
on its port.
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
READY_WITHIN = 10.0  # seconds; a loaded machine needs far less


class SimulatorFailed(HostProblem):
    """The simulated key did not start; ``values['detail']`` is its output."""

    code = "simulator-failed"


class SerialTaken(HostProblem):
    """Another simulated key is plugged in under this serial number.

    ``values['holder']`` is its program, process and folder.
    """

    code = "serial-taken"


def holder_of(serial: str) -> str | None:
    """Return who has a simulated key plugged in under this serial number; None when nobody has.

    The answer names program, process and folder.

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
    """Return the lock file of a serial number among all keys that announce in the same place."""
    name = sha256(os.fsencode(announcements().absolute() / serial)).hexdigest()[:16]
    return own(runtime_folder() / "locks") / f"{name}.serial"


def _holder(claim: Path) -> str:
    try:
        return claim.with_suffix(".holder").read_text("utf-8")
    except (OSError, ValueError):
        return "another program"


class SimulatedKey:
    """One key that can be plugged in and unplugged.

    ``heap`` is the heap of the interpreter in bytes.  ``otp`` gives the key one-time-programmable
    memory, as boards of the production class have; ``updatable`` gives it two firmware slots, of
    which it runs the newest good one.  A key that was once given one of them keeps it.
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
        # another thread may release it
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
        """The file of the one-time-programmable memory; exists only if the key has such memory."""
        return self.folder / f"{self.serial}.otp"

    @property
    def images_path(self) -> Path:
        """The file of the two firmware slots; exists only if the key can be updated."""
        return self.folder / f"{self.serial}.images"

    @property
    def _presence_path(self) -> Path:
        return self.folder / f"{self.serial}.presence"

    @property
    def _announcement(self) -> Path:
        return announcements() / f"{self.serial}.json"

    @property
    def presence(self) -> Presence:
        """What the button reports when the firmware reads it."""
        return cast("Presence", self._presence_path.read_text("ascii"))

    @presence.setter
    def presence(self, policy: Presence) -> None:
        self._write_word(self._presence_path, policy)

    @property
    def _entropy_path(self) -> Path:
        return self.folder / f"{self.serial}.entropy"

    @property
    def entropy(self) -> Entropy:
        """How the entropy source behaves from its next block on."""
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
        """Cut the power in the ``cut_at``-th flash operation after the next ``plug`` (1 is the
        first).

        ``share`` (0.0 to 1.0) of that operation is done, the rest torn as ``seed`` and
        ``scattered`` say; None cuts before it begins.  It happens once.  ``plug`` raises
        SimulatorFailed when the cut comes before the key has answered.
        """
        order = {"at": cut_at, "share": share, "seed": seed, "scattered": scattered}
        self._write_word(self._fault_path, json.dumps(order))

    def _write_word(self, path: Path, word: str) -> None:
        replace_file(path, word.encode("ascii"))  # atomic: firmware never reads half a word

    @property
    def log_path(self) -> Path:
        """The file with the firmware's stderr; empty unless the firmware has a bug."""
        return self.folder / f"{self.serial}.log"

    @property
    def port(self) -> str:
        """The device path of the serial line; empty while unplugged."""
        return self._running.port if self._running else ""

    @property
    def pid(self) -> int:
        """The process id of the interpreter; 0 while unplugged."""
        return self._running.pid if self._running else 0

    @property
    def alive(self) -> bool:
        """Whether the key is plugged in and its firmware is running."""
        return self._running is not None and self._running.alive

    def plug(self) -> None:
        """Start the firmware and wait until it answers.

        Raises SimulatorMissing, SimulatorFailed, SerialTaken, FolderProblem.
        """
        if self.alive:
            return
        self.unplug()  # clean up after firmware that ended by itself
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
            # the image is in the heap here; a board runs it from flash
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
        """Kill the firmware in the middle of whatever it does, as if the key were pulled out."""
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
        """Lock the flash file and the serial number.

        Two keys on one flash would sign the same sequence numbers; of two keys with one serial
        number the host would see only one.

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
                errors="backslashreplace"  # a folder whose name is not text
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
