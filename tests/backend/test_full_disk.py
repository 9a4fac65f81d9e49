"""A disk that fills at any byte, a folder that is read-only: a name for it, and what was there is
untouched.
"""

import errno
import json
import os
import resource
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest
from django.db import OperationalError

from biandun_office.cli.main import run
from biandun_office.evidence import blobs, forks
from biandun_office.evidence.models import Blob
from biandun_office.installation import backup
from biandun_office.installation import founding as installation
from biandun_office.installation.founding import Founding
from biandun_office.office import startup
from biandun_office.office.identity import Identity
from biandun_office.platform import clock, files
from biandun_office.platform.errors import FileProblem, StorageFull
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, SCHOOL, Bench, digest_of
from tests.support.small_disk import room_for

CONTENT = bytes(range(200))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


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
        assert {
            name for name in contents(tmp_path) if not name.endswith(("-wal", "-shm"))
        } == before
    with room_for(whole + 100):
        assert (
            backup.make(office.folder, tmp_path / "out", PASSPHRASE, CHEAP).size
            == (tmp_path / "out").stat().st_size
        )


@ONLY_SQLITE
def test_backing_up_onto_a_full_disk_is_storage_full_by_the_command(
    office: Bench,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    status = run(
        [
            "--data",
            str(office.folder),
            "backup",
            "--out",
            str(out),
            "--passphrase-file",
            str(tmp_path / "secret"),
        ]
    )
    err = capsys.readouterr().err
    assert (status, "[storage-full]" in err, str(out) in err, out.exists()) == (
        7,
        True,
        True,
        False,
    )


@pytest.mark.parametrize("size", [0, 300, 3000, 50_000])
def test_an_office_is_founded_whole_or_not_at_all(size: int, tmp_path: Path) -> None:
    founding = Founding(
        Identity("longlan", "陇澜市委编办", "629900"), PASSPHRASE, CHEAP, clock.now()
    )
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
    words: list[str],
    office: Bench,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
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
        assert run(
            [
                "--data",
                str(office.folder),
                "offer",
                "--unit",
                SCHOOL,
                "--out",
                str(tmp_path / "offer.bd"),
            ]
        ) in {1, 7}
    err = capsys.readouterr().err
    assert "[storage-full]" in err or "[file-unwritable]" in err
    assert {name for name in contents(tmp_path) if not name.endswith(("-wal", "-shm"))} <= set(
        before
    )


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


def test_a_large_file_is_read_no_further_than_an_attachment_is_long(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # a file with a hole
    with pytest.raises(FileProblem) as caught:
        files.read(tmp_path / "large")
    assert caught.value.code == "file-too-large"


# --- a sweep, which is what makes room --------------------------------
@pytest.fixture
def no_room(office: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A disk that is full to the last byte until the first file goes, and a server that has the
    database open; what has gone.
    """
    gone: list[str] = []
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def remove(path: Path, missing_ok: bool = False) -> None:
        gone.append(path.name)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        unlink(path, missing_ok=missing_ok)

    unlink = Path.unlink
    startup.connections.close_all()
    with closing(sqlite3.connect(office.folder / startup.DATABASE)) as server:
        server.execute("SELECT count(*) FROM evidence_blob").fetchone()
        monkeypatch.setattr(Path, "unlink", remove)
        with room_for(0):
            yield gone


def sweep(office: Bench, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    status = run(["--data", str(office.folder), "--json", "sweep-blobs", "--older-than", "1h"])
    out, err = capsys.readouterr()
    return status, json.loads(err or out)


@pytest.fixture
def loose(office: Bench) -> str:
    """An old upload that no evidence rests on."""
    office.put(b"nobody names this")
    Blob.objects.update(stored_at=0)
    return digest_of(b"nobody names this")


@ONLY_SQLITE
def test_a_sweep_makes_room_on_a_disk_that_is_full(
    office: Bench, loose: str, no_room: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(office, capsys) == (0, {"removed": 1, "bytes": 17})
    assert no_room == [loose]
    assert not Blob.objects.exists()


@ONLY_SQLITE
def test_a_sweep_makes_room_by_what_an_upload_left_behind(
    office: Bench, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    (blobs.incoming_folder() / "cut off").write_bytes(b"half of it")
    os.utime(blobs.incoming_folder() / "cut off", (0, 0))
    assert (request.getfixturevalue("no_room"), sweep(office, capsys)) == (
        ["cut off"],
        (0, {"removed": 1, "bytes": 10}),
    )


@ONLY_SQLITE
def test_a_sweep_that_finds_nothing_to_remove_says_so_on_a_full_disk_too(
    office: Bench, no_room: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (sweep(office, capsys), no_room) == ((0, {"removed": 0, "bytes": 0}), [])


@ONLY_SQLITE
def test_a_sweep_that_stops_halfway_is_finished_by_the_next(
    office: Bench, loose: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(forks, "reference_files", _fail)
        assert sweep(office, capsys)[1]["error"]["code"] == "storage-full"  # type: ignore[index]
    assert (blobs.size_of(loose), Blob.objects.count()) == (None, 1)
    assert office.put(b"nobody names this").status_code == 201
    Blob.objects.update(stored_at=0)
    assert sweep(office, capsys) == (0, {"removed": 1, "bytes": 17})
    assert not Blob.objects.exists()


@ONLY_SQLITE
@pytest.mark.parametrize(("free", "code"), [(1000, "sweep-no-room"), (1 << 40, "file-unwritable")])
def test_a_sweep_that_cannot_open_the_database_says_what_to_do(
    office: Bench,
    loose: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    code: str,
) -> None:
    startup.connections.close_all()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    with room_for(0):  # SQLite makes a file of its own beside a database that nobody else has open
        status, answer = sweep(office, capsys)
    assert (status, answer["error"]["code"]) == (7, code)  # type: ignore[index]
    assert blobs.size_of(loose) == 17


def _fail() -> None:
    raise OperationalError("database or disk is full")


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (errno.ENOSPC, 507, "storage-full"),
        (errno.EDQUOT, 507, "storage-full"),
        (errno.EFBIG, 507, "storage-full"),
        (errno.EROFS, 500, "file-unwritable"),
        (errno.EIO, 500, "file-unwritable"),
        (errno.EACCES, 500, "file-unwritable"),
    ],
)
def test_whatever_the_disk_says_to_an_upload_has_a_name_and_no_path(
    office: Bench, monkeypatch: pytest.MonkeyPatch, number: int, status: int, code: str
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number), str(office.folder))

    for place, name in ((tempfile, "mkstemp"), (os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, refuse)
            answer = office.put(b"%PDF-")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert str(office.folder) not in answer.content.decode()
        assert "编办服务器" in answer.json()["title"]
