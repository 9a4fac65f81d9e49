"""Claims of the threat model that cut across commands."""

from collections.abc import Iterator
from typing import Any

import pytest

from biandun_protocol import recovery
from etoken.crypto.pbkdf2 import equal
from etoken.vault.identity import Identity
from etoken.vault.keys import Keys
from tests.firmware.conftest import Wire
from tests.firmware.described import DESCRIBED
from tests.firmware.scenes import together
from tests.firmware.testboard import TestBoard
from tests.firmware.world import NEW, PIN, SECOND, Image, World, prepared, with_firmware


class Tap(Wire):
    """A wire that keeps what crosses it, in both directions."""

    def __init__(self, board: TestBoard) -> None:
        super().__init__(board)
        self.crossed = bytearray()
        self.cut_out = self.cut_in = self._keep

    def _keep(self, data: bytes) -> bytes:
        self.crossed += data
        return data


class TappedWorld(World):
    """A world whose office certifies device keys, and all of whose cables are tapped."""

    def __init__(self) -> None:
        super().__init__(otp=False)
        self.office.sessions = True
        self.taps: list[Tap] = []

    def wire(self, image: Image | None = None) -> Tap:
        board = super().wire(image).key.board
        self.taps.append(Tap(with_firmware(board)))
        return self.taps[-1]


def keeping(kept: list[bytes], genuine: Any) -> Any:
    """The method of a vault that takes a secret first, and keeps a copy of it for the test."""

    def keep(self: Any, secret: bytearray, *rest: Any) -> Any:
        kept.append(bytes(secret))
        return genuine(self, secret, *rest)

    return keep


@pytest.mark.parametrize("commands", together())
def test_neither_pin_nor_any_private_key_crosses_the_cable_whatever_is_asked(
    commands: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets: list[bytes] = [pin.reveal() for pin in (PIN, NEW, SECOND)]
    for owner, method in (
        (Identity, "set_key_pair"),
        (Identity, "set_device_key"),
        (Identity, "set_next_key_pair"),
        (Keys, "set_data_key"),
    ):
        monkeypatch.setattr(owner, method, keeping(secrets, getattr(owner, method)))
    world, scene = TappedWorld(), together()[commands]
    image = prepared(world, *scene.steps)
    scene.act(world, world.wire(image).open())
    codes = world.kept.get("codes", ())
    secrets += [recovery.decode_code(code.reveal().decode()) for code in codes]
    crossed = bytes(b"".join(tap.crossed for tap in world.taps))
    assert crossed
    assert [secret.hex() for secret in secrets if secret in crossed] == []


def test_every_command_there_is_has_been_listened_to() -> None:
    assert {name for names in together() for name in names.split()} == set(DESCRIBED)


class Watched(bytes):
    """Bytes that count how many of them were looked at."""

    looked = 0

    def __iter__(self) -> Iterator[int]:
        for byte in bytes(self):
            self.looked += 1
            yield byte


@pytest.mark.parametrize("different", [0, 15, 31, None])
def test_comparing_looks_at_every_byte_wherever_the_first_difference_is(
    different: int | None,
) -> None:
    kept = Watched(32)
    given = bytearray(32)
    if different is not None:
        given[different] = 1
    assert equal(bytes(given), kept) is (different is None)
    assert kept.looked == 32
