"""The kernels take the same path and touch the same addresses in the same order, whatever the
secrets are.

Compared are exact instruction counts and a digest of every basic block entered and every data
address read or written, under an emulator.  Two leaky versions, made of the same parts, show that
the instrument would notice.
"""

import secrets
from collections.abc import Iterator

import pytest

from etoken.crypto import machine as m
from etoken.crypto import programs
from etoken.crypto.machine_thumb import work_area
from kernels import common, generate
from kernels.thumb import Thumb
from tests.firmware.emulator import Emulator, Run
from tests.firmware.kernel_cases import (
    CASES,
    CORES,
    CURVES,
    assemble,
    emulated_points,
    emulator,
    hash_emulator,
    scratch_is_empty,
)

pytestmark = pytest.mark.slow

SCALARS = 100
# scalars whose addresses are compared always; the slow test takes a hundred
TRACED = {"m33": 24, "m0plus": 8}
kernels = pytest.mark.parametrize(("core", "curve"), CASES)
ALWAYS = (("m33", "p256"), ("m0plus", "sm2"))  # of what takes long: each core and each curve
long_kernels = pytest.mark.parametrize(
    ("core", "curve"),
    [case if case in ALWAYS else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
SIGN = {"p256": programs.SIGN_ES256, "sm2": programs.SIGN_SM2}


def edge_scalars(order: int) -> list[int]:
    """Scalars at which arithmetic that looks at its numbers behaves otherwise."""
    return [
        1, 2, 3, 4, 15, 16, 17, 255, 256, (1 << 32) - 1, 1 << 32, 1 << 128, (1 << 128) - 1, 1 << 255, (1 << 255) - 1,
        order - 1, order - 2, order - 3, order // 2, order // 2 + 1, order >> 128, order - (1 << 128), (order - 1) // 3,
    ]  # fmt: skip


def scalars(order: int, count: int) -> Iterator[int]:
    """Edges and random ones in turns, at least a quarter of them random."""
    edges = edge_scalars(order)[: 3 * count // 4]
    yield from edges
    for _ in range(count - len(edges)):
        yield 1 + secrets.randbelow(order - 1)


def slots(**numbers: int) -> bytearray:
    """The io area with these numbers in their slots, and random ones where blinding is drawn
    from.
    """
    io = bytearray(32 * programs.IO_SLOTS)
    blinds = {"Z": 1 + secrets.randbits(254), "BLIND": 1 + secrets.randbits(254)}
    for name, number in {**blinds, **numbers}.items():
        at = 32 * getattr(programs, f"IO_{name}")
        io[at : at + 32] = number.to_bytes(32, "big")
    return io


def signed(core: str, curve: str, nonce: int, secret: int, *, trace: bool) -> Run:
    """One whole signature on a kernel: the multiplication, both inversions, all conversions."""
    points, _ = emulated_points(core, curve)
    points.prepare()
    program = m.expand(SIGN[curve], programs.MACROS)
    work = work_area(CURVES[curve])
    io = slots(K=nonce, D=secret, E=secrets.randbits(256))
    run = emulator(core, curve).call(work, program, io, points.table, trace=trace)
    assert run.result == 0
    assert scratch_is_empty(work)
    return run


@kernels
def test_a_hundred_nonces_and_keys_take_equally_many_instructions(core: str, curve: str) -> None:
    order = CURVES[curve].n
    keys = list(scalars(order - 1, SCALARS))  # n - 1 is no key of SM2
    secrets.SystemRandom().shuffle(keys)
    counts = {
        signed(core, curve, nonce, key, trace=False).instructions
        for nonce, key in zip(scalars(order, SCALARS), keys, strict=True)
    }
    assert len(counts) == 1


@long_kernels
def test_signing_touches_the_same_addresses_in_the_same_order(core: str, curve: str) -> None:
    order = CURVES[curve].n
    traces = {
        signed(core, curve, nonce, order - 1 - nonce or 1, trace=True).trace
        for nonce in scalars(order - 1, TRACED[core])
    }
    assert len(traces) == 1


@kernels
def test_stack_and_registers_hold_the_same_after_every_signature(core: str, curve: str) -> None:
    order = CURVES[curve].n
    left = {
        signed(core, curve, nonce, order - 1 - nonce or 1, trace=False).left
        for nonce in scalars(order - 1, 12)
    }
    assert len(left) == 1


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ["sha256", "sm3"])
def test_a_hash_leaves_nothing_of_what_was_hashed_and_returns_nothing(core: str, name: str) -> None:
    runs = [
        hash_emulator(core, name).call(
            bytearray(secrets.token_bytes(32)), secrets.token_bytes(64), 1, bytearray(528)
        )
        for _ in range(8)
    ]
    assert {run.result for run in runs} == {0}
    assert len({run.left for run in runs}) == 1


@long_kernels
@pytest.mark.parametrize("name", ["PUBLIC", "SHARED"])
def test_public_keys_and_shared_secrets_touch_the_same_addresses(
    core: str, curve: str, name: str
) -> None:
    points, _ = emulated_points(core, curve)
    points.prepare()
    order, (x, y) = CURVES[curve].n, CURVES[curve].g
    program = m.expand(getattr(programs, name), programs.MACROS)
    runs = [
        emulator(core, curve).call(
            work_area(CURVES[curve]), program, slots(D=scalar, X=x, Y=y), points.table, trace=True
        )
        for scalar in [5, order - 5, 1 << 200, 1 + secrets.randbelow(order - 1)]
    ]
    assert {run.result for run in runs} == {0}
    assert len({(run.instructions, run.trace) for run in runs}) == 1


@pytest.mark.slow
@kernels
def test_a_hundred_signatures_touch_the_same_addresses(core: str, curve: str) -> None:
    order = CURVES[curve].n
    traces = {
        signed(core, curve, nonce, order - 1 - nonce or 1, trace=True).trace
        for nonce in scalars(order - 1, SCALARS)
    }
    assert len(traces) == 1


PARTS = {
    "the signs of a comb": [(m.BITS, 0, 3)],
    "the signs of a window": [(m.BITS, 1, 3, 1)],
    "a lookup in a comb": [(m.BITS, 0, 3), (m.LOOP, 4), (m.PICK, 10, 2)],
    "a lookup in the window": [(m.BITS, 1, 3, 1), (m.LOOP, 40), (m.WINDOW, 10)],
    "an inversion mod p": [(m.INVP, 1, 2)],
    "an inversion mod n": [(m.INVN, 1, 3)],
    "a number in and out": [(m.LOAD, 1, 0), (m.STORE, 1, 1)],
    "a product mod p": [(m.MUL, 1, 2, 4), (m.SQR, 1, 2)],
    "a product mod n": [(m.MULN, 1, 3, 5)],
    "sums mod p": [(m.ADD, 1, 2, 4), (m.SUB, 1, 2, 4), (m.HALF, 1, 2)],
    "sums mod n": [(m.ADDN, 1, 3, 5), (m.SUBN, 1, 3, 5), (m.REDN, 1, 2), (m.LOWS, 1, 3)],
    "tests": [(m.ZERO, 1, 2), (m.LEAST, 2, 2, 4), (m.OTHER, 4, 2, 4)],
}


@kernels
@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_it_does_not_depend_on_its_operands(core: str, curve: str, name: str) -> None:
    p, n = CURVES[curve].p, CURVES[curve].n
    program = assemble(*PARTS[name], (m.WIPE,), (m.END,))
    seen: set[tuple[int, bytes | None]] = set()
    field = [0, 1, p - 1, p - 2, (p + 1) // 2, *(secrets.randbelow(p) for _ in range(25))]
    order = [0, *edge_scalars(n), *(secrets.randbelow(n) for _ in range(25))]
    for index in range(max(len(field), len(order))):
        work = work_area(CURVES[curve])
        for register, pool in ((2, field), (3, order), (4, field[::-1]), (5, order[::-1])):
            value = pool[index % len(pool)]
            work[32 * register : 32 * register + 32] = value.to_bytes(32, "little")
        io = bytearray(secrets.token_bytes(32 * programs.IO_SLOTS))
        run = emulator(core, curve).call(
            work, program, io, bytearray(secrets.token_bytes(16384)), trace=True
        )
        seen.add((run.instructions, run.trace))
    assert len(seen) == 1


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("name", ["sha256", "sm3"])
def test_hashing_does_not_depend_on_what_is_hashed(core: str, name: str) -> None:
    seen = {
        hash_emulator(core, name)
        .call(bytearray(state), block, 1, bytearray(256 + 272), trace=True)
        .trace
        for state, block in [
            (bytes(32), bytes(64)),
            (b"\xff" * 32, b"\xff" * 64),
            *((secrets.token_bytes(32), secrets.token_bytes(64)) for _ in range(30)),
        ]
    }
    assert len(seen) == 1


@kernels
def test_reading_one_entry_only_is_noticed_by_its_addresses(core: str, curve: str) -> None:
    """Negative control: TAKE in the place of PICK takes equally long for every scalar, but looks at
    other places.
    """
    points, _ = emulated_points(core, curve)
    points.prepare()
    leaky = bytearray(m.expand(programs.PUBLIC, programs.MACROS))
    for at in range(0, len(leaky), 4):
        if leaky[at] == m.PICK:
            leaky[at] = m.TAKE
    runs = [
        emulator(core, curve).call(
            work_area(CURVES[curve]), bytes(leaky), slots(D=scalar), points.table, trace=True
        )
        for scalar in scalars(CURVES[curve].n, 4)
    ]
    assert len({run.instructions for run in runs}) == 1
    assert len({run.trace for run in runs}) == len(runs)


@kernels
def test_the_naive_multiplication_is_noticed_by_its_length(core: str, curve: str) -> None:
    """Negative control: double and add, a program for each scalar, as the schoolbook has it."""
    counts: set[int] = set()
    for scalar in (3, 255, 1 << 20, CURVES[curve].n - 2, (1 << 255) + 1):
        ops: list[tuple[int, ...]] = [
            (m.MOVE, 0, m.C_GX),
            (m.MOVE, 1, m.C_GY),
            (m.MOVE, 2, m.C_ONE),
            (m.MOVE, 7, m.C_GX),
            (m.MOVE, 8, m.C_GY),
        ]
        for bit in bin(scalar)[3:]:
            ops += generate.programs.double_ops() + (
                generate.programs.add_ops() if bit == "1" else []
            )
        counts.add(
            emulator(core, curve)
            .call(work_area(CURVES[curve]), assemble(*ops, (m.END,)), slots(), bytearray(16384))
            .instructions
        )
    assert len(counts) == 5


@pytest.mark.parametrize("core", CORES)
def test_one_branch_on_a_secret_bit_is_noticed(core: str) -> None:
    """Negative control for the path: a conditional branch over one instruction."""
    t = Thumb(wide=core == "m33")
    t.ldr(4, 0, 96)
    t.lsls(4, 4, 31)
    t.bcond(common.EQUAL, "skip")
    t.movs(5, 1)
    t.label("skip")
    t.movs(0, 0)
    leaky = Emulator(core, t.code())
    odd, even = bytearray(128), bytearray(128)
    odd[96] = 1
    assert leaky.call(odd).instructions == leaky.call(even).instructions + 1
