"""A key's chain as it arrives: forks and broken links are refused, gaps are noted (TOKEN section 6)."""

from biandun_office.evidence.models import Statement
from biandun_protocol import cose
from tests.backend.bench import Bench, rows
from tests.support.softkey import SoftKey


def statements(office: Bench, key: SoftKey, count: int) -> list[bytes]:
    """Statements number 1 to ``count`` of a key, their files uploaded, none submitted."""
    return [key.sign(office.upload(reason=f"第 {number} 份业务。")) for number in range(1, count + 1)]


def name(statement: bytes) -> bytes:
    return cose.parse(statement, purpose="filing").id


def gaps() -> dict[int, bool]:
    return dict(Statement.objects.values_list("seq", "gap"))


def test_a_chain_in_order_has_no_gaps(office: Bench, key: SoftKey):
    for statement in statements(office, key, 3):
        assert office.post(statement).status_code == 201
    assert gaps() == {1: False, 2: False, 3: False}


def test_a_statement_ahead_of_the_chain_is_accepted_and_the_gap_noted(office: Bench, key: SoftKey):
    first, _, third = statements(office, key, 3)
    office.post(first)
    answer = office.post(third)
    assert answer.status_code == 201
    assert gaps() == {1: False, 3: True}


def test_a_late_statement_fills_its_gap(office: Bench, key: SoftKey):
    first, second, third = statements(office, key, 3)
    for statement in (third, first):
        office.post(statement)
    assert office.post(second).status_code == 201
    assert gaps() == {1: False, 2: False, 3: True}


def test_a_used_sequence_number_with_another_statement_is_a_fork(office: Bench, key: SoftKey):
    office.file(key)
    before = rows()
    forked = key.sign(office.upload(reason="同一序号的另一份材料。"), seq=1, prev=bytes(32))
    answer = office.post(forked)
    assert (answer.status_code, answer.json()["code"], answer.json()["seq"]) == (409, "chain-fork", 1)
    assert rows() == before


def test_a_wrong_link_to_the_known_predecessor_is_refused(office: Bench, key: SoftKey):
    office.file(key)
    before = rows()
    answer = office.post(key.sign(office.upload(reason="链接错误。"), seq=2, prev=b"\x01" * 32))
    assert (answer.status_code, answer.json()["code"]) == (409, "chain-broken")
    assert rows() == before


def test_a_late_statement_that_its_known_successor_does_not_name_is_refused(office: Bench, key: SoftKey):
    first, _, third = statements(office, key, 3)
    for statement in (first, third):
        office.post(statement)
    before = rows()
    other = key.sign(office.upload(reason="冒充第二份。"), seq=2, prev=name(first))
    answer = office.post(other)
    assert (answer.status_code, answer.json()["code"]) == (409, "chain-broken")
    assert rows() == before


def test_chains_of_two_keys_do_not_touch(office: Bench, key: SoftKey):
    second = office.new_key(serial="BD-TEST-0002")
    assert office.file(key).status_code == 201
    assert office.file(second, reason="另一把密钥。").status_code == 201
