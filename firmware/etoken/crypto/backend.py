"""The arithmetic of this interpreter, chosen once at import: the fastest that it can run.

    m33, m0plus   machine code made by this project for the RP2350 and the RP2040
    viper         any other interpreter that compiles viper: the unix port, boards not known here
    integers      CPython, and interpreters without machine code

All give the same results; ``NAME`` says which one it is.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.crypto.curves import Curve
    from etoken.crypto.machine import Machine

    Compress = Callable[[bytearray, "bytes | bytearray | memoryview", int, bytearray], object]

ARMV6M, ARMV7EM, ARMV7EMDP = 4, 6, 8  # MicroPython's numbers of native architectures


def _choose() -> str:
    # an interpreter that loads native code reports its architecture: the RP2350's is ARMv7E-M with
    # floating point.  A plain ARMv7-M (Cortex-M3) has neither the instructions nor a multiplier of
    # constant time
    architecture = getattr(sys.implementation, "_mpy", 0) >> 10 & 0xF
    if architecture == ARMV6M:
        return "m0plus"
    if ARMV7EM <= architecture <= ARMV7EMDP:
        return "m33"
    try:
        from etoken.crypto import hash_viper as _hash  # pyright: ignore[reportUnusedImport]  # noqa: F401, PLC0415
    except (ImportError, SyntaxError, AttributeError, NameError):
        return "integers"
    return "viper"


NAME = _choose()
ALIGNED = NAME == "m0plus"  # data of a hash must lie at a multiple of 4


def _thumb(name: str) -> "object":
    name = "etoken.crypto.thumb_" + NAME + "_" + name
    __import__(name)
    return sys.modules[name]


def machine(curve: "Curve") -> "Machine":
    """Make the field machine of a curve."""
    if NAME == "viper":
        from etoken.crypto.machine_viper import ViperMachine  # noqa: PLC0415

        return ViperMachine(curve)
    if NAME == "integers":
        from etoken.crypto.machine_integers import IntegerMachine  # noqa: PLC0415

        return IntegerMachine(curve)
    from etoken.crypto.machine_thumb import ThumbMachine  # noqa: PLC0415

    return ThumbMachine(curve, _thumb("p256" if curve.name == "P-256" else "sm2").run)  # type: ignore[attr-defined]


if NAME == "integers":
    from etoken.crypto import hash_integers as _hashes
else:
    # ``pad`` on every board; the others where there is nothing faster
    from etoken.crypto import hash_viper as _hashes
xor: "Callable[[bytearray | memoryview, bytes | bytearray | memoryview, bytes | bytearray | memoryview], object]"  # noqa: E501
xor = _hashes.xor  # type: ignore[assignment]
pad: "Callable[[bytearray, bytes | bytearray, int], object]" = _hashes.pad  # type: ignore[assignment]
_compressions = _hashes if NAME in ("integers", "viper") else _thumb("hash")
sha256: "Compress" = _compressions.sha256  # type: ignore[attr-defined]
sm3: "Compress" = _compressions.sm3  # type: ignore[attr-defined]
