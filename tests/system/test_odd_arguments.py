"""Every parameter of every command is given what a person or a script may give it by mistake: bytes
that are no text, numbers beyond every bound, paths that cannot be looked at.  Each ends in a named
problem or a result; none ends in a traceback.
"""

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from biandun.cli import shared
from biandun.cli.main import run as run_workstation
from biandun_office.cli import session as office_session
from biandun_office.cli.main import run as run_office
from biandun_simulator.cli import run as run_simulator
from tests.system.test_output import PROGRAMS as STARTED
from tests.system.trees import contexts

RUN = {"biandun": run_workstation, "biandun-office": run_office, "biandun-sim": run_simulator}
NO_TEXT = "\udcd6\udcd0"  # two bytes of GBK, as Python hands them over where UTF-8 is spoken
LASTS = {"biandun-office serve", "biandun-sim run"}  # until it is stopped
MORE_EXACT = {"office-address", "usage", "file-kind"}
FLAGS = {"_json", "_lang", "help"}
PATHS = ("", NO_TEXT, "x" * 300, "/dev/null/x")
TEXTS = ("", NO_TEXT, "x" * 5000, "\x1b[31m\u202e")
NUMBERS = ("-1", str(2**63), NO_TEXT)


def usual(one: click.Parameter) -> str:
    """A value that a command takes, to come as far as the parameter that is tried."""
    if isinstance(one.type, click.Choice):
        return str(one.type.choices[0])
    if isinstance(one.type, click.types.IntParamType):
        return str(getattr(one.type, "min", None) or 1)
    if isinstance(one.type, click.Path):
        return "form.json" if one.type.file_okay else "folder"
    return "2026-11-20" if "date" in (one.name or "") else "x"


def odd(one: click.Parameter) -> tuple[str, ...]:
    if isinstance(one.type, click.Choice):
        return ("", NO_TEXT)
    if isinstance(one.type, click.types.IntParamType):
        return NUMBERS
    return PATHS if isinstance(one.type, click.Path) else TEXTS


def tried(program: str) -> Iterator[tuple[click.Context, click.Parameter]]:
    """Every parameter with a command that has it; what many share, such as how a key is chosen,
    with two of them.
    """
    seen = Counter[str]()
    for context in contexts(program):
        for one in context.command.params:
            flag = isinstance(one, click.Option) and one.is_flag
            seen[f"{one.opts} {getattr(one, 'help', '')}"] += 1
            often = seen[f"{one.opts} {getattr(one, 'help', '')}"] > 2
            wanted = one.name not in FLAGS and not flag and not often
            if wanted and not isinstance(context.command, click.Group):
                yield context, one


def line(context: click.Context, tried: click.Parameter, value: str) -> list[str]:
    options, arguments = [], []
    for one in context.command.params:
        if one is not tried and not one.required:
            continue
        given = value if one is tried else usual(one)
        if isinstance(one, click.Option):
            options.append(f"{max(one.opts, key=len)}={given}")
        else:
            arguments.append(given)
    return [*context.command_path.split()[1:], *options, "--json", "--", *arguments]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIANDUN_OFFICE", "http://127.0.0.1:9")
    monkeypatch.setenv("BIANDUN_OFFICE_DATA", str(tmp_path / "office"))
    monkeypatch.setattr(sys, "stdin", None)  # as a service starts a program
    (tmp_path / "form.json").write_text("{}")
    (tmp_path / "folder").mkdir()
    return tmp_path


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("program", RUN)
def test_no_argument_ends_in_a_traceback(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    for context, one in tried(program):
        values = odd(one)
        if context.command_path in LASTS:
            values = tuple(value for value in values if value == NO_TEXT)
        for value in values:
            words = line(context, one, value)
            try:
                RUN[program](words)
            except Exception as error:
                raise AssertionError(words) from error
            for said in capsys.readouterr().err.splitlines():
                assert json.loads(said), words
            count += 1
    assert count > 20


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("program", RUN)
def test_no_text_is_named_as_none_wherever_it_is_typed(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = 0
    for context, one in tried(program):
        if isinstance(one.type, click.Choice | click.Path | click.types.IntParamType):
            continue
        status = RUN[program](line(context, one, NO_TEXT))
        error: dict[str, str] = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
        assert status in {2, 8}, (context.command_path, one.name)
        # else something more exact, of an address say, or of a file that is read before
        found += error["code"] == "typed-encoding"
        assert error["code"] in MORE_EXACT or error["code"] == "typed-encoding", one.name
    assert found > 0


def test_every_number_has_both_bounds() -> None:
    for program in RUN:
        for context, one in tried(program):
            if isinstance(one.type, click.types.IntParamType):
                bounds: Any = one.type
                assert None not in (bounds.min, bounds.max), (context.command_path, one.name)


def typed_at_a_terminal(code: str, typed: bytes) -> bytes:
    """Run Python with a terminal of its own, at which somebody types when asked; what it says."""
    mine, its = pty.openpty()
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8"}
    with subprocess.Popen(
        command, stdin=its, stderr=subprocess.PIPE, start_new_session=True, env=environment
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.read(1)  # a hidden prompt forgets what was typed before it
            os.write(mine, typed)
            said += process.stderr.read()
        finally:
            os.close(mine)
            os.close(its)
    return said


PROMPTS = {
    "a PIN": "from biandun.cli import shared; shared.prompt_secret('PIN')",
    "yes or no": "from biandun.cli import shared; shared.confirm('Go on?')",
    "a passphrase": "from biandun_office.cli import session; session._typed('Passphrase')",
}


@pytest.mark.parametrize("what", PROMPTS)
def test_what_a_terminal_of_another_encoding_sends_is_named(what: str) -> None:
    said = typed_at_a_terminal(PROMPTS[what], "中国\n".encode("gbk"))
    assert said.splitlines()[-1].startswith(b"biandun_protocol.errors.TypedProblem")


@pytest.mark.parametrize("program", STARTED)
def test_a_prompt_without_an_input_is_no_fault(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    if program == "biandun":
        assert shared.Settings().ui.need_pin("BD-000001", 0, 1) is None
        assert shared.Settings().ui.new_key("BD-000001", "单位", "00", True)
    elif program == "biandun-office":
        with pytest.raises(Exception, match="No passphrase"):
            office_session._passphrase(None, None)  # pyright: ignore[reportPrivateUsage]


def test_a_passphrase_without_end_is_cut_off() -> None:
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    with pytest.raises(Exception, match="20 MiB"):
        office_session._passphrase(None, descriptor)  # pyright: ignore[reportPrivateUsage]
