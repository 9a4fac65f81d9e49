"""Vectors of the evidence log, by the recursive definition of RFC 9162 section 2.1.

The code under test is iterative.
"""

from hashlib import sha256

Entry = dict[str, object]
LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
SIZES = (1, 2, 3, 4, 5, 6, 7, 8)


def _leaf(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def root(entries: list[bytes]) -> bytes:
    """MTH(D)."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return _leaf(entries[0])
    at = _split(len(entries))
    return _node(root(entries[:at]), root(entries[at:]))


def inclusion(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D)."""
    if len(entries) == 1:
        return []
    at = _split(len(entries))
    if index < at:
        return [*inclusion(index, entries[:at]), root(entries[at:])]
    return [*inclusion(index - at, entries[at:]), root(entries[:at])]


def consistency(old: int, entries: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D, b)."""
    if old == len(entries):
        return [] if whole else [root(entries)]
    at = _split(len(entries))
    if old <= at:
        return [*consistency(old, entries[:at], whole), root(entries[at:])]
    return [*consistency(old - at, entries[at:], False), root(entries[:at])]


def _hex(path: list[bytes]) -> list[str]:
    return [item.hex() for item in path]


def merkle() -> dict[str, list[Entry]]:
    """Return roots, and proofs that are valid and that are not."""
    data = [bytes.fromhex(leaf) for leaf in LEAVES]
    roots: list[Entry] = [
        {"name": f"tree-of-{size}", "leaves": LEAVES[:size], "root": root(data[:size]).hex()}
        for size in (0, *SIZES)
    ]
    return {"roots": roots, "inclusion": _inclusion(data), "consistency": _consistency(data)}


def _inclusion(data: list[bytes]) -> list[Entry]:
    rows: list[Entry] = []

    def add(
        name: str, leaf: bytes, index: int, size: int, path: list[bytes], top: bytes, holds: bool
    ) -> None:
        rows.append(
            {
                "name": name,
                "leaf_hash": leaf.hex(),
                "index": index,
                "size": size,
                "path": _hex(path),
                "root": top.hex(),
                "holds": holds,
            }
        )

    for size in SIZES:
        for index in range(size):
            entries = data[:size]
            path, leaf, top = inclusion(index, entries), _leaf(entries[index]), root(entries)
            label = f"leaf-{index}-of-{size}"
            add(label, leaf, index, size, path, top, True)
            add(label + "-other-leaf", _leaf(b"other"), index, size, path, top, False)
            add(label + "-other-root", leaf, index, size, path, root([b"other"]), False)
            add(label + "-longer", leaf, index, size, [*path, top], top, False)
            if path:
                add(label + "-shorter", leaf, index, size, path[:-1], top, False)
                add(label + "-next-index", leaf, (index + 1) % size, size, path, top, False)
                broken = [bytes([path[0][0] ^ 1]) + path[0][1:], *path[1:]]
                add(label + "-bit-flipped", leaf, index, size, broken, top, False)
    only = root(data[:1])
    add("index-beyond", only, 1, 1, [], only, False)
    add("empty-tree", only, 0, 0, [], only, False)
    add("negative-index", only, -1, 1, [], only, False)
    add("huge-size", only, 0, 2**63, [only] * 10, only, False)
    return rows


def _consistency(data: list[bytes]) -> list[Entry]:
    rows: list[Entry] = []

    def add(
        name: str, old: int, old_root: bytes, size: int, top: bytes, path: list[bytes], holds: bool
    ) -> None:
        rows.append(
            {
                "name": name,
                "old_size": old,
                "old_root": old_root.hex(),
                "size": size,
                "root": top.hex(),
                "path": _hex(path),
                "holds": holds,
            }
        )

    other = root([b"other"])
    for size in SIZES:
        for old in range(1, size + 1):
            entries = data[:size]
            path, old_root, top = consistency(old, entries), root(entries[:old]), root(entries)
            label = f"{old}-to-{size}"
            add(label, old, old_root, size, top, path, True)
            add(label + "-other-old-root", old, other, size, top, path, False)
            add(label + "-other-root", old, old_root, size, other, path, False)
            add(label + "-longer", old, old_root, size, top, [*path, top], False)
            if path:
                add(label + "-shorter", old, old_root, size, top, path[:-1], False)
                add(label + "-without-proof", old, old_root, size, top, [], False)
                flipped = [*path[:-1], bytes([path[-1][0] ^ 128]) + path[-1][1:]]
                add(label + "-bit-flipped", old, old_root, size, top, flipped, False)
    empty, four = root([]), root(data[:4])
    add("empty-to-4", 0, empty, 4, four, [], True)
    add("empty-to-empty", 0, empty, 0, empty, [], True)
    add("empty-with-other-root", 0, other, 4, four, [], False)
    add("empty-with-a-path", 0, empty, 4, four, [four], False)
    add("shrinking", 4, four, 3, root(data[:3]), [], False)
    add("negative-size", -1, empty, 4, four, [], False)
    add("same-size-other-root", 4, four, 4, other, [], False)
    return rows
