"""intake_per_s and its kin: signed packages of 2 KB taken in by the office, from CLIENTS threads at
once and from one alone.

Value: the service call, without HTTP, on an office of its own in a real folder; its files were
uploaded before.  Reference: as many threads that decode, verify and insert one row each with a
commit of its own, and nothing else.  Both make each commit durable.  The office may share a commit
among those who wait; what the reference would do with as few commits stands in the note.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from pathlib import Path
from threading import Barrier, Lock
from typing import Any

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.bench.rows import Row, Scale, alternate, percentile
from tests.support.softkey import SoftKey, manifest

SIZE = 2048
CLIENTS = 8
OFFICE = "import sys; from biandun_office.entry import main; main()"
Package = tuple[bytes, bytes]  # manifest, statement


def measure(scale: Scale) -> Iterator[Row]:
    """Both databases, one after the other."""
    from tests.backend.databases import Databases

    yield from measure_on(Sqlite(scale.folder), scale)
    server = Databases(durable=True)
    try:
        yield from measure_on(Postgresql(server), scale)
    finally:
        server.stop()


class Sqlite:
    """The office's default, and a file beside it for the reference."""

    mark, title, goal = "", "SQLite", 0.5
    insertion = "INSERT INTO package VALUES (?, ?, ?)"

    def __init__(self, folder: Path) -> None:
        self._path = folder / "reference.sqlite3"
        self.office_url = ""

    def fresh(self) -> None:
        """Make an empty table for the reference."""
        self._path.unlink(missing_ok=True)
        with closing(self.connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE package (id BLOB PRIMARY KEY, statement BLOB NOT NULL, manifest BLOB NOT NULL)"
            )

    def connect(self) -> Any:
        """A connection to it that commits each insertion, durably."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=60)
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def round_trip(self) -> float | None:
        """There is no server."""
        return None


class Postgresql:
    """A server that keeps its promises (fsync on), reached by its socket."""

    mark, title, goal = "pg_", "PostgreSQL", 0.35
    insertion = "INSERT INTO package VALUES (%s, %s, %s)"

    def __init__(self, server: Any) -> None:
        self._server, self._url = server, ""
        self.office_url = server.create()

    def fresh(self) -> None:
        """Make an empty table for the reference."""
        self._url = self._server.create()
        with closing(self.connect()) as connection:
            connection.execute(
                "CREATE TABLE package (id BYTEA PRIMARY KEY, statement BYTEA NOT NULL, manifest BYTEA NOT NULL)"
            )

    def connect(self) -> Any:
        """A connection to it that commits each insertion, durably."""
        import psycopg

        return psycopg.connect(self._url, autocommit=True)

    def round_trip(self) -> float | None:
        """Median of the least that can be asked, in milliseconds."""
        with closing(self.connect()) as connection:
            return (
                percentile(
                    [timed(lambda: connection.execute("SELECT 1").fetchall()) for _ in range(300)],
                    0.5,
                )
                * 1000
            )


def measure_on(database: Any, scale: Scale) -> Iterator[Row]:
    """Take packages in by the service, by HTTP, and by the bare reference."""
    # Django starts here, and only when this row is wanted
    import_module("biandun_office.office.startup")
    from biandun_office.evidence import services as evidence
    from biandun_office.office import signing, startup
    from biandun_office.platform import clock
    from biandun_office.reception import intake, services
    from tests.backend import bench

    folder = scale.folder / f"{database.mark}office"
    bench.found(folder, database.office_url)
    office = bench.Bench(folder)
    keys = [office.new_key(serial=f"BD-00000{number}") for number in range(CLIENTS)]
    signer = signing.signer()
    sizes: list[int] = []  # of the groups
    plain = services.arrivals._together

    def counted(works: Sequence[Any]) -> Sequence[Any]:
        sizes.append(len(works))
        return plain(works)

    def uploaded(count: int, mark: str, clients: int) -> list[list[Package]]:
        every = [
            [package(key, f"{mark}-{index:06d}-") for index in range(count // clients)]
            for key in keys[:clients]
        ]
        for content in (content for packages in every for content, _ in packages):
            evidence.store_blob(
                digest=sha256(content).hexdigest(),
                stream=BytesIO(content),
                announced=len(content),
                now=clock.now(),
            )
        return every

    def receive(packages: list[Package]) -> None:
        for _, statement in packages:
            assert intake.receive(
                statement, purpose=PURPOSE_FILING, now=clock.now(), signer=signer
            ).created

    def by_service(number: int) -> list[float]:
        every = uploaded(scale.packages, f"service{number}", CLIENTS)
        services.arrivals._together = counted
        try:
            return [scale.packages / together(every, receive, startup.connections)]
        finally:
            services.arrivals._together = plain

    def alone(number: int) -> list[float]:
        receive(uploaded(scale.warm_up, f"warm{number}", 1)[0])
        packages = uploaded(scale.packages, f"alone{number}", 1)[0]
        return [scale.packages / timed(lambda: receive(packages))]

    def by_http(number: int) -> list[float]:
        packages = uploaded(scale.warm_up + scale.packages, f"http{number}", 1)[0]
        startup.connections.close_all()
        with served(folder, scale.folder, bench.PASSPHRASE.secret) as client:
            for index, (_, statement) in enumerate(packages):
                if index == scale.warm_up:
                    began = time.perf_counter()
                answer = client.post(
                    "/statements", content=statement, headers={"Content-Type": bench.COSE}
                )
                assert answer.status_code == 201, answer.text
            return [scale.packages / (time.perf_counter() - began)]

    def bare(number: int) -> list[float]:
        every = [
            [
                package(key, f"bare{number}-{index:06d}-")
                for index in range(scale.packages // CLIENTS)
            ]
            for key in keys
        ]
        database.fresh()
        lock = Lock() if not database.mark else nullcontext()  # SQLite's own waiting would sleep
        work = [
            partial(decode_verify_insert, database, key.signer.public_key, 1, lock) for key in keys
        ]
        at_once = scale.packages / together(
            every, lambda packages: work[every.index(packages)](packages), startup.connections
        )
        mean = max(1, round(sum(sizes) / len(sizes)))
        one = [package(keys[0], f"one{number}-{index:06d}-") for index in range(scale.packages)]
        rates = []
        for group in (1, mean):
            database.fresh()
            rates.append(
                scale.packages
                / timed(
                    lambda group=group: decode_verify_insert(
                        database, keys[0].signer.public_key, group, nullcontext(), one
                    )
                )
            )
        return [at_once, *rates, mean]

    measured = alternate(scale.rounds, by_service, bare, alone, by_http)
    (service,), (reference, bare_alone, grouped, mean), (one,), (http,) = measured
    startup.connections.close_all()
    runs, trip = scale.rounds * scale.packages, database.round_trip()
    note = f"manifest of {SIZE} bytes, {database.title}, {CLIENTS} threads; {service / grouped:.2f} of one thread with a commit for {mean:.0f}"
    yield Row(
        f"intake_{database.mark}per_s",
        service,
        "1/s",
        "higher",
        runs,
        reference,
        note,
        goal=database.goal,
    )
    yield Row(
        f"intake_{database.mark}alone_per_s",
        one,
        "1/s",
        "higher",
        runs,
        bare_alone,
        "one thread, a commit each, both sides",
    )
    yield Row(
        f"intake_{database.mark}http_per_s",
        http,
        "1/s",
        "higher",
        runs,
        note="one client, POST /statements to `biandun-office serve`; no reference: the server is ours and Django's in unknown parts",
    )
    if trip is not None:
        yield Row(
            "pg_round_trip_ms",
            trip,
            "ms",
            "lower",
            300,
            note="SELECT 1 over the server's socket; no reference: it is one",
        )


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def together(
    every: list[list[Package]], work: Callable[[list[Package]], None], connections: Any
) -> float:
    """Seconds until as many threads as there are lists have each done theirs; all are connected
    before it counts.
    """
    started = Barrier(len(every) + 1)

    def one(packages: list[Package]) -> None:
        connections["default"].ensure_connection()
        started.wait()
        try:
            work(packages)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(every)) as pool:
        futures = [pool.submit(one, packages) for packages in every]
        started.wait()
        began = time.perf_counter()
        for future in futures:
            future.result()
        return time.perf_counter() - began


def package(key: SoftKey, mark: str) -> Package:
    """A filing whose manifest has SIZE bytes; ``mark`` makes it unlike the others."""
    filler = SIZE - len(manifest(reason=mark + "x" * 300)) + 300
    raw = manifest(reason=mark + "x" * filler)
    assert len(raw) == SIZE
    return raw, key.sign(raw)


def decode_verify_insert(
    database: Any, public_key: bytes, group: int, lock: Any, packages: list[Package]
) -> None:
    """The least that intake can do, with a commit for every ``group`` packages."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    algorithm = ec.ECDSA(hashes.SHA256())
    with closing(database.connect()) as connection:
        for index, (content, statement) in enumerate(packages):
            protected, _, digest, signature = cbor2.loads(statement).value
            tbs = wire.to_be_signed(protected, "filing", digest)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            public.verify(utils.encode_dss_signature(r, s), tbs, algorithm)
            assert sha256(content).digest() == digest
            cbor2.loads(content)
            if group > 1 and index % group == 0:
                connection.execute("BEGIN")
            with lock:
                connection.execute(database.insertion, (sha256(tbs).digest(), statement, content))
            if group > 1 and (index % group == group - 1 or index == len(packages) - 1):
                connection.execute("COMMIT")


@contextmanager
def served(folder: Path, home: Path, passphrase: str) -> Iterator[httpx.Client]:
    """The office's own server as a process, and a client of it."""
    secret = home / "passphrase"
    secret.touch(mode=0o600)
    secret.write_text(passphrase + "\n")
    command = [
        sys.executable,
        "-c",
        OFFICE,
        "--data",
        str(folder),
        "serve",
        "--passphrase-file",
        str(secret),
        "--port",
        "0",
    ]
    with (home / "serve.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        with httpx.Client(
            base_url=json.loads(process.stdout.readline())["url"], timeout=60
        ) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
