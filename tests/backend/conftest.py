"""Fixtures of the office's tests: real databases of both kinds, one office a test, copied from one
that is founded once.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biandun import keys
from biandun_office.office import startup
from biandun_office.office.identity import IDENTITY
from tests.backend import bench
from tests.backend.bench import PASSPHRASE, Bench, Settled
from tests.backend.databases import VENDORS, Databases
from tests.backend.genuine import enrol
from tests.backend.people import Key
from tests.backend.serving import Served
from tests.firmware.conftest import Wire

assert startup, "Django is set up before a test imports a model"


@pytest.fixture(scope="session", autouse=True)
def database_allowed(django_db_blocker) -> Iterator[None]:
    """pytest-django forbids the database to tests that do not ask for its own; ours is one per
    test.
    """
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """The PostgreSQL server of this worker, started by the first test that needs it."""
    running = Databases()
    yield running
    running.stop()


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    """Which database; bench.ONLY_SQLITE and ONLY_POSTGRESQL narrow it for tests that are about one
    of them.
    """
    return request.param


@pytest.fixture
def new_database(vendor: str, request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Makes the URLs of databases of this test's kind; they are gone afterwards."""
    made: list[str] = []

    def make(template: str | None = None) -> str:
        if vendor == "sqlite":
            return ""
        made.append(request.getfixturevalue("databases").create(template))
        return made[-1]

    yield make
    startup.connections.close_all()
    for url in made:
        request.getfixturevalue("databases").drop(url)


_founded: dict[str, Path] = {}


@pytest.fixture
def founded(
    vendor: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """A founded office, to be copied and never used."""
    if vendor not in _founded:
        folder = tmp_path_factory.mktemp("founded") / "office"
        bench.found(
            folder, "" if vendor == "sqlite" else request.getfixturevalue("databases").create()
        )
        startup.connections.close_all()
        _founded[vendor] = folder
    return _founded[vendor]


@pytest.fixture
def copy_of(new_database: Callable[..., str], tmp_path: Path) -> Iterator[Callable[[Path], Bench]]:
    """Makes this test's own office, a copy of one that nobody uses."""

    def copy(image: Path) -> Bench:
        return Bench(_copy(image, tmp_path / "office", new_database))

    yield copy
    startup.connections.close_all()
    shutil.rmtree(tmp_path / "office", ignore_errors=True)


def _copy(image: Path, folder: Path, new_database: Callable[..., str]) -> Path:
    shutil.copytree(image, folder)
    identity = json.loads((folder / IDENTITY).read_bytes())
    identity["database"] = new_database(startup.database_of(image))
    (folder / IDENTITY).write_text(json.dumps(identity, ensure_ascii=False))
    return folder


@pytest.fixture
def office(founded: Path, copy_of: Callable[[Path], Bench]) -> Bench:
    """An office of this test's own."""
    return copy_of(founded)


_settled: dict[tuple[str, Callable[[Bench], object]], Path] = {}


@pytest.fixture
def settled(
    vendor: str,
    founded: Path,
    copy_of: Callable[[Path], Bench],
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Settled:
    """Makes this test's own office in which something has happened: what ``happen`` does is done
    once and copied.
    """

    def copy(happen: Callable[[Bench], object]) -> Bench:
        if (vendor, happen) not in _settled:
            folder = tmp_path_factory.mktemp("settled") / "office"
            happen(
                Bench(
                    _copy(
                        founded,
                        folder,
                        lambda url: request.getfixturevalue("databases").create(url) if url else "",
                    )
                )
            )
            startup.connections.close_all()
            _settled[vendor, happen] = folder
        return copy_of(_settled[vendor, happen])

    return copy


@pytest.fixture
def genuine(office: Bench) -> keys.Key:
    """A key of 陇澜市第一中学 that runs the real firmware, enrolled by the office."""
    return enrol(office, Wire())


@pytest.fixture
def key(office: Bench) -> Key:
    """A key of 陇澜市第一中学, certified by the office."""
    return office.new_key()


@pytest.fixture
def command() -> list[str]:
    """The office's command line as a process."""
    return [sys.executable, "-c", "from biandun_office.entry import main; main()"]


@pytest.fixture
def start_server(
    office: Bench, key: Key, command: list[str], tmp_path: Path
) -> Iterator[Callable[..., Served]]:
    """Starts a process that serves the office of this test, whose key is certified already."""
    startup.connections.close_all()
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE.secret + "\n")
    arguments = [
        "--data",
        str(office.folder),
        "serve",
        "--passphrase-file",
        str(secret),
        "--port",
        "0",
    ]
    arguments += ["--origin", "https://desk.test"]
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> Served:
        with (tmp_path / "log").open("a") as log:
            process = subprocess.Popen(
                [*command, *arguments, *options],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        processes.append(process)
        assert process.stdout is not None
        return Served(process, json.loads(process.stdout.readline())["url"])

    yield start
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def served(start_server: Callable[..., Served]) -> Served:
    return start_server()
