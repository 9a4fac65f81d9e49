"""What lies in the office's data folder is the office's own: a link, a pipe or a file of somebody
else's under one of its names is refused by name, and nothing is done through it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biandun_office.cli.main import run
from biandun_office.evidence import blobs
from biandun_office.installation import backup
from biandun_office.office import identity
from biandun_office.office.identity import BLOBS, FILES, INCOMING, SHELVES
from biandun_office.office.startup import connections, use_office
from biandun_office.platform.errors import FileProblem
from biandun_office.reception.log_check import check_log
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, Bench, digest_of
from tests.backend.people import Key

STRANGER = 54_321
Fault = Callable[[Path], None]


# --- what may be in the place of a file or a folder -------------------
def link(path: Path) -> None:
    """What was there is elsewhere now, as of somebody who has moved it to another disk."""
    path.rename(path.parent.parent / "moved")
    path.symlink_to(path.parent.parent / "moved")


def dangling_link(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.symlink_to(path.parent.parent / "nothing")


def other_name(path: Path) -> None:
    (path.parent.parent / "moved").hardlink_to(path)


def pipe(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.mkdir()


def file(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.touch()


def foreign(path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    os.chown(path, STRANGER, STRANGER)


def open_to_others(path: Path) -> None:
    path.chmod(path.stat().st_mode | 0o002)


OF_FILES: tuple[Fault, ...] = (
    link,
    dangling_link,
    other_name,
    pipe,
    folder,
    foreign,
    open_to_others,
)
OF_FOLDERS: tuple[Fault, ...] = (link, dangling_link, pipe, file, foreign, open_to_others)
FOLDERS = (BLOBS, *(f"{BLOBS}/{name}" for name in (INCOMING, "00", "a7", "ff")))


@pytest.fixture
def whole(office: Bench) -> Bench:
    """An office in whose folder is everything that may ever be there."""
    connections.close_all()
    for name in FILES:
        (office.folder / name).touch(mode=0o600)
    for name in FOLDERS:
        (office.folder / name).mkdir(mode=0o700, exist_ok=True)
    return office


@pytest.mark.parametrize("fault", OF_FILES)
@ONLY_SQLITE
def test_a_file_that_is_not_plainly_the_offices_own_is_named(fault: Fault, whole: Bench) -> None:
    for name in FILES:
        refused(whole, whole.folder / name, fault)


@pytest.mark.parametrize("fault", OF_FOLDERS)
@ONLY_SQLITE
def test_a_folder_that_is_not_plainly_the_offices_own_is_named(fault: Fault, whole: Bench) -> None:
    for name in FOLDERS:
        refused(whole, whole.folder / name, fault)


def refused(office: Bench, path: Path, fault: Fault) -> None:
    moved, before = path.parent.parent / "moved", path.stat()
    fault(path)
    with pytest.raises(FileProblem) as caught:
        use_office(office.folder)
    assert (caught.value.code, caught.value.exit_status) == ("office-entry", 7)
    assert str(path) in caught.value.message("zh") and str(path) in caught.value.message("en")
    assert not (path.parent.parent / "nothing").exists(), "nothing is made through a link"
    if moved.exists():
        path.unlink() if path.is_symlink() or not path.is_dir() else path.rmdir()
        moved.rename(path)
    os.chown(path, before.st_uid, before.st_gid)
    path.chmod(before.st_mode)
    use_office(office.folder)


@ONLY_SQLITE
def test_every_command_says_so_in_one_sentence_of_either_language(
    whole: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    link(whole.folder / BLOBS)
    assert run(["--data", str(whole.folder), "--lang", "en", "sweep-blobs"]) == 7
    said = capsys.readouterr().err
    assert f"{whole.folder / BLOBS}, in the office's data folder, is a link" in said
    assert "mounted there, not linked" in said
    assert run(["--data", str(whole.folder), "--json", "alerts"]) == 7
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], "是链接" in error["message"]) == ("office-entry", True)


# --- nothing else is opened there -------------------------------------
_listeners: list[list[Path]] = []


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if _listeners and event in ("open", "sqlite3.connect", "os.scandir", "os.listdir"):
        name = arguments[0]
        if isinstance(name, str | bytes | Path):
            path = Path(os.fsdecode(name).removeprefix("file:").partition("?")[0])
            for heard in _listeners:
                heard.append(path)


sys.addaudithook(_listen)


@pytest.fixture
def opened() -> Iterator[list[Path]]:
    """Every path that Python opens while the test runs."""
    heard: list[Path] = []
    _listeners.append(heard)
    yield heard
    _listeners.remove(heard)


@ONLY_SQLITE
def test_what_the_office_opens_in_its_folder_stands_in_the_table(
    office: Bench, key: Key, opened: list[Path], tmp_path: Path
) -> None:
    use_office(office.folder)
    assert office.file(key).status_code == 201
    assert check_log(office.office).faults == []
    for command in ("sweep-blobs", "alerts", "units"):
        assert run(["--data", str(office.folder), command]) == 0
    backup.make(office.folder, tmp_path / "backup", PASSPHRASE, CHEAP)
    inside = {
        path.relative_to(office.folder) for path in opened if path.is_relative_to(office.folder)
    }
    files = {Path(name) for name in FILES}
    shelves = {Path(BLOBS, name) for name in SHELVES}
    stored = {path for path in inside if path.parent in shelves}
    assert inside - stored <= {*files, *shelves, Path(), Path(BLOBS)}
    assert {path.parent.name for path in stored} > {INCOMING}
    assert {Path(name) for name in ("office.json", "root.key.pem", "office.sqlite3")} <= inside


# --- blobs ------------------------------------------------------------
@pytest.fixture
def stored(office: Bench, key: Key) -> Path:
    """The manifest of a filing that was taken in."""
    raw = office.upload()
    assert office.post(key.sign(raw)).status_code == 201
    return blobs.path_of(office.office.algorithm.digest(raw).hex())


@pytest.mark.parametrize("fault", [link, dangling_link, pipe, folder])
@ONLY_SQLITE
def test_what_is_no_plain_file_is_no_blob_and_is_waited_for_by_nobody(
    fault: Fault, stored: Path, office: Bench
) -> None:
    content, name = stored.read_bytes(), stored.name
    fault(stored)
    assert (blobs.size_of(name), blobs.read(name, 10)) == (None, None)
    with pytest.raises(FileNotFoundError):
        blobs.opened(stored)
    assert [(one.digest, one.fault) for one in check_log(office.office).damaged] == [
        (name, "missing")
    ]
    if fault is not folder:
        assert office.put(content).status_code == 201, "who has it may bring it again"
        assert not stored.is_symlink() and check_log(office.office).faults == []


@ONLY_SQLITE
def test_a_blob_may_have_another_name_as_in_a_copy_by_hard_links(
    stored: Path, office: Bench
) -> None:
    other_name(stored)
    use_office(office.folder)
    assert check_log(office.office).faults == []


@ONLY_SQLITE
def test_a_sweep_takes_nothing_that_lies_elsewhere_or_is_not_the_offices(
    office: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = [tmp_path / "letters" / "letter", office.folder / BLOBS / "lost+found" / "inode"]
    kept.append(office.folder / BLOBS / "note")
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"somebody's")
        os.utime(path, (0, 0))
    (office.folder / BLOBS / "old").symlink_to(tmp_path / "letters")
    (office.folder / BLOBS / "ab").mkdir()
    (office.folder / BLOBS / "ab" / "leads out").symlink_to(kept[0])
    os.utime(office.folder / BLOBS / "ab" / "leads out", (0, 0), follow_symlinks=False)
    (office.folder / BLOBS / "ab" / "a folder").mkdir()
    os.utime(office.folder / BLOBS / "ab" / "a folder", (0, 0))
    words = ["--data", str(office.folder), "--json", "sweep-blobs", "--older-than", "1h"]
    assert run(words) == 0
    assert json.loads(capsys.readouterr().out)["removed"] == 1, "the link itself"
    assert [path.read_bytes() for path in kept] == [b"somebody's"] * 3
    assert not (office.folder / BLOBS / "ab" / "leads out").is_symlink()


@ONLY_SQLITE
def test_a_sweep_of_everything_leaves_an_upload_that_waits_for_its_turn(
    office: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    content = b"under way"
    with blobs.incoming(digest_of(content), _once(content), office.office.algorithm) as (path, _):
        os.utime(path, (path.stat().st_mtime - 20,) * 2)
        assert run(["--data", str(office.folder), "sweep-blobs", "--older-than", "0s"]) == 0
        assert path.exists()
        os.utime(path, (path.stat().st_mtime - blobs.UNDER_WAY,) * 2)
        assert run(["--data", str(office.folder), "sweep-blobs", "--older-than", "0s"]) == 0
        assert not path.exists()


class _once:  # noqa: N801
    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int) -> bytes:
        content, self._content = self._content, b""
        return content


def test_the_files_of_the_folder_are_those_that_its_description_names() -> None:
    words = (identity.__doc__ or "").split()
    assert {name for name in FILES if not name.startswith("office.sqlite3-")} <= set(words)
