"""The Merkle tree of the evidence log (RFC 9162 section 2.1), stored as complete subtrees.

A node (level, index) is the hash of the 2^level leaves from index * 2^level on; once complete it
never changes.  Every root and proof is computed from such nodes: the functions first determine the
ranges of leaves that they need, load their nodes in one call, then hash.  Each needs O(log n)
nodes.  ``biandun_protocol.wire.merkle`` verifies the results.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from biandun_protocol.wire.merkle import EMPTY_ROOT, node_hash

Coordinate = tuple[int, int]
Range = tuple[int, int]


class NodeStore(Protocol):
    """A store of complete subtrees."""

    def load(self, wanted: Iterable[Coordinate]) -> Mapping[Coordinate, bytes]:
        """The hashes (32 bytes) of these nodes, all of which are stored."""
        ...

    def add(self, nodes: Mapping[Coordinate, bytes]) -> None:
        """Store new nodes."""
        ...


def append(store: NodeStore, size: int, leaf: bytes) -> tuple[bytes, list[bytes]]:
    """Append a leaf hash as leaf number ``size``, and store every subtree that it completes.

    Return the root of the ``size`` + 1 leaves and the inclusion path of the new leaf.  That path
    consists of the old tree's complete subtrees from right to left, so one load suffices.
    """
    peaks = _complete(0, size)[::-1]
    known = store.load(peaks)
    nodes: dict[Coordinate, bytes] = {(0, size): leaf}
    value = leaf
    for number, (level, index) in enumerate(peaks):
        value = node_hash(known[level, index], value)
        # the new leaf completes the node above this peak if every lower level was complete, too
        if level == number:
            nodes[level + 1, index >> 1] = value
    store.add(nodes)
    return value, [known[peak] for peak in peaks]


def root(store: NodeStore, size: int) -> bytes:
    """The root hash of the first ``size`` leaves."""
    return _hashes(store, [(0, size)])[0] if size else EMPTY_ROOT


def root_and_inclusion(store: NodeStore, index: int, size: int) -> tuple[bytes, list[bytes]]:
    """The root of ``size`` leaves and the inclusion path of leaf ``index`` (section 2.1.3.1).

    One load for both.  Raises ValueError.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf in a log of this size")
    top, *path = _hashes(store, [(0, size), *_path(index, 0, size)])
    return top, path


def consistency(store: NodeStore, first: int, second: int) -> list[bytes]:
    """The consistency proof from ``first`` to ``second`` leaves (section 2.1.4.1).

    Empty if ``first`` is 0 or equal to ``second``.  Raises ValueError unless 0 <= first <= second.
    """
    if not 0 <= first <= second:
        raise ValueError("sizes out of order")
    return _hashes(store, _subproof(first, 0, second, True)) if 0 < first < second else []


def _path(index: int, start: int, end: int) -> list[Range]:
    ranges: list[Range] = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def _subproof(first: int, start: int, end: int, whole: bool) -> list[Range]:
    ranges: list[Range] = []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start, whole = middle, False
    return ([] if whole else [(start, end)]) + ranges[::-1]


def _hashes(store: NodeStore, ranges: Sequence[Range]) -> list[bytes]:
    parts = [_complete(start, end) for start, end in ranges]
    known = store.load({node for part in parts for node in part})
    values: list[bytes] = []
    for part in parts:
        value = known[part[-1]]
        for node in reversed(part[:-1]):
            value = node_hash(known[node], value)
        values.append(value)
    return values


def _complete(start: int, end: int) -> list[Coordinate]:
    """The complete subtrees, from left to right, that cover leaves start..end-1.

    ``start`` must be a position where such subtrees can begin.
    """
    nodes: list[Coordinate] = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _split(size: int) -> int:
    """The largest power of two below ``size`` (at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)
