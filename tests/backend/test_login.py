"""POST /login/challenge, /login, /logout and GET /me: one nonce, one login, one origin."""

import logging
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from biandun_office.access.models import Challenge, Login
from biandun_office.access.selectors import digest_of
from biandun_office.issuance.models import Certificate
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock
from biandun_office.registry.models import Unit
from tests.backend.bench import ONLY_SQLITE, ORIGIN, SCHOOL, SIGNED, Bench
from tests.backend.people import Key


def answer(
    office: Bench, key: Key, nonce: str, origin: str = ORIGIN, **changed: object
) -> HttpResponse:
    return office.post(key.login(nonce, origin, **changed), SIGNED, "/login")  # type: ignore[arg-type]


def test_a_challenge_names_office_origin_and_end(office: Bench):
    made = office.client.post(
        "/login/challenge", data={"origin": ORIGIN}, content_type="application/json"
    ).json()
    assert (made["office_id"], made["origin"], len(bytes.fromhex(made["nonce"]))) == (
        "longlan",
        ORIGIN,
        16,
    )
    assert 295 <= made["expires"] - clock.now() <= 300


def test_a_key_logs_in(office: Bench, key: Key):
    got = answer(office, key, office.challenge()).json()
    assert (got["serial"], got["uscc"], got["unit_name"], got["roles"]) == (
        key.serial,
        SCHOOL,
        "陇澜市第一中学",
        ["UNIT"],
    )
    assert got["expires"] - clock.now() > 7 * 3600
    assert office.get("/me", got["token"]).json() == {
        name: got[name] for name in got if name != "token"
    }


def test_roles_follow_the_purposes_of_the_certificate(office: Bench):
    for key, roles in (
        (office.supervisor(), ["UNIT", "SUPERVISOR"]),
        (office.officer(), ["OFFICER"]),
    ):
        assert office.get("/me", office.login(key)).json()["roles"] == roles


def test_the_decision_purpose_makes_no_officer_of_another_unit(office: Bench, key: Key):
    Certificate.objects.update(purposes=["decision", "login"])
    assert office.get("/me", office.login(key)).json()["roles"] == []


def test_a_token_is_long_and_kept_as_a_digest_only(office: Bench, key: Key):
    token = office.login(key)
    assert len(token) >= 43
    row = Login.objects.get()
    assert row.token_digest == digest_of(token)
    assert token not in repr(vars(row)) + repr(row)


def test_no_token_and_no_nonce_is_logged(office: Bench, key: Key, caplog):
    logger = logging.getLogger("biandun")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        nonce = office.challenge()
        token = answer(office, key, nonce).json()["token"]
        answer(office, key, nonce)
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.WARNING)
    logged = [(record.message, record.fields) for record in caplog.records]  # type: ignore[attr-defined]
    assert [action for action, _ in logged] == ["access.login.began", "access.login.refused"]
    assert token not in str(logged) and nonce not in str(logged)


def test_a_login_ends_when_its_holder_says_so(office: Bench, key: Key):
    token = office.login(key)
    assert (
        office.client.post("/logout", headers={"Authorization": f"Bearer {token}"}).status_code
        == 204
    )
    assert office.get("/me", token).json()["code"] == "login-required"


def test_a_login_ends_after_eight_hours(office: Bench, key: Key, monkeypatch):
    token, now = office.login(key), clock.now()
    office.at(monkeypatch, now + 8 * 3600 - 60)
    assert office.get("/me", token).status_code == 200
    office.at(monkeypatch, now + 8 * 3600 + 60)
    assert office.get("/me", token).status_code == 401


def revoke(key: Key) -> None:
    keylife.revoke(serial=key.serial, reason="测试", now=clock.now())


ENDINGS = {
    "revoked": revoke,
    "suspended": lambda key: Certificate.objects.update(state="SUSPENDED"),
    "expired": lambda key: Certificate.objects.update(not_after=clock.now() - 1),
    "abolished": lambda key: Unit.objects.filter(uscc=SCHOOL).update(active=False),
}


@pytest.mark.parametrize("how", ENDINGS)
def test_a_login_ends_with_what_it_rests_on(office: Bench, key: Key, how: str):
    token = office.login(key)
    ENDINGS[how](key)
    assert office.get("/me", token).json()["code"] == "login-required"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic dXNlcjpwYXNz",
        "bearer",
        "Bearer " + "A" * 43,
        "Bearer 虚构",
    ],
)
def test_a_header_without_a_good_token_is_a_stranger(office: Bench, key: Key, header: str):
    office.login(key)
    got = office.client.get("/me", headers={"Authorization": header.encode().decode("latin-1")})
    assert (got.status_code, got.json()["code"], got["WWW-Authenticate"]) == (
        401,
        "login-required",
        "Bearer",
    )
    assert got.json()["next"]


@pytest.mark.parametrize(
    "origin",
    ["http://evil.test", "http://office.test/", "HTTP://office.test", "", "http://office.test:80"],
)
@ONLY_SQLITE  # refused before the database is asked
def test_an_origin_that_is_not_the_offices_gets_no_challenge(office: Bench, origin: str):
    got = office.client.post(
        "/login/challenge", data={"origin": origin}, content_type="application/json"
    )
    assert (got.status_code, got.json()["code"]) == (403, "origin-unknown")
    assert Challenge.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"{}", b'{"origin": 5}', b"not JSON"])
@ONLY_SQLITE  # refused before the database is asked
def test_a_request_for_a_challenge_must_name_an_origin(office: Bench, content: bytes):
    got = office.client.post("/login/challenge", data=content, content_type="application/json")
    assert (got.status_code, got.json()["code"]) == (400, "request-invalid")


def test_an_answer_is_good_once(office: Bench, key: Key):
    raw = key.login(office.challenge(), ORIGIN)
    assert office.post(raw, SIGNED, "/login").status_code == 200
    again = office.post(raw, SIGNED, "/login")
    assert (again.status_code, again.json()["code"]) == (403, "login-replayed")
    assert Login.objects.count() == 1


def test_one_answer_by_eight_clients_at_once_is_one_login(office: Bench, key: Key):
    raw = key.login(office.challenge(), ORIGIN)
    together = Barrier(8)

    def submit(_: int) -> int:
        together.wait()
        try:
            return Client().post("/login", data=raw, content_type=SIGNED).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(submit, range(8))) == [200] + [403] * 7
    assert Login.objects.count() == 1


def test_a_challenge_is_good_for_five_minutes(office: Bench, key: Key, monkeypatch):
    nonce, now = office.challenge(), clock.now()
    office.at(monkeypatch, now + 301)
    got = answer(office, key, nonce)
    assert (got.status_code, got.json()["code"]) == (403, "login-expired")


def test_old_challenges_and_logins_are_forgotten(office: Bench, key: Key, monkeypatch):
    office.login(key)
    now = clock.now()
    office.at(monkeypatch, now + 3 * 86_400)
    office.challenge()
    assert (Challenge.objects.count(), Login.objects.count()) == (1, 0)


def own_nonce(office: Bench, key: Key) -> HttpResponse:
    return answer(office, key, "ab" * 16)


def another_origin(office: Bench, key: Key) -> HttpResponse:
    return answer(office, key, office.challenge(), "http://evil.test")


def another_office(office: Bench, key: Key) -> HttpResponse:
    return answer(office, key, office.challenge(), office_id="qingping")


def foreign_key(office: Bench, key: Key) -> HttpResponse:
    return answer(office, Key(profile=key.profile), office.challenge())


def another_serial(office: Bench, key: Key) -> HttpResponse:
    key.serial = "BD-TEST-9999"
    return answer(office, key, office.challenge())


def no_purpose(office: Bench, key: Key) -> HttpResponse:
    Certificate.objects.update(purposes=["filing"])
    return answer(office, key, office.challenge())


def with_state(**changed: object):
    def act(office: Bench, key: Key) -> HttpResponse:
        nonce = office.challenge()
        Certificate.objects.update(**changed)
        return answer(office, key, nonce)

    return act


def unit_abolished(office: Bench, key: Key) -> HttpResponse:
    Unit.objects.filter(uscc=SCHOOL).update(active=False)
    return answer(office, key, office.challenge())


def a_link_instead(office: Bench, key: Key) -> HttpResponse:
    return office.post(key.links(1, [bytes(32)]), SIGNED, "/login")


def of_another_type(office: Bench, key: Key) -> HttpResponse:
    return office.post(key.login(office.challenge(), ORIGIN), "application/cbor", "/login")


REFUSALS = [
    ("login-expired", 403, own_nonce),
    ("login-mismatch", 422, another_origin),
    ("login-mismatch", 422, another_office),
    ("certificate-unknown", 403, foreign_key),
    ("certificate-mismatch", 422, another_serial),
    ("purpose-refused", 403, no_purpose),
    ("key-suspended", 403, with_state(state="SUSPENDED")),
    ("certificate-revoked", 403, with_state(state="REVOKED")),
    ("certificate-expired", 403, with_state(not_after=1)),
    ("certificate-not-yet", 403, with_state(not_before=1 << 40)),
    ("unit-inactive", 403, unit_abolished),
    ("purpose-mismatch", 422, a_link_instead),
    ("media-type", 415, of_another_type),
    ("statement-malformed", 400, lambda office, key: office.post(b"", SIGNED, "/login")),
    ("statement-too-large", 413, lambda office, key: office.post(bytes(9000), SIGNED, "/login")),
]


@pytest.mark.parametrize(
    ("code", "status", "act"),
    REFUSALS,
    ids=[f"{code}-{n}" for n, (code, *_) in enumerate(REFUSALS)],
)
def test_a_refusal_has_its_code_and_status_and_opens_no_login(
    office: Bench, key: Key, code: str, status: int, act
):
    got = act(office, key)
    assert (got.json()["code"], got.status_code) == (code, status)
    assert Login.objects.count() == 0


def test_a_refused_answer_does_not_use_up_the_challenge(office: Bench, key: Key):
    nonce = office.challenge()
    raw = bytearray(key.login(nonce, ORIGIN))
    for at in range(0, len(raw), 5):
        raw[at] ^= 1
        assert 400 <= office.post(bytes(raw), SIGNED, "/login").status_code < 500
        raw[at] ^= 1
    assert office.post(bytes(raw), SIGNED, "/login").status_code == 200
