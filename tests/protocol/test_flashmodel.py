"""The flash and OTP models: NOR semantics, bits that only rise, cuts that tear, rot, wear; the same
on both interpreters.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun_protocol.wire.flashfaults import Cut, WornFlash, rot
from biandun_protocol.wire.flashmodel import BURN, ERASE, PROGRAM, Memory, NorFlash, PowerCut
from biandun_protocol.wire.otpmodel import OtpModel, OtpSpent, size_of
from biandun_simulator import interpreter

SECTOR, SIZE = 64, 256
RUNNER = Path(__file__).with_name("flash_runner.py")
programs = st.tuples(st.integers(0, SIZE - 1), st.binary(max_size=SIZE)).map(
    lambda one: (one[0], one[1][: SIZE - one[0]])
)
erases = st.integers(0, SIZE // SECTOR - 1).map(lambda sector: (sector * SECTOR, None))
shares = st.floats(0, 1)


def small() -> NorFlash:
    return NorFlash(SIZE, SECTOR)


def do(flash: NorFlash, offset: int, data: bytes | None) -> None:
    if data is None:
        flash.erase(offset)
    else:
        flash.program(offset, data)


@settings(deadline=None)
@given(steps=st.lists(programs | erases, max_size=30))
def test_programming_only_clears_bits_and_erasing_sets_one_sector(
    steps: list[tuple[int, bytes | None]],
) -> None:
    flash, model = small(), [0xFF] * SIZE
    for offset, data in steps:
        do(flash, offset, data)
        if data is None:
            model[offset : offset + SECTOR] = [0xFF] * SECTOR
        for index, byte in enumerate(data or b""):
            model[offset + index] &= byte
    assert list(flash.read(0, SIZE)) == model
    assert sum(flash.erases) == sum(data is None for _, data in steps)
    assert (flash.programs, flash.programmed) == (
        sum(data is not None for _, data in steps),
        sum(len(data or b"") for _, data in steps),
    )


@pytest.mark.parametrize(("offset", "size"), [(-1, 1), (SIZE, 1), (SIZE - 1, 2)])
def test_nothing_outside_the_flash_is_touched(offset: int, size: int) -> None:
    flash = small()
    with pytest.raises(ValueError, match="outside"):
        flash.program(offset, bytes(size))
    with pytest.raises(ValueError, match="outside"):
        flash.read(offset, size)
    with pytest.raises(ValueError, match="outside"):
        flash.read_into(offset, memoryview(bytearray(size)))
    assert flash.read(0, SIZE) == b"\xff" * SIZE


@pytest.mark.parametrize("offset", [1, SECTOR - 1, SIZE, -SECTOR])
def test_only_a_sector_can_be_erased(offset: int) -> None:
    with pytest.raises(ValueError, match=r"outside|sector"):
        small().erase(offset)


def test_a_flash_of_half_a_sector_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="whole number"):
        NorFlash(SECTOR + 1, SECTOR)


def test_flash_and_otp_are_what_their_medium_holds() -> None:
    flash, otp = Memory(SIZE, b"\xff"), Memory(size_of(16), b"\0")
    for part in (1, 2):
        NorFlash(SIZE, SECTOR, flash).program(part, b"x")
        assert OtpModel(16, otp).burn() == part
    assert flash.data == b"\xffxx" + b"\xff" * (SIZE - 3)
    assert otp.data == bytes(33) + b"\x03\0"


def test_the_hook_hears_of_every_operation_before_it_happens() -> None:
    flash, heard = small(), []
    flash.hook = lambda *operation: heard.append((*operation, flash.read(0, 2)))
    flash.program(0, b"ab")
    flash.erase(0)
    assert heard == [(PROGRAM, 0, b"ab", b"\xff\xff"), (ERASE, 0, b"", b"ab")]
    otp = OtpModel(8)
    otp.hook = lambda *operation: heard.append(operation)
    otp.burn()
    assert heard[2:] == [(BURN, 33, b"\x01")]


@settings(deadline=None)
@given(
    before=programs, step=programs, share=shares, seed=st.integers(0, 1000), scattered=st.booleans()
)
def test_a_torn_program_has_cleared_some_of_its_bits_and_no_others(
    before: tuple[int, bytes], step: tuple[int, bytes], share: float, seed: int, scattered: bool
) -> None:
    flash = small()
    flash.program(*before)
    old = flash.read(0, SIZE)
    Cut(flash, 1, share, seed, scattered)
    with pytest.raises(PowerCut):
        flash.program(*step)
    torn = flash.read(0, SIZE)
    flash.hook = None
    flash.program(*step)
    new = flash.read(0, SIZE)
    done = step[0] + int(share * len(step[1]))
    assert torn[:done] == new[:done]
    assert all(n & ~t == 0 and t & ~o == 0 for o, t, n in zip(old, torn, new, strict=True))
    if not scattered:
        assert torn[done + 1 :] == old[done + 1 :]


@settings(deadline=None)
@given(share=shares, seed=st.integers(0, 1000))
def test_a_torn_erase_touches_its_own_sector_only_and_a_whole_one_makes_it_good(
    share: float, seed: int
) -> None:
    flash = small()
    flash.program(0, bytes(range(SIZE)))
    Cut(flash, 2, share, seed)
    flash.erase(0)
    with pytest.raises(PowerCut):
        flash.erase(SECTOR)
    assert flash.read(SECTOR, int(share * SECTOR)) == b"\xff" * int(share * SECTOR)
    assert flash.read(2 * SECTOR, 2 * SECTOR) == bytes(range(2 * SECTOR, SIZE))
    with pytest.raises(PowerCut):  # and nothing works before the power is back
        flash.erase(SECTOR)
    flash.hook = None
    flash.erase(SECTOR)
    assert flash.read(0, 2 * SECTOR) == b"\xff" * 2 * SECTOR


def test_torn_erases_leave_old_bytes_zeros_blanks_and_junk() -> None:
    flash = small()
    flash.program(0, b"U" * SIZE)
    Cut(flash, 1, 0.0)
    with pytest.raises(PowerCut):
        flash.erase(0)
    pieces = {flash.read(at, 8) for at in range(0, SECTOR, 8)}
    assert {b"U" * 8, b"\0" * 8, b"\xff" * 8} < pieces


def test_a_cut_before_an_operation_leaves_it_undone() -> None:
    flash = small()
    cut = Cut(flash, 2)
    flash.program(0, b"a")
    with pytest.raises(PowerCut):
        flash.program(1, b"b")
    assert (flash.read(0, 2), cut.count) == (b"a\xff", 2)


def test_rot_flips_bits_both_ways() -> None:
    flash = small()
    flash.program(0, b"\x0f")
    rot(flash, 0, 0x18)
    assert flash.read(0, 2) == b"\x17\xff"


def test_a_worn_sector_keeps_bits_that_no_erase_brings_back() -> None:
    flash = WornFlash(SIZE, 3, sector=SECTOR)
    for _ in range(3):
        flash.erase(0)
        assert flash.read(0, SECTOR) == b"\xff" * SECTOR
    flash.erase(0)
    worn = flash.read(0, SECTOR)
    assert sum(byte.bit_count() for byte in worn) == 8 * SECTOR - 1
    flash.program(0, b"\xff" * SECTOR)
    assert flash.read(0, SECTOR) == worn
    assert flash.read(SECTOR, SECTOR) == b"\xff" * SECTOR


def test_the_tally_rises_bit_by_bit_until_it_is_spent() -> None:
    otp = OtpModel(16)
    assert [otp.burn() for _ in range(16)] == list(range(1, 17))
    with pytest.raises(OtpSpent):
        otp.burn()
    assert otp.tally() == 16


@settings(deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(1, 4), st.none() | shares), max_size=20))
def test_a_tally_never_falls_and_a_cut_burn_counts_once_at_most(
    cuts: list[tuple[int, float | None]],
) -> None:
    otp = OtpModel(64)
    for seed, (at, share) in enumerate(cuts):
        Cut(otp, at, share, seed)
        for _ in range(2):
            before = otp.tally()
            try:
                assert otp.burn() == before + 1
            except PowerCut:
                assert otp.tally() in (before, before + 1)


def test_a_secret_is_written_once() -> None:
    otp = OtpModel()
    assert otp.secret() is None
    otp.write_secret(bytes(range(32)))
    assert otp.secret() == bytes(range(32))
    with pytest.raises(OtpSpent):
        otp.write_secret(bytes(32))
    assert otp.secret() == bytes(range(32))
    with pytest.raises(ValueError, match="32"):
        OtpModel().write_secret(b"short")


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("share", [None, 0.0, 0.5, 1.0])
def test_a_secret_whose_writing_was_cut_is_whole_or_written_again(
    at: int, share: float | None
) -> None:
    otp = OtpModel()
    Cut(otp, at, share)
    with pytest.raises(PowerCut):
        otp.write_secret(b"\x35" * 32)
    again = OtpModel(medium=otp.medium)
    if again.secret() is None:
        again.write_secret(b"\x35" * 32)
    assert again.secret() == b"\x35" * 32
    assert again.tally() == 0


def test_both_interpreters_agree_on_random_operations_cuts_rot_and_wear() -> None:
    path, said = interpreter.firmware_path(), []
    for program in ([sys.executable], [interpreter.find(), "-X", "heapsize=2m"]):
        environment = {"PYTHONPATH": path, "MICROPYPATH": path, "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [*program, str(RUNNER)],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == 11
