"""The host library and its program as they run on Windows, as far as another system can show it.

    python windows_runner.py FOLDER

What Windows lacks is taken away before any module of ours is imported: termios, fcntl, pwd, grp,
resource, tty, pty cannot be imported; ``os`` has no user numbers, no fchmod, no O_NOFOLLOW and the
like; ``sys.platform`` says win32.  Other packages were imported before and keep what they have.
Ports are called COM3 and COM4 and raise what pyserial raises on Windows; folders have the shape of
a Windows profile.  Prints one JSON object: step -> what came of it.
"""

import importlib
import importlib.abc
import json
import os
import pkgutil
import sys
import types
from pathlib import Path
from typing import Any

HIDDEN = ("termios", "fcntl", "pwd", "grp", "resource", "tty", "pty", "syslog", "crypt")
LACKING = (
    "getuid", "geteuid", "getgid", "getegid", "getgroups", "setuid", "seteuid", "fchmod", "fchown", "chown", "lchown", "uname",
    "openpty", "ttyname", "mkfifo", "fork", "forkpty", "getpgid", "setsid", "sync", "statvfs", "major", "minor", "pread", "pwrite",
    "sched_getaffinity", "getloadavg", "killpg", "wait3", "fdatasync", "posix_fallocate", "set_blocking", "get_blocking",
    "O_NOFOLLOW", "O_DIRECTORY", "O_NOCTTY", "O_NONBLOCK", "O_CLOEXEC", "O_SYNC", "O_DSYNC",
)  # fmt: skip
OTHERS = (
    "cbor2", "click", "click.shell_completion", "cryptography.x509", "cryptography.hazmat.primitives.asymmetric.ec", "filelock",
    "httpx", "platformdirs", "pytest", "rich.console", "rich.progress", "rich.table", "serial", "serial.tools.list_ports",
    "tempfile", "subprocess", "shutil", "ssl", "getpass", "socket", "logging.handlers", "unicodedata", "hypothesis", "sqlite3",
)  # fmt: skip
PROFILE = "C:\\Users\\张三\\AppData\\Local"


class Hides(importlib.abc.MetaPathFinder):
    """Refuses what Windows does not have."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raise ImportError for a hidden module."""
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class AnotherSys(types.ModuleType):
    """``sys`` with another platform."""

    platform = "win32"

    def __getattr__(self, name: str) -> Any:
        """Everything else is the genuine one's."""
        return getattr(_GENUINE_SYS, name)


_GENUINE_SYS = sys


def become_windows(folder: Path) -> None:
    """Take away what Windows lacks, from every module that is imported from now on."""
    for name in OTHERS:
        importlib.import_module(name)
    for name in HIDDEN:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Hides())
    fewer = types.ModuleType("os")
    fewer.__dict__.update({name: value for name, value in vars(os).items() if name not in LACKING})
    fewer.name, fewer.O_BINARY = "nt", 0  # type: ignore[attr-defined]
    sys.modules["os"] = fewer
    import platformdirs

    profile = folder / PROFILE
    for name, place in (
        ("user_state_path", "biandun"),
        ("user_cache_path", "biandun\\Cache"),
        ("user_runtime_path", "Temp\\biandun"),
    ):
        setattr(platformdirs, name, lambda app, place=place: profile / place)
    sys.modules["sys"] = AnotherSys("sys")


def fake_ports() -> Any:
    """pyserial with the ports COM3, a key, and COM4, which another program has open."""
    import serial
    from serial.tools import list_ports

    from tests.firmware.conftest import Wire

    wire = Wire()

    class Windows:
        """What serialwin32.Serial does with two ports."""

        def __init__(self, port: str, *_: Any, **__: Any) -> None:
            if port != "COM3":
                said = (
                    "PermissionError(13, 'Access is denied.', None, 5)"
                    if port == "COM4"
                    else "FileNotFoundError(2, 'No', None, 2)"
                )
                raise serial.SerialException(f"could not open port {port!r}: {said}")
            self._answer = b""

        @property
        def in_waiting(self) -> int:
            self._answer += wire.read()
            return len(self._answer)

        def read(self, size: int) -> bytes:
            answer, self._answer = self._answer[:size], self._answer[size:]
            return answer

        def write(self, data: bytes) -> int:
            wire.write(data)
            return len(data)

        def close(self) -> None:
            """There is no descriptor: fileno() does not exist here."""

    def port(name: str, number: str) -> Any:
        return types.SimpleNamespace(device=name, product="Biandun", serial_number=number)

    serial.Serial = Windows  # type: ignore[misc]
    list_ports.comports = lambda: [port("COM3", "BD-TEST-0001"), port("COM4", "BD-000002")]
    return wire


def import_everything() -> list[str]:
    """Import every module of the host and of the protocol."""
    names: list[str] = []
    for package in ("biandun", "biandun_protocol"):
        found = importlib.import_module(package)
        names += [one.name for one in pkgutil.walk_packages(found.__path__, f"{package}.")]
    for name in names:
        importlib.import_module(name)
    return names


def journey(folder: Path) -> dict[str, object]:
    """List, open, set up, prepare, sign, submit, keep, verify."""
    said: dict[str, object] = {"modules": len(import_everything())}
    from biandun import folders
    from biandun.key import transport

    said["hidden"] = [transport.fcntl is None, folders.sys.platform, hasattr(folders.os, "geteuid")]
    fake_ports()
    from biandun import keys
    from biandun.cli.main import run
    from biandun.filings import Folder
    from biandun.office_client import Office
    from tests.support.person import PIN, Person
    from tests.support.softoffice import SoftOffice
    from tests.support.softserver import SoftServer, root_certificate
    from tests.system.journey import pdf

    work = folder / "C:\\Users\\张三\\文档"
    work.mkdir()
    rows = keys.list()
    said["list"] = [
        [
            row.port.port,
            row.info.serial if row.info else None,
            row.problem.code if row.problem else None,
        ]
        for row in rows
    ]
    said["missing"] = run(["keys", "info", "--port", "COM9", "--json"])
    office = SoftOffice()
    with keys.open(port="COM3", ui=Person()) as key:
        key.personalise(office.grant(key.answer_offer(office.offer())))
        key.set_pin(PIN)
    form, letter, pin, root, out = (
        work / name for name in ("form.json", "来函.pdf", "pin.txt", "root.pem", "用编申请")
    )
    from biandun_protocol.forms.use_approval import UseApproval

    form.write_text(json.dumps(UseApproval.example, ensure_ascii=False), "utf-8")
    letter.write_bytes(pdf())
    pin.write_bytes(PIN.reveal() + b"\r\n")
    root.write_bytes(root_certificate(office))
    attach = f"application_document={letter}"
    said["prepare"] = run(
        [
            "filing",
            "prepare",
            str(form),
            "--out",
            str(out),
            "--attach",
            attach,
            "--port",
            "COM3",
            "--json",
        ]
    )
    said["sign"] = run(
        ["filing", "sign", str(out), "--port", "COM3", "--pin-file", str(pin), "--json"]
    )
    with (
        Office("http://office.test", transport=SoftServer(office).transport()) as client,
        keys.open(port="COM3", ui=Person()) as key,
    ):
        Folder(out).submit(client)
        said["receipt"] = Folder(out).keep_receipt(key, client)
    said["verify"] = run(["filing", "verify", str(out), "--root", str(root), "--json"])
    said["doctor"] = run(["doctor", "--json"])
    said["known"] = run(["keys", "known", "--json"])
    return said


if __name__ == "__main__":
    place = Path(sys.argv[1])
    become_windows(place)
    print(json.dumps(journey(place)), file=sys.__stderr__)
