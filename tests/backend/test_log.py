"""GET /log…: whoever watches can check that the log only grows."""

import pytest

from biandun_protocol.wire import merkle
from tests.backend.bench import ONLY_SQLITE, Bench
from tests.support.softkey import SoftKey

SIZE = 13


@pytest.fixture
def heads(office: Bench, key: SoftKey) -> list[dict[str, object]]:
    """The log's head at every size from 0 to SIZE."""
    seen = [office.client.get("/log").json()]
    for number in range(SIZE):
        office.file(key, reason=f"第 {number} 份")
        seen.append(office.client.get("/log").json())
    return seen


def test_an_empty_log_has_the_root_of_no_leaves(office: Bench):
    assert office.client.get("/log").json() == {
        "size": 0,
        "root": merkle.EMPTY_ROOT.hex(),
        "time": 0,
    }


def test_every_earlier_log_is_the_beginning_of_every_later_one(office: Bench, heads):
    roots = [bytes.fromhex(head["root"]) for head in heads]
    for first in range(SIZE + 1):
        for second in range(first, SIZE + 1):
            proof = office.client.get(f"/log/consistency?first={first}&second={second}").json()
            path = [bytes.fromhex(item) for item in proof["path"]]
            assert (proof["first"], proof["second"]) == (first, second)
            assert merkle.verify_consistency(first, roots[first], second, roots[second], path)


def test_the_entries_hash_to_the_root(office: Bench, heads):
    entries = [
        bytes.fromhex(item)
        for item in office.client.get("/log/entries?start=0&count=1000").json()["entries"]
    ]
    level = [merkle.leaf_hash(entry) for entry in entries]
    while len(level) > 1:
        pairs = [
            merkle.node_hash(*level[at : at + 2]) if at + 1 < len(level) else level[at]
            for at in range(0, len(level), 2)
        ]
        level = pairs
    assert level[0].hex() == heads[-1]["root"]


def test_entries_can_be_read_in_parts(office: Bench, heads):
    whole = office.client.get("/log/entries?start=0&count=13").json()["entries"]
    assert office.client.get("/log/entries?start=5&count=3").json() == {
        "start": 5,
        "entries": whole[5:8],
    }


def test_entries_end_where_the_log_ends(office: Bench, heads):
    assert office.client.get("/log/entries?start=13&count=10").json()["entries"] == []


@pytest.mark.parametrize(
    "query",
    [
        "consistency?first=2&second=1",
        "consistency?first=-1&second=1",
        "consistency?first=0&second=1",
        "entries?start=1&count=1",
        "entries?start=-1&count=1",
        "entries?start=0&count=1001",
        "entries?start=0&count=99999999999999999999999",
    ],
)
def test_a_range_outside_the_log_is_refused(office: Bench, query: str):
    answer = office.client.get(f"/log/{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "proof-range")


@pytest.mark.parametrize(
    "query",
    [
        "consistency?first=1",
        "consistency?first=a&second=1",
        "entries?start=0",
        "entries?start=x&count=1",
    ],
)
@ONLY_SQLITE  # refused before the database is asked
def test_a_parameter_that_is_missing_or_no_number_is_refused(office: Bench, query: str):
    answer = office.client.get(f"/log/{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
