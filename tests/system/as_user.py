"""make as-user: what a newcomer runs first, in a fresh copy of the project, as an ordinary user.

    1. make demo            the journey by real programs, with an environment made from nothing
    2. the wheel            built, installed into an environment of its own; the fixture of the README in a test of its own
    3. biandun doctor       beside a running simulated key

As root the user is one that nobody has on this computer, with nothing but a folder; as anybody else
it is oneself.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.system.accounts import IS_ROOT, account, free_uid, python_for
from tests.system.test_second_user import FIXTURE_TEST

ROOT = Path(__file__).parents[2]
UNSET = ("XDG_", "BIANDUN_", "VIRTUAL_ENV", "PYTHON", "MAKE", "MFLAGS", "SUDO_")


class Newcomer:
    """A user with a home in ``folder``, where a copy of the project is."""

    def __init__(self, folder: Path) -> None:
        self.uid = free_uid(62_000) if IS_ROOT else os.geteuid()
        self.account: dict[str, Any] = account(self.uid) if IS_ROOT else {}
        python = python_for(self.uid) if IS_ROOT else sys.executable
        if python is None:
            raise SystemExit("no Python that an ordinary user may run: install one in /usr/bin")
        self.python = python
        self.home = folder
        self.project = folder / "biandun"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(UNSET)}
        path = [part for part in kept.get("PATH", "").split(":") if ROOT not in Path(part).parents]
        own = {
            "HOME": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "USER": "newcomer",
            "LOGNAME": "newcomer",
        }
        self.environment = {**kept, **own, "PATH": ":".join(path)}

    def take_copy(self) -> None:
        """Copy what git knows, as it is in the working tree, and give all of it to the user."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for name in filter(None, listed.stdout.decode().split("\0")):
            source, target = ROOT / name, self.project / name
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        (self.home / "tmp").mkdir()
        if IS_ROOT:
            for path in (self.home, *self.home.rglob("*")):
                os.chown(path, self.uid, self.uid)

    def run(
        self, title: str, *words: str, cwd: Path | None = None, statuses: tuple[int, ...] = (0,)
    ) -> str:
        """Run a command as the user; what it prints is shown when it fails.  Raises SystemExit."""
        done = subprocess.run(
            words,
            cwd=cwd or self.project,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            **self.account,
        )
        print(f"{title}: {'done' if done.returncode in statuses else 'FAILED'}", flush=True)
        if done.returncode not in statuses or "Traceback" in done.stderr:
            raise SystemExit(
                f"{' '.join(words)} -> {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            )
        return done.stdout

    def demo(self, database: str) -> Any:
        """make demo, which sets everything up by itself; return its last line."""
        return json.loads(
            self.run(
                "make demo", "make", "demo", f"PYTHON={self.python}", f"DATABASE={database}"
            ).splitlines()[-1]
        )

    def fixture_from_wheel(self) -> Path:
        """Build the wheel, install it elsewhere, run a test with the fixture there; return the
        programs that were installed.
        """
        place = self.home / "elsewhere"
        programs = place / "env" / "bin"
        pip = str(self.project / ".venv" / "bin" / "pip")
        self.run("the wheel", pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(place), ".")
        wheel = next(place.glob("biandun-*.whl"))
        self.run("an environment", self.python, "-m", "venv", str(place / "env"))
        self.run(
            "installing it",
            str(programs / "pip"),
            "install",
            "--quiet",
            f"{wheel}[simulator]",
            "pytest",
        )
        self.run(
            "a test",
            "sh",
            "-c",
            'printf %s "$1" > "$2"',
            "-",
            FIXTURE_TEST,
            str(place / "test_mine.py"),
        )
        said = self.run(
            "the fixture", str(programs / "python"), "-m", "pytest", "-q", "test_mine.py", cwd=place
        )
        if "1 passed" not in said:
            raise SystemExit(said)
        return programs

    def doctor(self, programs: Path) -> Any:
        """What the doctor of the wheel finds beside a simulated key."""
        keys = subprocess.Popen(
            [str(programs / "biandun-sim"), "run"],
            stdout=subprocess.PIPE,
            env=self.environment,
            cwd=self.home,
            **self.account,
        )
        try:
            assert keys.stdout is not None
            keys.stdout.readline()
            return json.loads(
                self.run(
                    "doctor",
                    str(programs / "biandun"),
                    "--json",
                    "doctor",
                    cwd=self.home,
                    statuses=(13,),
                )
            )
        finally:
            keys.terminate()
            keys.wait()


def main() -> int:
    """Run all of it; the last line is one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        newcomer = Newcomer(Path(folder))
        newcomer.take_copy()
        demo = newcomer.demo(options.database)
        found = newcomer.doctor(newcomer.fixture_from_wheel())
    codes = [finding["code"] for finding in found["findings"]]
    good = demo["accepted"] and demo["third_party_verified"] and codes == ["key-not-set-up"]
    print(
        json.dumps(
            {"uid": newcomer.uid, "demo": demo["accepted"], "fixture": True, "doctor": codes}
        )
    )
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
