"""Who may do what: every endpoint, every role; and that a new endpoint is not forgotten here."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import HttpResponse

from biandun_office.api import api
from biandun_protocol import package
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, ORIGIN, Bench, digest_of
from tests.backend.people import name
from tests.support.softkey import application, attachment, manifest

STRANGER, UNIT, OTHER, SUPERVISOR, OFFICER, BARE = (
    "stranger",
    "unit",
    "other",
    "supervisor",
    "officer",
    "bare",
)
ROLES = (STRANGER, UNIT, OTHER, SUPERVISOR, OFFICER, BARE)

OPEN = dict.fromkeys(ROLES, 200)
LOGGED_IN = {**OPEN, STRANGER: 401}
OFFICERS = {**dict.fromkeys(ROLES, 403), STRANGER: 401, OFFICER: 200}
OF_THE_CASE = {**LOGGED_IN, OTHER: 404, BARE: 404}

# what each role gets; 400 and 415 say that the request was let in and found empty
TABLE: dict[tuple[str, str], dict[str, int]] = {
    ("GET", "/health"): OPEN,
    ("GET", "/anchors"): OPEN,
    ("GET", "/keys/{serial}/status"): OPEN,
    ("GET", "/openapi.json"): OPEN,
    ("GET", "/log"): OPEN,
    ("GET", "/log/consistency?first=0&second=1"): OPEN,
    ("GET", "/log/corrections"): OPEN,
    ("GET", "/log/entries?start=0&count=1"): OPEN,
    ("PUT", "/blobs/{attachment}"): OPEN,
    ("HEAD", "/blobs/{attachment}"): OPEN,
    ("POST", "/statements"): dict.fromkeys(ROLES, 400),
    ("POST", "/countersignatures"): dict.fromkeys(ROLES, 400),
    ("POST", "/decisions"): dict.fromkeys(ROLES, 400),
    ("POST", "/links"): dict.fromkeys(ROLES, 415),
    ("POST", "/login"): dict.fromkeys(ROLES, 415),
    ("POST", "/login/challenge"): dict.fromkeys(ROLES, 200),
    ("GET", "/statements/{statement}/receipt"): OPEN,
    ("GET", "/statements/{statement}"): OF_THE_CASE,
    ("GET", "/statements/{statement}/raw"): OF_THE_CASE,
    ("GET", "/statements/{statement}/certificates"): OF_THE_CASE,
    ("GET", "/blobs/{attachment}"): OF_THE_CASE,
    ("GET", "/blobs/{manifest}"): OF_THE_CASE,
    ("GET", "/blobs/{loose}"): {**dict.fromkeys(ROLES, 404), STRANGER: 401},
    ("GET", "/cases/{case}"): OF_THE_CASE,
    ("GET", "/cases"): LOGGED_IN,
    ("GET", "/forks"): OFFICERS,
    ("GET", "/forks/{fork}/fork.json"): OFFICERS,
    ("GET", "/me"): LOGGED_IN,
    ("POST", "/logout"): {**dict.fromkeys(ROLES, 204), STRANGER: 401},
}
CASES_SEEN = {UNIT: 1, OTHER: 2, SUPERVISOR: 1, OFFICER: 3, BARE: 0}


@dataclass
class Scene:
    office: Bench
    names: dict[str, str]
    tokens: dict[str, str]

    def ask(self, role: str, method: str, path: str) -> HttpResponse:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role in self.tokens else {}
        extra: dict[str, Any] = {}
        if method == "PUT":
            extra = {"data": b"%PDF-1.7", "content_type": "application/octet-stream"}
        elif path == "/login/challenge":
            extra = {"data": {"origin": ORIGIN}, "content_type": "application/json"}
        elif method == "POST":
            extra = {"data": b"\xa0", "content_type": "application/cose"}
        return getattr(self.office.client, method.lower())(
            path.format(**self.names), headers=headers, **extra
        )

    def status(self, role: str, method: str, path: str) -> int:
        answer = self.ask(role, method, path)
        answer.close()
        return answer.status_code


@pytest.fixture
def scene(office: Bench) -> Scene:
    unit, other = office.new_key(), office.new_key(HOSPITAL, "BD-TEST-0002")
    raw = manifest(attachments=(attachment(b"%PDF-1.7"),))
    for blob in (b"%PDF-1.7", raw, b"loose"):
        office.put(blob)
    filed = office.post(unit.sign(raw))
    office.file(other, **HOSPITAL_FORM)
    keys = {
        UNIT: unit,
        OTHER: other,
        SUPERVISOR: office.supervisor(),
        OFFICER: office.officer(),
        BARE: office.new_key(serial="BD-TEST-0003", purposes=["login"]),
    }
    names = {
        "statement": filed["Biandun-Statement"],
        "case": filed["Biandun-Case"],
        "serial": unit.serial,
        "attachment": digest_of(b"%PDF-1.7"),
        "manifest": digest_of(raw),
        "loose": digest_of(b"loose"),
        "fork": fork(office),
    }
    return Scene(office, names, {role: office.login(key) for role, key in keys.items()})


def fork(office: Bench) -> str:
    """The name of a contradiction that the office has kept."""
    key = office.new_key(HOSPITAL, "BD-TEST-0005")
    for reason in ("第一份。", "同一序号的另一份。"):
        statement = key.sign(office.upload(**HOSPITAL_FORM, reason=reason), seq=1, prev=bytes(32))
        office.post(statement)
    return name(statement).hex()


def test_every_role_at_every_endpoint(scene: Scene):
    seen = {
        (method, path): {role: scene.status(role, method, path) for role in ROLES}
        for method, path in TABLE
        if path != "/logout"
    }
    seen["POST", "/logout"] = {role: scene.status(role, "POST", "/logout") for role in ROLES}
    assert seen == TABLE


def test_head_is_answered_as_get_without_a_body(scene: Scene):
    """But for blobs, of which anybody may ask whether they are there."""
    paths = [
        path
        for method, path in TABLE
        if method == "GET" and ("HEAD", path) not in TABLE and "/blobs/" not in path
    ]
    assert len(paths) > 15
    for role in ROLES:
        for path in [*paths, "/docs"]:
            full, bare = scene.ask(role, "GET", path), scene.ask(role, "HEAD", path)
            same = [
                (one.status_code, one["Content-Type"], one["Content-Length"])
                for one in (full, bare)
            ]
            assert (path, same[0]) == (path, same[1])
            full.close()
            bare.close()


def test_head_goes_nowhere_else(scene: Scene):
    answer = scene.ask(OFFICER, "HEAD", "/login")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert scene.ask(OFFICER, "DELETE", "/health")["Allow"] == "GET, HEAD"


def test_the_table_knows_every_endpoint():
    document = api.get_openapi_schema()
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    aliases = {
        "attachment": "digest",
        "manifest": "digest",
        "loose": "digest",
        "statement": "statement_id",
        "case": "number",
        "serial": "serial",
        "fork": "name",
    }
    known = {
        (
            method,
            path.split("?")[0]
            .replace("fork.json", "{path}")
            .format(path="{path}", **{name: f"{{{to}}}" for name, to in aliases.items()}),
        )
        for method, path in TABLE
    }
    assert described | {("GET", "/openapi.json")} == known


def test_the_document_says_where_a_login_is_needed():
    document = api.get_openapi_schema()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            row = next(
                row
                for (verb, address), row in TABLE.items()
                if verb == method.upper()
                and _same(address.split("?")[0].replace("fork.json", "{}"), path)
            )
            assert bool(operation.get("security")) == (row[STRANGER] == 401), path
            assert ("401" in map(str, operation["responses"])) == (row[STRANGER] == 401), path


def _same(mine: str, theirs: str) -> bool:
    return [part if part[:1] != "{" else "{}" for part in mine.split("/")] == [
        part if part[:1] != "{" else "{}" for part in theirs.split("/")
    ]


def test_a_list_of_cases_shows_what_one_may_see(scene: Scene):
    assert {
        role: scene.ask(role, "GET", "/cases").json()["total"] for role in CASES_SEEN
    } == CASES_SEEN


def test_what_one_may_not_see_is_answered_as_if_it_were_not_there(scene: Scene):
    for path, absent in (
        ("/cases/{case}", "/cases/629900HB2026000099"),
        ("/statements/{statement}", f"/statements/{'0' * 64}"),
        ("/statements/{statement}/raw", f"/statements/{'0' * 64}/raw"),
        ("/statements/{statement}/certificates", f"/statements/{'0' * 64}/certificates"),
        ("/blobs/{attachment}", f"/blobs/{'0' * 64}"),
    ):
        assert scene.ask(OTHER, "GET", path).content == scene.ask(OTHER, "GET", absent).content


def test_a_blob_is_given_as_bytes_that_no_browser_interprets(scene: Scene):
    answer = scene.ask(UNIT, "GET", "/blobs/{attachment}")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7"  # type: ignore[attr-defined]
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (
        "application/octet-stream",
        "nosniff",
    )
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Length"] == "8"
    answer.close()


def test_a_blob_that_two_cases_share_is_readable_by_both_units(scene: Scene):
    key = scene.office.new_key(HOSPITAL, "BD-TEST-0004")
    raw = package.build(
        application(**HOSPITAL_FORM, attachments=(attachment(b"%PDF-1.7"),), reason="共用附件。")
    )
    scene.office.put(raw)
    assert scene.office.post(key.sign(raw)).status_code == 201
    assert scene.status(OTHER, "GET", "/blobs/{attachment}") == 200
