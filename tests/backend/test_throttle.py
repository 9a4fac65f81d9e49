"""Failures are counted for each client: whoever causes them has to wait, and nobody else."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory

from biandun_office.api import COSTLY, api
from biandun_office.httpd.front import Front
from biandun_office.httpd.peers import Proxies
from biandun_office.platform import throttle
from biandun_office.platform.addresses import client_of
from biandun_office.platform.throttle import SITE, Allowance, Buckets, Throttle
from tests.backend.bench import COSE, ONLY_SQLITE, ORIGIN, SIGNED, Bench
from tests.backend.people import Key
from tests.backend.serving import Served
from tests.hostile.meter import Meter


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch) -> Time:
    """The clock of a throttle that counts in this test."""
    clock = Time()
    monkeypatch.setattr(settings, "THROTTLE", Throttle(COSTLY, clock))
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
@pytest.mark.parametrize("path", COSTLY.verifying)
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
    monkeypatch.setattr(settings, "THROTTLE", Throttle(COSTLY, time))
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
    paths = api.get_openapi_schema()["paths"]
    documented = {path for path, methods in paths.items() if code in json.dumps(methods)}
    expected = {
        "too-many-failures": {*COSTLY.verifying, COSTLY.challenge},
        "too-many-signatures": set(COSTLY.signing),
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
        # a translator's clients are not one client
        ("198.51.100.7", "64:ff9b::198.51.100.7", True),
        ("64:ff9b::198.51.100.7", "64:ff9b::198.51.100.8", False),
        ("", "", True),
    ],
)
def test_a_client_is_an_address_or_a_network_of_64_bits(one: str, other: str, same: bool):
    assert (client_of(one) == client_of(other)) is same


def test_who_changes_networks_inside_a_site_runs_into_the_limit_of_the_site() -> None:
    time = Time()
    failures = Allowance(60, 0.5, time)
    networks = [f"2001:db8:0:{number:x}::" for number in range(0x10000)]
    taken = 0
    for client in networks:
        while not failures.wait(client):
            failures.take(client)
            taken += 1
    assert taken == SITE * 60
    assert {failures.wait(client) for client in ("2001:db8:1::", "198.51.100.7")} == {0}
    time.now += 1
    failures.give_back(networks[0])
    assert not failures.wait(networks[-1])


def test_one_client_of_a_site_cannot_use_it_up_for_the_others() -> None:
    failures = Allowance(60, 0.5, Time())
    for _ in range(100_000):
        if failures.wait("2001:db8::"):
            break
        failures.take("2001:db8::")
    assert failures.wait("2001:db8::") and not failures.wait("2001:db8:0:1::")


@pytest.mark.parametrize(
    "count", [30_000, pytest.param(1_000_000, marks=pytest.mark.slow)], ids=str
)
def test_a_request_costs_the_same_however_many_addresses_have_asked(count: int) -> None:
    request = RequestFactory().post("/statements")
    refused = HttpResponse()
    refused.problem = "signature-invalid"  # type: ignore[attr-defined]
    full, meter = Throttle(COSTLY, Time()), Meter()

    def ask(counted: Throttle, number: int) -> None:
        high, low = divmod(number, 1 << 16)  # another IPv4 address, another site of IPv6
        address = f"2001:{high + 1:x}:{low:x}::1" if number % 2 else str(IPv4Address(number))
        client = client_of(address)
        counted.require(client, request)
        counted.note(client, request, refused)

    def steps(counted: Throttle, number: int) -> int:
        return meter.run(lambda _: ask(counted, number), b"", 10_000)

    for number in range(count):
        ask(full, number)
    assert len(full) == 2 * throttle._CLIENTS, "as many clients, and as many sites"
    for number in range(count, count + 10):
        # two lines for each client and each site that has to go
        assert steps(full, number) - steps(Throttle(COSTLY, Time()), number) in range(5)


# --- spoofed headers --------------------------------------------------
# what a stranger may write himself: nobody reads it
SPOOFS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Forwarded", "for=203.0.113.9"),),
    (("Forwarded", 'for="[2001:db8::9]:80";proto=https'),),
    (("X-Real-IP", "203.0.113.9"),),
    (("X-Client-IP", "203.0.113.9"), ("True-Client-IP", "203.0.113.9")),
    (("CF-Connecting-IP", "203.0.113.9"), ("X-Forwarded", "for=203.0.113.9")),
    (("X_Forwarded_For", "203.0.113.9"),),
    (("Remote-Addr", "203.0.113.9"), ("Remote_Addr", "203.0.113.9")),
    (("Via", "1.1 203.0.113.9"), ("X-Forwarded-Host", "203.0.113.9")),
)
CLIENT = (("X-Forwarded-For", "198.51.100.7"),)
# and what he writes into the very header, before a proxy appends to it
WRITTEN: tuple[tuple[tuple[str, str], ...], ...] = (
    (("X-Forwarded-For", "203.0.113.9"), *CLIENT),
    (("x-forwarded-for", "203.0.113.9, 127.0.0.1"), *CLIENT),
    (("X-Forwarded-For", "203.0.113.9, 198.51.100.7"),),
    (("X-Forwarded-For", "127.0.0.1, ::ffff:198.51.100.7"),),
    (("X-Forwarded-For", ",,,, 198.51.100.7:4711"),),
    (("X-Forwarded-For", "unknown, 64:ff9b::198.51.100.7"),),
    (("X-Forwarded-For", "203.0.113.9" + ", 1.1.1.1" * 1000 + ", 198.51.100.7"),),
)


@pytest.mark.parametrize("proxied", [False, True], ids=["no proxy", "a trusted proxy"])
@ONLY_SQLITE
def test_no_header_of_a_stranger_leads_round_a_limit_or_puts_another_under_it(
    proxied: bool, start_server: Callable[..., Served], office: Bench, key: Key
) -> None:
    served = start_server(*(["--trusted-proxy", "127.0.0.1"] if proxied else []))
    wrong = spoil(key.sign(office.upload()))
    behind = CLIENT if proxied else ()
    with httpx.Client(base_url=served.url) as client:

        def post(*headers: tuple[str, str]) -> int:
            return client.post(
                "/statements", content=wrong, headers=[("Content-Type", COSE), *headers]
            ).status_code

        assert [post(*behind) for _ in range(61)] == [422] * 60 + [429]
        for spoof in SPOOFS:
            assert post(*spoof, *behind) == 429, spoof
        for written in WRITTEN:
            assert post(*written) == 429, written
        if proxied:
            named = ("X-Forwarded-For", "198.51.100.7, 198.51.100.8")
            assert post(named) == 422, "who is behind the proxy is not limited for another"


@dataclass
class Waiting:
    """A connection that waits for its client."""

    peer: str
    deadline: float
    dropped: bool = False
    working = False

    @property
    def client(self) -> str:
        return client_of(self.peer)

    def drop(self, reason: str) -> None:
        self.dropped = True


def test_whoever_has_a_whole_network_of_addresses_holds_no_more_connections_than_one() -> None:
    honest = Waiting("198.51.100.7", deadline=1.0)
    many = [Waiting(f"2001:db8::{number:x}", deadline=5.0) for number in range(20)]
    place = SimpleNamespace(proxies=Proxies())
    for _ in range(19):
        assert Front._evict(place, [one for one in (honest, *many) if not one.dropped])  # type: ignore[arg-type]
    assert (honest.dropped, sum(one.dropped for one in many)) == (False, 19)


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
