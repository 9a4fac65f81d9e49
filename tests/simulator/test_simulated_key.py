"""The simulator: real interpreter, real pseudo-terminal, state that outlives the process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun_simulator import interpreter
from biandun_simulator.simulated_key import SimulatedKey, SimulatorFailed
from tests.support import softkey
from tests.support.person import Person

MANIFEST = softkey.manifest()


def sign(key: keys.Key, name: bytes = b"k" * 16):
    return key.sign(MANIFEST, purpose="filing", idempotency_key=name)


def test_the_fixture_gives_a_blank_key_that_answers(simulated_key: SimulatedKey) -> None:
    with keys.open(port=simulated_key.port) as key:
        assert (key.info.serial, key.info.state) == ("BD-000001", 0)


def test_several_keys_live_side_by_side(simulated_keys: Callable[[str], SimulatedKey]) -> None:
    ports = [simulated_keys(f"BD-{number:06d}").port for number in range(1, 5)]
    serials: list[str] = []
    for port in ports:
        with keys.open(port=port) as key:
            serials.append(key.info.serial)
    assert serials == ["BD-000001", "BD-000002", "BD-000003", "BD-000004"]


def test_what_was_signed_is_there_after_unplugging(simulated: SimulatedKey) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        signed = sign(key)
    simulated.unplug()
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert key.fetch(seq=1).statement == signed.statement
        assert sign(key) == signed


def test_unplugging_during_a_call_is_named(simulated: SimulatedKey) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        simulated.unplug()
        with pytest.raises(errors.Unplugged):
            key.refresh()


def test_the_button_can_refuse_and_think_again(simulated: SimulatedKey) -> None:
    simulated.presence = "reject"
    with keys.open(port=simulated.port, ui=Person()) as key:
        with pytest.raises(errors.KeyRefused) as caught:
            sign(key)
        assert caught.value.code == "presence-refused"
        simulated.presence = "accept"
        assert sign(key).seq == 1


def test_a_waiting_button_is_announced_and_then_pressed(simulated: SimulatedKey) -> None:
    simulated.presence = "wait"

    class Owner(Person):
        seen: tuple[str, ...] = ()

        def need_presence(self, serial: str) -> None:
            self.seen += (serial,)
            simulated.presence = "accept"

    person = Owner()
    with keys.open(port=simulated.port, ui=person) as key:
        assert sign(key).seq == 1
    assert person.seen == ("BD-000001",)


def test_a_port_that_is_in_use_is_busy_and_names_its_holder(simulated: SimulatedKey) -> None:
    with keys.open(port=simulated.port, ui=Person()), pytest.raises(errors.PortBusy) as caught:
        keys.open(port=simulated.port, ui=Person())
    assert str(os.getpid()) in str(caught.value.values["holder"])


def test_a_key_with_too_little_memory_says_so_instead_of_hanging(
    make_key: Callable[..., SimulatedKey],
) -> None:
    with pytest.raises(SimulatorFailed) as caught:
        make_key(heap=40 * 1024).plug()
    assert "memory" in caught.value.message("en").lower()


def test_the_firmware_never_writes_to_its_log(simulated: SimulatedKey) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        sign(key)
    assert simulated.log_path.read_text() == ""


def test_a_missing_interpreter_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MICROPYTHON", str(tmp_path / "nothing"))
    with pytest.raises(interpreter.SimulatorMissing):
        SimulatedKey("BD-000001", tmp_path, announce=False).plug()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_run_announces_its_keys_and_leaves_nothing_behind(
    how: signal.Signals, tmp_path: Path
) -> None:
    environment = {**os.environ, "BIANDUN_PORTS": str(tmp_path / "ports")}
    command = [
        str(Path(sys.executable).with_name("biandun-sim")),
        "run",
        "--count",
        "2",
        "--state",
        str(tmp_path / "state"),
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
    assert running.stdout is not None
    ready = json.loads(running.stdout.readline())
    announced = sorted(path.name for path in (tmp_path / "ports").iterdir())
    with keys.open(port=ready["keys"][1]["port"]) as key:
        assert key.info.serial == "BD-000002"
    running.send_signal(how)
    assert running.wait(timeout=20) == 0
    running.stdout.close()
    assert announced == ["BD-000001.json", "BD-000002.json"]
    assert list((tmp_path / "ports").iterdir()) == []
    for entry in ready["keys"]:
        with pytest.raises(ProcessLookupError):
            os.kill(entry["pid"], 0)


def test_an_announcement_of_a_dead_process_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "BD-000009.json").write_text(json.dumps({"port": "/dev/pts/0", "pid": gone.pid}))
    (tmp_path / "BD-000010.json").write_text("half a no")
    assert not [port for port in keys.scan() if port.simulated]


def test_two_keys_never_share_one_flash(simulated: SimulatedKey) -> None:
    twin = SimulatedKey("BD-000001", simulated.folder, announce=False)
    with pytest.raises(SimulatorFailed) as caught:
        twin.plug()
    assert "in use" in caught.value.message("en")
    twin.unplug()
    with keys.open(port=simulated.port) as key:
        assert key.info.serial == "BD-000001"


def test_a_key_whose_firmware_died_can_be_plugged_in_again_and_leaks_nothing(
    simulated: SimulatedKey,
) -> None:
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        os.kill(simulated.pid, signal.SIGKILL)
        while simulated.alive:
            pass
        simulated.plug()
    with keys.open(port=simulated.port) as key:
        assert key.info.serial == "BD-000001"
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_files + 1


def test_a_simulator_only_takes_back_its_own_announcement(
    make_key: Callable[..., SimulatedKey], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path))
    one = SimulatedKey("BD-000001", tmp_path / "one")
    with one:
        (tmp_path / "BD-000001.json").write_text(
            json.dumps({"port": "/dev/null", "pid": os.getpid()})
        )
    assert (tmp_path / "BD-000001.json").exists()
