"""A disk that fills at any byte, a folder that is read-only: a name for it, and what was there is untouched."""

import errno
import os
import tempfile
from pathlib import Path

import pytest

from biandun_office import backup, clock, files, installation
from biandun_office.cli.main import run
from biandun_office.errors import FileProblem, StorageFull
from biandun_office.installation import Founding
from biandun_office.office import Identity
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, SCHOOL, Bench
from tests.support.small_disk import room_for

CONTENT = bytes(range(200))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_whole_or_untouched_wherever_the_disk_fills(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    for size in range(len(CONTENT)):
        with room_for(size), pytest.raises(StorageFull) as caught:
            files.write(tmp_path / "file", CONTENT, replace=True)
        assert (caught.value.code, caught.value.exit_status) == ("storage-full", 7)
        assert contents(tmp_path) == {"file": b"before"}
    with room_for(len(CONTENT)):
        files.write(tmp_path / "file", CONTENT, replace=True)
    assert contents(tmp_path) == {"file": CONTENT}


@ONLY_SQLITE  # the same code writes both
def test_a_backup_is_whole_or_absent_wherever_the_disk_fills(office: Bench, tmp_path: Path) -> None:
    backup.make(office.folder, tmp_path / "whole", PASSPHRASE, CHEAP)
    whole = (tmp_path / "whole").stat().st_size
    (tmp_path / "whole").unlink()
    before = {name for name in contents(tmp_path) if not name.endswith(("-wal", "-shm"))}
    for size in (0, 1, 100, 2000, 5000, whole // 3, whole // 2, whole - 100, whole - 1):
        with room_for(size), pytest.raises(FileProblem) as caught:
            backup.make(office.folder, tmp_path / "out", PASSPHRASE, CHEAP)
        assert caught.value.code in {"storage-full", "file-unwritable"}
        assert str(tmp_path / "out") in caught.value.message("zh")
        assert {name for name in contents(tmp_path) if not name.endswith(("-wal", "-shm"))} == before
    with room_for(whole + 100):
        assert backup.make(office.folder, tmp_path / "out", PASSPHRASE, CHEAP).size == (tmp_path / "out").stat().st_size


@ONLY_SQLITE
def test_backing_up_onto_a_full_disk_is_storage_full_by_the_command(
    office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    status = run(["--data", str(office.folder), "backup", "--out", str(out), "--passphrase-file", str(tmp_path / "secret")])
    err = capsys.readouterr().err
    assert (status, "[storage-full]" in err, str(out) in err, out.exists()) == (7, True, True, False)


@pytest.mark.parametrize("size", [0, 300, 3000, 50_000])
def test_an_office_is_founded_whole_or_not_at_all(size: int, tmp_path: Path) -> None:
    founding = Founding(Identity("longlan", "陇澜市委编办", "629900"), PASSPHRASE, CHEAP, clock.now())
    with room_for(size), pytest.raises(FileProblem) as caught:
        installation.found(tmp_path / "office", founding, before_rename=lambda work: None)
    assert caught.value.code in {"storage-full", "file-unwritable"}
    assert list(tmp_path.iterdir()) == []


@ONLY_SQLITE
@pytest.mark.parametrize(
    "words",
    [
        ["offer", "--unit", SCHOOL, "--out"],
        ["backup", "--passphrase-file", "secret", "--out"],
    ],
    ids=lambda words: words[0],
)
def test_a_place_that_takes_no_files_has_a_name(
    words: list[str], office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("secret").write_text(PASSPHRASE.secret)
    Path("occupied").write_text("a file where a folder should be")
    assert run(["--data", str(office.folder), *words, str(tmp_path / "occupied" / "out")]) == 7
    assert "[file-unwritable]" in capsys.readouterr().err


@ONLY_SQLITE
def test_a_database_that_may_not_grow_has_a_name_in_every_command(
    office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(tmp_path)
    with room_for(0):
        assert run(["--data", str(office.folder), "offer", "--unit", SCHOOL, "--out", str(tmp_path / "offer.bd")]) in {1, 7}
    err = capsys.readouterr().err
    assert "[storage-full]" in err or "[file-unwritable]" in err
    assert {name for name in contents(tmp_path) if not name.endswith(("-wal", "-shm"))} <= set(before)


@ONLY_SQLITE
@pytest.mark.parametrize("size", [0, 1, 5000, 300_000])
def test_an_upload_that_the_disk_does_not_take_is_storage_full_also_when_closing_writes_again(
    office: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def on_a_full_disk(**_: object) -> tuple[int, str]:
        return os.open("/dev/full", os.O_WRONLY | os.O_CLOEXEC), str(tmp_path / "incoming")

    monkeypatch.setattr(tempfile, "mkstemp", on_a_full_disk)
    monkeypatch.setattr(os, "fsync", lambda _: None if size else _no_room())
    answer = office.put(bytes(size))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage-full")


def _no_room() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Linux")
def test_a_file_without_end_is_read_no_further_than_an_attachment_is_long() -> None:
    with pytest.raises(FileProblem) as caught:
        files.read(Path("/dev/zero"))
    assert caught.value.code == "file-too-large"
