"""Output fails for nobody's characters and no reader, in any of the three programs, as processes of
their own.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = {
    "biandun": "from biandun.entry import main; main()",
    "biandun-office": "from biandun_office.entry import main; main()",
    "biandun-sim": "from biandun_simulator.entry import main; main()",
}
EVERY_PROGRAM = pytest.mark.parametrize("program", PROGRAMS)


def start(program: str, *words: str, out: int, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAMS[program], *words]
    return subprocess.Popen(
        command, stdout=out, stderr=subprocess.PIPE, env={**os.environ, **environment}
    )


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out or b"", err


@EVERY_PROGRAM
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "gbk"])
def test_a_console_that_lacks_characters_gets_others(encoding: str, program: str) -> None:
    status, out, err = ended(
        start(program, "--help", out=subprocess.PIPE, PYTHONIOENCODING=encoding)
    )
    assert (status, err) == (0, b"")
    assert b"--json" in out
    assert out.decode(encoding)


@EVERY_PROGRAM
def test_a_wrong_line_is_said_on_a_console_that_lacks_characters(program: str) -> None:
    status, _, err = ended(
        start(program, "无此命令", out=subprocess.PIPE, PYTHONIOENCODING="latin-1:strict")
    )
    assert (status, b"[usage]" in err, b"Traceback" in err) == (2, True, False)


@EVERY_PROGRAM
def test_json_on_a_console_that_lacks_characters_is_whole(program: str) -> None:
    status, _, err = ended(
        start(program, "无此命令", "--json", out=subprocess.PIPE, PYTHONIOENCODING="ascii")
    )
    assert status == 2
    assert "无此命令" in json.loads(err.decode("ascii"))["error"]["message"]


@EVERY_PROGRAM
def test_a_reader_who_has_gone_away_ends_the_program_quietly(program: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = start(program, "--help", out=writer)
    os.close(writer)
    assert ended(process) == (141, b"", b"")


@EVERY_PROGRAM
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_behind_the_output_has_a_name(program: str) -> None:
    with Path("/dev/full").open("wb") as full:
        status, _, err = ended(start(program, "--help", "--lang", "en", out=full.fileno()))
    assert status in {7, 12}
    assert problem_code(err) == "output-unwritable"
    assert b"Traceback" not in err


@EVERY_PROGRAM
def test_closed_streams_are_no_fault(program: str) -> None:
    command = f'"{sys.executable}" -c "{PROGRAMS[program]}" --help >&- 2>&-'
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0


def test_a_terminal_is_never_commanded_by_an_argument(tmp_path: Path) -> None:
    for program in PROGRAMS:
        for words in (["\x1b[31m"], ["--\x9b31m"], ["--lang", "\u202e"]):
            _, out, err = ended(start(program, *words, out=subprocess.PIPE))
            assert not any(one in (out + err).decode() for one in "\x1b\x9b\u202e")


def problem_code(error: bytes) -> str:
    """The code in brackets of the problem that a program told."""
    found = re.search(rb"\[([a-z-]+)\]", re.sub(rb"biandun\[[a-z]+\]", b"", error))
    return found[1].decode() if found else ""


HIDDEN = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hidden())
"""


def extra(name: str) -> list[str]:
    """What an extra of the distribution brings, as modules."""
    projects = {"django": "django", "django-ninja": "ninja", "gmssl-fast": "gmssl_fast"}
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ][name]
    names = [re.split(r"[^a-z-]", line)[0] for line in lines]
    return [projects.get(one, one.replace("-", "_")) for one in names]


@pytest.mark.parametrize("module", extra("office"))
def test_an_office_without_its_extra_says_what_to_install(module: str) -> None:
    code = HIDDEN.format(module=module) + PROGRAMS["biandun-office"]
    done = subprocess.run(
        [sys.executable, "-c", code, "openapi"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    if done.returncode != 0:  # a module that only some commands need is missed by those
        assert (done.returncode, "biandun[office]" in done.stderr, done.stdout) == (1, True, "")
        assert problem_code(done.stderr.encode()) == "extra-missing"
    else:
        assert module not in ("django", "ninja")


@pytest.mark.parametrize(
    ("program", "words", "unneeded"),
    [
        ("biandun", "keys list", "httpx"),
        ("biandun-office", "--version", "ninja"),
        ("biandun-office", "--version", "waitress"),
    ],
)
def test_a_command_does_not_load_what_only_others_need(
    program: str, words: str, unneeded: str
) -> None:
    code = f"import atexit, sys; sys.argv[1:] = {words.split()}; atexit.register(lambda: print({unneeded!r} in sys.modules)); "
    done = subprocess.run(
        [sys.executable, "-c", code + PROGRAMS[program]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_a_simulator_without_its_extra_says_what_to_install(tmp_path: Path) -> None:
    words = ("run", "--state", str(tmp_path / "keys"))
    status, out, err = ended(
        start("biandun-sim", *words, out=subprocess.PIPE, MICROPYTHON=str(tmp_path / "none"))
    )
    assert (status, out, b"Traceback" in err, b"biandun[simulator]" in err) == (1, b"", False, True)
