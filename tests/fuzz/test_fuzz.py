"""No input makes a key fail, hang, grow, or change without authority.  A sample runs always, the
million is slow.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from biandun_protocol.wire.numbers import STATE_PERSONALISED
from biandun_simulator import firmware, interpreter
from etoken.dispatch import COMMANDS, Entry
from tests.firmware import testboard
from tests.fuzz import seeds

sys.modules.setdefault("testboard", testboard)  # as MicroPython finds it
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import core  # pyright: ignore[reportMissingImports]  # noqa: E402

RESULTS = Path("build/fuzz.json")
INPUTS, PROCESSES, GUIDED = 1_000_000, 2, 100_000
GROWTH = 64 * 1024  # bytes of 4 MiB: what one boot differs from another


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seeds.make(tmp_path_factory.mktemp("fuzz"))


def under_micropython(path: Path, seed: int, inputs: int) -> dict[str, Any]:
    """Run so many inputs; what the runner prints."""
    modules = f"{firmware.search_path()}:{HERE}:{HERE.parent / 'firmware'}"
    done = subprocess.run(
        [
            interpreter.find(),
            "-X",
            "heapsize=4M",
            str(HERE / "runner.py"),
            str(path),
            str(seed),
            str(inputs),
        ],
        env={"MICROPYPATH": modules},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-500:], done.stderr[-2000:])
    return json.loads(done.stdout)


def guided(folder: Path, runs: int) -> int:
    """Run so many guided inputs under CPython; return how many there were."""
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.guided",
        str(folder),
        f"-runs={runs}",
        "-max_len=2000",
        "-timeout=30",
        "-seed=1",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    ran = re.search(r"Done (\d+) runs", done.stderr)
    assert ran is not None, done.stderr[-3000:]
    return int(ran[1])


def targets(path: Path) -> list[Any]:
    content = json.loads(path.read_text("ascii"))
    return [
        core.Target(
            (path.parent / f"{name}.flash").read_bytes(),
            [bytes.fromhex(raw) for raw in content[name]["opening"]],
            name == "sealed",
        )
        for name in ("sealed", "clear")
    ]


def frames_of(path: Path) -> list[bytes]:
    return [bytes.fromhex(raw) for raw in json.loads(path.read_text("ascii"))["seeds"]]


def now() -> float:
    return time.monotonic() * 1000


# --- a sample ---------------------------------------------------------
def test_a_sample_of_inputs_does_nothing_to_a_key_under_micropython(made: Path) -> None:
    result = under_micropython(made, 11, 20_000)
    assert (result["executions"], result["wrong"], result["hangs"]) == (20_000, 0, 0), result[
        "first"
    ]


def test_a_sample_of_inputs_does_nothing_to_a_key_under_cpython(made: Path) -> None:
    run = core.Run(targets(made), frames_of(made), 12)
    assert (run.go(1000, now, 10_000), run.wrong) == (0, [])


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this machine"
)
def test_a_sample_of_guided_inputs_does_nothing_to_a_key(made: Path) -> None:
    assert guided(made.parent, 500) >= 500


def test_the_inputs_reach_every_command_and_some_succeed(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[str] = set()
    answered: set[str] = set()
    for entry in COMMANDS.values():
        monkeypatch.setattr(entry, "handler", watched(entry, reached, answered))
    core.Run(targets(made), frames_of(made), 13).go(18_000, now, 10_000)
    in_service = {
        entry.request.__name__
        for entry in COMMANDS.values()
        if STATE_PERSONALISED in entry.request.STATES
    }
    assert in_service - reached == set()
    assert len(answered) >= 8, answered


def watched(entry: Entry, reached: set[str], answered: set[str]) -> Callable[..., Any]:
    handler, name = entry.handler, entry.request.__name__

    def watch(token: Any, request: Any) -> Any:
        reached.add(name)
        reply = handler(token, request)
        answered.add(name)
        return reply

    return watch


def test_somebody_is_in_on_both_keys_and_on_one_of_them_through_a_session(made: Path) -> None:
    sealed, clear = targets(made)
    assert (sealed.key.token.user, clear.key.token.user) == (0, 0)
    assert sealed.key.token.session is not None


# --- it notices what it is there for ----------------------------------
def test_a_handler_that_fails_is_noticed(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(token: Any, request: Any) -> Any:
        raise IndexError

    monkeypatch.setattr(COMMANDS[9], "handler", fails)  # chain_state
    run = core.Run(targets(made), frames_of(made), 14)
    run.go(3000, now, 10_000)
    assert {fault for fault, _ in run.wrong} == {"reported IndexError"}


def test_commands_that_need_no_session_any_more_are_noticed(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for entry in COMMANDS.values():
        monkeypatch.setattr(entry, "in_session", False)
    run = core.Run(targets(made), frames_of(made), 15)
    run.go(20_000, now, 10_000)
    assert "changed without authority" in {fault for fault, _ in run.wrong}


# --- the million ------------------------------------------------------
@pytest.mark.slow
def test_a_million_inputs_and_guided_ones_do_nothing_to_a_key(made: Path) -> None:
    with ThreadPoolExecutor(PROCESSES) as pool:
        results = list(
            pool.map(
                lambda seed: under_micropython(made, seed, INPUTS // PROCESSES),
                range(1, PROCESSES + 1),
            )
        )
    executions = guided(made.parent, GUIDED) if importlib.util.find_spec("atheris") else 0
    total = {
        "inputs": sum(result["executions"] for result in results),
        "executions": executions,
        "crashes": sum(result["wrong"] for result in results),
        "hangs": sum(result["hangs"] for result in results),
        "free": [result["free"] for result in results],
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(total, indent=1) + "\n", "utf-8")
    assert (total["inputs"], total["crashes"], total["hangs"]) == (INPUTS, 0, 0), [
        result["first"] for result in results
    ]
    for result in results:
        assert result["free"][0] - result["free"][-1] < GROWTH
