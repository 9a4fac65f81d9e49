"""Other accounts of this computer, as tests need them: user numbers that nobody has.  Only root can
be somebody else.
"""

import os
import pwd
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from tests.system.journey import BIN, Journey

SYSTEM = (Path("/usr/bin"), Path("/usr/local/bin"))
IS_ROOT = os.geteuid() == 0


def free_uid(start: int) -> int:
    """A user number from ``start`` on that no account has."""
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    return next(uid for uid in range(start, start + 1000) if uid not in taken)


def account(uid: int) -> dict[str, Any]:
    """What makes a process of subprocess belong to ``uid``."""
    return {"user": uid, "group": uid, "extra_groups": []}


def _succeeds(uid: int, command: list[str]) -> bool:
    try:
        return (
            subprocess.run(
                command, capture_output=True, check=False, cwd="/", timeout=60, **account(uid)
            ).returncode
            == 0
        )
    except OSError:
        return False


def python_for(uid: int) -> str | None:
    """A Python of this version that the user may run; root's own may lie where nobody else
    comes.
    """
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folders = [
        Path(sys.base_prefix, "bin"),
        *map(Path, os.environ.get("PATH", "").split(":")),
        *SYSTEM,
    ]
    return next(
        (
            str(one / name)
            for one in folders
            if _succeeds(uid, [str(one / name), "-c", "import venv"])
        ),
        None,
    )


def programs_for(uid: int, place: Path) -> Path | None:
    """The folder of this project's programs as the user can run them; None when it may not even
    read this checkout.

    Where root's environment stands on a Python that nobody else may run, ``place`` gets one with
    another, over the same packages.
    """
    trial = "import biandun, biandun_office, biandun_simulator.cli"
    if _succeeds(uid, [sys.executable, "-c", trial]):
        return BIN
    python = python_for(uid)
    if python is None:
        return None
    made = place / "environment"
    subprocess.run([python, "-m", "venv", "--without-pip", str(made)], check=True)
    packages = next(made.glob("lib/*/site-packages"))
    (packages / "same.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    for script in BIN.iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            if text.startswith(b"#!") and b"python" in text.partition(b"\n")[0]:
                (made / "bin" / script.name).write_bytes(
                    b"#!" + os.fsencode(made / "bin" / "python") + b"\n" + text.partition(b"\n")[2]
                )
                (made / "bin" / script.name).chmod(0o755)
    return made / "bin" if _succeeds(uid, [str(made / "bin" / "python"), "-c", trial]) else None


class AccountJourney(Journey):
    """A journey whose programs run as ``uid`` (None: as whoever runs this), in an environment with
    a home and nothing of root's.

    ``temporary`` is the folder for temporary files, which other users write into as well.  There is
    no XDG_RUNTIME_DIR: the session of such a user was not opened by a login.
    """

    def __init__(
        self, folder: Path, temporary: Path, uid: int | None, programs: Path = BIN
    ) -> None:
        super().__init__(folder)
        self.programs = programs
        for name in list(self.environment):
            if name.startswith(("XDG_", "BIANDUN_", "COV_")) or name == "PYTEST_CURRENT_TEST":
                del self.environment[name]
        self.environment |= {
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "BIANDUN_OFFICE_DATA": str(folder / "office"),
        }
        if uid is not None:
            self.account = account(uid)
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, uid)
