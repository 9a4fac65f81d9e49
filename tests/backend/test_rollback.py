"""Every key is a witness: one that has seen another log than the office's raises the alarm, and
files all the same.
"""

import pytest

from biandun_office.evidence import forks
from biandun_protocol.wire.merkle import EMPTY_ROOT
from tests.backend.bench import Bench
from tests.backend.people import Key


def head(office: Bench) -> tuple[int, bytes]:
    answer = office.client.get("/log").json()
    return answer["size"], bytes.fromhex(answer["root"])


def alerts() -> list[str]:
    return [alert.kind for alert in forks.open_alerts()]


def test_a_key_that_saw_this_log_raises_nothing(office: Bench, key: Key):
    for number in range(6):
        key.log_point = head(office)
        assert office.file(key, reason=f"第 {number} 份").status_code == 201
    assert alerts() == []


def test_a_key_that_saw_an_earlier_state_of_this_log_raises_nothing(office: Bench, key: Key):
    seen = [head(office)]
    for number in range(5):
        office.file(key, reason=f"第 {number} 份")
        seen.append(head(office))
    for number, point in enumerate(seen):
        key.log_point = point
        assert office.file(key, reason=f"较早的视角 {number}").status_code == 201
    assert alerts() == []


@pytest.mark.parametrize(
    "point", [(2, bytes(32)), (1, b"\x01" * 32), (0, bytes(32)), (1 << 62, EMPTY_ROOT)]
)
def test_a_key_that_saw_another_log_is_taken_in_and_raises_the_alarm(
    office: Bench, key: Key, point: tuple[int, bytes]
):
    office.file(key)
    key.log_point = point
    assert office.file(key, reason="见过另一份日志。").status_code == 201
    assert alerts() == ["ROLLBACK"]
    assert office.file(key, reason="仍然如此。").status_code == 201
    assert alerts() == ["ROLLBACK"], "one alarm for one sight"


def test_an_office_set_back_to_a_backup_is_found_out_by_the_next_filing(
    office: Bench, key: Key, tmp_path
):
    from biandun_office.installation import backup
    from tests.backend.bench import CHEAP, PASSPHRASE

    office.file(key)
    backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    office.file(key, reason="备份之后。")
    key.log_point = head(office)
    backup.restore(tmp_path / "office.backup", tmp_path / "again", PASSPHRASE)
    again = Bench(tmp_path / "again")
    assert again.file(key, reason="回退之后。").status_code == 201
    assert alerts() == ["ROLLBACK"]
