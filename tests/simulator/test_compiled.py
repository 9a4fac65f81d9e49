"""Keys run the firmware compiled beforehand where that is possible, and the sources where it is
not.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun import keys
from biandun_simulator import firmware, interpreter
from biandun_simulator.simulated_key import SimulatedKey


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of this test's own, and a process that has not looked yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    firmware._path_of_compiled.cache_clear()
    yield tmp_path / "cache" / "biandun" / "firmware"
    firmware._path_of_compiled.cache_clear()


def answers(folder: Path) -> bool:
    with (
        SimulatedKey("BD-000001", folder, announce=False) as key,
        keys.open(port=key.port) as opened,
    ):
        return opened.info.serial == "BD-000001"


def compiler_is(path: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(firmware, "_find_compiler", lambda: str(path))


def test_every_module_of_the_key_is_compiled_and_the_key_runs_it(
    cache: Path, tmp_path: Path
) -> None:
    folder = Path(firmware.search_path())
    assert folder.parent == cache
    # machine code too: the interpreter says for which machine
    assert list(folder.rglob("*.py")) == []
    assert (folder / "etoken" / "commands" / "sign_finish.mpy").exists()
    assert answers(tmp_path / "keys")


def test_an_error_names_file_and_line_as_the_sources_have_them(cache: Path) -> None:
    command = [interpreter.find(), "-c", "from etoken.server import Server; Server(None)"]
    done = subprocess.run(
        command,
        env={"MICROPYPATH": firmware.search_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    source = (
        (Path(interpreter.firmware_path().split(":")[0]) / "etoken" / "server.py")
        .read_text("utf-8")
        .splitlines()
    )
    line = next(number for number, text in enumerate(source, 1) if "token.board.port" in text)
    assert f'File "etoken/server.py", line {line}, in __init__' in done.stdout + done.stderr


def test_it_is_compiled_once(cache: Path) -> None:
    first = firmware.search_path()
    made = (Path(first) / "etoken" / "server.mpy").stat().st_mtime_ns
    firmware._path_of_compiled.cache_clear()
    assert firmware.search_path() == first
    assert (Path(first) / "etoken" / "server.mpy").stat().st_mtime_ns == made


def test_processes_that_compile_at_once_do_not_disturb_each_other(cache: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from biandun_simulator import firmware; print(firmware.search_path())",
    ]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {process.communicate(timeout=120)[0].strip() for process in running}
    assert len(said) == 1
    assert [str(path) for path in cache.iterdir()] == list(said)


def test_a_process_that_once_had_no_compiler_looks_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(firmware, "_find_compiler", lambda: None)
        assert firmware.search_path() == interpreter.firmware_path()
    assert Path(firmware.search_path()).parent == cache


def test_a_process_whose_compiler_was_too_slow_once_tries_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_slow(*_: object) -> Path:
        raise subprocess.TimeoutExpired("mpy-cross", 30)

    with monkeypatch.context() as loaded:
        loaded.setattr(firmware, "_compiled", too_slow)
        assert firmware.search_path() == interpreter.firmware_path()
    assert Path(firmware.search_path()).parent == cache


def test_a_process_whose_cache_was_emptied_compiles_again(cache: Path, tmp_path: Path) -> None:
    first = firmware.search_path()
    shutil.rmtree(cache)
    assert firmware.search_path() == first
    assert answers(tmp_path / "keys")


def test_without_a_compiler_keys_run_the_sources(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firmware, "_find_compiler", lambda: None)
    assert firmware.search_path() == interpreter.firmware_path()
    assert answers(tmp_path / "keys")


MISFITS = 'while [ "$1" != -o ]; do shift; done; echo "not what the interpreter takes" > "$2"'


@pytest.mark.parametrize("script", ["exit 1", MISFITS], ids=["fails", "misfits"])
def test_with_a_compiler_that_does_not_fit_keys_run_the_sources(
    script: str, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler_is(tmp_path / "mpy-cross", script, monkeypatch)
    assert firmware.search_path() == interpreter.firmware_path()
    assert list(cache.iterdir()) == []
    assert answers(tmp_path / "keys")


def test_with_a_cache_that_cannot_be_written_keys_run_the_sources(
    cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert firmware.search_path() == interpreter.firmware_path()
