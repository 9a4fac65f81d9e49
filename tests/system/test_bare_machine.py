"""A machine without this or that: the first command says in one line what to install, and does
nothing else.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = shutil.which("sh")
FINE = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
OLD = '#!/bin/sh\ncase "$2" in *print*) echo 3.8;; *) exit 1;; esac\n'
NO_VENV = f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n'
NOTHING = "#!/bin/sh\nexit 0\n"


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a folder for PATH with these programs and no others."""

    def make(**programs: str) -> Path:
        for name, text in programs.items():
            path = tmp_path / name.replace("_", "-")
            path.write_text(text)
            path.chmod(0o755)
        return tmp_path

    return make


def needs(path: Path) -> subprocess.CompletedProcess[str]:
    assert SHELL is not None
    command = [SHELL, str(ROOT / ".ci" / "needs"), "python3"]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": str(path)}
    )


LACKS: dict[str, tuple[dict[str, str], str]] = {
    "no python3": ({"openssl": NOTHING}, "python3 python3-venv"),
    "an old python3": ({"python3": OLD, "openssl": NOTHING}, "python3.11 python3.11-venv"),
    "no venv": ({"python3": NO_VENV, "openssl": NOTHING}, "python3-venv"),
    "no openssl": ({"python3": FINE}, "openssl"),
    "nothing": ({}, "python3 python3-venv openssl"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_one_line_names_the_packages(lack: str, machine: Callable[..., Path]) -> None:
    programs, packages = LACKS[lack]
    done = needs(machine(**programs, apt_get=NOTHING))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.rstrip().endswith(f"sudo apt-get install {packages}")


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("dnf", "sudo dnf install python3-pip"),
        ("yum", "sudo yum install python3-pip"),
        ("pacman", "dnf install python3-pip (openEuler"),
    ],
)
def test_other_systems_are_told_their_own_command(
    manager: str, command: str, machine: Callable[..., Path]
) -> None:
    done = needs(machine(python3=NO_VENV, openssl=NOTHING, **{manager: NOTHING}))
    assert command in done.stderr


def test_a_machine_that_has_everything_is_told_nothing(machine: Callable[..., Path]) -> None:
    done = needs(machine(python3=FINE, openssl=NOTHING))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("target", ["setup", "demo", "test", "lint", "bench", "as-user"])
def test_every_target_looks_before_it_makes_anything(
    target: str, machine: Callable[..., Path], tmp_path: Path
) -> None:
    """make itself, in an empty copy of the project, on a machine without openssl and without
    venv.
    """
    make = shutil.which("make")
    assert make is not None
    project = tmp_path / "project"
    (project / ".ci").mkdir(parents=True)
    for name in ("Makefile", ".ci/needs", "pyproject.toml"):
        shutil.copy(ROOT / name, project / name)
    for name in ("firmware/stubs-requirements.txt", "tests/system/judge-requirements.txt"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    path = machine(python3=NO_VENV, apt_get=NOTHING)
    done = subprocess.run(
        [make, target],
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env={"PATH": str(path)},
    )
    assert done.returncode == 2
    assert "sudo apt-get install python3-venv openssl" in done.stderr
    assert not (project / ".venv").exists()
