"""``serve`` as a process: it starts, answers, holds under several clients at once, and stops
without a trace.
"""

import json
import os
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import httpx
import pytest

from biandun_office.office import startup
from biandun_office.reception.log_check import check_log
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.receipt import Receipt, verify_receipt
from tests.backend import people
from tests.backend.bench import ONLY_SQLITE, PASSPHRASE, Bench, digest_of, rows
from tests.backend.people import Key
from tests.backend.serving import Served
from tests.support.softkey import SoftKey, attachment, manifest

COSE = {"Content-Type": "application/cose"}


def group_is_empty(process: subprocess.Popen[str]) -> bool:
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_answers_as_soon_as_it_says_where(served: Served):
    assert httpx.get(served.url + "/health").json()["status"] == "ok"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@ONLY_SQLITE  # about the process
def test_it_stops_and_leaves_nothing_running(served: Served, how: signal.Signals):
    with httpx.Client(base_url=served.url) as client:
        client.get("/health")  # a connection that is kept alive must not keep the office alive
        assert served.stop(how) == 0
    assert group_is_empty(served.process)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", served.port), timeout=5)


@ONLY_SQLITE  # about the process
def test_nothing_secret_is_in_its_command_line_or_log(served: Served, tmp_path: Path):
    assert PASSPHRASE.secret not in Path(f"/proc/{served.process.pid}/cmdline").read_text()
    served.stop()
    assert PASSPHRASE.secret not in (tmp_path / "log").read_text()


@ONLY_SQLITE  # about the process
def test_it_logs_one_json_line_for_each_statement(served: Served, tmp_path: Path):
    httpx.post(served.url + "/statements", content=b"nothing", headers=COSE)
    served.stop()
    lines = [
        json.loads(line)
        for line in (tmp_path / "log").read_text().splitlines()
        if line.startswith("{")
    ]
    assert [(line["action"], line["code"]) for line in lines] == [
        ("evidence.statement.refused", "statement-malformed")
    ]


def test_one_statement_by_eight_clients_at_once_is_one_case_with_one_receipt(
    served: Served, office: Bench, key: SoftKey
):
    content = b"%PDF-1.7"
    raw = manifest(attachments=(attachment(content),))
    statement = key.sign(raw)
    for blob in (content, raw):
        assert httpx.put(f"{served.url}/blobs/{digest_of(blob)}", content=blob).status_code == 201
    together = Barrier(8)

    def submit(_: int) -> httpx.Response:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            client.get("/health")
            together.wait()
            return client.post("/statements", content=statement, headers=COSE)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["Biandun-Case"] for answer in answers}) == 1
    assert rows()[0] == 1 and rows()[3] == 1


def test_two_servers_of_one_office_give_no_place_in_the_log_twice(
    served: Served, office: Bench, command: list[str], tmp_path: Path, start_server
):
    second = start_server()
    keys = [office.new_key(serial=f"BD-TEST-2{number:03}") for number in range(4)]
    startup.connections.close_all()

    def file_five(place: int) -> list[int]:
        places = []
        with httpx.Client(base_url=(served.url, second.url)[place % 2], timeout=60) as client:
            for number in range(5):
                raw = manifest(reason=f"{place} 第 {number} 份")
                client.put(f"/blobs/{digest_of(raw)}", content=raw)
                answer = client.post("/statements", content=keys[place].sign(raw), headers=COSE)
                assert answer.status_code == 201, answer.text
                places.append(Receipt.decode(answer.content).read().leaf_index)
        return places

    with ThreadPoolExecutor(4) as pool:
        places = [place for some in pool.map(file_five, range(4)) for place in some]
    assert sorted(places) == list(range(20))
    assert check_log(office.office).faults == []


def test_two_officers_at_once_one_decides(served: Served, office: Bench, key: SoftKey):
    officers = [office.officer(f"BD-TEST-020{number}") for number in range(4)]
    supervisor = office.supervisor()
    filed = office.file(key)
    office.countersign(supervisor, filed["Biandun-Statement"])
    raws = [
        people.decision(one, filed["Biandun-Case"], filed["Biandun-Statement"]) for one in officers
    ]
    for raw in raws:
        office.put(raw)
    statements = [one.sign(raw, "decision") for one, raw in zip(officers, raws, strict=True)]
    startup.connections.close_all()
    together = Barrier(4)

    def decide(statement: bytes) -> tuple[int, str]:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            client.get("/health")
            together.wait()
            answer = client.post("/decisions", content=statement, headers=COSE)
            return answer.status_code, "" if answer.status_code == 201 else answer.json()["code"]

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(decide, statements))
    assert answers == [(201, ""), *[(409, "decision-not-due")] * 3]
    assert check_log(office.office).faults == []


def test_people_log_in_at_the_address_where_it_serves(served: Served, key: Key):
    with httpx.Client(base_url=served.url) as client:
        made = client.post("/login/challenge", json={"origin": served.url}).json()
        headers = {"Content-Type": "application/biandun-signed+cbor"}
        got = client.post(
            "/login", content=key.login(made["nonce"], served.url), headers=headers
        ).json()
        assert client.get("/me", headers={"Authorization": f"Bearer {got['token']}"}).json()[
            "roles"
        ] == ["UNIT"]
        assert (
            client.post("/login/challenge", json={"origin": "https://desk.test"}).status_code == 200
        ), "named by --origin"
        assert (
            client.post("/login/challenge", json={"origin": "https://evil.test"}).status_code == 403
        )


def test_many_keys_at_once_all_get_receipts_of_one_log(served: Served, office: Bench):
    keys = [office.new_key(serial=f"BD-TEST-1{number:03}") for number in range(6)]
    startup.connections.close_all()

    def file_five(key: SoftKey) -> list[tuple[bytes, bytes]]:
        filed = []
        with httpx.Client(base_url=served.url, timeout=60) as client:
            for number in range(5):
                raw = manifest(reason=f"{key.serial} 第 {number} 份")
                client.put(f"/blobs/{digest_of(raw)}", content=raw)
                statement = key.sign(raw)
                answer = client.post("/statements", content=statement, headers=COSE)
                assert answer.status_code == 201, answer.text
                filed.append((statement, answer.content))
        return filed

    with ThreadPoolExecutor(6) as pool:
        filed = [pair for pairs in pool.map(file_five, keys) for pair in pairs]
    payloads = [
        verify_receipt(Receipt.decode(r), cose.parse(s, purpose="filing"), office.issuer, ES256)
        for s, r in filed
    ]
    assert sorted(payload.leaf_index for payload in payloads) == list(range(30))
    assert httpx.get(served.url + "/log").json()["size"] == 30


def test_one_blob_by_eight_clients_at_once_is_stored_once(served: Served, office: Bench):
    content = os.urandom(300_000)
    together = Barrier(8)

    def put(_: int) -> int:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            client.get("/health")
            together.wait()
            return client.put(f"/blobs/{digest_of(content)}", content=content).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, range(8))) == [200] * 7 + [201]
    stored = [path for path in (office.folder / "blobs").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in stored] == [content]


@ONLY_SQLITE  # about the process
def test_a_chunked_upload_is_stored(served: Served):
    parts = [b"one ", b"two ", b"three"]
    digest = sha256(b"".join(parts)).hexdigest()
    assert httpx.put(f"{served.url}/blobs/{digest}", content=iter(parts)).status_code == 201
    assert httpx.head(f"{served.url}/blobs/{digest}").status_code == 200


@ONLY_SQLITE  # about the process
def test_a_chunked_statement_is_accepted(served: Served, key: SoftKey):
    raw = manifest()
    httpx.put(f"{served.url}/blobs/{digest_of(raw)}", content=raw)
    statement = key.sign(raw)
    answer = httpx.post(
        served.url + "/statements", content=iter([statement[:100], statement[100:]]), headers=COSE
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@ONLY_SQLITE  # about the process
def test_a_client_that_goes_away_in_the_middle_leaves_nothing(
    served: Served, office: Bench, framing: str
):
    digest = digest_of(bytes(1000))
    body = bytes(10) if "Length" in framing else b"3e8\r\n" + bytes(10)
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(
            f"PUT /blobs/{digest} HTTP/1.1\r\nHost: office\r\n{framing}\r\n\r\n".encode() + body
        )
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass
    assert served.stop() == 0
    assert [path for path in (office.folder / "blobs").rglob("*") if path.is_file()] == []


@ONLY_SQLITE  # about the process
def test_an_upload_over_the_limit_is_refused_over_the_wire(served: Served, office: Bench):
    content = bytes(20 * 2**20 + 1)
    answer = httpx.put(
        f"{served.url}/blobs/{digest_of(content)}", content=iter([content]), timeout=60
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "blob-too-large")
    assert [path for path in (office.folder / "blobs").rglob("*") if path.is_file()] == []


@ONLY_SQLITE  # about the process
def test_a_port_in_use_is_a_problem_with_a_next_step(
    served: Served, office: Bench, command: list[str], tmp_path: Path
):
    arguments = [
        "--data",
        str(office.folder),
        "--lang",
        "en",
        "serve",
        "--passphrase-file",
        str(tmp_path / "secret"),
    ]
    answer = subprocess.run(
        [*command, *arguments, "--port", str(served.port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 7
    assert "Cannot listen on 127.0.0.1" in answer.stderr
    assert "--port 0" in answer.stderr
