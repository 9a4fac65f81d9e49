"""Every released version's image, booted with the firmware of today: identity, PINs with their
counts, chain and receipts are kept.

All is said and seen through the host library.  ``fixtures/make_image.py`` makes an image at a
release; the one of 0.1.0 is what the firmware writes that will be that release.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES, STATE_PERSONALISED
from tests.firmware.conftest import Wire
from tests.firmware.fixtures.make_image import digest, idempotency_key
from tests.firmware.testboard import MemoryFlash, TestBoard
from tests.support.person import Person

FIXTURES = Path(__file__).parent / "fixtures"
IMAGES = sorted(path.name.removesuffix(".flash.gz") for path in FIXTURES.glob("*.flash.gz"))
Facts = dict[str, Any]


class Image:
    """An image, its facts, and keys that have it as their flash."""

    def __init__(self, name: str) -> None:
        self.facts: Facts = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
        self.cells = gzip.decompress((FIXTURES / f"{name}.flash.gz").read_bytes())

    def flash(self) -> MemoryFlash:
        flash = MemoryFlash(self.facts["sectors"] * MemoryFlash.sector)
        flash.cells[:] = self.cells
        return flash

    def boot(self, flash: MemoryFlash) -> Key:
        board = TestBoard(serial=self.facts["serial"], flash=flash, seed=b"after the update")
        return Wire(board).open(Person())


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest) -> Image:
    return Image(request.param)


def check_what_can_be_read(key: Key, facts: Facts) -> None:
    """Whatever does not need a PIN."""
    info, chain = key.info, key.chain()
    assert (info.serial, info.state, info.generation) == (
        facts["serial"],
        STATE_PERSONALISED,
        facts["generation"],
    )
    assert (info.public_key or b"").hex() == facts["public_key"]
    assert key.pin_slots == tuple(pin["slot"] for pin in facts["pins"])
    seen = {name: getattr(chain, name) for name in facts["chain"]}
    assert {
        name: one.hex() if isinstance(one, bytes) else one for name, one in seen.items()
    } == facts["chain"]
    for kept in facts["kept"]:
        assert digest(key.fetch(seq=kept["seq"])) == kept["kept"]
        assert digest(key.fetch(idempotency_key=idempotency_key(kept["seq"]))) == kept["kept"]


def refused(key: Key, pin: str, slot: int) -> errors.KeyRefused:
    with pytest.raises(errors.KeyRefused) as caught:
        key.unlock(Secret(pin.encode()), slot=slot)
    return caught.value


def check_pins(key: Key, facts: Facts) -> None:
    """A wrong PIN counts on from where the count was, the right one opens."""
    for pin in facts["pins"]:
        wrong = refused(key, facts["wrong_pin"], pin["slot"])
        assert (wrong.code, wrong.tries_left) == (
            "pin-wrong",
            LIMIT_PIN_TRIES - pin["failures"] - 1,
        )
        key.unlock(Secret(pin["pin"].encode()), slot=pin["slot"])
        assert refused(key, facts["wrong_pin"], pin["slot"]).tries_left == LIMIT_PIN_TRIES - 1


def check_the_chain_goes_on(key: Key, facts: Facts) -> None:
    """What was signed gives the same bytes, what made room is not signed again, and the next number
    follows the head.
    """
    manifest = bytes.fromhex(facts["manifest"])
    key.unlock(Secret(facts["pins"][0]["pin"].encode()))
    for kept in facts["kept"]:
        before = key.fetch(seq=kept["seq"])
        again = key.sign(manifest, purpose="filing", idempotency_key=idempotency_key(kept["seq"]))
        assert (again.statement, again.seq) == (before.statement, kept["seq"])
    for seq in facts["links"]:
        with pytest.raises(errors.KeyRefused) as caught:
            key.sign(manifest, purpose="filing", idempotency_key=idempotency_key(seq))
        assert caught.value.code == "idempotency-conflict"
    assert key.chain().seq == facts["chain"]["seq"]
    signed = key.sign(manifest, purpose="filing", idempotency_key=b"after the update")
    assert signed.seq == facts["chain"]["seq"] + 1


def test_there_is_an_image_of_every_released_version() -> None:
    released = {name.partition("-")[0] for name in IMAGES}
    assert released >= {"0.1.0"}
    assert {
        json.loads((FIXTURES / f"{name}.json").read_text())["firmware"] for name in IMAGES
    } == released


def test_an_old_image_keeps_identity_pins_chain_and_receipts(image: Image) -> None:
    key = image.boot(image.flash())
    check_what_can_be_read(key, image.facts)
    check_pins(key, image.facts)
    check_the_chain_goes_on(key, image.facts)


def test_an_old_image_is_the_same_key_after_a_second_start(image: Image) -> None:
    flash = image.flash()
    image.boot(flash)
    operations = flash.operations
    key = image.boot(flash)
    assert flash.operations == operations
    check_what_can_be_read(key, image.facts)
    check_pins(key, image.facts)
