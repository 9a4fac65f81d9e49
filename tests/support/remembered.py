"""What keys in this process compute again and again is remembered: most tests begin with the same
enrolment.

Blocks of a hash by state and data, combs by their point: what comes out is what the function itself
gave for the same.  The field machine is the one of ``unrolled``, SHA-256 that of ``libcrypto``,
which needs no memory, or else of ``unrolled``.  Tests of the arithmetic itself take the readable
ones (``readable``).
"""

from collections.abc import Callable
from typing import Any

import pytest

from etoken.crypto import backend, hash_integers, points
from etoken.crypto import machine as m
from etoken.crypto.curves import P256, SM2P256V1, Curve
from etoken.crypto.machine_integers import IntegerMachine
from tests.support import libcrypto, unrolled

MOST = 50_000  # entries of some 150 bytes
FEW = 4  # blocks
MOST_COMBS = 500  # of 8 KiB
BLOCK_OF_COMB = 64 * m.ENTRIES


def remembering(compress: Any) -> Any:
    """``compress`` with a memory."""
    known: dict[tuple[bytes, bytes], bytes] = {}

    def look_up(state: bytearray, data: Any, count: int, scratch: bytearray) -> None:
        if count > FEW:
            compress(state, data, count, scratch)  # a large manifest, hashed once
            return
        key = bytes(state), bytes(data)
        after = known.get(key)
        if after is None:
            compress(state, data, count, scratch)
            if len(known) < MOST:
                known[key] = bytes(state)
        else:
            state[:] = after

    return look_up


class RememberingPoints(points.Points):
    """Points that make the combs of a point once."""

    def __init__(self, curve: Curve) -> None:
        super().__init__(curve, unrolled.UnrolledMachine(curve))
        self._known: dict[tuple[bytes, int], bytes] = {}

    def _build(self, point: bytes, first: int, tick: Callable[[], None]) -> None:
        comb = slice(BLOCK_OF_COMB * first, BLOCK_OF_COMB * (first + m.COMB_BLOCKS))
        known = self._known.get((point, first))
        if known is None:
            super()._build(point, first, tick)
            if len(self._known) < MOST_COMBS:
                self._known[point, first] = bytes(self.table[comb])
        else:
            for _ in range(m.COMB_BLOCKS):
                tick()
            self.table[comb] = known


_readable: dict[str, points.Points] = {}


def readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test have the arithmetic of the firmware itself, with no memory."""
    for curve in (P256, SM2P256V1):
        if curve.name not in _readable:
            _readable[curve.name] = points.Points(curve, IntegerMachine(curve))
    monkeypatch.setattr(points, "_made", _readable)
    monkeypatch.setattr(backend, "sha256", hash_integers.sha256)
    monkeypatch.setattr(backend, "sm3", hash_integers.sm3)


def install() -> None:
    """From now on keys in this process compute quickly."""
    backend.sha256, backend.sm3 = (
        libcrypto.sha256 or remembering(unrolled.sha256),
        remembering(backend.sm3),
    )
    for curve in (P256, SM2P256V1):
        points._made[curve.name] = RememberingPoints(curve)
