"""The key's arithmetic with its rounds and programs written out, for tests: several times as fast
as the readable one, and the same.

``tests/firmware/test_quick_arithmetic.py`` holds both against ``etoken.crypto.hash_integers`` and
``machine_integers``.
"""

import struct
from collections.abc import Callable
from typing import Any

from etoken.crypto import machine as m
from etoken.crypto.curves import Curve
from etoken.crypto.hashes import SHA256_ROUNDS
from etoken.crypto.machine_integers import PLANE, IntegerMachine


def _source() -> str:
    words = [f"w{index}" for index in range(64)]
    lines = [
        "def one(state, data, at):",
        "    " + ", ".join(words[:16]) + ' = unpack_from(">16I", data, at)',
    ]
    for j in range(16, 64):
        x, y = words[j - 15], words[j - 2]
        s0 = f"(({x} >> 7 | {x} << 25) ^ ({x} >> 18 | {x} << 14) ^ {x} >> 3)"
        s1 = f"(({y} >> 17 | {y} << 15) ^ ({y} >> 19 | {y} << 13) ^ {y} >> 10)"
        lines.append(
            f"    {words[j]} = {words[j - 16]} + {s0} + {words[j - 7]} + {s1} & 0xFFFFFFFF"
        )
    lines.append('    A, B, C, D, E, F, G, H = a, b, c, d, e, f, g, h = unpack(">8I", state)')
    a, b, c, d, e, f, g, h = "abcdefgh"
    for j in range(64):
        s1 = f"(({e} >> 6 | {e} << 26) ^ ({e} >> 11 | {e} << 21) ^ ({e} >> 25 | {e} << 7))"
        s0 = f"(({a} >> 2 | {a} << 30) ^ ({a} >> 13 | {a} << 19) ^ ({a} >> 22 | {a} << 10))"
        lines.append(
            f"    t = {h} + {s1} + ({g} ^ {e} & ({f} ^ {g})) + {SHA256_ROUNDS[j]} + {words[j]}"
        )
        lines.append(f"    {d} = {d} + t & 0xFFFFFFFF")
        lines.append(f"    {h} = t + {s0} + ({a} & {b} | {c} & ({a} | {b})) & 0xFFFFFFFF")
        a, b, c, d, e, f, g, h = h, a, b, c, d, e, f, g
    sums = ", ".join(
        f"{old} + {new} & 0xFFFFFFFF"
        for old, new in zip("ABCDEFGH", (a, b, c, d, e, f, g, h), strict=True)
    )
    lines.append(f'    pack_into(">8I", state, 0, {sums})')
    return "\n".join(lines)


_names: dict[str, Any] = {
    "unpack": struct.unpack,
    "unpack_from": struct.unpack_from,
    "pack_into": struct.pack_into,
}
exec(compile(_source(), "sha256 unrolled", "exec"), _names)


def sha256(state: bytearray, data: Any, count: int, scratch: bytearray) -> None:
    """Take ``count`` blocks into ``state``; see ``etoken.crypto.hash_integers``."""
    for block in range(count):
        _names["one"](state, data, 64 * block)


class UnrolledMachine(IntegerMachine):
    """The field machine with each program as a Python function of its own, made when it is met
    again; R = 1.
    """

    def __init__(self, curve: Curve) -> None:
        super().__init__(curve, r_bits=0)
        self._met: dict[bytes, Callable[[bytearray], int] | None] = {}

    def run(self, program: bytes, io: bytearray) -> int:
        """Run ``program``; see ``machine``."""
        function = self._met.get(program)
        if function:
            return function(io)
        if program in self._met:
            self._met[program] = self.unroll(program)
        else:
            self._met[program] = None
        return super().run(program, io)

    def unroll(self, program: bytes) -> Callable[[bytearray], int]:
        """Return what runs ``program``."""
        names: dict[str, Any] = {"machine": self, "number": int.from_bytes}
        exec(compile(_machine_source(program, self._p, self._n), "machine unrolled", "exec"), names)
        return names["run"]


def _machine_source(program: bytes, p: int, n: int) -> str:
    """The source of a function ``run`` that does what a program says, its registers being local
    variables.
    """
    whole = ", ".join(f"r{index}" for index in range(m.REGISTERS))
    steps = [tuple(program[at : at + 4]) for at in range(0, len(program), 4)]
    body, inside = (
        [
            "r, signs, table = machine.registers, machine._signs, machine.table",
            f"{whole} = r",
            "flags = counter = 0",
        ],
        "",
    )
    for position, (op, d, a, b) in enumerate(steps):
        if op == m.END:
            break
        body += [inside + line for line in _lines(op, d, a, b, p, n)]
        if op == m.NEXT:
            inside = ""
        elif op == m.LOOP and _turns(steps[position + 1 :]):
            body.append("while True:")
            inside = "    "
    return "\n    ".join(["def run(io):", *body, f"r[:] = {whole}", "return flags"])


def _turns(steps: list[tuple[int, ...]]) -> bool:
    """Is there a way back to the LOOP before these instructions?  Otherwise it only sets the
    counter.
    """
    return next((op for op, *_ in steps if op in (m.LOOP, m.NEXT)), m.LOOP) == m.NEXT


def _lines(op: int, d: int, a: int, b: int, p: int, n: int) -> list[str]:
    """The lines that do one instruction; see ``machine``."""
    x, y = f"r{a}", f"r{b}"
    match op:
        case m.MUL | m.SQR:
            return [f"r{d} = {x} * {y if op == m.MUL else x} % {p}"]
        case m.ADD | m.SUB:
            return [f"r{d} = ({x} {'+' if op == m.ADD else '-'} {y}) % {p}"]
        case m.HALF:
            return [f"r{d} = {x} + {p} * ({x} & 1) >> 1"]
        case m.MULN:
            return [f"r{d} = {x} * {y} % {n}"]
        case m.ADDN | m.SUBN:
            return [f"r{d} = ({x} {'+' if op == m.ADDN else '-'} {y}) % {n}"]
        case m.INVP | m.INVN:
            modulus = p if op == m.INVP else n
            return [f"r{d} = pow({x}, -1, {modulus}) if {x} % {modulus} else 0"]
        case m.REDN:
            return [f"r{d} = {x} % {n}"]
        case m.LOWS:
            return [f"r{d} = min({x}, {n} - {x})"]
        case m.MOVE:
            return [f"r{d} = {x}"]
        case m.LOAD:
            return [f'r{d} = number(io[{32 * a} : {32 * a + 32}], "big")']
        case m.STORE:
            return [f'io[{32 * d} : {32 * d + 32}] = {x}.to_bytes(32, "big")']
        case m.LOOP:
            return [f"counter = {d}"]
        case m.NEXT:
            return ["counter -= 1", "if counter < 0: break"]
        case m.BITS:
            signs = m.WINDOW_SIGNS if b else m.COMB_SIGNS
            return [f"signs[{d}] = ({x} if {x} & 1 else {x} + {n}) >> 1 | {1 << (signs - 1)}"]
        case m.PICK | m.TAKE:
            return [
                f"s = signs[{a >> 2}] >> counter + {m.BLOCK_COLUMNS * (a & 3)}",
                "i = "
                + " | ".join(
                    f"s >> {(m.SPACING - 1) * tooth} & {1 << tooth}" for tooth in range(m.TEETH)
                ),
                f"at = {64 * m.ENTRIES * a} + 32 * (i - 32 if i & 32 else 31 - i)",
                *_fetch(d, "at"),
                f"if not i & 32: r{d + 1} = -r{d + 1} % {p}",
            ]
        case m.WINDOW:
            xs, ys = (
                ", ".join(f"r{first + index}" for index in range(8))
                for first in (m.WINDOW_TABLE, m.WINDOW_TABLE + 8)
            )
            return [
                "i = signs[1] >> 4 * counter & 15",
                "at = i - 8 if i & 8 else 7 - i",
                f"r{d}, r{d + 1} = ({xs})[at], ({ys})[at]",
                f"if not i & 8: r{d + 1} = -r{d + 1} % {p}",
            ]
        case m.SAVE:
            entry = 32 * ((d & -32) + d)
            return [
                f'table[{entry} : {entry + 32}] = {x}.to_bytes(32, "little")',
                f'table[{entry + PLANE} : {entry + PLANE + 32}] = r{a + 1}.to_bytes(32, "little")',
            ]
        case m.FETCH:
            return _fetch(d, str(32 * ((a & -32) + a)))
        case m.ZERO:
            return [f"if {x} == 0: flags |= {d}"]
        case m.LEAST | m.OTHER:
            return [f"if {x} {'>=' if op == m.LEAST else '!='} {y}: flags |= {d}"]
        case _:  # WIPE
            return [
                " = ".join(f"r{index}" for index in range(m.CONSTANTS))
                + " = signs[0] = signs[1] = 0"
            ]


def _fetch(d: int, at: str) -> list[str]:
    """Lines that take an entry of ``table``."""
    return [
        f'r{d} = number(table[{at} : {at} + 32], "little")',
        f'r{d + 1} = number(table[{at} + {PLANE} : {at} + {PLANE + 32}], "little")',
    ]
