"""A real disk that is full, under the office's database: every command and request ends in a named
problem, nothing that was acknowledged is lost, and with room again everything works.
"""

import json
import os
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from biandun_office.cli.main import run
from biandun_office.evidence.models import Blob
from biandun_office.office import startup
from biandun_office.reception.log_check import check_log
from tests.backend import bench
from tests.backend.bench import COSE, SCHOOL, Bench, digest_of
from tests.backend.databases import Databases
from tests.backend.serving import Served
from tests.support.softkey import SoftKey, manifest

FILE = "what fills the disk"
MOST = 2000  # filings after which a full disk must have shown
# what a full disk may be called: at the command line, and over HTTP
NAMED = {"storage-full", "sweep-no-room", "database-unreachable", "file-unwritable", "office-busy"}
ANSWERED = {507: "storage-full", 503: "office-busy"}


@pytest.fixture
def disk(vendor: str) -> Iterator[Path]:
    """A small file system of its own; where none may be mounted, the run says so and is not red."""
    place = Path(tempfile.mkdtemp(prefix="biandun-disk-"))
    place.chmod(0o755)  # PostgreSQL runs as somebody else
    size = "6m" if vendor == "sqlite" else "120m"
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "biandun-test", str(place)]
    done = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False)
    if not done or done.returncode:
        place.rmdir()
        with warnings.catch_warnings():  # heard, though warnings are errors elsewhere
            warnings.simplefilter("always")
            warnings.warn("NOT RUN: no small disk may be mounted here", stacklevel=1)
        pytest.skip("no small disk may be mounted here: run as root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    place.rmdir()


@pytest.fixture
def url(vendor: str, disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database on that disk; empty for the file in the office's folder there."""
    if vendor == "sqlite":
        yield ""
        return
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(disk))
        databases = Databases(durable=True)
    yield databases.create()
    startup.connections.close_all()
    databases.stop()


@pytest.fixture
def office(disk: Path, url: str) -> Iterator[Bench]:
    bench.found(disk / "office", url)
    yield Bench(disk / "office")
    startup.connections.close_all()


def fill(disk: Path) -> None:
    """Leave not one byte."""
    with (disk / FILE).open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue


@pytest.mark.slow
def test_a_full_disk_stops_the_office_by_name_and_loses_nothing(
    disk: Path,
    office: Bench,
    key: SoftKey,
    start_server: Callable[[], Served],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    others = [office.new_key(serial=f"BD-TEST-7{number:03}") for number in range(2)]
    office.put(bytes(50_000))
    Blob.objects.update(stored_at=0)
    raws = [manifest(reason=f"第 {number} 份") for number in range(40)]
    for raw in raws:
        office.put_manifest(raw)
    startup.connections.close_all()
    served, kept = start_server(), dict[bytes, bytes]()
    with httpx.Client(base_url=served.url, timeout=60) as client:

        def post(statement: bytes) -> httpx.Response:
            return client.post("/statements", content=statement, headers={"Content-Type": COSE})

        first = key.sign(raws[0])
        kept[first] = post(first).content
        fill(disk)
        refused = b""
        for number in range(MOST):
            statement = key.sign(raws[number % len(raws)])
            answer = post(statement)
            if answer.status_code != 201:
                assert answer.json()["code"] == ANSWERED[answer.status_code]
                refused = statement
                break
            kept[statement] = answer.content
        assert refused, "the disk never showed that it is full"
        for answer in (
            client.get("/health"),
            client.get("/log"),
            client.get(f"/keys/{key.serial}/status"),
            client.post("/login/challenge", json={"origin": served.url}),
            client.put(f"/blobs/{digest_of(b'x' * 70_000)}", content=b"x" * 70_000),
        ):
            assert answer.is_success or answer.json()["code"] == ANSWERED[answer.status_code]
        for words in (
            ["suspend", "--serial", others[0].serial, "--reason", "x"],
            ["offer", "--unit", SCHOOL, "--out", str(tmp_path / "offer")],
            ["backup", "--passphrase-file", str(tmp_path / "secret"), "--out", str(disk / "out")],
            ["migrate"],
            ["log-check"],
            ["alerts"],
            ["units"],
        ):
            capsys.readouterr()
            if run(["--data", str(office.folder), "--json", *words]):
                assert json.loads(capsys.readouterr().err)["error"]["code"] in NAMED, words
        assert not (disk / "out").exists()
        assert run(["--data", str(office.folder), "sweep-blobs"]) in (0, 7)
        (disk / FILE).unlink()
        assert post(refused).status_code == 201
        for statement, receipt in kept.items():
            answer = post(statement)
            assert (answer.status_code, answer.content) == (200, receipt)
        words = ["revoke", "--serial", others[1].serial, "--reason", "x"]
        assert run(["--data", str(office.folder), *words]) == 0
    assert served.stop() == 0
    startup.use_office(office.folder)
    report = check_log(office.office)
    assert (report.faults, report.size) == ([], len(kept) + 1)
