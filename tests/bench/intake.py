"""intake_per_s, intake_http_per_s: signed packages of 2 KB taken in by the office, one transaction each.

Value: the service call, without HTTP, on an office of its own in a real folder; its files were uploaded before.  Reference:
decode, verify and one durable insert with nothing else, in a SQLite file beside it.  Both commit with synchronous=FULL.
"""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import cbor2
import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from biandun_protocol.wire import statement as wire
from tests.bench.rows import Row, Scale, alternate
from tests.support.softkey import SoftKey, manifest

SIZE = 2048
OFFICE = "import sys; from biandun_office.cli import main; main()"
Package = tuple[bytes, bytes]  # manifest, statement


def measure(scale: Scale) -> Iterator[Row]:
    """Take packages in by the service, by HTTP, and by the bare reference."""
    from biandun_office import clock, signing, startup  # Django starts here, and only when this row is wanted
    from biandun_office.evidence import intake, services
    from tests.backend import bench

    folder = scale.folder / "office"
    bench.found(folder)
    office = bench.Bench(folder)
    key = office.new_key(serial="BD-000001")
    signer = signing.held()

    def uploaded(count: int, mark: str) -> list[Package]:
        packages = [package(key, f"{mark}-{index:06d}-") for index in range(count)]
        for content, _ in packages:
            services.store_blob(
                digest=sha256(content).hexdigest(), stream=BytesIO(content), announced=len(content), now=clock.now()
            )
        return packages

    def by_service(number: int) -> list[float]:
        packages = uploaded(scale.warm_up + scale.packages, f"service{number}")
        for index, (_, statement) in enumerate(packages):
            if index == scale.warm_up:
                began = time.perf_counter()
            assert intake.receive_filing(statement, now=clock.now(), signer=signer).created
        return [scale.packages / (time.perf_counter() - began)]

    def by_http(number: int) -> list[float]:
        packages = uploaded(scale.warm_up + scale.packages, f"http{number}")
        startup.connections.close_all()
        with served(folder, scale.folder, bench.PASSPHRASE.secret) as client:
            for index, (_, statement) in enumerate(packages):
                if index == scale.warm_up:
                    began = time.perf_counter()
                answer = client.post("/statements", content=statement, headers={"Content-Type": bench.COSE})
                assert answer.status_code == 201, answer.text
            return [scale.packages / (time.perf_counter() - began)]

    def bare(number: int) -> list[float]:
        packages = [package(key, f"bare{number}-{index:06d}-") for index in range(scale.warm_up + scale.packages)]
        return [decode_verify_insert(scale, packages, key.signer.public_key)]

    (service,), (reference,), (http,) = alternate(scale.rounds, by_service, bare, by_http)
    startup.connections.close_all()
    note = f"manifest of {SIZE} bytes, SQLite, one transaction each"
    yield Row("intake_per_s", service, "1/s", "higher", scale.rounds * scale.packages, reference, note, goal=0.5)
    yield Row(
        "intake_http_per_s",
        http,
        "1/s",
        "higher",
        scale.rounds * scale.packages,
        note="one client, POST /statements to `biandun-office serve`; no reference: the server is ours and Django's in unknown parts",
    )


def package(key: SoftKey, mark: str) -> Package:
    """A filing whose manifest has SIZE bytes; ``mark`` makes it unlike the others."""
    filler = SIZE - len(manifest(reason=mark + "x" * 300)) + 300
    raw = manifest(reason=mark + "x" * filler)
    assert len(raw) == SIZE
    return raw, key.sign(raw)


def decode_verify_insert(scale: Scale, packages: list[Package], public_key: bytes) -> float:
    """Packages a second for the least that intake can do."""
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
    algorithm = ec.ECDSA(hashes.SHA256())
    path = scale.folder / "reference.sqlite3"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE package (id BLOB PRIMARY KEY, statement BLOB NOT NULL, manifest BLOB NOT NULL)")
        for index, (content, statement) in enumerate(packages):
            if index == scale.warm_up:
                began = time.perf_counter()
            protected, _, digest, signature = cbor2.loads(statement).value
            tbs = wire.to_be_signed(protected, "filing", digest)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            public.verify(utils.encode_dss_signature(r, s), tbs, algorithm)
            assert sha256(content).digest() == digest
            cbor2.loads(content)
            database.execute("INSERT INTO package VALUES (?, ?, ?)", (sha256(tbs).digest(), statement, content))
        return scale.packages / (time.perf_counter() - began)


@contextmanager
def served(folder: Path, home: Path, passphrase: str) -> Iterator[httpx.Client]:
    """The office's own server as a process, and a client of it."""
    secret = home / "passphrase"
    secret.touch(mode=0o600)
    secret.write_text(passphrase + "\n")
    command = [sys.executable, "-c", OFFICE, "--data", str(folder), "serve", "--passphrase-file", str(secret), "--port", "0"]
    with (home / "serve.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        with httpx.Client(base_url=json.loads(process.stdout.readline())["url"], timeout=60) as client:
            yield client
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
