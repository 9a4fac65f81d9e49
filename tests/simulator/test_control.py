"""biandun-sim unplug, plug and press: reaching into a simulator that runs."""

import contextlib
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun_simulator import control
from biandun_simulator.cli import run
from biandun_simulator.simulated_key import SimulatedKey
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import SoftOffice


@pytest.fixture(autouse=True)
def _ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "ports"))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[SimulatedKey]:
    """A key that a simulator runs, as `biandun-sim run` does."""
    with SimulatedKey("BD-000001", tmp_path / "keys") as key, control.listening({key.serial: key}):
        yield key


def sim(*words: str) -> dict[str, object]:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert run([*words, "--json"]) == 0
    return json.loads(out.getvalue())


def test_a_key_is_unplugged_and_plugged_in_again_from_elsewhere(running: SimulatedKey) -> None:
    assert sim("unplug", "--serial", "BD-000001")["plugged"] is False
    assert keys.list() == ()
    told = sim("plug", "--serial", "BD-000001")
    assert told["plugged"] is True
    with keys.open(serial="BD-000001") as key:
        assert (key.info.serial, told["port"]) == ("BD-000001", running.port)


def test_unplugging_during_a_call_is_noticed_by_who_calls(running: SimulatedKey) -> None:
    with keys.open(serial="BD-000001") as key:
        sim("unplug")
        with pytest.raises(errors.Unplugged):
            key.refresh()


def test_one_press_confirms_one_thing(running: SimulatedKey) -> None:
    office = SoftOffice()
    running.presence = "accept"
    with keys.open(serial="BD-000001", ui=Person()) as key:
        key.personalise(office.grant(key.answer_offer(office.offer())))
        key.set_pin(PIN)
        key.unlock(PIN)
        running.presence = "wait"
        assert sim("press")["presence"] == "press"
        key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16)
        assert running.presence == "wait"


@pytest.mark.parametrize(
    ("finger", "presence"), [("--hold", "accept"), ("--reject", "reject"), ("--release", "wait")]
)
def test_a_finger_stays_where_it_is_put(finger: str, presence: str, running: SimulatedKey) -> None:
    assert (sim("press", finger)["presence"], running.presence) == (presence, presence)


def test_people_read_how_the_key_is_now(
    running: SimulatedKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["unplug", "--lang", "en"]) == 0
    assert dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines()).keys() >= {
        "serial",
        "button",
    }


@pytest.mark.parametrize("command", ["unplug", "plug", "press"])
def test_a_key_that_nobody_runs_is_not_reached(
    command: str, running: SimulatedKey, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "simulator-unanswered"
    with pytest.raises(errors.HostProblem) as caught:
        control.request(command, "BD-000009")
    assert caught.value.code == code
    assert run([command, "--serial", "BD-000009"]) == 1
    assert "BD-000009" in capsys.readouterr().err


def test_what_the_simulator_cannot_do_is_told_with_its_own_name(
    running: SimulatedKey, tmp_path: Path
) -> None:
    running.unplug()
    with (
        SimulatedKey("BD-000001", tmp_path / "elsewhere"),
        pytest.raises(errors.HostProblem) as caught,
    ):
        control.request("plug", "BD-000001")
    assert caught.value.code == "serial-taken"
    assert str(tmp_path / "elsewhere") in caught.value.message("en")


def test_another_user_is_not_listened_to(
    running: SimulatedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_caller", lambda connection: 54_321)
    with pytest.raises(control.Unanswered):
        control.request("unplug", "BD-000001")
    assert running.alive


JUNK = [b"\n", b"{}\n", b"[]\n", b'{"do": 1}\n', b"\xff\n", b'{"do": "unplug"}\n', b"[" * 5000, b""]


@pytest.mark.parametrize("junk", JUNK)
def test_what_is_no_order_changes_nothing(
    junk: bytes, running: SimulatedKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(control._folder())
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(next(Path().glob("*.sock")).name)
        line.sendall(junk)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(100) == b""
    assert control.request("show", "BD-000001")["plugged"] is True


def test_a_simulator_that_was_killed_leaves_nothing_that_stops_others(
    running: SimulatedKey,
) -> None:
    left = control._folder() / "1.sock"
    with socket.socket(socket.AF_UNIX) as gone, pytest.MonkeyPatch.context() as here:
        here.chdir(left.parent)
        gone.bind(left.name)
    assert control.request("show", "BD-000001")["serial"] == "BD-000001"
    assert not left.exists()


def test_nothing_is_left_when_a_simulator_ends() -> None:
    before = threading.active_count()
    with control.listening({}):
        assert len(list(control._folder().iterdir())) == 1
    assert list(control._folder().iterdir()) == []
    assert threading.active_count() == before
