"""Collecting garbage early, so that the heap is not fragmented.

Design: docs/design/key.md, "Memory and MicroPython".  A long-lived object allocated between
short-lived ones leaves no large free piece when those are freed.  MicroPython collects only when
memory runs out, which is too late.  CPython frees memory by itself, and a collection there would
take as long as everything else together.
"""

import gc
import sys


def nothing() -> None:
    """Do nothing: ``tidy`` on CPython."""


PIECE = 512  # bytes; most allocations of a command are smaller


tidy = gc.collect if sys.implementation.name == "micropython" else nothing


def is_free(size: int) -> bool:
    """Return whether ``size`` bytes are free in pieces of PIECE bytes.

    The pieces are allocated and freed again: the sum of free bytes says little about a fragmented
    heap.
    """
    try:
        pieces = [bytearray(PIECE) for _ in range(0, size, PIECE)]
    except MemoryError:
        return False
    return bool(pieces)
