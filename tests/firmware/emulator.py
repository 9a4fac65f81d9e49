"""Machine code of the key under the emulator unicorn: exact instruction counts, and every address it touches.

The memory is laid out the same way every time, so two runs may be compared address by address.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_HOOK_MEM_READ, UC_HOOK_MEM_WRITE, UC_MODE_MCLASS, UC_MODE_THUMB, Uc
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M33,
)

CODE, RETURN, DATA, STACK = 0x10000, 0x1F000, 0x20000, 0x60000
CORES = {"m33": UC_CPU_ARM_CORTEX_M33, "m0plus": UC_CPU_ARM_CORTEX_M0}


class NotOnThisCore(Exception):
    """An instruction ran that the core does not have."""


def is_armv6m(half: int) -> bool:
    """Is this the first half word of an instruction that ARMv6-M has?  (The emulator's M0 takes more.)"""
    if half >> 11 in (0b11101, 0b11111) or half & 0xF500 == 0xB100 or (half & 0xFF00 == 0xBF00 and half & 0xF):
        return False
    return half >> 11 != 0b11110 or True


@dataclass
class Run:
    """What one call did."""

    result: int
    instructions: int
    trace: int | None = None
    counts: dict[str, int] = field(default_factory=dict)


class Emulator:
    """One function in memory; ``buffers`` are its bytearrays, written back after each call."""

    def __init__(self, core: str, code: bytes) -> None:
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(CORES[core])
        self._uc.mem_map(CODE, 0x10000)
        self._uc.mem_map(DATA, 0x30000)
        self._uc.mem_map(STACK, 0x4000)
        # what the interpreter's assembler puts around: push {r1, r4-r7, lr} … pop {r1, r4-r7, pc}
        self._uc.mem_write(CODE, b"\xf2\xb5" + code + b"\xf2\xbd")
        self._narrow = core == "m0plus"
        self._size = len(code) + 4

    def call(self, *arguments: "bytes | bytearray | int", trace: bool = False, watch: Callable[[int], None] | None = None) -> Run:
        """Call it; ``trace`` asks for a digest of all data addresses in their order (and of the path taken)."""
        uc = self._uc
        at, places = DATA, []
        registers = (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3)
        for register, argument in zip(registers, arguments, strict=False):
            if isinstance(argument, int):
                uc.reg_write(register, argument)
                continue
            uc.mem_write(at, bytes(argument))
            uc.reg_write(register, at)
            places.append((at, argument))
            at += (len(argument) + 0x1FF) & ~0xFF
        uc.reg_write(UC_ARM_REG_SP, STACK + 0x4000)
        uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        count = 0
        path: list[int] = []

        def code_hook(uc: Uc, address: int, size: int, _: object) -> None:
            nonlocal count
            count += 1
            if trace:
                path.append(address)
            if watch:
                watch(address)
            if self._narrow and size == 4 and int.from_bytes(uc.mem_read(address, 2), "little") >> 11 != 0b11110:
                raise NotOnThisCore(hex(address))

        def memory_hook(uc: Uc, access: int, address: int, size: int, value: int, _: object) -> None:
            path.append(address << 8 | access << 4 | size)

        hooks = [uc.hook_add(UC_HOOK_CODE, code_hook)]
        if trace:
            hooks.append(uc.hook_add(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, memory_hook))
        try:
            uc.emu_start(CODE | 1, RETURN)
        finally:
            for hook in hooks:
                uc.hook_del(hook)
        for place, argument in places:
            if isinstance(argument, bytearray):
                argument[:] = uc.mem_read(place, len(argument))
        return Run(uc.reg_read(UC_ARM_REG_R0), count - 2, hash(tuple(path)) if trace else None)
