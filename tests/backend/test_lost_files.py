"""``log-check`` looks at every file that evidence rests on: one that is lost, shortened or altered
fails it and is named.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun_office.cli.main import run
from biandun_office.evidence import blobs, services, stored
from biandun_office.evidence.models import Blob
from biandun_office.office import startup
from biandun_office.office.identity import IDENTITY, ISSUING_KEY, ROOT_KEY, Office
from biandun_office.platform import clock
from biandun_office.reception.log_check import check_log
from biandun_protocol.errors import Problem
from tests.backend import bench
from tests.backend.bench import ONLY_SQLITE, SIGNED, Bench, digest_of
from tests.backend.people import Key
from tests.backend.test_fork_export import PDF, forked
from tests.support.softkey import attachment, manifest

# no evidence rests on these: who has the passphrase tries both keys with each backup, office.json
# holds names and the database's address, and the database is what everything else is compared with
NO_EVIDENCE = {ROOT_KEY, ISSUING_KEY, IDENTITY, startup.DATABASE}


def full(office: Bench) -> list[Path]:
    """An office with something of every kind that evidence rests on; returns the files of it."""
    key, supervisor, officer = office.new_key(), office.supervisor(), office.officer()
    filed = office.file(key)
    office.countersign(
        supervisor, filed["Biandun-Statement"], attachments=(attachment(b"%PDF-1.7 opinion"),)
    )
    office.put(b"%PDF-1.7 opinion")
    office.countersign(
        supervisor, filed["Biandun-Statement"], attachments=(attachment(b"%PDF-1.7 opinion"),)
    )
    assert office.decide(officer, filed).status_code in (201, 409)
    office.post(key.links(9, [bytes(range(32))]), SIGNED, "/links")
    other = office.new_key(serial="BD-TEST-0009")
    forked(office, other, reason="分叉的材料。")
    services.sweep_blobs(older_than=clock.now() + 1)  # what nothing rests on
    files = [path for path in office.folder.rglob("*") if path.is_file()]
    return [path for path in files if path.name.partition("-")[0] not in NO_EVIDENCE]


def delete(path: Path) -> None:
    path.unlink()


def shorten(path: Path) -> None:
    # a certificate without its last line's end is the same one
    path.write_bytes(path.read_bytes()[:-3])


def alter(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES = [delete, shorten, alter, empty, folder]


def faults(office: Bench) -> list[str]:
    """What the check says; a problem of the office's own files stops it before, which fails as
    well.
    """
    try:
        return check_log(Office.load(office.folder)).faults
    except (Problem, OSError, ValueError) as problem:
        return [repr(problem)]


@pytest.mark.parametrize("change", CHANGES)
@ONLY_SQLITE  # about files
def test_whatever_file_of_an_office_is_lost_or_altered_the_check_fails(
    office: Bench, tmp_path: Path, change: Callable[[Path], None]
):
    files = full(office)
    assert (faults(office), len(files) >= 10) == ([], True)
    for path in files:
        shutil.copyfile(path, tmp_path / "whole")
        change(path)
        assert faults(office) != [], path.name
        if path.is_dir():
            path.rmdir()
        shutil.copyfile(tmp_path / "whole", path)
    assert faults(office) == []


@pytest.mark.parametrize("suite", ["ES256", "SM2"])
@pytest.mark.parametrize(
    ("change", "fault"),
    [(delete, "missing"), (alter, "altered"), (shorten, "altered"), (folder, "missing")],
)
def test_a_lost_or_altered_file_of_any_kind_is_found_and_named(
    tmp_path: Path, suite: str, change: Callable[[Path], None], fault: str
):
    bench.found(tmp_path / "office", suite=suite)
    office = Bench(tmp_path / "office")
    full(office)
    named = {path.name for path in blobs.folder().rglob("*") if path.is_file()}
    for digest in named:
        change(blobs.path_of(digest))
    damaged = {damage.digest: damage for damage in stored.check(office.office.algorithm)}
    assert set(damaged) == named
    assert {damage.fault for damage in damaged.values()} == {fault}
    if change is not alter:  # nobody can tell any more what an altered manifest of a fork named
        assert {"statement 0"} < {damage.of for damage in damaged.values()}
    startup.connections.close_all()


@ONLY_SQLITE  # about the command
def test_the_command_fails_with_a_list_when_files_are_gone(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
):
    office.file(key)
    shutil.rmtree(blobs.folder())
    assert run(["--data", str(office.folder), "--json", "log-check"]) == 9
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert json.loads(err)["error"]["code"] == "files-lost"
    assert (answer["ok"], answer["unread"]) == (False, 1)
    assert [(one["kind"], one["of"], one["fault"]) for one in answer["damaged"]] in (
        [("manifest", "statement 0", "missing"), ("attachment", "statement 0", "missing")],
        [("attachment", "statement 0", "missing"), ("manifest", "statement 0", "missing")],
    )
    assert run(["--data", str(office.folder), "--lang", "en", "log-check"]) == 9
    assert "2 files that the evidence rests on are missing or altered" in capsys.readouterr().err


@ONLY_SQLITE  # about the command
def test_a_quick_check_finds_what_is_gone_and_not_what_is_altered(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
):
    office.file(key)
    path = next(path for path in blobs.folder().rglob("*") if path.is_file())
    alter(path)
    assert run(["--data", str(office.folder), "log-check", "--quick"]) == 0
    assert run(["--data", str(office.folder), "log-check"]) == 9
    path.unlink()
    assert run(["--data", str(office.folder), "log-check", "--quick"]) == 9


def test_a_file_that_the_account_of_files_has_lost_is_looked_for_all_the_same(
    office: Bench, key: Key
):
    office.file(key)
    Blob.objects.all().delete()
    assert faults(office) == []
    shutil.rmtree(blobs.folder())
    assert len(faults(office)) == 2


def test_a_fork_whose_files_never_came_is_no_fault(office: Bench, key: Key):
    office.file(key)
    office.post(
        key.sign(
            manifest(attachments=(attachment(PDF),), reason="从未上传。"), seq=1, prev=bytes(32)
        )
    )
    assert faults(office) == []


def test_uploads_that_no_evidence_rests_on_may_go(office: Bench, key: Key):
    office.file(key)
    office.put(b"loose")
    blobs.remove(digest_of(b"loose"))
    assert faults(office) == []


def test_progress_counts_every_file_up_to_the_last(office: Bench, key: Key):
    office.file(key)
    seen: list[tuple[int, int]] = []
    stored.check(office.office.algorithm, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
