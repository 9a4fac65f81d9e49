"""Generate the programs of the field machine and the kernels that the key runs.

    python -m kernels.generate [--check]      (in firmware/)

The kernels become ``asm_thumb`` functions.  ``--check`` writes nothing and fails if a file differs
from what the tools generate.
"""

import argparse
import sys
from pathlib import Path

from etoken.crypto.curves import P256, SM2P256V1
from kernels import hashes, layout, m0plus, m33, programs

CRYPTO = Path(__file__).parents[1] / "etoken" / "crypto"
CURVES = {"p256": P256, "sm2": SM2P256V1}
KERNELS = {"m33": m33.machine, "m0plus": m0plus.machine}
CORES = {"m33": "the Cortex-M33 (ARMv8-M mainline, DSP)", "m0plus": "the Cortex-M0+ (ARMv6-M)"}
WARNING = "Written by firmware/kernels/generate.py; change the tools, not this file."


def kernel(core: str, curve: str) -> bytes:
    """Return the machine code of a field machine."""
    return KERNELS[core](CURVES[curve])


def function(name: str, code: bytes) -> str:
    """Return an ``asm_thumb`` function with this machine code.

    The assembler adds push {r1, r4-r7, lr} and pop {r1, r4-r7, pc}.  What the code leaves in r0
    becomes a Python integer: it must be public.
    """
    halves = [
        f"0x{int.from_bytes(code[at : at + 2], 'little'):04x}" for at in range(0, len(code), 2)
    ]
    lines = [", ".join(halves[at : at + 16]) for at in range(0, len(halves), 16)]
    body = "\n".join(f"    data(2, {line})" for line in lines)
    return f"@micropython.asm_thumb\ndef {name}(r0, r1, r2, r3):\n{body}\n"


def module(description: str, functions: dict[str, bytes]) -> str:
    """Return a Python module of such functions."""
    head = f'"""{description}\n\n{WARNING}\n"""\n\n# ruff: noqa\n# pyright: basic, reportUndefinedVariable=false\n'
    return head + "".join(f"\n\n{function(name, code)}" for name, code in functions.items())


def literal(content: bytes, indent: str) -> list[str]:
    """Return the lines of a bytes literal, a constant that the key need not compute."""
    rows = [content[at : at + 24] for at in range(0, len(content), 24)]
    return [indent + 'b"' + "".join(f"\\x{byte:02x}" for byte in row) + '"' for row in rows]


def programs_module() -> str:
    """Return the module of programs, flags, slots, and offsets of operands to be patched."""
    lines = [
        f'"""Programs of the field machine; ``machine`` defines their instructions.\n\n{WARNING}\n"""\n'
    ]
    for names in (
        ("BAD_SECRET", "BAD_NONCE", "BAD_RESULT", "EXCEPTION", "REFUSED"),
        tuple(n for n in dir(programs) if n.startswith("IO_")),
    ):
        lines += [f"{name} = {getattr(programs, name)}" for name in names]
    lines += [
        f"{name} = {getattr(programs, name)}"
        for name in ("X", "Y", "Z", "TEETH_AT", "DOUBLES_AT", "GROUP", "STEP", "BACK", "BACK_AT")
    ]
    for name, ops in programs.PROGRAMS.items():
        lines += [f"\n{name} = (", *literal(programs.assemble(ops), "    "), ")"]
    lines.append("\nMACROS = (")
    for ops in programs.macros():
        lines += ["    (", *literal(programs.assemble(ops), "        "), "    ),"]
    lines.append(")")
    return "\n".join(lines) + "\n"


def layout_module() -> str:
    """Return the module of offsets in the kernels' work area."""
    names = ("REGISTER", "MODULI", "MODULUS_SIZE", "LIMBS", "BATCH", "WORK_SIZE")
    values = "\n".join(f"{name} = {getattr(layout, name)}" for name in names)
    return f'"""Offsets in the work area of the kernels, in bytes.\n\n{WARNING}\n"""\n\n{values}\n'


def files() -> dict[Path, str]:
    """Return every generated file."""
    found = {CRYPTO / "programs.py": programs_module(), CRYPTO / "thumb_layout.py": layout_module()}
    for core, long_name in CORES.items():
        for curve, parameters in CURVES.items():
            text = f"The field machine of {parameters.name} for {long_name}: run(work, program, io, table) -> flags."
            found[CRYPTO / f"thumb_{core}_{curve}.py"] = module(text, {"run": kernel(core, curve)})
        text = f"Hashes for {long_name}: sha256 and sm3, each (state, data, count, constants)."
        found_hashes = {name: hashes.FUNCTIONS[core, name]() for name in ("sha256", "sm3")}
        found[CRYPTO / f"thumb_{core}_hash.py"] = module(text, found_hashes)
    return found


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [
        path
        for path, text in files().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path in stale:
        if check:
            print(f"{path} is not what the tools make", file=sys.stderr)
        else:
            path.write_text(files()[path], "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
