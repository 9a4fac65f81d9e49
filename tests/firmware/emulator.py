"""Machine code of the key under the emulator unicorn: exact instruction counts, and every address
it touches.

The memory is laid out the same way every time, so two runs may be compared address by address.
Counting goes by basic blocks, whose instructions are decoded once; ``test_kernels`` holds it
against counting one by one.
"""

from dataclasses import dataclass
from hashlib import blake2b

from unicorn import (
    UC_ARCH_ARM,
    UC_HOOK_BLOCK,
    UC_HOOK_CODE,
    UC_HOOK_MEM_READ,
    UC_HOOK_MEM_WRITE,
    UC_MODE_MCLASS,
    UC_MODE_THUMB,
    Uc,
)
from unicorn.arm_const import (
    UC_ARM_REG_LR,
    UC_ARM_REG_R0,
    UC_ARM_REG_R1,
    UC_ARM_REG_R2,
    UC_ARM_REG_R3,
    UC_ARM_REG_R12,
    UC_ARM_REG_SP,
    UC_CPU_ARM_CORTEX_M0,
    UC_CPU_ARM_CORTEX_M33,
)

CODE, RETURN, DATA, STACK = 0x10000, 0x1F000, 0x20000, 0x60000
SCRATCH_REGISTERS = (UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3, UC_ARM_REG_R12)
CORES = {"m33": UC_CPU_ARM_CORTEX_M33, "m0plus": UC_CPU_ARM_CORTEX_M0}
# what the interpreter's assembler puts around: push {r1, r4-r7, lr} … pop {r1, r4-r7, pc}
ENTER, LEAVE = b"\xf2\xb5", b"\xf2\xbd"


class NotOnThisCore(Exception):
    """An instruction that the core does not have; the emulator's M0 runs some of them."""


@dataclass(frozen=True)
class Run:
    """What one call did: r0, how many instructions, and, when asked, a digest of path and data
    addresses in their order.
    """

    result: int
    instructions: int
    trace: bytes | None = None
    left: bytes = b""  # registers r1 to r3, r12 and all of the stack below the caller's, afterwards


def lengths(code: bytes, *, narrow: bool) -> list[int]:
    """The sizes in bytes of the instructions in a stretch of code.  Raises NotOnThisCore where
    ARMv6-M lacks one.

    ARMv6-M has BL as its only data-free 32-bit instruction here, and neither CBZ, CBNZ nor IT (DDI
    0419, section A5).
    """
    sizes: list[int] = []
    at = 0
    while at < len(code):
        half = int.from_bytes(code[at : at + 2], "little")
        long = half >> 11 in (0b11101, 0b11110, 0b11111)
        if narrow:
            if long and (half >> 11 != 0b11110 or code[at + 3] & 0xD0 != 0xD0):
                raise NotOnThisCore(f"{half:04x} at {at}")
            if half & 0xF500 == 0xB100 or (half & 0xFF00 == 0xBF00 and half & 0xF):
                raise NotOnThisCore(f"{half:04x} at {at}")
        sizes.append(4 if long else 2)
        at += sizes[-1]
    return sizes


class Emulator:
    """One function in memory; bytearrays among the arguments of ``call`` are written back after
    it.
    """

    def __init__(self, core: str, code: bytes) -> None:
        self._uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS)
        self._uc.ctl_set_cpu_model(CORES[core])
        for base, size in ((CODE, 0x10000), (DATA, 0x30000), (STACK, 0x4000)):
            self._uc.mem_map(base, size)
        self._uc.mem_write(CODE, ENTER + code + LEAVE)
        self._narrow = core == "m0plus"
        self._blocks: dict[tuple[int, int], int] = {}

    def call(
        self, *arguments: "bytes | bytearray | int", trace: bool = False, one_by_one: bool = False
    ) -> Run:
        """Call the function with up to four arguments."""
        places = self._place(arguments)
        count = 0
        path: list[int] = []

        def block_hook(uc: Uc, address: int, size: int, _: object) -> None:
            nonlocal count
            known = self._blocks.get((address, size))
            if known is None:
                known = len(lengths(bytes(uc.mem_read(address, size)), narrow=self._narrow))
                self._blocks[address, size] = known
            count += known
            if trace:
                path.append(address)

        def code_hook(uc: Uc, address: int, size: int, _: object) -> None:
            nonlocal count
            count += 1

        def memory_hook(
            uc: Uc, access: int, address: int, size: int, value: int, _: object
        ) -> None:
            path.append(address << 8 | access << 3 | size)

        hooks = [
            self._uc.hook_add(UC_HOOK_CODE, code_hook)
            if one_by_one
            else self._uc.hook_add(UC_HOOK_BLOCK, block_hook)
        ]
        if trace:
            hooks.append(self._uc.hook_add(UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, memory_hook))
        try:
            self._uc.emu_start(CODE | 1, RETURN)
        finally:
            for hook in hooks:
                self._uc.hook_del(hook)
        for place, argument in places:
            argument[:] = self._uc.mem_read(place, len(argument))
        digest = blake2b(repr(path).encode(), digest_size=16).digest() if trace else None
        left = b"".join(self._uc.reg_read(name).to_bytes(4, "little") for name in SCRATCH_REGISTERS)
        left += bytes(self._uc.mem_read(STACK, 0x4000))
        return Run(self._uc.reg_read(UC_ARM_REG_R0), count - 2, digest, left)

    def _place(
        self, arguments: "tuple[bytes | bytearray | int, ...]"
    ) -> "list[tuple[int, bytearray]]":
        at, places = DATA, []
        for register, argument in zip(
            (UC_ARM_REG_R0, UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3), arguments, strict=False
        ):
            if isinstance(argument, int):
                self._uc.reg_write(register, argument)
                continue
            self._uc.mem_write(at, bytes(argument))
            self._uc.reg_write(register, at)
            if isinstance(argument, bytearray):
                places.append((at, argument))
            at += (len(argument) + 0x1FF) & ~0xFF
        self._uc.reg_write(UC_ARM_REG_SP, STACK + 0x4000)
        self._uc.reg_write(UC_ARM_REG_LR, RETURN | 1)
        return places
