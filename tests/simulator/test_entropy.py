"""A key whose source of randomness fails, through the real interpreter: what it refuses, what it
still does, what the list shows.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun.cli.main import run
from biandun.keys import Key
from biandun_simulator.simulated_key import SimulatedKey
from tests.firmware.test_signing import raw_manifest
from tests.support.person import Person

MANIFEST = raw_manifest(2048)
BEHAVIOURS = ["stall", "repeat", "short"]


def sign(key: Key, number: int) -> int:
    return key.sign(MANIFEST, purpose="filing", idempotency_key=number.to_bytes(16, "big")).seq


def refused(key: Key, number: int) -> str:
    with pytest.raises(errors.KeyRefused) as caught:
        sign(key, number)
    assert caught.value.exit_status == 7
    assert not caught.value.retriable
    return caught.value.code


@pytest.mark.parametrize("moment", ["from the start", "in the middle"])
@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_a_source_that_fails_stops_signing_and_not_reading(
    behaviour: str, moment: str, make_key: Callable[..., SimulatedKey]
) -> None:
    simulated = make_key()
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert sign(key, 1) == 1
        if moment == "from the start":
            simulated.unplug()
    simulated.entropy = behaviour  # type: ignore[assignment]
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert refused(key, 2) == "entropy-failed"
        assert (key.chain().seq, key.fetch(seq=1).seq) == (1, 1)
    simulated.entropy = "ok"  # too late for this boot
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert (key.info.faults, key.info.last_fault) == (1, 62)
        assert refused(key, 2) == "entropy-failed"
        assert key.chain().seq == 1
    simulated.unplug()
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert sign(key, 2) == 2
        assert key.info.faults == 1
    assert simulated.log_path.read_text() == ""


def test_a_key_that_failed_shows_it_in_the_list_and_in_its_description(
    make_key: Callable[..., SimulatedKey],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    announced = tmp_path / "announced"
    announced.mkdir()
    monkeypatch.setenv("BIANDUN_PORTS", str(announced))
    faulty, sound = (
        make_key(entropy="repeat"),
        SimulatedKey("BD-000002", tmp_path / "sound", announce=False),
    )
    try:
        for simulated in (faulty, sound):
            simulated.plug()
            (announced / f"{simulated.serial}.json").write_text(
                json.dumps({"port": simulated.port, "pid": simulated.pid})
            )
        assert faulty.entropy == "repeat"
        assert sound.entropy == "ok"
        assert run(["keys", "list", "--json"]) == 0
        assert all("faults" not in row for row in json.loads(capsys.readouterr().out))
        with keys.open(port=faulty.port, ui=Person()) as key:
            assert refused(key, 1) == "entropy-failed"
        assert run(["keys", "list", "--json"]) == 0
        rows = {row["serial"]: row for row in json.loads(capsys.readouterr().out)}
        assert (rows["BD-000001"]["faults"], rows["BD-000001"]["last_fault"]) == (
            1,
            "entropy-failed",
        )
        assert (rows["BD-000002"]["faults"], rows["BD-000002"]["last_fault"]) == (None, None)
        assert next(iter(rows["BD-000001"])) == "serial"
        assert run(["keys", "list"]) == 0
        assert "随机数来源故障" in capsys.readouterr().out
        assert run(["--lang", "en", "keys", "info", "--serial", "BD-000001"]) == 0
        assert "source of randomness failed" in capsys.readouterr().out
        assert run(["keys", "info", "--serial", "BD-000002", "--json"]) == 0
        assert "faults" not in json.loads(capsys.readouterr().out)
    finally:
        sound.unplug()
