"""Two programs at once on one office: one does it, the other says by name that it did not, and
nothing is half done.
"""

import errno
import json
import os
import subprocess
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest

from biandun_office.cli import forks
from biandun_office.cli.main import run
from biandun_office.evidence.fork_export import Export
from biandun_office.installation import backup as backups
from biandun_office.installation import founding
from biandun_office.office import startup
from biandun_office.office.identity import IDENTITY
from biandun_office.platform import database, files
from biandun_office.platform.errors import FileProblem, OfficeStateProblem
from biandun_office.reception.log_check import check_log
from tests.backend import bench
from tests.backend.bench import (
    CHEAP,
    ONLY_POSTGRESQL,
    ONLY_SQLITE,
    PASSPHRASE,
    Bench,
    digest_of,
)
from tests.backend.serving import Served
from tests.backend.test_migrate import back_to_older
from tests.support.softkey import manifest

COSE = {"Content-Type": "application/cose"}
Answer = tuple[int, str]
# what a program may say that came too late
LATE = {
    "office-initialised",
    "office-changing",
    "database-not-empty",
    "file-exists",
}


@pytest.fixture
def twice(command: list[str], tmp_path: Path) -> Callable[..., list[Answer]]:
    """Runs two programs at once; gives the status and code of each ("" for none), those that
    succeeded first.
    """
    (tmp_path / "secret").write_text(PASSPHRASE.secret)

    def run_both(*both: list[str]) -> list[Answer]:
        startup.connections.close_all()
        processes = [
            subprocess.Popen(
                [*command, "--json", *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
            )
            for words in both
        ]
        answers = []
        for process in processes:
            _, err = process.communicate(timeout=120)
            code = json.loads(err)["error"]["code"] if process.returncode else ""
            answers.append((process.returncode, code))
        return sorted(answers)

    return run_both


def one_did_it(answers: list[Answer], *late: str) -> None:
    assert answers[0] == (0, ""), answers
    assert answers[1][1] in (late or LATE), answers


def nothing_beside(folder: Path, *names: str) -> None:
    assert {path.name for path in folder.iterdir()} <= {"secret", *names}


@pytest.mark.parametrize(
    "folders",
    [("office", "office"), pytest.param(("office", "another"), marks=pytest.mark.slow)],
)
def test_of_two_foundings_one_is_there_whole_with_its_backup(
    folders: tuple[str, str],
    twice: Callable[..., list[Answer]],
    new_database: Callable[..., str],
    tmp_path: Path,
) -> None:
    url = new_database()
    words = ["init", "--passphrase-file", "secret", "--backup", "backup"]
    one_did_it(
        twice(
            *(["--data", name, *(["--database", url] if url else []), *words] for name in folders)
        )
    )
    made = [name for name in set(folders) if (tmp_path / name).exists()]
    assert len(made) == 1
    office = Bench(tmp_path / made[0])
    office.file(office.new_key())
    assert check_log(office.office).faults == []
    backups.restore(tmp_path / "backup", tmp_path / "again", PASSPHRASE, new_database())
    assert Bench(tmp_path / "again").office.issuing == office.office.issuing
    nothing_beside(tmp_path, "backup", "again", *made)


@ONLY_SQLITE  # about a file
def test_an_init_that_fails_leaves_the_backup_that_another_made_meanwhile(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    backup, genuine = tmp_path / "backup", files.give_name

    def too_late(temporary: Path, path: Path) -> None:
        backup.write_bytes(b"of another")
        genuine(temporary, path)

    monkeypatch.setattr(files, "give_name", too_late)
    options = ["--passphrase-file", str(tmp_path / "secret"), "--backup", str(backup)]
    assert run(["--data", str(tmp_path / "office"), "init", *options]) != 0
    assert backup.read_bytes() == b"of another"
    assert not (tmp_path / "office").exists()


@ONLY_SQLITE  # about a file
def test_an_init_that_fails_deletes_the_backup_that_it_made(
    vendor: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    backup, genuine = tmp_path / "backup", backups.make

    def then_fails(*given: object) -> None:
        genuine(*given)  # type: ignore[arg-type]
        assert backup.exists()
        raise FileProblem("file-unwritable", path="office", detail="")

    monkeypatch.setattr(backups, "make", then_fails)
    options = ["--passphrase-file", str(tmp_path / "secret"), "--backup", str(backup)]
    assert run(["--data", str(tmp_path / "office"), "init", *options]) != 0
    assert not backup.exists()


@pytest.mark.parametrize(
    "into", [("again", "again"), pytest.param(("again", "another"), marks=pytest.mark.slow)]
)
def test_of_two_restores_one_is_there_whole(
    into: tuple[str, str],
    office: Bench,
    twice: Callable[..., list[Answer]],
    new_database: Callable[..., str],
    tmp_path: Path,
) -> None:
    backups.make(office.folder, tmp_path / "backup", PASSPHRASE, CHEAP)
    url = new_database()
    words = ["restore", "--from", "backup", "--passphrase-file", "secret", "--into"]
    answers = twice(*([*(["--database", url] if url else []), *words, name] for name in into))
    if url or into[0] == into[1]:
        one_did_it(answers)
    else:  # two files: both may be there
        assert answers == [(0, "")] * 2
    made = {name for name in into if (tmp_path / name).exists()}
    assert len(made) == sum(status == 0 for status, _ in answers)
    for name in made:
        assert Bench(tmp_path / name).office.issuing == office.office.issuing
    nothing_beside(tmp_path, "backup", "office", *made)


def test_of_two_migrations_one_takes_the_steps_and_the_office_is_whole(
    office: Bench, twice: Callable[..., list[Answer]]
) -> None:
    office.file(office.new_key())
    back_to_older()
    answers = twice(*[["--data", str(office.folder), "migrate"]] * 2)
    assert answers in ([(0, ""), (0, "")], [(0, ""), (4, "office-changing")])
    assert database.pending() == []
    assert check_log(office.office).faults == []


def test_of_two_backups_to_one_file_one_is_there_and_restores(
    office: Bench, twice: Callable[..., list[Answer]], tmp_path: Path
) -> None:
    words = ["backup", "--passphrase-file", "secret", "--out", "backup"]
    one_did_it(twice(*[["--data", str(office.folder), *words]] * 2), "file-exists")
    backups.try_restore(tmp_path / "backup", PASSPHRASE)
    nothing_beside(tmp_path, "backup", "office")


@pytest.mark.slow
def test_two_sweeps_and_filings_at_once_lose_nothing_that_has_a_receipt(
    office: Bench, start_server: Callable[[], Served], twice: Callable[..., list[Answer]]
) -> None:
    keys = [office.new_key(serial=f"BD-TEST-5{number:03}") for number in range(3)]
    served, enough = start_server(), Event()

    def file_on(place: int) -> int:
        count = 0
        with httpx.Client(base_url=served.url, timeout=60) as client:
            while not enough.is_set() or not count:
                raw = manifest(reason=f"{place} 第 {count} 份")
                statement = keys[place].sign(raw)
                for _ in range(20):  # a sweep of everything may be quicker than the statement
                    put = client.put(f"/blobs/{digest_of(raw)}", content=raw)
                    assert put.status_code in (200, 201), put.text
                    answer = client.post("/statements", content=statement, headers=COSE)
                    if answer.status_code == 201:
                        break
                    assert answer.json()["code"] == "blob-missing"
                assert answer.status_code == 201
                count += 1
        return count

    words = ["--data", str(office.folder), "sweep-blobs", "--older-than", "0s"]
    with ThreadPoolExecutor(3) as pool:
        filing = [pool.submit(file_on, place) for place in range(3)]
        try:
            for _ in range(2):
                assert twice(words, words) == [(0, ""), (0, "")]
        finally:
            enough.set()
        filed = sum(one.result() for one in filing)
    startup.use_office(office.folder)
    report = check_log(office.office)
    assert (report.faults, report.size) == ([], filed)


# --- who is at it, by name --------------------------------------------
def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(OfficeStateProblem) as caught:
        work()
    return caught.value.code


def test_an_office_whose_tables_are_being_altered_is_neither_migrated_nor_served(
    office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    serve = ["serve", "--port", "0", "--passphrase-file", str(tmp_path / "secret")]
    with database.changing(office.folder):
        assert run(["--data", str(office.folder), "--json", *serve]) == 4
        assert json.loads(capsys.readouterr().err)["error"]["code"] == "office-changing"
        back_to_older()
        assert run(["--data", str(office.folder), "--json", "migrate"]) == 4
        assert json.loads(capsys.readouterr().err)["error"]["code"] == "office-changing"
    assert run(["--data", str(office.folder), "--json", "migrate"]) == 0


def test_an_office_that_is_served_is_not_migrated_until_it_is_stopped(
    office: Bench, start_server: Callable[[], Served], capsys: pytest.CaptureFixture[str]
) -> None:
    served = start_server()
    second = start_server()  # two may serve it
    assert run(["--data", str(office.folder), "--json", "migrate"]) == 0, "there is nothing to do"
    back_to_older()
    startup.connections.close_all()
    capsys.readouterr()
    for one in (served, second):
        assert run(["--data", str(office.folder), "--json", "migrate"]) == 4
        assert json.loads(capsys.readouterr().err)["error"]["code"] == "office-serving"
        assert one.stop() == 0
    assert run(["--data", str(office.folder), "--json", "migrate"]) == 0


@ONLY_POSTGRESQL  # a file's folder is locked, and a new one has its name at the end only
def test_a_database_in_which_tables_are_being_made_takes_no_others(
    office: Bench, new_database: Callable[..., str], tmp_path: Path
) -> None:
    backups.make(office.folder, tmp_path / "backup", PASSPHRASE, CHEAP)
    url = new_database()
    startup.point_at(tmp_path, url)
    with database.alone():
        assert code_of(lambda: bench.found(tmp_path / "one", url)) == "office-changing"
        assert (
            code_of(lambda: backups.restore(tmp_path / "backup", tmp_path / "two", PASSPHRASE, url))
            == "office-changing"
        )
    assert not (tmp_path / "one").exists() and not (tmp_path / "two").exists()
    bench.found(tmp_path / "one", url)


# --- names that are taken once ----------------------------------------
@contextmanager
def quicker(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, do: Callable[[], object]
) -> Generator[None]:
    """Another program does something in the moment in which ours calls ``name``."""
    ours = getattr(place, name)

    def first(*arguments: object, **named: object) -> object:
        monkeypatch.setattr(place, name, ours)
        do()
        return ours(*arguments, **named)

    monkeypatch.setattr(place, name, first)
    yield
    assert getattr(place, name) is ours, "it was called"


@pytest.fixture(params=[True, False], ids=["links", "no links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with hard links, and one without."""
    if not request.param:

        def refuse(*_: object, **__: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("file_system")
def test_a_file_takes_no_name_that_another_program_took_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "offer"
    with (
        quicker(monkeypatch, os, "fsync", lambda: path.write_bytes(b"theirs")),
        pytest.raises(FileProblem) as caught,
    ):
        files.write(path, b"ours")
    assert (caught.value.code, path.read_bytes()) == ("file-exists", b"theirs")
    nothing_beside(tmp_path, "offer")
    files.write(tmp_path / "other", b"ours")
    assert (tmp_path / "other").read_bytes() == b"ours"
    assert (tmp_path / "other").stat().st_nlink == 1


@ONLY_SQLITE
@pytest.mark.usefixtures("file_system")
def test_a_backup_takes_no_name_that_another_program_took_meanwhile(
    office: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "backup"
    with (
        quicker(monkeypatch, backups, "try_restore", lambda: out.write_bytes(b"theirs")),
        pytest.raises(FileProblem) as caught,
    ):
        backups.make(office.folder, out, PASSPHRASE, CHEAP)
    assert (caught.value.code, out.read_bytes()) == ("file-exists", b"theirs")
    nothing_beside(tmp_path, "backup", "office")


@ONLY_SQLITE
def test_a_name_that_leads_nowhere_is_taken_too(office: Bench, tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nothing")
    for work in (
        lambda: files.write(tmp_path / "out", b"x"),
        lambda: backups.make(office.folder, tmp_path / "out", PASSPHRASE, CHEAP),
        lambda: forks._write(Export.__new__(Export), tmp_path / "out"),
    ):
        with pytest.raises(FileProblem) as caught:
            work()
        assert caught.value.code == "file-exists"
    assert not (tmp_path / "nothing").exists()


def office_there(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / IDENTITY).write_text("{}")


def something_there(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "note").touch()


@pytest.mark.parametrize(
    ("make", "code"), [(office_there, "office-initialised"), (something_there, "file-exists")]
)
def test_a_folder_takes_no_name_that_another_program_took_meanwhile(
    make: Callable[[Path], None],
    code: str,
    new_database: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = new_database()
    with (
        quicker(monkeypatch, founding, "settle", lambda: make(tmp_path / "office")),
        pytest.raises((OfficeStateProblem, FileProblem)) as caught,
    ):
        bench.found(tmp_path / "office", url)
    assert caught.value.code == code
    nothing_beside(tmp_path, "office")
    bench.found(tmp_path / "another", url)
