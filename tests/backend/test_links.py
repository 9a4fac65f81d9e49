"""POST /links: the key names what was lost on the way."""

import pytest

from biandun_office.evidence.models import ForkEvidence, Link, LinkedName
from biandun_office.issuance.models import Certificate
from tests.backend.bench import ONLY_SQLITE, SIGNED, Bench, rows
from tests.backend.people import Key, name
from tests.backend.test_chain import missing, statements


def export(office: Bench, key: Key, first: int, ids: list[bytes], **changed: object):
    return office.post(key.links(first, ids, **changed), SIGNED, "/links")


def test_an_export_closes_the_gap_that_its_neighbours_agree_with(office: Bench, key: Key):
    first, second, third, fourth = statements(office, key, 4)
    for statement in (first, fourth):
        office.post(statement)
    answer = export(office, key, 2, [name(second), name(third)])
    assert (answer.status_code, answer.json()) == (200, {"closed": [2, 3], "open": []})
    assert missing(key) == []


def test_an_export_of_a_part_leaves_the_rest_open(office: Bench, key: Key):
    chain = statements(office, key, 6)
    office.post(chain[5])
    assert export(office, key, 3, [name(one) for one in chain[2:4]]).json() == {
        "closed": [3, 4],
        "open": [{"first": 1, "last": 2}, {"first": 5, "last": 5}],
    }


def test_an_export_may_overlap_what_has_arrived(office: Bench, key: Key):
    chain = statements(office, key, 4)
    for statement in (chain[0], chain[3]):
        office.post(statement)
    assert export(office, key, 1, [name(one) for one in chain]).json() == {
        "closed": [2, 3],
        "open": [],
    }
    assert LinkedName.objects.count() == 2


def test_the_same_export_again_changes_nothing(office: Bench, key: Key):
    first, second, third = statements(office, key, 3)
    office.post(first)
    office.post(third)
    body = key.links(2, [name(second)])
    office.post(body, SIGNED, "/links")
    assert office.post(body, SIGNED, "/links").json() == {"closed": [], "open": []}
    assert Link.objects.count() == 1


def test_the_lost_package_is_still_accepted_when_it_turns_up(office: Bench, key: Key):
    first, second, third = statements(office, key, 3)
    office.post(first)
    office.post(third)
    export(office, key, 2, [name(second)])
    assert office.post(second).status_code == 201


def test_names_that_come_before_their_statements_bind_them(office: Bench, key: Key):
    first, second = statements(office, key, 2)
    assert export(office, key, 1, [name(first), name(second)]).json() == {"closed": [], "open": []}
    assert office.post(second).status_code == 201
    forked = key.sign(office.upload(reason="冒充第一份。"), seq=1, prev=bytes(32))
    assert office.post(forked).json()["code"] == "chain-broken"
    assert Certificate.objects.get().state == "SUSPENDED"


@pytest.mark.parametrize(("first", "place"), [(1, 0), (1, 1), (2, 0)])
def test_an_export_that_contradicts_a_known_name_is_a_fork(
    office: Bench, key: Key, first: int, place: int
):
    chain = statements(office, key, 3)
    office.post(chain[0])
    office.post(chain[2])
    ids = [name(one) for one in chain][first - 1 : 2]
    ids[place] = b"\x01" * 32
    before = rows()
    body = key.links(first, ids)
    answer = office.post(body, SIGNED, "/links")
    assert (answer.status_code, answer.json()["code"]) == (
        409,
        "chain-fork" if first + place == 1 else "chain-broken",
    )
    assert (rows(), Link.objects.count()) == (before, 0)
    assert bytes(ForkEvidence.objects.get().raw) == body
    assert Certificate.objects.get().state == "SUSPENDED"


def test_two_exports_that_contradict_each_other_are_a_fork(office: Bench, key: Key):
    export(office, key, 5, [b"\x01" * 32])
    assert export(office, key, 5, [b"\x02" * 32]).json()["code"] == "chain-broken"


def test_exports_of_a_suspended_key_are_refused(office: Bench, key: Key):
    Certificate.objects.update(state="SUSPENDED")
    assert export(office, key, 1, [b"\x01" * 32]).json()["code"] == "key-suspended"


def test_a_key_without_the_purpose_exports_nothing(office: Bench):
    key = office.new_key(purposes=["filing"])
    assert export(office, key, 1, [b"\x01" * 32]).json()["code"] == "purpose-refused"


BAD = [
    (b"", SIGNED, 400, "statement-malformed"),
    (b"\xa0", SIGNED, 400, "statement-malformed"),
    (bytes(9000), SIGNED, 413, "statement-too-large"),
    (b"", "application/cose", 415, "media-type"),
]


@pytest.mark.parametrize(("raw", "kind", "status", "code"), BAD)
@ONLY_SQLITE  # refused before the database is asked
def test_what_is_no_export_is_refused(office: Bench, raw: bytes, kind: str, status: int, code: str):
    answer = office.post(raw, kind, "/links")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_login_is_no_export(office: Bench, key: Key):
    answer = office.post(key.login("00" * 16, "http://office.test"), SIGNED, "/links")
    assert (answer.status_code, answer.json()["code"]) == (422, "purpose-mismatch")


@pytest.mark.parametrize(("first", "ids", "place"), [(0, [bytes(32)], "first"), (1, [], "ids")])
def test_an_export_of_nothing_is_refused(
    office: Bench, key: Key, first: int, ids: list[bytes], place: str
):
    answer = export(office, key, first, ids)
    assert (answer.json()["code"], answer.json()["field"]) == ("links-malformed", place)
