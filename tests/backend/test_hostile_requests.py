"""Every door of the office is fed what no honest program sends: a refusal each time, never a fault
of ours, never much work.
"""

import logging
import random

import pytest

from biandun_office.api import api
from biandun_office.platform.body import SIGNED_TYPE
from tests.backend.bench import COSE, ONLY_SQLITE, Bench
from tests.hostile import inputs
from tests.hostile.meter import Meter
from tests.hostile.test_steps import A_BYTE, F2
from tests.hostile.world import world

FRAMEWORK = 60_000  # steps of Django, of ninja and of the database's queries, whatever was sent
JSON = "application/json"
TYPES = (
    COSE,
    SIGNED_TYPE,
    JSON,
    "application/octet-stream",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
)
BROKEN = {
    "nothing": b"",
    "a regular expression": F2,
    "arrays in arrays": b"[" * 4_000,
    "maps in maps": b'{"origin":' * 400,
    "a long number": b'{"origin":' + b"9" * 4_000 + b"}",
    "a number without end": b'{"origin": 1e999999999}',
    "one name twice": b'{"origin": "a", "origin": "b"}',
    "half a surrogate": b'{"origin": "\\ud800"}',
    "no UTF-8": b'{"origin": "\xff\xfe"}',
    "a statement without its end": world().statement[:-1],
    "a login that is none": world().login[:-40] + b"\xd8\x23" + bytes(38),
    "many fields": b"&".join(b"a%d=1" % number for number in range(600)),
}


def doors() -> list[tuple[str, str]]:
    """Every operation that takes a body, from the document of the interface."""
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    return [
        (method, path)
        for path, operations in paths.items()
        for method in operations
        if method in ("post", "put", "patch")
    ]


def knock(office: Bench, method: str, path: str, raw: bytes, media_type: str, **extra: str) -> int:
    place = path.replace("{digest}", "0" * 64)
    return office.client.generic(
        method.upper(), place, raw, content_type=media_type, **extra
    ).status_code


@ONLY_SQLITE
@pytest.mark.parametrize(("method", "path"), doors())
def test_no_broken_body_is_answered_as_a_fault_of_ours(
    office: Bench, method: str, path: str, caplog: pytest.LogCaptureFixture
):
    office.client.raise_request_exception = False
    chance = random.Random(path)
    random_ones = {
        f"random {number}": inputs.make(chance, [world().statement, world().login], 300)
        for number in range(20)
    }
    answers = {
        (name, media_type): knock(office, method, path, raw, media_type)
        for name, raw in {**BROKEN, **random_ones}.items()
        for media_type in TYPES
    }
    assert {case: status for case, status in answers.items() if status >= 500} == {}
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []


@ONLY_SQLITE
@pytest.mark.parametrize("length", ["9" * 5_000, "-1", "1e3", "٣", "0x10", " 7"])
def test_a_length_that_is_no_length_is_no_fault_of_ours(office: Bench, length: str):
    office.client.raise_request_exception = False
    assert knock(office, "post", "/statements", b"", COSE, CONTENT_LENGTH=length) < 500


@ONLY_SQLITE
def test_a_request_costs_what_its_bytes_pay_for(office: Bench):
    chance, meter = random.Random(19), Meter()
    for _ in range(60):
        raw = inputs.make(chance, [world().statement], 3_000)[:4_096]
        meter.run(lambda body: office.post(bytes(body)), raw, FRAMEWORK + A_BYTE * len(raw))
    assert meter.steps


@ONLY_SQLITE
def test_the_sender_s_regular_expression_is_refused_before_anything_is_looked_up(
    office: Bench, django_assert_num_queries
):
    with django_assert_num_queries(0):
        answer = office.post(F2)
    assert (answer.status_code, answer.json()["code"]) == (400, "statement-malformed")
