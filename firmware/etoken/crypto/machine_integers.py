"""The field machine over Python integers: the readable definition of every operation.

The other machines are tested against this one.  Its time and memory depend on its operands.
"""

from etoken.crypto import machine as m
from etoken.crypto.curves import constants

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.crypto.curves import Curve

R_BITS = 256
PLANE = 32 * m.ENTRIES  # bytes from an entry's x to its y


class IntegerMachine:
    """One curve over Python integers.

    R = 2^r_bits is chosen by the caller, so that machines with another R can be compared with it.
    """

    def __init__(self, curve: "Curve", r_bits: int = R_BITS) -> None:
        self._p, self._n = curve.p, curve.n
        self._rp = pow((1 << r_bits) % curve.p, curve.p - 2, curve.p)
        self._rn = pow((1 << r_bits) % curve.n, curve.n - 2, curve.n)
        self.registers = [0] * m.REGISTERS
        for index, value in enumerate(constants(curve, r_bits)):
            self.registers[m.CONSTANTS + index] = value
        self.table = m.new_table()
        self._signs = [0, 0]

    def run(self, program: bytes, io: bytearray) -> int:  # noqa: PLR0915
        """Run ``program``; see ``machine``."""
        r, p, n = self.registers, self._p, self._n
        at = flags = counter = back = 0
        while True:
            op, d, a, b = program[at], program[at + 1], program[at + 2], program[at + 3]
            at += 4
            if op == m.MUL:
                r[d] = r[a] * r[b] * self._rp % p
            elif op == m.SQR:
                r[d] = r[a] * r[a] * self._rp % p
            elif op == m.ADD:
                r[d] = (r[a] + r[b]) % p
            elif op == m.SUB:
                r[d] = (r[a] - r[b]) % p
            elif op == m.HALF:
                r[d] = (r[a] + p * (r[a] & 1)) >> 1
            elif op == m.INVP:
                r[d] = pow(r[a], p - 2, p)
            elif op == m.MULN:
                r[d] = r[a] * r[b] * self._rn % n
            elif op == m.ADDN:
                r[d] = (r[a] + r[b]) % n
            elif op == m.SUBN:
                r[d] = (r[a] - r[b]) % n
            elif op == m.INVN:
                r[d] = pow(r[a], n - 2, n)
            elif op == m.REDN:
                r[d] = r[a] % n
            elif op == m.LOWS:
                r[d] = min(r[a], n - r[a])
            elif op == m.MOVE:
                r[d] = r[a]
            elif op == m.LOAD:
                r[d] = int.from_bytes(io[32 * a : 32 * a + 32], "big")
            elif op == m.STORE:
                io[32 * d : 32 * d + 32] = r[a].to_bytes(32, "big")
            elif op == m.LOOP:
                counter, back = d, at
            elif op == m.NEXT:
                counter -= 1
                if counter >= 0:
                    at = back
            elif op == m.BITS:
                odd = r[a] if r[a] & 1 else r[a] + n
                self._signs[d] = odd >> 1 | 1 << ((m.WINDOW_SIGNS if b else m.COMB_SIGNS) - 1)
            elif op in (m.PICK, m.TAKE):
                column = counter + m.BLOCK_COLUMNS * (a & 3)
                index, negative = self._digit(self._signs[a >> 2] >> column, m.TEETH, m.SPACING)
                entry = 32 * (2 * a * m.ENTRIES + index)
                r[d] = int.from_bytes(self.table[entry : entry + 32], "little")
                y = int.from_bytes(self.table[entry + PLANE : entry + PLANE + 32], "little")
                r[d + 1] = (p - y) % p if negative else y
            elif op == m.WINDOW:
                index, negative = self._digit(self._signs[1] >> 4 * counter, 4, 1)
                r[d] = r[m.WINDOW_TABLE + index]
                y = r[m.WINDOW_TABLE + 8 + index]
                r[d + 1] = (p - y) % p if negative else y
            elif op == m.SAVE:
                entry = 32 * ((d & -32) + d)
                self.table[entry : entry + 32] = r[a].to_bytes(32, "little")
                self.table[entry + PLANE : entry + PLANE + 32] = r[a + 1].to_bytes(32, "little")
            elif op == m.FETCH:
                entry = 32 * ((a & -32) + a)
                r[d] = int.from_bytes(self.table[entry : entry + 32], "little")
                r[d + 1] = int.from_bytes(self.table[entry + PLANE : entry + PLANE + 32], "little")
            elif op == m.ZERO:
                flags |= d if r[a] == 0 else 0
            elif op == m.LEAST:
                flags |= d if r[a] >= r[b] else 0
            elif op == m.OTHER:
                flags |= d if r[a] != r[b] else 0
            elif op == m.WIPE:
                r[: m.CONSTANTS] = [0] * m.CONSTANTS
                self._signs = [0, 0]
            else:
                return flags

    @staticmethod
    def _digit(signs: int, count: int, stride: int) -> "tuple[int, bool]":
        index = 0
        for tooth in range(count):
            index |= (signs >> stride * tooth & 1) << tooth
        positive = index >> count - 1
        return (
            index ^ (1 << count - 1) if positive else ~index & ((1 << count - 1) - 1)
        ), not positive
