"""The power is cut at every operation that any command makes; see ``sweep``.  The whole of it is
slow, a sample runs always.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etoken.store.journal import Journal
from etoken.vault.users import Users
from tests.firmware.scenes import SCENES
from tests.firmware.sweep import SWEPT, WAYS, sweep
from tests.firmware.test_store_model import CommitsFirst

RESULTS = Path("build/sweep.json")
PARTS = Path("build/sweep")
CLASSES = [pytest.param(False, id="training class"), pytest.param(True, id="with a tally")]


@pytest.mark.parametrize("otp", CLASSES)
@pytest.mark.parametrize("name", SWEPT)
def test_a_cut_leaves_the_state_before_or_after(name: str, otp: bool) -> None:
    assert sweep(name, otp=otp, ways=WAYS[2:3], most=6).violations == []


def test_a_command_that_is_not_cut_here_is_cut_in_the_file_that_its_scene_names() -> None:
    elsewhere = {scene.cut_elsewhere for scene in SCENES.values() if scene.cut_elsewhere}
    assert [name for name in elsewhere if not (Path(__file__).parent / name).exists()] == []
    assert {name for name, scene in SCENES.items() if not scene.cut_elsewhere} <= {
        command for swept in SWEPT for command in swept.split()
    }


@pytest.mark.slow
@pytest.mark.parametrize("otp", CLASSES)
@pytest.mark.parametrize("name", SWEPT)
def test_every_cut_at_every_operation_leaves_the_state_before_or_after(
    name: str, otp: bool
) -> None:
    outcome = sweep(name, otp=otp)
    PARTS.mkdir(parents=True, exist_ok=True)
    part = PARTS / f"{name.replace(' ', '-')}-{otp}.json"
    part.write_text(
        json.dumps(
            {
                "cut_points": outcome.cut_points,
                "violations": outcome.violations,
                "commands": sorted(set(name.split()) & set(SCENES)),
            }
        )
    )
    parts = [json.loads(path.read_text()) for path in PARTS.glob("*.json")]
    total = {
        "cut_points": sum(one["cut_points"] for one in parts),
        "violations": sum(len(one["violations"]) for one in parts),
        "commands": sorted({one for part in parts for one in part["commands"]}),
    }
    scratch = RESULTS.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(total, indent=1) + "\n")
    scratch.replace(RESULTS)
    assert outcome.violations == []


# --- the sweep notices what it is there for ---------------------------
def test_a_journal_that_commits_before_it_writes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "_write", CommitsFirst._write)
    assert sweep("unlock wrong", otp=False, ways=WAYS[:3]).violations


def test_a_counter_that_is_written_after_the_check_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lenient(self: Any, slot: int, pin: bytes, now: int) -> Any:
        salt, iterations, kept = _parts(self, slot)
        found = self._keys.unwrap(slot, self._keys.pin_key(pin, salt, iterations), kept) or False
        self._count(slot, 0 if found else self._failures(slot) + 1)
        return found

    monkeypatch.setattr(Users, "verify", lenient)
    outcome = sweep("unlock wrong", otp=False, ways=WAYS[:1])
    # the states are legal: what is wrong is that the answer came first
    assert outcome.violations == []
    assert free_attempts(monkeypatch) > 0


def test_no_cut_gives_an_attempt_back() -> None:
    assert free_attempts(None) == 0


def _parts(users: Any, slot: int) -> Any:
    from biandun_protocol.wire import cbor
    from etoken.vault import records

    return cbor.loads(users._journal.get(records.PIN, slot) or b"")


def free_attempts(patched: pytest.MonkeyPatch | None) -> int:
    """How many PINs can be tried by pulling the plug when the key starts to answer: examined, and
    not counted at the next boot.
    """
    from etoken.vault.keys import Keys
    from tests.firmware.cuts import state_of
    from tests.firmware.world import ENROLLED, WRONG, World, prepared, refused

    world = World(otp=False)
    image = prepared(world, *ENROLLED)
    before = state_of(world.wire(image)).tries[0]
    gained = 0
    genuine = Keys.unwrap
    for _ in spots():
        wire = world.wire(image)
        key = wire.open()
        examined: list[bytes] = []

        def unwrap(self: Keys, *given: Any, examined: list[bytes] = examined) -> Any:
            genuine(self, *given)
            examined.append(b"examined")
            raise Pulled

        Keys.unwrap = unwrap  # type: ignore[method-assign]
        try:
            refused(lambda key=key: key.unlock(WRONG))
        except Pulled:
            pass
        finally:
            Keys.unwrap = genuine  # type: ignore[method-assign]
        wire.key.start()
        if examined and state_of(wire).tries[0] == before:
            gained += 1
    return gained


class Pulled(BaseException):
    """The plug, at the moment when the key knows whether the PIN is right."""


def spots() -> Iterator[int]:
    """Once is enough: the moment does not depend on chance."""
    yield 0
