"""Diagnoses this computer and its keys: ports, permissions, other programs, clocks, keys.

No key is changed and no PIN is asked for.  A finding is a problem of the message catalogue, so its
next step is its fix.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from biandun import key_status, keys
from biandun.errors import ClockBehind, moment
from biandun.folders import own, runtime_folder, state_folder, unwritable
from biandun.keys import Key
from biandun.office_client import Office
from biandun.ui import Silent
from biandun_protocol.errors import Problem
from biandun_protocol.wire.messages import InfoReply
from biandun_protocol.wire.numbers import (
    ERROR_NAMES,
    LIMIT_OUTBOX,
    LIMIT_PARCELS,
    STATE_PERSONALISED,
)

LEAST_FIRMWARE = "0.1.0"
WARN_DAYS = 60
DAY = 86_400
AGREE = 600  # seconds by which two clocks may differ without a finding
NEARLY_FULL = 0.9  # fraction of the outbox
MANAGER = "ModemManager"
RULE = Path("etc/udev/rules.d/70-biandun.rules")
RULE_TEXT = """\
# Biandun keys: whoever sits at this computer may use them, and ModemManager leaves them alone.
# Written by `biandun install-udev`.  The number is below 73, where seats get their access.
ACTION=="add|change", SUBSYSTEM=="usb", ATTR{product}=="Biandun*", ENV{ID_MM_DEVICE_IGNORE}="1"
SUBSYSTEM=="tty", ATTRS{product}=="Biandun*", TAG+="uaccess", ENV{ID_MM_DEVICE_IGNORE}="1", ENV{ID_MM_PORT_IGNORE}="1"
"""  # noqa: E501


@dataclass(frozen=True)
class Finding:
    """Something that is wrong; ``problem.next_step`` is the fix.

    ``serial`` and ``port`` are empty when it does not concern a key.
    """

    problem: Problem
    serial: str = ""
    port: str = ""


@dataclass(frozen=True)
class Report:
    """The serial numbers of the keys that answered, and all findings."""

    keys: tuple[str, ...]
    findings: tuple[Finding, ...]


def examine(
    port: str | None = None,
    *,
    office: Office | None = None,
    now: int | None = None,
    root: Path = Path("/"),
) -> Report:
    """Examine every key that is plugged in, or the one on ``port``.

    ``now`` is this computer's clock in seconds since 1970.  ``office`` is asked for its time, to
    find out whose clock is wrong; if it does not answer, that is a finding.
    """
    computer = int(time.time()) if now is None else now
    serials: list[str] = []
    findings: list[Finding] = []
    office_time: int | None = None
    try:
        office_time = office.time() if office else None
    except Problem as problem:
        findings.append(Finding(problem))
    places = [keys.PortInfo(port, None, simulated=False)] if port else keys.scan()
    if not places:
        findings.append(Finding(Problem("key-not-found", serial="")))
    for place in places:
        if place.problem is not None:
            findings.append(Finding(place.problem, "", place.port))
            continue
        try:
            with keys.open_port(place.port, Silent()) as key:
                serials.append(key.info.serial)
                if place.serial is not None and place.serial != key.info.serial:
                    findings.append(
                        Finding(
                            Problem("wrong-device", serial=place.serial, found=key.info.serial),
                            place.serial,
                            place.port,
                        )
                    )
                findings += [
                    Finding(problem, key.info.serial, place.port)
                    for problem in of_key(key, computer, office_time)
                ]
        except Problem as problem:
            findings.append(Finding(problem, place.serial or "", place.port))
    # a folder that already kept a key from being opened is reported once
    known = {finding.problem.message() for finding in findings}
    findings += [Finding(problem) for problem in of_folders() if problem.message() not in known]
    findings += [Finding(problem) for problem in of_computer(root)]
    return Report(tuple(serials), tuple(findings))


def of_key(key: Key, now: int, office_time: int | None = None) -> list[Problem]:
    """Return what is wrong with an open key: faults, locked users, clocks, status, room left.

    ``now`` is this computer's time and ``office_time`` the office's at the same moment, both in
    seconds since 1970.  Raises LinkProblem.
    """
    info = key.info
    ailing = keys.blocking_problem(key)
    found: list[Problem] = [ailing] if ailing is not None else []
    if ailing is not None and ailing.code == "store-damaged":
        return found  # what else a damaged key reports is not reliable
    if _version(info.firmware) < _version(LEAST_FIRMWARE):
        found.append(Problem("firmware-old", version=info.firmware, least=LEAST_FIRMWARE))
    if info.faults:
        found.append(
            Problem(
                "key-faulty",
                count=info.faults,
                last=ERROR_NAMES.get(info.last_fault or 0, str(info.last_fault)),
            )
        )
    if info.state != STATE_PERSONALISED:
        return [*found, Problem("key-not-set-up")]
    if not key.pin_slots:
        found.append(Problem("pin-unset"))
    found += _of_certificate(info, now)
    if key.profile().device_key is None:
        found.append(Problem("session-unavailable"))
    said = key_status.stored(key)
    if said is not None and said.standing in key_status.REFUSALS:
        found.append(Problem(key_status.REFUSALS[said.standing]))
    chain = key.chain()
    found += of_clocks(chain.time_floor, now, office_time)
    if chain.forgotten:
        found.append(Problem("rolled-back"))
    if chain.parcels:
        used = sum(parcel.length for parcel in key.outbox.entries())
        if chain.parcels >= LIMIT_PARCELS or used >= NEARLY_FULL * LIMIT_OUTBOX:
            found.append(Problem("outbox-full"))
    return found


def of_folders() -> list[Problem]:
    """What is wrong with the program's own folders."""
    found: list[Problem] = []
    for folder in (runtime_folder(), state_folder()):
        try:
            with tempfile.TemporaryFile(dir=own(folder)) as file:
                file.write(bytes(4096))  # on a full disk an empty file can still be created
        except Problem as problem:
            found.append(problem)
        except OSError as error:
            found.append(unwritable(folder, error))
    return found


def of_clocks(floor: int, computer: int, office: int | None) -> list[Problem]:
    """Find out whose clock is wrong; all times are in seconds since 1970.

    ``floor`` is the latest time that the key received from its office, so the true time is later;
    ``computer`` and ``office`` are current times.
    """
    if office is None:
        return [ClockBehind(floor, computer)] if floor > computer else []
    values = {
        "floor": moment(floor) if floor else "-",
        "computer": moment(computer),
        "office": moment(office),
    }
    behind, refused = floor > computer + AGREE, floor > office + AGREE
    found: list[Problem] = []
    if refused and behind:
        found.append(Problem("key-ahead", **values))
    elif refused:
        found.append(Problem("office-time-behind", **values))
    elif behind:
        found.append(Problem("computer-clock", **values))
    if refused == behind and abs(computer - office) > AGREE:
        found.append(Problem("clocks-differ", **values))
    return found


def of_computer(root: Path = Path("/")) -> list[Problem]:
    """What is wrong with this computer itself: that ModemManager may take a key's port."""
    if sys.platform != "linux" or not _runs(MANAGER):
        return []
    return [] if (root / RULE).is_file() else [Problem("modem-manager")]


def _of_certificate(info: InfoReply, now: int) -> list[Problem]:
    days = ((info.not_after or 0) - now) // DAY
    if days < 0:
        return [Problem("certificate-expired")]
    return [Problem("certificate-expiring", days=days)] if days <= WARN_DAYS else []


def _version(text: str) -> tuple[int, ...]:
    """The numbers of a version, to be compared; a part that is not a number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in text.split("."))


def _runs(program: str) -> bool:
    """Is a process of that name running?"""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            if (process / "comm").read_text("utf-8", "replace").strip() == program:
                return True
        except OSError:
            continue  # the process has just ended, or may not be inspected
    return False
