"""Fixtures of the office's tests: real SQLite files, one office a test, copied from one that is founded once."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun_office import startup
from tests.backend import bench
from tests.backend.bench import Bench
from tests.support.softkey import SoftKey

assert startup, "Django is set up before a test imports a model"


@pytest.fixture(scope="session", autouse=True)
def database_allowed(django_db_blocker) -> Iterator[None]:
    """pytest-django forbids the database to tests that do not ask for its own; ours is a file per test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory, database_allowed: None) -> Path:
    """A founded office, to be copied and never used."""
    folder = tmp_path_factory.mktemp("founded") / "office"
    bench.found(folder)
    startup.connections.close_all()
    return folder


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Iterator[Bench]:
    """An office of this test's own."""
    yield bench.copy_of(founded, tmp_path / "office")
    startup.connections.close_all()
    shutil.rmtree(tmp_path / "office")


@pytest.fixture
def key(office: Bench) -> SoftKey:
    """A key of 陇澜市第一中学, certified by the office."""
    return office.new_key()


@pytest.fixture
def command() -> list[str]:
    """The office's command line as a process."""
    return [sys.executable, "-c", "from biandun_office.cli import main; main()"]
