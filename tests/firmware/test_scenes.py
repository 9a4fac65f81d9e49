"""Every command runs in its scene, and is refused as schema.toml says: by state, session, user and
button, and with the errors that its scene names.
"""

from functools import cache

import pytest

from biandun_protocol.wire.numbers import (
    ERROR_NAMES,
    ERROR_PIN_REQUIRED,
    ERROR_PRESENCE_REFUSED,
    ERROR_SESSION_REQUIRED,
    ERROR_SLOT_REFUSED,
    ERROR_WRONG_STATE,
    STATE_NAMES,
)
from tests.firmware.conftest import refusal
from tests.firmware.described import DESCRIBED, HOW_TO
from tests.firmware.recording import Recording, answer, record, started
from tests.firmware.scenes import SCENES, Scene
from tests.firmware.world import Image, World, personalise, prepared, with_firmware
from tests.firmware.world import answer as enrol

EACH = pytest.mark.parametrize("name", DESCRIBED)
REFUSED = [(name, code) for name, scene in SCENES.items() for code in scene.refused]


def scene_of(name: str) -> Scene:
    assert name in SCENES, (
        f"{name} has no scene: write it in tests/firmware/scenes.py, see {HOW_TO}"
    )
    return SCENES[name]


@cache
def recorded(name: str, sessions: bool = False) -> Recording:
    return record(name, sessions=sessions)


@cache
def image_in(state: str) -> Image:
    """A key in this state of its life."""
    steps = {
        "blank": (),
        "anchored": (enrol, lambda world, key: key.wipe()),
        "keyed": (enrol,),
        "personalised": (enrol, personalise),
    }
    return prepared(World(otp=False), *steps[state])


def test_there_is_no_scene_of_a_command_that_does_not_exist() -> None:
    assert set(SCENES) <= set(DESCRIBED)


@EACH
def test_a_command_runs_in_its_scene(name: str) -> None:
    assert scene_of(name)
    key, raw = recorded(name).before(name)
    assert answer(key.token, raw) == 0
    assert not key.board.reported


@EACH
def test_a_command_is_taken_in_its_states_and_in_no_other(name: str) -> None:
    assert scene_of(name)
    _, raw = recorded(name).before(name)
    for number, state in STATE_NAMES.items():
        key = started(with_firmware(image_in(state).board()))
        if number not in DESCRIBED[name].states:
            assert answer(key.token, raw) == ERROR_WRONG_STATE, state
        elif "wrong-state" not in DESCRIBED[name].errors:  # which may mean something else as well
            assert answer(key.token, raw) != ERROR_WRONG_STATE, state


@EACH
def test_a_command_is_taken_in_clear_only_when_it_needs_no_session(name: str) -> None:
    assert scene_of(name)
    key, raw = recorded(name, sessions=True).before(name)
    certified = key.token.vault.identity.needs_session
    said = answer(key.token, raw, sealed=False)
    assert (said == ERROR_SESSION_REQUIRED) == (DESCRIBED[name].session and certified)
    assert certified or set(DESCRIBED[name].states) != {3}


@EACH
def test_a_command_that_needs_the_button_is_refused_without_it_and_no_other_is(name: str) -> None:
    assert scene_of(name)
    key, raw = recorded(name).before(name)
    key.board.presence = False
    said = answer(key.token, raw)
    assert said == (ERROR_PRESENCE_REFUSED if DESCRIBED[name].always_needs_presence else 0)


@EACH
def test_a_command_that_needs_a_user_is_refused_to_nobody_and_no_other_is(name: str) -> None:
    assert scene_of(name)
    key, raw = recorded(name).before(name)
    key.token._user = None
    assert answer(key.token, raw) == (ERROR_PIN_REQUIRED if DESCRIBED[name].user else 0)


@EACH
def test_a_command_that_needs_the_first_user_is_refused_to_another_and_no_other_is(
    name: str,
) -> None:
    assert scene_of(name)
    key, raw = recorded(name).before(name)
    if key.token.user is not None:
        key.token._user = 1
    assert answer(key.token, raw) == (ERROR_SLOT_REFUSED if DESCRIBED[name].user == "first" else 0)


@pytest.mark.parametrize(("name", "code"), REFUSED)
def test_a_command_is_refused_for_what_its_scene_names(name: str, code: str) -> None:
    scene, world = scene_of(name), World(otp=False)
    wire = world.wire(prepared(world, *scene.steps))
    key = wire.open()
    assert refusal(lambda: scene.refused[code](world, key)) == code
    assert code in DESCRIBED[name].errors
    assert code in ERROR_NAMES.values()
