"""The kernels under the emulator as machines, beside the one over integers, in one state: what the
kernel tests share.
"""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from etoken.crypto import machine as m
from etoken.crypto import programs, thumb_layout
from etoken.crypto.curves import P256, SM2P256V1, Curve
from etoken.crypto.machine_integers import IntegerMachine
from etoken.crypto.machine_thumb import ThumbMachine, work_area
from etoken.crypto.points import Points
from kernels import generate
from tests.firmware.emulator import Emulator, Run

CORES = ("m33", "m0plus")
CURVES: dict[str, Curve] = {"p256": P256, "sm2": SM2P256V1}
CASES = [(core, curve) for core in CORES for curve in CURVES]
END = (m.END,)


@cache
def emulator(core: str, curve: str) -> Emulator:
    """One emulator a kernel and process."""
    return Emulator(core, generate.kernel(core, curve))


@cache
def hash_emulator(core: str, name: str) -> Emulator:
    """The same for a hash."""
    return Emulator(core, generate.hashes.FUNCTIONS[core, name]())


class Emulated:
    """A kernel as the function that ``ThumbMachine`` calls; keeps what the last call did."""

    def __init__(self, core: str, curve: str) -> None:
        self._emulator = emulator(core, curve)
        self.last: Run | None = None
        self.trace = False
        self.total = 0

    def __call__(self, work: bytearray, program: bytes, io: bytearray, table: bytearray) -> int:
        self.last = self._emulator.call(work, program, io, table, trace=self.trace)
        self.total += self.last.instructions
        return self.last.result


@cache
def emulated_points(core: str, curve: str) -> tuple[Points, Emulated]:
    """``Points`` on a kernel, its combs made by the kernel itself."""
    run = Emulated(core, curve)
    return Points(CURVES[curve], ThumbMachine(CURVES[curve], run)), run


def values(modulus: int) -> st.SearchStrategy[int]:
    """Numbers below a modulus, with its edges."""
    edges = [
        0,
        1,
        2,
        modulus - 1,
        modulus - 2,
        modulus // 2,
        modulus // 2 + 1,
        1 << 96,
        (1 << 96) - 1,
        1 << 224,
        (1 << 64) - 1,
        1 << 255,
    ]
    return st.one_of(
        st.sampled_from(edges),
        st.integers(0, modulus - 1),
        structured().map(lambda number: number % modulus),
    )


def structured() -> st.SearchStrategy[int]:
    """Numbers that reach rare carries: sparse ones, and words of nothing but zeros and ones."""
    bits = st.integers(0, 255).map(lambda bit: 1 << bit)
    words = st.lists(
        st.sampled_from([0, 1, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]), min_size=8, max_size=8
    )
    return st.one_of(
        bits,
        st.tuples(bits, bits).map(sum),
        st.tuples(bits, bits).map(lambda pair: abs(pair[0] - pair[1])),
        st.sampled_from([curve.p for curve in CURVES.values()]).flatmap(
            lambda p: bits.map(lambda bit: (p - bit) % p)
        ),
        words.map(lambda row: sum(word << 32 * index for index, word in enumerate(row))),
    )


def any_values() -> st.SearchStrategy[int]:
    """Any 256 bits, with the edges of both curves."""
    edges = [
        0,
        1,
        (1 << 256) - 1,
        *(
            edge
            for curve in CURVES.values()
            for edge in (curve.p, curve.n, curve.p - 1, curve.n - 1)
        ),
    ]
    return st.one_of(st.sampled_from(edges), st.integers(0, (1 << 256) - 1))


def assemble(*ops: tuple[int, ...]) -> bytes:
    """A program."""
    return b"".join(bytes((*op, 0, 0, 0)[:4]) for op in ops)


def both(
    core: str,
    curve: str,
    ops: list[tuple[int, ...]],
    registers: dict[int, int],
    table: bytes = b"",
    io: bytes = b"",
) -> Any:
    """Run on the kernel and on the integers from the same state; return (all that counts of the
    one, of the other).
    """
    plain = IntegerMachine(CURVES[curve])
    work = work_area(CURVES[curve])
    slots = bytearray(32 * programs.IO_SLOTS)
    slots[: len(io)] = io
    for register, value in registers.items():
        plain.registers[register] = value
        work[32 * register : 32 * register + 32] = value.to_bytes(32, "little")
    plain.table[: len(table)] = table
    other_table, other_slots = bytearray(plain.table), bytearray(slots)
    program = assemble(*ops, END)
    flags = plain.run(program, slots)
    run = emulator(core, curve).call(work, program, other_slots, other_table)
    inside = [
        int.from_bytes(work[32 * index : 32 * index + 32], "little") for index in range(m.C_SPARE)
    ]
    return (
        (run.result, inside, bytes(other_slots), bytes(other_table)),
        (flags, plain.registers[: m.C_SPARE], bytes(slots), bytes(plain.table)),
    )


def scratch_is_empty(work: bytearray) -> bool:
    """Nothing but constants is left in a work area."""
    return not any(work[: 32 * m.CONSTANTS]) and not any(
        work[32 * m.REGISTERS : thumb_layout.MODULI]
    )
