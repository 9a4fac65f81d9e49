"""What commands and signatures cost in memory of the key, on its flash and in bytes on the line."""

from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun_protocol import package
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_simulator import firmware
from biandun_simulator.interpreter import BOARD_HEAP, CODE_HEAP
from biandun_simulator.simulated_key import SimulatedKey, SimulatorFailed
from etoken.boards.filemedium import FileMedium
from etoken.commands import all as _commands  # pyright: ignore[reportUnusedImport]  fills the table  # noqa: F401
from etoken.dispatch import COMMANDS
from etoken.vault.vault import Vault
from tests.firmware.test_signing import raw_manifest
from tests.simulator.measuring import Need, acted, measure
from tests.support import softkey
from tests.support.person import Person

pytestmark = pytest.mark.slow

STEP = 1024
BANK = NorFlash().size // NorFlash().sector // 2
TABLE = {entry.request.__name__: entry for entry in COMMANDS.values()}


@pytest.fixture(scope="session")
def needs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Need]:
    """What every command needs on a new key and on an old one, by the name of its request."""
    return measure(tmp_path_factory.mktemp("needs"), exactly=False)


def test_every_command_is_measured(needs: dict[str, Need]) -> None:
    assert set(needs) == set(TABLE)


def test_every_command_works_with_the_heap_it_declares_however_broken_the_rest_is(
    needs: dict[str, Need],
) -> None:
    assert {name: need.heap for name, need in needs.items() if need.heap > TABLE[name].heap} == {}


def test_no_command_declares_twice_the_heap_it_needs(needs: dict[str, Need]) -> None:
    assert {
        name: need.heap for name, need in needs.items() if need.heap <= TABLE[name].heap // 2 > 1
    } == {}


def test_no_command_programs_more_flash_than_it_declares(needs: dict[str, Need]) -> None:
    assert {
        name: need.flash for name, need in needs.items() if need.flash > TABLE[name].flash
    } == {}


def test_no_command_declares_twice_the_flash_it_needs(needs: dict[str, Need]) -> None:
    few = 64  # bytes: one small record
    # what comes on top of a compaction is not seen here: tests/firmware hold it
    seen = {name: need.flash for name, need in needs.items() if not need.sectors}
    assert {
        name: flash for name, flash in seen.items() if TABLE[name].flash > max(2 * flash, few)
    } == {}


@pytest.mark.parametrize("command", ["sign_finish", "outbox_part", "fetch"])
def test_a_command_can_be_measured_in_its_scene(command: str, tmp_path: Path) -> None:
    need = acted(tmp_path, command, exactly=False)
    entry = next(one for one in COMMANDS.values() if one.handler.__name__ == command)
    assert 0 < need.heap <= entry.heap
    assert need.flash <= entry.flash


def test_commands_that_compact_erase_one_bank(needs: dict[str, Need]) -> None:
    erasing = {name: need.sectors for name, need in needs.items() if need.sectors}
    assert set(erasing.values()) == {BANK}
    assert set(erasing) >= {
        "ChangePinRequest",
        "FactoryResetRequest",
        "GenerateKeyRequest",
        "RemoveUserRequest",
        "SetPinRequest",
        "SignFinishRequest",
        "UnblockRequest",
        "UnlockRequest",
        "WipeRequest",
    }


def signs_with(make_key: Callable[..., SimulatedKey], heap: int, manifest: bytes) -> bool:
    simulated = make_key(heap=heap)
    try:
        simulated.plug()
        with keys.open(port=simulated.port, ui=Person()) as key:
            key.sign(manifest, purpose="filing", idempotency_key=b"k" * 16)
    except (SimulatorFailed, errors.KeyRefused, errors.LinkProblem):
        return False
    finally:
        simulated.unplug()
    return True


def smallest_heap(make_key: Callable[..., SimulatedKey], manifest: bytes) -> int:
    """The least heap, in steps of 1 KiB, with which the key boots and signs: its peak, seen from
    outside.
    """
    too_small, enough = 64 * STEP, BOARD_HEAP
    assert signs_with(make_key, enough, manifest)
    while enough - too_small > STEP:
        middle = (too_small + enough) // 2 // STEP * STEP
        if signs_with(make_key, middle, manifest):
            enough = middle
        else:
            too_small = middle
    return enough


def test_the_heap_of_a_simulated_board_is_larger_by_no_more_than_its_code() -> None:
    compiled = Path(firmware.search_path()).rglob("*.mpy")
    assert sum(path.stat().st_size for path in compiled) >= CODE_HEAP


def test_a_manifest_of_1_mib_needs_no_more_heap_than_one_of_2_kib(
    make_key: Callable[..., SimulatedKey], figure: Callable[[str, object], None]
) -> None:
    small = smallest_heap(make_key, raw_manifest(2048))
    large = smallest_heap(make_key, raw_manifest(1 << 20))
    figure("smallest heap that boots and signs 2 KiB, KiB", small // STEP)
    figure("smallest heap that boots and signs 1 MiB, KiB", large // STEP)
    figure("heap of the simulated board, KiB", BOARD_HEAP // STEP)
    figure("of it for code, KiB", CODE_HEAP // STEP)
    assert large <= small + 4 * STEP  # where the pieces lie is chance


def bytes_on_the_link(make_key: Callable[..., SimulatedKey], size: int) -> int:
    """Bytes both ways for signing a filing whose attachment has ``size`` bytes."""
    attachment = softkey.attachment(b"%PDF-1.7\n" + b"x" * (size - 9))
    manifest = package.build(softkey.application(attachments=(attachment,)))
    simulated = make_key()
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        link = key.connection
        before = link.sent_bytes + link.received_bytes
        key.sign(manifest, purpose="filing", idempotency_key=b"k" * 16, claimed_time=1_795_500_000)
        return link.sent_bytes + link.received_bytes - before - link.keepalive_bytes


def test_an_attachment_of_20_mb_adds_at_most_16_bytes_to_the_link(
    make_key: Callable[..., SimulatedKey], figure: Callable[[str, object], None]
) -> None:
    small, large = (bytes_on_the_link(make_key, size) for size in (2_000, 20_000_000))
    figure("bytes on the link, attachment of 2 KB", small)
    figure("bytes on the link, attachment of 20 MB", large)
    assert abs(large - small) <= 16


def crowd(flash_path: Path, waiting: int, receipted: int) -> None:
    """Add statements to a personalised flash image, as a key that has served for years."""
    medium = FileMedium(str(flash_path), flash_path.stat().st_size, b"\xff")
    statements = Vault(NorFlash(medium=medium)).statements
    for number in range(1, receipted + waiting + 1):
        statements.append(number.to_bytes(16, "big"), "filing", bytes(32), bytes(350), bytes(64))
        if number <= receipted:
            statements.keep_receipt(number, bytes(300), bytes(600), number, bytes(32), 1)
    medium.close()


@pytest.mark.parametrize(
    ("waiting", "receipted"),
    [(400, 0), (0, 200), (200, 300)],
    ids=["all waiting", "all receipted", "both, compacted"],
)
def test_a_key_that_has_signed_for_years_boots_and_signs_on_the_heap_of_a_board(
    waiting: int, receipted: int, make_key: Callable[..., SimulatedKey]
) -> None:
    simulated = make_key()
    crowd(simulated.flash_path, waiting, receipted)
    for _ in range(2):
        simulated.plug()
        with keys.open(port=simulated.port, ui=Person()) as key:
            before = key.chain().seq
            assert (
                key.sign(
                    raw_manifest(2048),
                    purpose="filing",
                    idempotency_key=before.to_bytes(16, "little"),
                ).seq
                == before + 1
            )
        simulated.unplug()
    assert before == waiting + receipted + 1
    assert simulated.log_path.read_text() == ""


def test_a_key_signs_hundreds_of_times_without_a_restart(
    make_key: Callable[..., SimulatedKey],
) -> None:
    simulated = make_key()
    simulated.plug()
    manifest = raw_manifest(2048)
    with keys.open(port=simulated.port, ui=Person()) as key:
        for number in range(1, 301):
            assert (
                key.sign(manifest, purpose="filing", idempotency_key=number.to_bytes(16, "big")).seq
                == number
            )
    assert simulated.log_path.read_text() == ""
