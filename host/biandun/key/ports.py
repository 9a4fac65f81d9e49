"""Finding keys without opening anything: serial ports that say they are one, and simulated keys that are running.

A simulated key announces itself by a small file SERIAL.json {"port", "pid"} in ``announcements()``; the process must be
alive, because the name of a pseudo-terminal is soon somebody else's.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from serial.tools import list_ports

from biandun.folders import runtime_folder

USB_PRODUCT = "Biandun"


@dataclass(frozen=True)
class PortInfo:
    """A port where a key should be; ``serial`` is what it says of itself, unchecked."""

    port: str
    serial: str | None
    simulated: bool


def announcements() -> Path:
    """The folder where simulated keys announce themselves; BIANDUN_PORTS overrides it."""
    given = os.environ.get("BIANDUN_PORTS")
    return Path(given) if given else runtime_folder() / "ports"


def scan() -> list[PortInfo]:
    """All ports that should have a key on them, by serial number.  Opens none of them."""
    usb = [
        PortInfo(port.device, port.serial_number, simulated=False)
        for port in list_ports.comports()
        if USB_PRODUCT in (port.product or "")
    ]
    return sorted([*usb, *_simulated()], key=lambda info: (info.serial or "", info.port))


def _simulated() -> Iterator[PortInfo]:
    folder = announcements()
    if not folder.is_dir():
        return
    for path in folder.glob("*.json"):
        try:
            note = cast("dict[str, object]", json.loads(path.read_text("utf-8")))
            port, pid = str(note["port"]), int(str(note["pid"]))
            os.kill(pid, 0)
        except (OSError, ValueError, KeyError):
            continue  # gone, or half written
        yield PortInfo(port, path.stem, simulated=True)
