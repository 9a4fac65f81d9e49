"""Tidying the heap: what stays must not come to lie between what goes, or no large piece is left
(docs/design/key.md, "Memory and MicroPython").

MicroPython collects when it runs out, which is too late for a heap in pieces; CPython moves on by
itself, and collecting there takes as long as all else together.
"""

import gc
import sys


def nothing() -> None:
    """CPython's part."""


PIECE = 512  # bytes: most of what a command allocates is smaller


tidy = gc.collect if sys.implementation.name == "micropython" else nothing


def is_free(size: int) -> bool:
    """Are ``size`` bytes free in pieces of PIECE?  Asks for them and lets them go: a sum of free
    bytes says little of a broken heap.
    """
    try:
        pieces = [bytearray(PIECE) for _ in range(0, size, PIECE)]
    except MemoryError:
        return False
    return bool(pieces)
