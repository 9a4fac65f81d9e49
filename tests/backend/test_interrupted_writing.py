"""Ctrl-C at any line of what founds an office or writes a file of it: it is there whole or not at
all, and nothing lies beside it.
"""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from biandun_office.installation import backup, founding
from biandun_office.office import startup
from biandun_office.office.identity import Office
from biandun_office.platform import database, files
from biandun_office.platform.errors import FileProblem
from biandun_office.registry.selectors import active_unit
from tests.backend import bench
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, Bench
from tests.support.interrupting import at_every_line

# a file that is open when Ctrl-C comes is closed by Python, not by us
pytestmark = pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")


@pytest.mark.slow
def test_an_office_is_founded_whole_or_not_at_all(
    new_database: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def migrate(*words: str, **options: object) -> None:
        trace = sys.gettrace()
        sys.settrace(None)  # nothing of it is looked at, and it would take three times as long
        call_command(*words, **options)
        sys.settrace(trace)

    monkeypatch.setattr(founding, "call_command", migrate)
    place = tmp_path / "place"
    place.mkdir()
    url, lines = new_database(), 0
    for where, stopped in at_every_line(
        [founding, files], lambda: bench.found(place / "office", url)
    ):
        lines += 1
        assert stopped, where
        names = [path.name for path in place.iterdir()]
        assert names in ([], ["office"]), where
        if names:
            startup.use_office(place / "office")
            assert active_unit(Office.load(place / "office").identity.uscc), where
            database.remove_tables()
            startup.connections.close_all()
            shutil.rmtree(place / "office")
        elif url:
            startup.point_at(place, url)
            database.require_empty()
            startup.connections.close_all()
    assert lines > 40
    startup.connections.close_all()


@ONLY_SQLITE  # a backup holds a file of SQLite whatever the office has
def test_a_backup_is_made_whole_or_not_at_all(office: Bench, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    lines = 0
    for where, stopped in at_every_line(
        [backup], lambda: backup.make(office.folder, place / "office.backup", PASSPHRASE, CHEAP)
    ):
        lines += 1
        assert stopped, where
        names = [path.name for path in place.iterdir()]
        assert names in ([], ["office.backup"]), where
        if names:
            assert backup.try_restore(place / "office.backup", PASSPHRASE).statements == 0, where
            (place / "office.backup").unlink()
    assert lines > 30


@ONLY_SQLITE  # about files
def test_what_a_failed_block_has_delivered_is_gone(office: Bench, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    lines = 0

    def deliver() -> None:
        with files.delivering() as write:
            write(place / "one", b"1")
            write(place / "two", b"2")

    for where, stopped in at_every_line([files], deliver):
        lines += 1
        assert stopped, where
        names = sorted(path.name for path in place.iterdir())
        assert names in ([], ["one", "two"]), where
        for name in names:
            (place / name).unlink()
    assert lines > 10


@ONLY_SQLITE  # about files
def test_a_file_that_was_there_before_a_failed_delivery_stays(office: Bench, tmp_path: Path):
    (tmp_path / "one").write_bytes(b"old")
    with pytest.raises(FileProblem, match="exists already"), files.delivering() as write:
        write(tmp_path / "one", b"new")
    assert (tmp_path / "one").read_bytes() == b"old"
