"""Backup and restore: every backup is tried, and a damaged one is noticed before it counts."""

import io
import shutil
from pathlib import Path

import pytest
from django.db import DatabaseError, connection

from biandun_office.installation import archive, backup
from biandun_office.office import startup
from biandun_office.office.keystore import Passphrase
from biandun_office.platform.errors import (
    BackupProblem,
    FileProblem,
    OfficeStateProblem,
    PassphraseProblem,
)
from biandun_office.reception.log_check import check_log
from biandun_protocol.kinds import WrongFile
from tests.backend.bench import CHEAP, ONLY_POSTGRESQL, ONLY_SQLITE, PASSPHRASE, Bench, rows
from tests.backend.databases import VENDORS
from tests.support.softkey import SoftKey


@pytest.fixture
def made(office: Bench, tmp_path: Path) -> Path:
    backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    return tmp_path / "office.backup"


def test_a_backup_reports_its_trial_restore(office: Bench, key: SoftKey, tmp_path: Path):
    office.file(key)
    tried = backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    assert (tried.office_id, tried.statements, tried.blobs_needed) == ("longlan", 1, 2)
    assert tried.size == (tmp_path / "office.backup").stat().st_size


def test_a_backup_is_private_and_leaves_nothing_beside_it(made: Path, tmp_path: Path):
    assert made.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office", "office.backup"]


@ONLY_SQLITE  # the archive is the same on both
def test_a_backup_shows_nothing_in_clear(made: Path):
    content = made.read_bytes()
    for word in (b"SQLite", b"PRIVATE KEY", b"longlan", "陇澜".encode()):
        assert word not in content


def copy_blobs(office: Bench, again: Bench) -> None:
    """As an ordinary copying tool does."""
    shutil.copytree(office.folder / "blobs", again.folder / "blobs", dirs_exist_ok=True)


def test_a_restored_office_goes_on_where_the_backup_was_made(
    office: Bench, key: SoftKey, tmp_path: Path, new_database
):
    statement = key.sign(office.upload())
    receipt = office.post(statement).content
    before = rows()
    backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    office.file(key, reason="备份之后。")
    backup.restore(tmp_path / "office.backup", tmp_path / "again", PASSPHRASE, new_database())
    again = Bench(tmp_path / "again")
    assert rows() == before
    assert again.post(statement).content == receipt
    assert startup.database_of(again.folder).startswith(
        "postgresql:" if startup.database_of(office.folder) else ""
    )
    assert {damage.fault for damage in check_log(again.office).damaged} == {"missing"}, (
        "until they are copied back"
    )
    copy_blobs(office, again)
    assert check_log(again.office).faults == []
    assert again.file(key, reason="恢复之后。").status_code == 201


@pytest.mark.parametrize("there", VENDORS)
def test_a_backup_of_either_database_restores_into_either(
    office: Bench, key: SoftKey, tmp_path: Path, there: str, request: pytest.FixtureRequest
):
    filed = office.file(key)
    office.countersign(office.supervisor(), filed["Biandun-Statement"])
    before = rows()
    backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    databases = request.getfixturevalue("databases") if there == "postgresql" else None
    url = databases.create() if databases else ""
    backup.restore(tmp_path / "office.backup", tmp_path / "again", PASSPHRASE, url)
    again = Bench(tmp_path / "again")
    assert rows() == before
    copy_blobs(office, again)
    assert check_log(again.office).faults == []
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("DELETE FROM evidence_statement")
    assert again.new_key(serial="BD-TEST-0009")  # numbers that the database gives out go on
    startup.connections.close_all()
    if databases:
        databases.drop(url)


@ONLY_POSTGRESQL  # the only database that can hold something before the office comes
def test_restoring_into_a_database_that_is_in_use_is_refused_and_changes_nothing(
    office: Bench, made: Path, tmp_path: Path
):
    before = rows()
    with pytest.raises(OfficeStateProblem) as caught:
        backup.restore(made, tmp_path / "again", PASSPHRASE, startup.database_of(office.folder))
    assert caught.value.code == "database-not-empty"
    assert not (tmp_path / "again").exists()
    startup.use_office(office.folder)
    assert rows() == before


def test_a_restored_folder_is_private(made: Path, tmp_path: Path):
    backup.restore(made, tmp_path / "again", PASSPHRASE)
    for path in [tmp_path / "again", *(tmp_path / "again").rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0


@ONLY_SQLITE  # the archive is the same on both
def test_a_backup_under_a_mistyped_passphrase_is_not_made(office: Bench, tmp_path: Path):
    with pytest.raises(PassphraseProblem):
        backup.make(
            office.folder, tmp_path / "office.backup", Passphrase("a passphrase for test"), CHEAP
        )
    assert not (tmp_path / "office.backup").exists()


@ONLY_SQLITE  # the archive is the same on both
def test_an_existing_file_is_not_overwritten(office: Bench, tmp_path: Path):
    (tmp_path / "office.backup").write_text("mine")
    with pytest.raises(FileProblem) as caught:
        backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    assert caught.value.code == "file-exists"


@ONLY_SQLITE  # the archive is the same on both
def test_a_wrong_passphrase_does_not_restore(made: Path, tmp_path: Path):
    with pytest.raises(PassphraseProblem) as caught:
        backup.restore(made, tmp_path / "again", Passphrase("another passphrase"))
    assert caught.value.code == "passphrase-wrong"
    assert not (tmp_path / "again").exists()


def test_a_missing_backup_is_named(tmp_path: Path):
    with pytest.raises(FileProblem) as caught:
        backup.restore(tmp_path / "nothing", tmp_path / "again", PASSPHRASE)
    assert caught.value.code == "file-missing"


@pytest.mark.parametrize(
    ("raw", "found"),
    [(b"", "是空文件"), (b"\xff\xd8\xff\xe0", "JPEG 图片"), (b"not a backup", "内容无法识别")],
)
def test_a_file_that_is_no_backup_is_named(raw: bytes, found: str, tmp_path: Path):
    (tmp_path / "给错的").write_bytes(raw)
    with pytest.raises(WrongFile) as caught:
        backup.restore(tmp_path / "给错的", tmp_path / "office", PASSPHRASE)
    message = caught.value.message("zh")
    assert (
        str(tmp_path / "给错的") in message,
        "备份文件（biandun-office backup）" in message,
        found in message,
    ) == (
        True,
        True,
        True,
    )
    assert not (tmp_path / "office").exists()


@ONLY_SQLITE  # the archive is the same on both
def test_restoring_over_an_office_is_refused(made: Path, office: Bench):
    with pytest.raises(OfficeStateProblem):
        backup.restore(made, office.folder, PASSPHRASE)


@ONLY_SQLITE  # the archive is the same on both
def test_restoring_into_a_folder_with_anything_in_it_is_refused(made: Path, tmp_path: Path):
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "note").touch()
    with pytest.raises(FileProblem):
        backup.restore(made, tmp_path / "again", PASSPHRASE)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 0.999])
@ONLY_SQLITE  # the archive is the same on both
def test_a_truncated_backup_is_refused(made: Path, tmp_path: Path, share: float):
    content = made.read_bytes()
    made.write_bytes(content[: int(len(content) * share)])
    with pytest.raises((BackupProblem, PassphraseProblem, WrongFile)):
        backup.restore(made, tmp_path / "again", PASSPHRASE)
    assert not (tmp_path / "again").exists()


@ONLY_SQLITE  # the archive is the same on both
def test_any_flipped_bit_is_refused(made: Path, tmp_path: Path):
    content = made.read_bytes()
    for at in [*range(45), *range(45, len(content), len(content) // 40), len(content) - 1]:
        made.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises((BackupProblem, PassphraseProblem, WrongFile)):
            backup.restore(made, tmp_path / "again", PASSPHRASE)
    assert not (tmp_path / "again").exists()


def packed(folder: Path, sizes: dict[str, int]) -> bytes:
    for name, size in sizes.items():
        (folder / name).write_bytes(bytes(size))
    out = io.BytesIO()
    archive.pack(folder, list(sizes), out, PASSPHRASE, CHEAP)
    return out.getvalue()


@pytest.mark.parametrize("size", [0, 1, 2**20, 3 * 2**20, 3 * 2**20 + 1])
def test_an_archive_gives_back_files_of_any_size(tmp_path: Path, size: int):
    content = packed(tmp_path, {"a": size, "b": 7})
    (tmp_path / "out").mkdir()
    archive.unpack(io.BytesIO(content), tmp_path / "out", ["a", "b"], PASSPHRASE)
    assert (tmp_path / "out" / "a").read_bytes() == bytes(size)


@pytest.mark.parametrize("dropped", [0, 1, -1])
def test_an_archive_without_one_of_its_chunks_is_refused(tmp_path: Path, dropped: int):
    content = packed(tmp_path, {"a": 3 * 2**20})
    head, chunk = len(archive.MAGIC) + 26, 2**20 + 16
    chunks = [content[at : at + chunk] for at in range(head, len(content), chunk)]
    del chunks[dropped]
    (tmp_path / "out").mkdir()
    with pytest.raises((BackupProblem, PassphraseProblem)):
        archive.unpack(
            io.BytesIO(content[:head] + b"".join(chunks)), tmp_path / "out", ["a"], PASSPHRASE
        )


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
def test_an_archive_must_hold_exactly_what_is_expected(tmp_path: Path, names: list[str]):
    content = packed(tmp_path, {"a": 1, "b": 1})
    (tmp_path / "out").mkdir()
    with pytest.raises(BackupProblem):
        archive.unpack(io.BytesIO(content), tmp_path / "out", names, PASSPHRASE)


@ONLY_SQLITE  # the archive is the same on both
def test_a_backup_whose_keys_are_not_the_certificates_is_refused(office: Bench, tmp_path: Path):
    key = office.folder / "issuing.key.pem"
    key.write_bytes((office.folder / "root.key.pem").read_bytes())
    with pytest.raises((BackupProblem, backup.CertificateProblem)):
        backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    assert not (tmp_path / "office.backup").exists()


@ONLY_SQLITE  # a backup of PostgreSQL holds the same kind of file
def test_a_damaged_database_is_refused(office: Bench, tmp_path: Path):
    names = backup._KEPT
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for name in names:
        damaged.joinpath(name).write_bytes((office.folder / name).read_bytes())
    database = damaged / "office.sqlite3"
    database.write_bytes(database.read_bytes()[:8192] + bytes(8192))
    with (tmp_path / "office.backup").open("wb") as out:
        archive.pack(damaged, names, out, PASSPHRASE, CHEAP)
    with pytest.raises(BackupProblem) as caught:
        backup.restore(tmp_path / "office.backup", tmp_path / "again", PASSPHRASE)
    assert caught.value.code == "backup-invalid"
