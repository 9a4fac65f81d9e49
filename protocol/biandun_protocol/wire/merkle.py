"""Verifying proofs of the office's evidence log: RFC 9162 section 2.1 with SHA-256.

Keys and hosts verify; the office's ``evidence`` app builds the tree.  Hashes are 32 bytes, sizes
and indices count leaves.  The verifying functions return False for invalid input of any kind and
never raise: a proof is untrusted.
"""

from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return MTH of one entry: SHA-256(00 || leaf)."""
    return sha256(b"\0" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return MTH of two subtrees: SHA-256(01 || left || right)."""
    return sha256(b"\1" + left + right).digest()


def verify_inclusion(leaf: bytes, index: int, size: int, path: "list[bytes]", root: bytes) -> bool:
    """Return whether ``leaf`` is leaf ``index`` of the tree of ``size`` leaves with ``root``.

    ``leaf`` is the leaf hash.  RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    node, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while node & 1 == 0 and node:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and value == root


def verify_consistency(
    old_size: int, old_root: bytes, size: int, root: bytes, path: "list[bytes]"
) -> bool:
    """Return whether the tree (``old_size``, ``old_root``) is a prefix of (``size``, ``root``).

    RFC 9162 section 2.1.4.2.  Every log extends the empty one, and the proof of that is empty.
    """
    if not 0 <= old_size <= size:
        return False
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if old_size == size:
        return not path and old_root == root
    if old_size & (old_size - 1) == 0:
        path = [old_root] + path
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = path[0]
    for value in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            first = node_hash(value, first)
            second = node_hash(value, second)
            while node & 1 == 0 and node:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, value)
        node >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == root
