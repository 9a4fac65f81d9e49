"""The field machine in Cortex-M machine code.

It prepares the work area for a kernel, the ``run`` of one of ``thumb_*``.
"""

from etoken.crypto import machine as m
from etoken.crypto import thumb_layout as layout
from etoken.crypto.curves import constants, inverse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.crypto.curves import Curve

R_BITS = 256


def work_area(curve: "Curve") -> bytearray:
    """Return a new work area.

    It holds the constants as registers, and both moduli in pieces of 14 bits for the inversion.
    """
    work = bytearray(layout.WORK_SIZE)
    # for the kernel that multiplies by it; the other kernel has it in its code
    spare = -inverse(curve.n, R_BITS) & ((1 << R_BITS) - 1)
    for index, value in enumerate(constants(curve, R_BITS) + [spare]):
        at = layout.REGISTER * (m.CONSTANTS + index)
        work[at : at + 32] = value.to_bytes(32, "little")
    for which, modulus in enumerate((curve.p, curve.n)):
        at = layout.MODULI + which * layout.MODULUS_SIZE
        mask = (1 << layout.BATCH) - 1
        for limb in [modulus >> layout.BATCH * index & mask for index in range(layout.LIMBS)] + [
            inverse(modulus, layout.BATCH)
        ]:
            work[at : at + 4] = limb.to_bytes(4, "little")
            at += 4
    return work


class ThumbMachine:
    """One curve on the kernel ``run(work, program, io, table)``; see ``machine``."""

    def __init__(
        self, curve: "Curve", run: "Callable[[bytearray, bytes, bytearray, bytearray], int]"
    ) -> None:
        self._work = work_area(curve)
        self._run = run
        self.table = m.new_table()

    def run(self, program: bytes, io: bytearray) -> int:
        """Run ``program``; see ``machine``."""
        return self._run(self._work, program, io, self.table)
