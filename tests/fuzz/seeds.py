"""The two keys that are fed, and frames that a real host sent them, as files for both
interpreters.
"""

import json
from contextlib import suppress
from pathlib import Path

from biandun import standing
from biandun.errors import KeyRefused
from biandun.key import succession, updating
from biandun.keys import Key
from biandun_protocol.release import Described
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from biandun_simulator.release import sign
from etoken.boards.vendor import TARGET
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

FLASH = 20 * 4096  # as in core.py, which only the runner's path finds


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
        # the office's words, which the image knows already
        for number, word in enumerate((STANDING_SUSPENDED, STANDING_ACTIVE)):
            standing.tell(key, office.status(key.info, word, NOW - 9 + number))
        image = wire.key.board.flash.medium.read(0, FLASH)
        (folder / f"{name}.flash").write_bytes(image)
        recorded += [str(step[1]) for step in wire.steps if step[0] == "feed"]
        # as the fuzzer boots it: what is recorded from here on opens the session there as well
        wire = Wire(booted(image))
        key = wire.open()
        key.pin_in_clear = name == "clear"
        key.unlock(PIN)
        made[name] = {"opening": [step[1] for step in wire.steps if step[0] == "feed"]}
        live(key, office)
        recorded += [str(step[1]) for step in wire.steps if step[0] == "feed"]
    made["seeds"] = recorded
    path = folder / "seeds.json"
    path.write_text(json.dumps(made), "ascii")
    return path


def booted(image: bytes) -> TestBoard:
    """A board with that flash, its chance from the beginning."""
    flash = NorFlash(FLASH)
    flash.medium.write(0, image)
    return TestBoard(flash=flash)


def live(key: Key, office: SoftOffice) -> None:
    """Every command that a key in service takes."""
    name = b"k" * 16
    signed = key.sign(softkey.manifest(), purpose="filing", idempotency_key=name, claimed_time=NOW)
    key.card.put(office.card([b"one", b"two"]))
    key.card.read()
    key.outbox.stow(name, b"package" * 400)
    key.outbox.read(key.outbox.entries()[0])
    key.keep_receipt(office.take_in(signed.statement))
    key.outbox.drop(name)
    key.confirm_batch([bytes(32)], purpose="filing")
    key.login("https://office.example", b"n" * 16)
    key.export_links(1, 1)
    key.carry_out(office.order("set-time", key.challenge(), time=NOW, until=NOW + 9, entries=1))
    standing.known(key)
    key.fetch(seq=1)
    key.chain()
    key.certificate()
    key.change_pin(PIN, PIN)
    with suppress(KeyRefused):  # a board without places for firmware
        updating.update(key, office.approved(sign(Described(TARGET, "9.9.9", 99), b"image")))
    if office.sessions:
        succession.take(key, office.succeed(succession.ask(key), key.info.public_key or b""))
        key.unlock(PIN)
        key.recovery.name_officers(office.officers())
        key.recovery.unblock(0, office.codes(key), PIN)
        key.unlock(PIN)
        key.set_pin(PIN, slot=1)
        key.remove_user(1)
    key.lock()
