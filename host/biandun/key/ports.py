"""Finds keys without opening a port: USB serial ports, and running simulators.

A simulated key announces itself by a small file SERIAL.json {"port", "pid"} in ``announcements()``.
The process must be running, because the name of a pseudo-terminal is soon used again.

A place that cannot be searched is returned as a row with its error (``PortInfo.problem``), so that
keys in other places are still found.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from serial.tools import list_ports

from biandun.errors import PortFailed
from biandun.folders import own, runtime_folder
from biandun.key.transport import PORT_ERRORS
from biandun_protocol import jsontext
from biandun_protocol.errors import Problem

USB_PRODUCT = "Biandun"


@dataclass(frozen=True)
class PortInfo:
    """A port with a key on it; ``serial`` is what it says of itself, not verified.

    If ``problem`` is set there is nothing to open: ``port`` is the place that could not be
    searched.
    """

    port: str
    serial: str | None
    simulated: bool
    problem: Problem | None = None


def announcements() -> Path:
    """The folder where simulated keys announce themselves; BIANDUN_PORTS overrides it."""
    given = os.environ.get("BIANDUN_PORTS")
    return Path(given) if given else runtime_folder() / "ports"


def scan() -> list[PortInfo]:
    """All ports that seem to have a key, by serial number.  Opens none of them."""
    found = [*_looked_through("USB", _usb, simulated=False)]
    found += _looked_through(str(announcements()), _simulated, simulated=True)
    return sorted(found, key=lambda info: (info.serial or "", info.port))


def _looked_through(
    place: str, look: Callable[[], Iterator[PortInfo]], *, simulated: bool
) -> list[PortInfo]:
    try:
        return list(look())
    except Problem as problem:
        return [PortInfo(place, None, simulated, problem)]
    except PORT_ERRORS as error:
        return [
            PortInfo(
                place,
                None,
                simulated,
                PortFailed(port=place, detail=str(error) or type(error).__name__),
            )
        ]


def _usb() -> Iterator[PortInfo]:
    for port in list_ports.comports():
        if USB_PRODUCT in (port.product or ""):
            yield PortInfo(port.device, port.serial_number, simulated=False)


def _simulated() -> Iterator[PortInfo]:
    folder = announcements()
    if sys.platform == "win32" or not folder.exists():
        # Windows has no pseudo-terminals, and there os.kill(pid, 0) below would send Ctrl-C
        return
    for path in own(folder).glob("*.json"):
        try:
            note = cast("dict[str, object]", jsontext.read(path.read_bytes()))
            port, pid = str(note["port"]), int(str(note["pid"]))
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue  # the simulator has ended, or is still writing the file
        yield PortInfo(port, path.stem, simulated=True)
