"""A key's chain as it arrives (docs/design/key.md, "No clock, and the chain"): gaps are noted and
block nothing, forks are kept and suspend the key.
"""

from collections.abc import Iterator

import pytest

from biandun_office.evidence import forks
from biandun_office.evidence.links import missing_of
from biandun_office.evidence.models import Alert, ForkEvidence, Gap, Statement
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from tests.backend.bench import Bench, rows
from tests.backend.people import Key, name


def statements(office: Bench, key: Key, count: int) -> list[bytes]:
    """Statements number 1 to ``count`` of a key, their files uploaded, none submitted."""
    return [
        key.sign(office.upload(reason=f"第 {number} 份业务。")) for number in range(1, count + 1)
    ]


def gaps() -> dict[int, bool]:
    return dict(Statement.objects.values_list("seq", "gap"))


def missing(key: Key) -> list[tuple[int, int]]:
    assert key.profile is not None
    return missing_of(key.signer.algorithm.kid_of(key.signer.public_key).hex())


def state() -> str:
    return Certificate.objects.get().state


def test_a_chain_in_order_has_no_gaps(office: Bench, key: Key):
    for statement in statements(office, key, 3):
        assert office.post(statement).status_code == 201
    assert gaps() == {1: False, 2: False, 3: False}
    assert missing(key) == []


def test_a_statement_ahead_of_the_chain_is_accepted_and_the_gap_noted(office: Bench, key: Key):
    first, _, third = statements(office, key, 3)
    office.post(first)
    answer = office.post(third)
    assert answer.status_code == 201
    assert gaps() == {1: False, 3: True}
    assert missing(key) == [(2, 2)]


def test_a_late_statement_fills_its_gap(office: Bench, key: Key):
    first, second, third = statements(office, key, 3)
    for statement in (third, first):
        office.post(statement)
    assert office.post(second).status_code == 201
    assert gaps() == {1: False, 2: False, 3: True}
    gap = Gap.objects.get()
    assert (gap.seq, gap.closed_by) == (2, name(second).hex())
    assert missing(key) == []


def test_a_hole_that_shrinks_from_above_keeps_the_time_when_it_was_found(
    office: Bench, key: Key, monkeypatch
):
    *_, third, fourth = statements(office, key, 4)
    now = clock.now()
    office.post(fourth)
    office.at(monkeypatch, now + 1000)
    office.post(third)
    assert missing(key) == [(1, 2)]
    assert Gap.objects.get(closed=None).opened <= now + 1


def test_a_hole_is_one_row_however_wide_it_is(office: Bench, key: Key):
    assert (
        office.post(key.sign(office.upload(), seq=(1 << 63) - 1, prev=b"\x01" * 32)).status_code
        == 201
    )
    assert missing(key) == [(1, (1 << 63) - 2)]


def test_every_order_of_arrival_leaves_no_gap(office: Bench, key: Key):
    chain = statements(office, key, 5)
    for number in (4, 1, 5, 2, 3):
        assert office.post(chain[number - 1]).status_code == 201
    assert missing(key) == []
    assert Gap.objects.filter(closed=None).count() == 0


def test_chains_of_two_keys_do_not_touch(office: Bench, key: Key):
    second = office.new_key(serial="BD-TEST-0002")
    assert office.file(key).status_code == 201
    assert office.file(second, reason="另一把密钥。").status_code == 201


class Forks:
    """Ways to contradict, by the code that each is answered with; each returns the contradicting
    statement.
    """

    @staticmethod
    def another_at_a_used_number(office: Bench, key: Key) -> bytes:
        office.file(key)
        return key.sign(office.upload(reason="同一序号的另一份材料。"), seq=1, prev=bytes(32))

    @staticmethod
    def a_wrong_link_to_the_predecessor(office: Bench, key: Key) -> bytes:
        office.file(key)
        return key.sign(office.upload(reason="链接错误。"), seq=2, prev=b"\x01" * 32)

    @staticmethod
    def a_late_one_that_its_successor_does_not_name(office: Bench, key: Key) -> bytes:
        first, _, third = statements(office, key, 3)
        office.post(first)
        office.post(third)
        return key.sign(office.upload(reason="冒充第二份。"), seq=2, prev=name(first))


FORKS = [
    ("chain-fork", 1, Forks.another_at_a_used_number),
    ("chain-broken", 1, Forks.a_wrong_link_to_the_predecessor),
    ("chain-broken", 2, Forks.a_late_one_that_its_successor_does_not_name),
]
each_fork = pytest.mark.parametrize(
    ("code", "seq", "make"), FORKS, ids=[make.__name__ for *_, make in FORKS]
)


@each_fork
def test_a_fork_is_kept_opens_no_case_and_suspends_the_key(
    office: Bench, key: Key, code: str, seq: int, make
):
    forked = make(office, key)
    before = rows()
    answer = office.post(forked)
    assert (answer.status_code, answer.json()["code"], answer.json()["seq"]) == (409, code, seq)
    assert rows() == before
    kept = ForkEvidence.objects.get()
    assert (bytes(kept.raw), kept.statement_id, kept.reason) == (forked, name(forked).hex(), code)
    assert state() == "SUSPENDED"
    assert [alert.kind for alert in forks.open_alerts()] == ["FORK"]
    assert StateChange.objects.get().after == "SUSPENDED"


@each_fork
def test_a_fork_sent_again_changes_nothing_more(office: Bench, key: Key, code: str, seq: int, make):
    forked = make(office, key)
    office.post(forked)
    assert office.post(forked).json()["code"] == "key-suspended"
    keylife.resume(serial=key.serial, reason="已核实", now=clock.now())
    assert office.post(forked).json()["code"] == code
    assert ForkEvidence.objects.count() == 1
    assert state() == "ACTIVE", (
        "an old fork that somebody carries again must not stop a key that a person let go on"
    )


@pytest.fixture
def suspended(office: Bench, key: Key) -> Iterator[bytes]:
    """The office after a fork; the statement that it had accepted."""
    accepted = key.sign(office.upload())
    office.post(accepted)
    office.post(key.sign(office.upload(reason="分叉。"), seq=1, prev=bytes(32)))
    yield accepted


def test_a_suspended_key_files_nothing_and_is_told_what_to_do(
    office: Bench, key: Key, suspended: bytes
):
    answer = office.file(key, reason="暂停之后。")
    assert (answer.status_code, answer.json()["code"]) == (403, "key-suspended")
    assert "编办" in answer.json()["next"]


def test_what_a_suspended_or_revoked_key_had_filed_still_gets_its_receipt(
    office: Bench, key: Key, suspended: bytes
):
    assert office.post(suspended).status_code == 200
    keylife.revoke(serial=key.serial, reason="密钥被复制", now=clock.now())
    assert office.post(suspended).status_code == 200
    assert office.file(key, reason="吊销之后。").json()["code"] == "certificate-revoked"


def test_a_person_lets_a_suspended_key_go_on(office: Bench, key: Key, suspended: bytes):
    keylife.resume(serial=key.serial, reason="单位误用旧备份，已核实", now=clock.now())
    assert office.file(key, reason="恢复之后。").status_code == 201
    assert forks.open_alerts() == []
    assert Alert.objects.get().resolution == "resumed: 单位误用旧备份，已核实"


def test_a_suspended_key_is_not_certified_anew_before_a_person_decides(
    office: Bench, key: Key, suspended: bytes
):
    Certificate.objects.update(not_after=1)
    for again in (Key(serial=key.serial), Key(serial="BD-TEST-0002", signer=key.signer)):
        with pytest.raises(Refused) as caught:
            office.issue(again, office.offer())
        assert caught.value.code == "key-registered"


def test_a_revoked_key_pair_is_never_certified_again_and_its_device_may_get_another(
    office: Bench, key: Key
):
    keylife.revoke(serial=key.serial, reason="测试", now=clock.now())
    with pytest.raises(Refused):
        office.issue(Key(serial="BD-TEST-0002", signer=key.signer), office.offer())
    assert office.issue(Key(serial=key.serial), office.offer())


def test_only_a_suspended_key_can_be_resumed_and_a_key_is_revoked_once(office: Bench, key: Key):
    with pytest.raises(Refused) as caught:
        keylife.resume(serial=key.serial, reason="测试", now=clock.now())
    assert caught.value.code == "key-not-suspended"
    keylife.revoke(serial=key.serial, reason="测试", now=clock.now())
    for again in (keylife.revoke, keylife.resume):
        with pytest.raises(Refused):
            again(serial=key.serial, reason="测试", now=clock.now())


def test_a_fork_of_one_key_leaves_the_others_alone(office: Bench, key: Key, suspended: bytes):
    assert (
        office.file(office.new_key(serial="BD-TEST-0002"), reason="另一把密钥。").status_code == 201
    )
