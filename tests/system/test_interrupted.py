"""A signal that tells a program to stop ends it without a traceback, whenever it comes: while the
program loads, in a command, and when it is nearly over.

The signals are real, sent by the process to itself at chosen places, or by us at moments spread
over its life.
"""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.system.test_output import EVERY_PROGRAM, PROGRAMS, ROOT

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
EVERY_SIGNAL = pytest.mark.parametrize("how", [INT, TERM, HUP], ids=lambda one: one.name)
COPIES = (
    ROOT / "host" / "biandun" / "signals.py",
    ROOT / "backend" / "biandun_office" / "platform" / "signals.py",
)


def ended(code: str, program: str, *words: str, ignoring: int = 0) -> tuple[int, str, str]:
    """Run a program after some code of the test's own; returns (status, stdout, stderr)."""

    def prepare() -> None:
        if ignoring:
            signal.signal(ignoring, signal.SIG_IGN)

    done = subprocess.run(
        [sys.executable, "-c", code + "\n" + PROGRAMS[program], *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=prepare,
    )
    return done.returncode, done.stdout, done.stderr


WHILE_IT_LOADS = """
import signal, sys
class Planted:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}: signal.raise_signal({how})
sys.meta_path.insert(0, Planted())
"""

IN_A_COMMAND = """
import signal, click
def invoke(self, context): {body}
click.Group.invoke = invoke
"""


@EVERY_SIGNAL
@pytest.mark.parametrize(
    ("program", "module"),
    [
        ("biandun", "importlib.metadata"),
        ("biandun", "click"),
        ("biandun", "biandun.cli.program"),
        ("biandun-sim", "click"),
        ("biandun-sim", "mpremote"),
        ("biandun-office", "biandun_office.cli.output"),
        ("biandun-office", "django.db"),
        ("biandun-office", "biandun_office.cli.clocks"),
    ],
)
def test_a_program_that_still_loads_is_gone_without_a_word(
    program: str, module: str, how: signal.Signals
) -> None:
    code = WHILE_IT_LOADS.format(module=module, how=int(how))
    assert ended(code, program, "--help") == (-how, "", "")


@EVERY_PROGRAM
@EVERY_SIGNAL
def test_a_command_that_is_stopped_says_so_and_ends_by_that_signal(
    program: str, how: signal.Signals
) -> None:
    code = IN_A_COMMAND.format(body=f"signal.raise_signal({int(how)})")
    status, out, err = ended(code, program, "--json", "x")
    assert (status, out) == (-how, "")
    assert json.loads(err)["error"]["code"] == "interrupted"


@EVERY_PROGRAM
def test_a_signal_when_everything_is_done_leaves_the_result(program: str) -> None:
    code = f"import atexit, signal; atexit.register(signal.raise_signal, {int(INT)})"
    status, out, err = ended(code, program, "--help")
    assert (status, err) == (-INT, "")
    assert "--json" in out


@EVERY_PROGRAM
@pytest.mark.parametrize("how", [INT, HUP], ids=lambda one: one.name)
def test_what_was_ignored_when_the_program_started_stays_ignored(
    program: str, how: signal.Signals
) -> None:
    code = IN_A_COMMAND.format(body=f"signal.raise_signal({int(how)})")
    loads = WHILE_IT_LOADS.format(module="biandun_protocol.terminal.shown", how=int(how))
    status, _, err = ended(code + loads, program, "x", ignoring=how)
    assert (status, err) == (0, "")


@EVERY_PROGRAM
@pytest.mark.parametrize("second", [TERM, HUP], ids=lambda one: one.name)
def test_a_second_signal_of_those_that_come_in_pairs_waits_for_what_is_tidied(
    program: str, second: signal.Signals
) -> None:
    code = """
import os, signal, click
def invoke(self, context):
    try: signal.raise_signal(signal.SIGHUP)
    finally:
        signal.raise_signal({second})
        os.write(1, b"tidied")
click.Group.invoke = invoke
"""
    status, out, _ = ended(code.format(second=int(second)), program, "x")
    assert (status, out) == (-HUP, "tidied")


@EVERY_PROGRAM
def test_a_second_ctrl_c_ends_what_takes_too_long(program: str) -> None:
    code = """
import signal, click
def invoke(self, context):
    try: signal.raise_signal(signal.SIGINT)
    finally:
        while True: signal.raise_signal(signal.SIGINT)
click.Group.invoke = invoke
"""
    assert ended(code, program, "x") == (-INT, "", "")


@EVERY_PROGRAM
def test_a_signal_that_python_cannot_raise_is_not_lost(program: str) -> None:
    code = """
import os, signal, click
class Finalised:
    def __del__(self): signal.raise_signal(signal.SIGINT)
def invoke(self, context):
    Finalised()
    os.write(1, b"went on")
click.Group.invoke = invoke
"""
    assert ended(code, program, "x") == (-INT, "", "")


@EVERY_PROGRAM
def test_other_complaints_of_finalisers_are_heard(program: str) -> None:
    code = """
import click
class Finalised:
    def __del__(self): raise ZeroDivisionError
def invoke(self, context): Finalised()
click.Group.invoke = invoke
"""
    status, _, err = ended(code, program, "x")
    assert status == 0
    assert "ZeroDivisionError" in err


@EVERY_PROGRAM
@EVERY_SIGNAL
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_terminal_that_takes_no_more_words_is_no_fault(program: str, how: signal.Signals) -> None:
    code = IN_A_COMMAND.format(body=f"signal.raise_signal({int(how)})")
    code += "import os, sys\nsys.excepthook = lambda *_: os.write(1, b'a traceback')\n"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code + PROGRAMS[program], "x"],
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stdout) == (-how, b"")


LOOP = 'for round in 1 2 3; do "$0" "$1" x; echo $round; done'


@EVERY_PROGRAM
@pytest.mark.skipif(shutil.which("bash") is None, reason="about its loops")
def test_ctrl_c_ends_a_loop_of_the_shell_around_the_program(program: str, tmp_path: Path) -> None:
    """As a person's Ctrl-C does, the signal goes to the shell as well; a shell goes on when the
    program took care of it and ended with a status.
    """
    code = IN_A_COMMAND.format(body=f"import os; os.killpg(0, {int(INT)})")
    (tmp_path / "program.py").write_text(code + "\n" + PROGRAMS[program])
    done = subprocess.run(
        ["bash", "-c", LOOP, sys.executable, str(tmp_path / "program.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        start_new_session=True,
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (-INT, "", False)
    assert done.stderr.count("[interrupted]") == 1


AT_EVERY_LINE = """
import os, signal, sys, tempfile
from {module} import entry
entry._program()
files = {{module.__file__ for name, module in sys.modules.items() if name in {traced}}}

def carry_out(place, stderr):
    left = place
    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in files: return None
        if event == "line" and signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            left -= 1
            if left == 0: signal.raise_signal({how})
        return trace
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(stderr, 2)
    sys.settrace(trace)
    entry.main()

place, wrong = 0, []
while True:
    place += 1
    with tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if not child: carry_out(place, stderr.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        stderr.seek(0)
        said = stderr.read().decode()
    if status >= 0: break
    if status != -{how} or "Traceback" in said: wrong.append((place, status, said))
print(place, status, wrong)
"""


@EVERY_PROGRAM
@pytest.mark.parametrize(
    ("words", "how"), [("--help", INT), ("--help", HUP), ("--json --nothing", TERM)]
)
def test_a_signal_at_any_line_around_a_command_ends_the_program_quietly(
    program: str, words: str, how: signal.Signals
) -> None:
    """Between the start and the end of the program's own care for it, too."""
    module = re.search(r"from (\w+)\.", PROGRAMS[program])
    assert module is not None
    traced = [f"{module[1]}.entry", "biandun.signals", "biandun_office.platform.signals"]
    traced += ["biandun.cli.program", "biandun.cli.output"]
    traced += ["biandun_office.cli.main", "biandun_office.cli.output"]
    code = AT_EVERY_LINE.format(module=module[1], traced=traced, how=int(how))
    done = subprocess.run(
        [sys.executable, "-c", code, *words.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    places, status, wrong = done.stdout.split(maxsplit=2)
    assert wrong.strip() == "[]"
    assert int(places) > 60
    assert int(status) == (0 if words == "--help" else 2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc says who has which signals")
@EVERY_PROGRAM
def test_no_moment_in_the_life_of_a_program_makes_it_show_a_traceback(program: str) -> None:
    """From when it has decided what a signal does: what Python itself does at its start nobody can
    change.
    """
    command = [sys.executable, "-c", PROGRAMS[program], "--help"]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for_the_program(process.pid)
        return process

    begun = time.monotonic()
    start().communicate(timeout=60)
    life = time.monotonic() - begun
    for moment in range(60):
        how = (INT, TERM, HUP)[moment % 3]
        process = start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(life * moment / 50)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        assert b"Traceback" not in err, f"{moment} of 60: {err.decode()}"
        assert process.returncode in ({-how} if moment < 10 else {-how, 0})


def caught(pid: int) -> set[signal.Signals]:
    """The signals that have a handler in a process."""
    found = re.search(r"SigCgt:\s*([0-9a-f]+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return {one for one in (INT, TERM) if int(found[1], 16) >> (one - 1) & 1}


def wait_for_the_program(pid: int) -> None:
    """Until it has taken Ctrl-C from Python, which has a handler for that alone."""
    seen = False
    while True:
        has = caught(pid)
        if has == {INT, TERM} or (seen and not has):
            return
        seen = seen or has == {INT}


def test_both_rooms_have_the_same_rules_of_ending() -> None:
    one, other = (path.read_bytes() for path in COPIES)
    assert one == other


@EVERY_PROGRAM
def test_a_program_decides_what_ctrl_c_does_before_it_imports_anything_that_takes_time(
    program: str,
) -> None:
    entry = PROGRAMS[program].partition(";")[0]
    code = (
        f"import signal, sys; known = set(sys.modules); {entry}; print(*(set(sys.modules) - known))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = ("biandun", "biandun_office", "biandun_simulator")
    small = {"entry", "signals", "platform"}
    assert set(done.stdout.split()) - {"__future__", "atexit"} == {
        name for name in done.stdout.split() if name in rooms or name.rpartition(".")[2] in small
    }


def test_the_public_names_are_there_and_imported_when_somebody_asks() -> None:
    code = """
import sys, biandun
assert not [name for name in sys.modules if name.startswith("biandun.")]
assert {"HostProblem", "Office", "keys"} <= set(dir(biandun))
assert not hasattr(biandun, "missing")
from biandun import HostProblem, Office, keys
import biandun.errors, biandun.office_client, biandun.keys as same
assert HostProblem is biandun.errors.HostProblem
assert Office is biandun.office_client.Office and biandun.Office is Office
assert keys is same
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_all_public_names_come_with_a_star() -> None:
    code = "from biandun import *; print(keys.open, Office, HostProblem)"
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
