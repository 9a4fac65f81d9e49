"""Failures are counted for each client: whoever causes them has to wait, and nobody else."""

import json
import re
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from biandun_office.platform import throttle
from biandun_office.platform.throttle import Buckets, Throttle, client_of
from tests.backend.bench import COSE, ONLY_SQLITE, ORIGIN, SIGNED, Bench
from tests.backend.people import Key
from tests.backend.serving import Served


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch) -> Time:
    """The clock of a throttle that counts in this test."""
    clock = Time()
    monkeypatch.setattr(settings, "THROTTLE", Throttle(clock))
    return clock


def spoil(statement: bytes) -> bytes:
    """Another signature, as well-formed."""
    return statement[:-2] + bytes([statement[-2] ^ 1]) + statement[-1:]


def exhaust(office: Bench, key: Key, client: str = "198.51.100.7") -> int:
    """Fail until the office has enough; return how often that was."""
    wrong = spoil(key.sign(office.upload()))
    for count in range(200):
        answer = office.client.post(
            "/statements", data=wrong, content_type=COSE, REMOTE_ADDR=client
        )
        if answer.status_code == 429:
            return count
        assert answer.json()["code"] == "signature-invalid"
    pytest.fail("never refused")


def test_a_client_whose_signatures_fail_has_to_wait_and_no_other(
    office: Bench, key: Key, time: Time
):
    assert exhaust(office, key) == 60
    good = key.sign(office.upload())
    answer = office.client.post(
        "/statements", data=good, content_type=COSE, REMOTE_ADDR="198.51.100.7"
    )
    document = answer.json()
    assert (answer.status_code, document["code"], document["retriable"]) == (
        429,
        "too-many-failures",
        True,
    )
    assert answer["Retry-After"] == "2" and document["seconds"] == 2
    assert "2 秒" in document["title"] and "2 秒" in document["next"]
    assert (
        office.client.post(
            "/statements", data=good, content_type=COSE, REMOTE_ADDR="198.51.100.8"
        ).status_code
        == 201
    )
    time.now += 2
    assert (
        office.client.post(
            "/statements", data=good, content_type=COSE, REMOTE_ADDR="198.51.100.7"
        ).status_code
        == 200
    )


@ONLY_SQLITE
@pytest.mark.parametrize("path", throttle.VERIFYING)
def test_every_address_that_costs_a_signature_check_is_closed_to_it(
    office: Bench, key: Key, time: Time, path: str
):
    exhaust(office, key)
    kind = SIGNED if path in ("/links", "/login") else COSE
    assert (
        office.client.post(
            path, data=b"x", content_type=kind, REMOTE_ADDR="198.51.100.7"
        ).status_code
        == 429
    )
    assert office.client.get("/health", REMOTE_ADDR="198.51.100.7").status_code == 200


@ONLY_SQLITE
def test_a_bureau_behind_one_address_files_and_logs_in_as_it_likes(
    office: Bench, key: Key, time: Time, monkeypatch
):
    monkeypatch.setattr(settings, "THROTTLE", Throttle(time))
    for number in range(70):
        assert office.file(key, reason=f"第 {number} 份").status_code == 201
    for _ in range(210):  # more than the challenges that one address may leave unanswered
        assert office.login(key)


@ONLY_SQLITE
def test_challenges_that_nobody_answers_come_to_an_end(office: Bench, time: Time):
    def ask() -> int:
        return office.client.post(
            "/login/challenge", data={"origin": ORIGIN}, content_type="application/json"
        ).status_code

    assert [ask() for _ in range(202)] == [200] * 200 + [429] * 2
    time.now += 1
    assert [ask(), ask()] == [200, 429]


@ONLY_SQLITE
def test_a_login_answered_twice_counts_as_a_failure(office: Bench, key: Key, time: Time):
    answer = key.login(office.challenge(), ORIGIN)
    codes = [office.post(answer, SIGNED, "/login").status_code for _ in range(62)]
    assert codes == [200] + [403] * 60 + [429]


@ONLY_SQLITE
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("what", ["receipt", "status"])
def test_whoever_makes_the_office_sign_again_and_again_has_to_wait(
    office: Bench, key: Key, time: Time, what: str, method: str
):
    first = office.file(key)
    office.file(key, reason="第二份。")
    stored = f"/statements/{first['Biandun-Statement']}/receipt"
    path = stored + "?at_least=2" if what == "receipt" else f"/keys/{key.serial}/status"

    def ask(path: str, client: str = "198.51.100.7") -> int:
        return office.client.generic(method, path, REMOTE_ADDR=client).status_code

    assert [ask(path) for _ in range(202)] == [200] * 200 + [429] * 2
    assert [ask(stored) for _ in range(3)] == [200] * 3, "what was signed before costs nothing"
    assert ask(path, "198.51.100.8") == 200
    answer = office.client.get(path, REMOTE_ADDR="198.51.100.7")
    assert (answer.json()["code"], answer["Retry-After"], answer.json()["retriable"]) == (
        "too-many-signatures",
        "1",
        True,
    )
    time.now += 1
    assert [ask(path), ask(path)] == [200, 429]
    assert office.file(key, reason="第三份。").status_code == 201


@ONLY_SQLITE
def test_a_receipt_that_need_not_be_signed_anew_is_not_counted(office: Bench, key: Key, time: Time):
    name = office.file(key)["Biandun-Statement"]
    for size in (0, 1):
        path = f"/statements/{name}/receipt?at_least={size}"
        assert {office.client.get(path).status_code for _ in range(210)} == {200}
    assert {
        office.client.get(f"/statements/{name}/receipt?at_least=9").status_code for _ in range(210)
    } == {422}


def test_every_answer_that_is_signed_because_somebody_asks_is_counted():
    room = Path(throttle.__file__).parent.parent
    sources = {
        str(path.relative_to(room)): path.read_text("utf-8") for path in room.rglob("*api.py")
    }
    signs = {
        name
        for name, text in sources.items()
        if re.search(r"signer=signing\.signer\(\)|signing\.signer\(\)\.(?!office\b)\w+\(", text)
    }
    counted = {
        name
        for name, text in sources.items()
        if "from biandun_office.platform.throttle import signed" in text
    }
    assert counted == {"reception/statement_api.py", "issuance/api.py"}
    assert signs - counted == {"reception/api.py"}, (
        "intake, which costs its sender a signature, too"
    )


@pytest.mark.parametrize("code", ["too-many-failures", "too-many-signatures"])
def test_every_operation_that_may_answer_it_says_so(code: str):
    from biandun_office.api import api

    paths = api.get_openapi_schema()["paths"]
    documented = {path for path, methods in paths.items() if code in json.dumps(methods)}
    expected = {
        "too-many-failures": {*throttle.VERIFYING, throttle.CHALLENGE},
        "too-many-signatures": set(throttle.SIGNING),
    }
    assert documented == expected[code]


def test_what_is_remembered_is_bounded():
    buckets = Buckets(5, 1.0)
    for number in range(throttle._CLIENTS + 100):
        buckets.take(f"client {number}")
    assert len(buckets) == throttle._CLIENTS


def test_a_bucket_fills_up_and_not_further():
    time = Time()
    buckets = Buckets(2, 0.5, time)
    for _ in range(5):
        buckets.take("a")
    assert buckets.wait("a") == 2
    time.now += 1000
    buckets.take("a")
    buckets.take("a")
    assert (buckets.wait("a"), buckets.wait("b")) == (2, 0)
    buckets.give_back("a")
    assert buckets.wait("a") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("198.51.100.7", "198.51.100.8", False),
        ("198.51.100.7", "::ffff:198.51.100.7", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "", True),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(one: str, other: str, same: bool):
    assert (client_of(one) == client_of(other)) is same


@ONLY_SQLITE
def test_a_served_office_counts_and_believes_no_header_of_strangers(
    served: Served, office: Bench, key: Key
):
    wrong = spoil(key.sign(office.upload()))
    statuses = set()
    with httpx.Client(base_url=served.url) as client:
        for number in range(75):
            headers = {"Content-Type": COSE, "X-Forwarded-For": f"203.0.113.{number}"}
            statuses.add(client.post("/statements", content=wrong, headers=headers).status_code)
    assert statuses == {422, 429}


@ONLY_SQLITE
def test_behind_a_trusted_proxy_each_client_is_counted_for_itself(
    start_server, office: Bench, key: Key
):
    served = start_server("--trusted-proxy", str(ip_network("127.0.0.0/8")))
    wrong = spoil(key.sign(office.upload()))
    with httpx.Client(base_url=served.url) as client:

        def post(forwarded: str) -> int:
            headers = {"Content-Type": COSE, "X-Forwarded-For": forwarded}
            return client.post("/statements", content=wrong, headers=headers).status_code

        assert {post("198.51.100.7") for _ in range(75)} == {422, 429}
        assert post("6.6.6.6, 198.51.100.7") == 429, "what a client writes itself does not help it"
        assert post("198.51.100.8") == 422
