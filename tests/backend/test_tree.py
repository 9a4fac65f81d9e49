"""The Merkle tree against the recursion of RFC 9162 section 2.1, written down as it stands
there.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun_office.evidence import tree
from biandun_protocol.wire import merkle

SIZES = range(71)


class Memory:
    """A store that counts what it is asked for."""

    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int], bytes] = {}
        self.loaded = 0

    def load(self, wanted: Iterable[tuple[int, int]]) -> Mapping[tuple[int, int], bytes]:
        found = {node: self.nodes[node] for node in wanted}
        self.loaded += len(found)
        return found

    def add(self, nodes: Mapping[tuple[int, int], bytes]) -> None:
        assert not set(nodes) & set(self.nodes), "a node is written once"
        self.nodes.update(nodes)


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return merkle.node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(max(SIZES))]


@pytest.fixture(scope="module")
def store() -> Memory:
    memory = Memory()
    for size, leaf in enumerate(LEAVES):
        tree.append(memory, size, leaf)
    return memory


def test_appending_answers_root_and_path_of_the_new_leaf():
    memory = Memory()
    for size, leaf in enumerate(LEAVES):
        assert tree.append(memory, size, leaf) == (
            mth(LEAVES[: size + 1]),
            path(size, LEAVES[: size + 1]),
        )


@pytest.mark.parametrize("size", SIZES)
def test_roots_agree_with_the_definition(store: Memory, size: int):
    assert tree.root(store, size) == mth(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_paths_agree_with_the_definition_and_verify(store: Memory, size: int):
    root = mth(LEAVES[:size])
    for index in range(size):
        found_root, found = tree.root_and_inclusion(store, index, size)
        assert found == path(index, LEAVES[:size])
        assert merkle.verify_inclusion(LEAVES[index], index, size, found, root)
        assert found_root == root


@pytest.mark.parametrize("second", SIZES)
def test_consistency_proofs_agree_with_the_definition_and_verify(store: Memory, second: int):
    for first in range(second + 1):
        found = tree.consistency(store, first, second)
        assert found == (subproof(first, LEAVES[:second], True) if first else [])
        assert merkle.verify_consistency(
            first, mth(LEAVES[:first]), second, mth(LEAVES[:second]), found
        )


@pytest.mark.parametrize(("first", "second"), [(-1, 3), (4, 3)])
def test_consistency_of_sizes_out_of_order_is_an_error(store: Memory, first: int, second: int):
    with pytest.raises(ValueError, match="out of order"):
        tree.consistency(store, first, second)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_inclusion_of_a_leaf_that_is_not_there_is_an_error(store: Memory, index: int, size: int):
    with pytest.raises(ValueError, match="no such leaf"):
        tree.root_and_inclusion(store, index, size)


@given(st.integers(2, 3000), st.data())
def test_proofs_of_larger_logs_verify_and_touch_few_nodes(size: int, data: st.DataObject):
    memory = Memory()
    leaves = [number.to_bytes(32, "big") for number in range(size)]
    level, nodes = 0, leaves
    while nodes:  # all complete subtrees, level by level
        memory.add({(level, index): node for index, node in enumerate(nodes)})
        nodes = [merkle.node_hash(*nodes[at : at + 2]) for at in range(0, len(nodes) - 1, 2)]
        level += 1
    first, index = data.draw(st.integers(1, size - 1)), data.draw(st.integers(0, size - 1))
    root, found = tree.root_and_inclusion(memory, index, size)
    assert memory.loaded <= 2 * size.bit_length()
    assert merkle.verify_inclusion(leaves[index], index, size, found, root)
    memory.loaded = 0
    proof = tree.consistency(memory, first, size)
    assert memory.loaded <= 2 * size.bit_length()
    assert merkle.verify_consistency(first, tree.root(memory, first), size, root, proof)
