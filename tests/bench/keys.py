"""A personalised simulated key with PIN, made once and copied; manifests of any size."""

import random
import shutil
from functools import cache
from pathlib import Path

from biandun import keys as biandun_keys
from biandun_protocol import cbor
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Summary
from biandun_protocol.wire.numbers import SCHEMA_FILING
from biandun_simulator.simulated_key import SimulatedKey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice

# a computer that has met a key in a session never uses it without one
SERIAL, SEALED_SERIAL = "BD-000001", "BD-000002"


@cache
def personalised_flash(folder: Path, sealed: bool) -> Path:
    """The flash image of a personalised key; ``sealed``: did the office certify its device key?"""
    office = SoftOffice(sessions=sealed)
    with (
        SimulatedKey(
            serial_of(sealed), folder / f"personalised-{sealed}", announce=False
        ) as simulated,
        biandun_keys.open(port=simulated.port) as key,
    ):
        key.personalise(office.grant(key.answer_offer(office.offer())))
        key.pin_in_clear = not sealed
        key.set_pin(PIN)
    return simulated.flash_path


def fresh_key(folder: Path, name: str, *, sealed: bool = False) -> SimulatedKey:
    """A personalised key that has signed nothing; not plugged in.  ``sealed`` ones are used through
    a session only.
    """
    home = folder / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    shutil.copy(personalised_flash(folder, sealed), home)
    return SimulatedKey(serial_of(sealed), home, announce=False)


def serial_of(sealed: bool) -> str:
    """The serial number of the keys that are used with a session, and of those without."""
    return SEALED_SERIAL if sealed else SERIAL


def manifest_of(size: int, seed: int = 0) -> bytes:
    """A manifest of ``size`` bytes: a genuine summary and a body that the key does not read, bytes
    without a pattern.
    """
    head = b"\x82" + codec.encode(Summary(SCHEMA_FILING, "12629900MB00000274", "use-approval", 0))
    rest = size - len(head)
    body = random.Random(seed).randbytes(rest - (3 if rest < 65539 else 5))
    manifest = head + cbor.dumps(body)
    assert len(manifest) == size
    return manifest
