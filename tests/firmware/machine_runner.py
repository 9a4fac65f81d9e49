"""Hold this interpreter's field machine against the one over integers, then sign; MicroPython runs
this.

    micropython machine_runner.py SEED COUNT        prints JSON lines: backend and comparisons; then each signature

Every operation is run from the same random state on both, edges among the operands; then key pairs,
signatures and shared secrets are made from numbers that follow from SEED, for others to verify.
"""

import binascii
import json
import sys
from hashlib import sha256

from etoken.crypto import backend, ecdsa, sm2
from etoken.crypto import machine as m
from etoken.crypto.curves import P256, SM2P256V1
from etoken.crypto.machine_integers import IntegerMachine


class Numbers:
    """Random bytes that follow from a seed."""

    def __init__(self, seed):
        self._seed, self._at = seed, 0

    def __call__(self, size):
        out = b""
        while len(out) < size:
            self._at += 1
            out += sha256(self._seed + self._at.to_bytes(4, "big")).digest()
        return out[:size]

    def fill(self, out):
        out[:] = self(len(out))

    def below(self, most):
        return int.from_bytes(self(40), "big") % most


def assemble(ops):
    return b"".join(bytes((list(op) + [0, 0, 0])[:4]) for op in ops)  # noqa: RUF005


SCALAR = (m.MULN, m.ADDN, m.SUBN, m.INVN, m.LOWS)
WHOLE = (m.REDN, m.MOVE, m.STORE, m.SAVE, m.ZERO, m.LEAST, m.OTHER)
PICKS = (m.PICK, m.TAKE, m.WINDOW)


def program(op, numbers):
    which = numbers(4)
    if op in PICKS:
        column = which[0] % (65 if op == m.WINDOW else 10)
        signs = [(m.BITS, 0, 3, 0), (m.BITS, 1, 4, int(op == m.WINDOW))]
        return signs + [(m.LOOP, column), (op, 10, which[1] % m.BLOCKS)]  # noqa: RUF005
    if op in (m.LOOP, m.NEXT):
        return [(m.LOOP, which[0] % 7), (m.ADD, 1, 1, 2), (m.NEXT,)]
    if op == m.BITS:
        return [(m.BITS, 0, 3, 0), (m.LOOP, which[0] % 10), (m.PICK, 10, 0)]
    if op in (m.LOAD, m.STORE):
        return [(op, which[0] % 10, which[1] % 10)]
    if op in (m.ZERO, m.LEAST, m.OTHER):
        return [(op, 1 << which[0] % 8, 2, (2, 3, m.C_N, m.C_ZERO)[which[1] % 4])]
    if op == m.SAVE:
        return [(op, which[0], 2)]
    if op == m.FETCH:
        return [(op, 8, which[0])]
    return [(op, 1 + which[0] % 3, 2, 3)]


def compare(curve, machine, read, write, r_bits, numbers, count):
    """Every operation ``count`` times; return how many comparisons that were."""
    done = 0
    plain = IntegerMachine(curve, r_bits)
    for op in range(1, m.OPERATIONS):
        modulus = curve.n if op in SCALAR else curve.p
        edges = [
            0,
            1,
            2,
            modulus - 1,
            modulus - 2,
            modulus // 2,
            1 << 96,
            (1 << 96) - 1,
            1 << 224,
            1 << 255,
        ]
        if op in WHOLE:
            edges += [(1 << 256) - 1, curve.n, curve.p]
        for _ in range(count):
            for register in range(m.CONSTANTS):
                choice = numbers(1)[0]
                value = (
                    edges[choice % len(edges)]
                    if choice < 128
                    else numbers.below(1 << 256 if op in WHOLE else modulus)
                )
                if op == m.LOWS or (op == m.WINDOW and register >= m.WINDOW_TABLE):
                    value = value or 1
                if register in (3, 4) and op in (m.BITS, m.PICK, m.TAKE, m.WINDOW):
                    value %= curve.n
                plain.registers[register] = value
                write(machine, register, value)
            io = bytearray(numbers(320))
            other = bytearray(io)
            table = (
                b"".join((numbers.below(curve.p - 1) + 1).to_bytes(32, "little") for _ in range(8))
                * 64
            )
            plain.table[:] = table
            machine.table[:] = table
            ops = program(op, numbers)
            code = assemble(ops + [(m.END,)])  # noqa: RUF005
            flags = plain.run(code, io), machine.run(code, other)
            inside = [read(machine, register) for register in range(m.C_SPARE)]
            assert flags[0] == flags[1] and inside == plain.registers[: m.C_SPARE], (
                curve.name,
                ops,
            )
            assert io == other and plain.table == machine.table, (curve.name, ops)
            done += 1
    return done


def compare_all(numbers, count):
    if backend.NAME != "viper":
        return 0
    from etoken.crypto import machine_viper

    mask = (1 << machine_viper.BITS) - 1

    def write(machine, register, value):
        for limb in range(machine_viper.LIMBS):
            machine.put_word(register, limb, value >> machine_viper.BITS * limb & mask)

    def read(machine, register):
        return sum(
            machine.get_word(register, limb) << machine_viper.BITS * limb
            for limb in range(machine_viper.LIMBS)
        )

    curves = (P256, SM2P256V1)
    return sum(
        compare(
            curve,
            machine_viper.ViperMachine(curve),
            read,
            write,
            machine_viper.R_BITS,
            numbers,
            count,
        )
        for curve in curves
    )


def signatures(numbers, count):
    for name, scheme in (("ES256", ecdsa), ("SM2", sm2)):
        for _ in range(count):
            secret = scheme.new_secret(numbers.fill)
            public, message = scheme.public_key(secret), numbers(numbers(1)[0])
            signature = scheme.sign(secret, public, message, numbers(32))
            assert scheme.verify(public, message, signature)
            row = [binascii.hexlify(part).decode() for part in (secret, public, message, signature)]
            print(json.dumps([name] + row))  # noqa: RUF005


def main(seed, count):
    numbers = Numbers(seed.encode())
    print(json.dumps({"backend": backend.NAME, "compared": compare_all(numbers, count)}))
    signatures(numbers, count)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
