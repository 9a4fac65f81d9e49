"""The two keys that are fed, and frames that a real host sent them, as files for both
interpreters.
"""

import json
from pathlib import Path

from biandun import key_status
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from tests.firmware.conftest import Wire
from tests.firmware.scenes import together
from tests.firmware.testboard import TestBoard
from tests.firmware.world import World, prepared, with_firmware
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

FLASH = 20 * 4096  # as in core.py, which only the runner's path finds
LATER = NOW + 86_400


def make(folder: Path) -> Path:
    """Write them; return the file that names the rest."""
    made: dict[str, object] = {}
    recorded: list[str] = []
    for name in ("sealed", "clear"):
        wire, office = (
            Wire(TestBoard(flash=NorFlash(FLASH))),
            SoftOffice(
                sessions=name == "sealed", purposes=("filing", "login", "link", "succession")
            ),
        )
        key = wire.open()
        key.pin_in_clear = name == "clear"
        key.personalise(office.grant(key.answer_offer(office.offer())))
        key.set_pin(PIN)
        # later than what the office says in any scene: its own word is authority enough
        for number, word in enumerate((STANDING_SUSPENDED, STANDING_ACTIVE)):
            key_status.store(key, office.status(key.info, word, LATER + number))
        image = wire.key.board.flash.medium.read(0, FLASH)
        (folder / f"{name}.flash").write_bytes(image)
        recorded += fed(wire)
        # as the fuzzer boots it: what is recorded from here on opens the session there as well
        wire = Wire(booted(image))
        key = wire.open()
        key.pin_in_clear = name == "clear"
        key.unlock(PIN)
        made[name] = {"opening": fed(wire)}
        key.sign(
            softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16, claimed_time=LATER + 9
        )
        recorded += fed(wire)
    made["seeds"] = recorded + [frame for scene in together() for frame in acted(scene)]
    path = folder / "seeds.json"
    path.write_text(json.dumps(made), "ascii")
    return path


def fed(wire: Wire) -> list[str]:
    """What a host has sent on this cable, in hex."""
    return [str(step[1]) for step in wire.steps if step[0] == "feed"]


def acted(commands: str) -> list[str]:
    """What the host sends in the scene of these commands, in clear."""
    scene, world = together()[commands], World(otp=False)
    wire = world.wire(prepared(world, *scene.steps))
    with_firmware(wire.key.board)
    scene.act(world, wire.open())
    return fed(wire)


def booted(image: bytes) -> TestBoard:
    """A board with that flash, its chance from the beginning."""
    flash = NorFlash(FLASH)
    flash.medium.write(0, image)
    return TestBoard(flash=flash)
