"""Tidying the heap: what stays must not come to lie between what goes, or no large piece is left (TOKEN section 1).

MicroPython collects when it runs out, which is too late for a heap in pieces; CPython moves on by itself, and collecting
there takes as long as all else together.
"""

import gc
import sys


def nothing() -> None:
    """CPython's part."""


tidy = gc.collect if sys.implementation.name == "micropython" else nothing
