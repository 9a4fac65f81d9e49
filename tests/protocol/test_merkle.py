"""Proofs against the recursive definition of RFC 9162, for trees of every shape up to 40 leaves."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from biandun_protocol.wire import merkle

LEAVES = [bytes([number]) * (number % 5) for number in range(40)]
sizes = st.integers(1, len(LEAVES))


def split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    at = split(len(leaves))
    return sha256(b"\1" + naive_root(leaves[:at]) + naive_root(leaves[at:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    at = split(len(leaves))
    if index < at:
        return [*naive_path(index, leaves[:at]), naive_root(leaves[at:])]
    return [*naive_path(index - at, leaves[at:]), naive_root(leaves[:at])]


def naive_proof(old: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    at = split(len(leaves))
    if old <= at:
        return [*naive_proof(old, leaves[:at], whole), naive_root(leaves[at:])]
    return [*naive_proof(old - at, leaves[at:], False), naive_root(leaves[:at])]


def test_every_leaf_of_every_tree_is_included() -> None:
    for size in range(1, len(LEAVES) + 1):
        root = naive_root(LEAVES[:size])
        for index in range(size):
            path = naive_path(index, LEAVES[:size])
            assert merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, path, root)


def test_every_tree_continues_every_smaller_one() -> None:
    for size in range(1, len(LEAVES) + 1):
        for old in range(1, size + 1):
            path, old_root = naive_proof(old, LEAVES[:size]), naive_root(LEAVES[:old])
            assert merkle.verify_consistency(old, old_root, size, naive_root(LEAVES[:size]), path)


@given(sizes, st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_a_leaf_is_not_included_at_another_place(
    size: int, true_place: int, place: int, claimed_size: int
) -> None:
    index, other, claimed = true_place % size, place % (size + 2), claimed_size % (size + 3)
    path, root = naive_path(index, LEAVES[:size]), naive_root(LEAVES[:size])
    holds = merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), other, claimed, path, root)
    # sizes that share the way from leaf to root are told apart by the signed size beside the root,
    # not by the path
    assert not holds or (other == index) or naive_shape(other, claimed) == naive_shape(index, size)


def naive_shape(index: int, size: int) -> list[bool] | None:
    """Left or right at every level from the leaf up; None outside the tree."""
    if not 0 <= index < size:
        return None
    if size == 1:
        return []
    at = split(size)
    inner = naive_shape(index, at) if index < at else naive_shape(index - at, size - at)
    assert inner is not None
    return [*inner, index < at]


@given(sizes, st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 255))
def test_a_changed_hash_breaks_an_inclusion_proof(
    size: int, place: int, item: int, bit: int
) -> None:
    index = place % size
    path, root = naive_path(index, LEAVES[:size]), naive_root(LEAVES[:size])
    if path:
        number = int.from_bytes(path[item % len(path)], "big") ^ (1 << bit)
        path[item % len(path)] = number.to_bytes(32, "big")
    else:
        root = bytes([root[0] ^ 1]) + root[1:]
    assert not merkle.verify_inclusion(merkle.leaf_hash(LEAVES[index]), index, size, path, root)


@given(sizes, sizes, st.integers(0, 1000), st.integers(0, 255))
def test_a_rewritten_log_does_not_continue_the_old_one(
    first: int, second: int, place: int, bit: int
) -> None:
    old, size = sorted((first, second))
    rewritten = list(LEAVES[:size])
    rewritten[place % old] = b"rewritten" + bytes([bit])
    path, root = naive_proof(old, rewritten), naive_root(rewritten)
    assert not merkle.verify_consistency(old, naive_root(LEAVES[:old]), size, root, path)


@given(
    st.integers(-2, 50),
    st.integers(-2, 50),
    st.lists(st.binary(min_size=32, max_size=32), max_size=8),
)
def test_hostile_proofs_are_answered_and_never_raise(
    old: int, size: int, path: list[bytes]
) -> None:
    assert merkle.verify_consistency(old, bytes(32), size, bytes(32), path) in (
        False,
        old == size and old > 0 and not path,
    )
    assert merkle.verify_inclusion(bytes(32), old, size, path, bytes(31)) is False
