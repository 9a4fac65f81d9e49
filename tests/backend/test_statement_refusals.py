"""POST /statements: every refusal has its code and status, and leaves no trace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from biandun_office.issuance.models import Certificate
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock
from biandun_office.registry.models import Unit
from biandun_protocol import cbor
from biandun_protocol.algorithms import P256_ORDER
from biandun_protocol.forms import reading
from biandun_protocol.forms.form import ApplicationDocument
from biandun_protocol.wire import statement as wire
from tests.backend.bench import HOSPITAL, ONLY_SQLITE, SCHOOL, Bench, rows
from tests.support.softkey import SoftKey, application, attachment, manifest


@dataclass
class Scene:
    office: Bench
    key: SoftKey

    def uploaded(self, **form: object) -> bytes:
        return self.office.upload(**form)


def foreign_key(scene: Scene) -> bytes:
    stranger = SoftKey(profile=scene.key.profile)
    return stranger.sign(scene.uploaded())


def renamed_key(scene: Scene) -> bytes:
    scene.key.serial = "BD-TEST-9999"
    return scene.key.sign(scene.uploaded())


def other_x5t(scene: Scene) -> bytes:
    scene.key.profile.x5t = bytes(32)
    return scene.key.sign(scene.uploaded())


def purpose_withdrawn(scene: Scene) -> bytes:
    Certificate.objects.update(purposes=["countersign"])
    return scene.key.sign(scene.uploaded())


def other_purpose(scene: Scene) -> bytes:
    return scene.key.sign(scene.uploaded(), purpose="countersign")


def malleated(scene: Scene) -> bytes:
    protected, digest, signature = wire.split(scene.key.sign(scene.uploaded()))
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    return wire.assemble(protected, digest, signature[:32] + s.to_bytes(32, "big"))


def signed_by_another(scene: Scene) -> bytes:
    protected, digest, signature = wire.split(scene.key.sign(scene.uploaded()))
    stranger = SoftKey().signer.sign(wire.to_be_signed(protected, "filing", digest))
    assert stranger != signature
    return wire.assemble(protected, digest, stranger)


def not_yet_valid(scene: Scene) -> bytes:
    Certificate.objects.update(not_before=clock.now() + 1000)
    return scene.key.sign(scene.uploaded())


def expired(scene: Scene) -> bytes:
    Certificate.objects.update(not_after=clock.now() - 1)
    return scene.key.sign(scene.uploaded())


def manifest_not_uploaded(scene: Scene) -> bytes:
    return scene.key.sign(manifest())


def attachment_not_uploaded(scene: Scene) -> bytes:
    return scene.key.sign(scene.uploaded(attachments=(attachment(b"never uploaded"),)))


def attachment_of_another_size(scene: Scene) -> bytes:
    scene.office.put(b"four")
    entry = attachment(b"four")
    wrong = type(entry)(
        name=entry.name, media_type=entry.media_type, size=5, sha256=entry.sha256, role=entry.role
    )
    return scene.key.sign(scene.uploaded(attachments=(wrong,)))


def raw_manifest(scene: Scene, raw: bytes) -> bytes:
    scene.office.put(raw)
    return scene.key.sign(raw)


def another_case_in_summary(scene: Scene) -> bytes:
    summary, body = cbor.loads(manifest())  # type: ignore[misc]
    summary[4] = "629900HB2026000009"
    return raw_manifest(scene, cbor.dumps([summary, body]))


def form_with_a_wrong_quota(scene: Scene) -> bytes:
    summary, body = cbor.loads(manifest())  # type: ignore[misc]
    body["items"][0]["quota_type"] = "NONE"
    return raw_manifest(scene, cbor.dumps([summary, body]))


def another_schema(scene: Scene) -> bytes:
    summary, body = cbor.loads(manifest())  # type: ignore[misc]
    summary[0] = "biandun-filing/9"
    return raw_manifest(scene, cbor.dumps([summary, body]))


def unit_abolished(scene: Scene) -> bytes:
    Unit.objects.filter(uscc=SCHOOL).update(active=False)
    return scene.key.sign(scene.uploaded())


def case_of_another_unit(scene: Scene) -> bytes:
    hospital = scene.office.new_key(HOSPITAL, serial="BD-TEST-0002")
    form = {
        "uscc": HOSPITAL,
        "unit_code": "629921-0001",
        "unit_name": "青屏县人民医院",
        "region": "629921",
    }
    number = scene.office.file(hospital, supervisor_uscc=None, **form)["Biandun-Case"]
    return scene.key.sign(scene.uploaded(case=number))


def case_that_was_not_returned(scene: Scene) -> bytes:
    number = scene.office.file(scene.key)["Biandun-Case"]
    return scene.key.sign(scene.uploaded(case=number))


def revoked(scene: Scene) -> bytes:
    keylife.revoke(serial=scene.key.serial, reason="测试", now=clock.now())
    return scene.key.sign(scene.uploaded())


def suspended(scene: Scene) -> bytes:
    Certificate.objects.update(state="SUSPENDED")
    return scene.key.sign(scene.uploaded())


REFUSALS: list[tuple[str, int, str | None, Callable[[Scene], bytes]]] = [
    ("statement-malformed", 400, None, lambda scene: b""),
    ("statement-malformed", 400, None, lambda scene: b"\xd2\x84"),
    ("statement-malformed", 400, None, lambda scene: scene.key.sign(scene.uploaded()) + b"\x00"),
    ("statement-too-large", 413, None, lambda scene: bytes(4097)),
    ("purpose-mismatch", 422, None, other_purpose),
    ("certificate-unknown", 403, None, foreign_key),
    ("certificate-mismatch", 422, "serial", renamed_key),
    (
        "certificate-mismatch",
        422,
        "uscc",
        lambda scene: scene.key.sign(scene.uploaded(), uscc=HOSPITAL),
    ),
    (
        "certificate-mismatch",
        422,
        "unit_code",
        lambda scene: scene.key.sign(scene.uploaded(), unit_code="629900-0009"),
    ),
    (
        "certificate-mismatch",
        422,
        "region",
        lambda scene: scene.key.sign(scene.uploaded(), region="629921"),
    ),
    ("certificate-mismatch", 422, "x5t", other_x5t),
    (
        "header-invalid",
        422,
        "-70001/7",
        lambda scene: scene.key.sign(scene.uploaded(), seq=1 << 63),
    ),
    ("purpose-refused", 403, None, purpose_withdrawn),
    ("signature-invalid", 422, None, signed_by_another),
    ("signature-high-s", 422, None, malleated),
    ("certificate-not-yet", 403, None, not_yet_valid),
    ("certificate-expired", 403, None, expired),
    ("blob-missing", 409, None, manifest_not_uploaded),
    ("blob-missing", 409, None, attachment_not_uploaded),
    ("blob-size-mismatch", 422, None, attachment_of_another_size),
    ("manifest-malformed", 422, None, lambda scene: raw_manifest(scene, b"not CBOR")),
    ("manifest-too-large", 422, None, lambda scene: raw_manifest(scene, bytes((1 << 20) + 1))),
    ("schema-unknown", 422, None, another_schema),
    ("form-invalid", 422, "items[0].quota_type", form_with_a_wrong_quota),
    ("manifest-contradicts", 422, "case", another_case_in_summary),
    (
        "manifest-contradicts",
        422,
        "length",
        lambda scene: scene.key.sign(scene.uploaded(), length=7),
    ),
    (
        "manifest-contradicts",
        422,
        "uscc",
        lambda scene: scene.key.sign(scene.uploaded(uscc=HOSPITAL)),
    ),
    (
        "manifest-contradicts",
        422,
        "unit_code",
        lambda scene: scene.key.sign(scene.uploaded(unit_code="629900-0009")),
    ),
    (
        "manifest-contradicts",
        422,
        "region",
        lambda scene: scene.key.sign(scene.uploaded(region="629921")),
    ),
    ("unit-inactive", 403, None, unit_abolished),
    (
        "case-not-found",
        404,
        None,
        lambda scene: scene.key.sign(scene.uploaded(case="629900HB2026000099")),
    ),
    ("case-not-found", 404, None, case_of_another_unit),
    ("case-not-open", 409, None, case_that_was_not_returned),
    ("certificate-revoked", 403, None, revoked),
    ("key-suspended", 403, None, suspended),
]


@pytest.mark.parametrize(
    ("code", "status", "place", "make"),
    REFUSALS,
    ids=[f"{code}-{n}" for n, (code, *_) in enumerate(REFUSALS)],
)
def test_a_refusal_has_its_code_and_status_and_changes_nothing(
    office: Bench,
    key: SoftKey,
    code: str,
    status: int,
    place: str | None,
    make: Callable[[Scene], bytes],
):
    statement = make(Scene(office, key))
    before = rows()
    answer = office.post(statement)
    assert (answer.json()["code"], answer.status_code) == (code, status)
    assert answer.json().get("field") == place
    assert rows() == before


@ONLY_SQLITE  # refused before the database is asked
def test_a_refusal_is_a_problem_document_in_both_languages(office: Bench):
    answer = office.post(b"")
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["title"].startswith("签名文件格式不正确")
    assert document["detail"].startswith("The statement is malformed")
    assert document["next"] and document["next_en"]
    assert document["retriable"] is False


@pytest.mark.parametrize(
    "content_type", ["application/cbor", "application/json", "application/cose-x509", "text/plain"]
)
@ONLY_SQLITE  # refused before the database is asked
def test_another_content_type_is_refused(office: Bench, key: SoftKey, content_type: str):
    answer = office.post(key.sign(office.upload()), content_type)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type")
    assert rows() == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("late", ["prepared_on", "application_document"])
def test_a_form_dated_after_today_is_refused(office: Bench, key: SoftKey, late: str):
    tomorrow = datetime.fromtimestamp(clock.now(), UTC).date() + timedelta(days=2)
    document = ApplicationDocument(
        doc_no="1", title="申请", issuer="陇澜市教育局", issued_on=tomorrow.isoformat()
    )
    answer = office.file(key, **{late: tomorrow.isoformat() if late == "prepared_on" else document})
    assert (answer.json()["code"], answer.status_code) == ("date-future", 422)
    assert rows()[0] == 0


def test_a_certificate_that_expires_before_the_logged_time_is_refused_under_the_lock(
    office: Bench, key: SoftKey, monkeypatch
):
    office.file(key)  # the log now says "now"; the clock is then set back
    now = clock.now()
    Certificate.objects.update(not_before=0, not_after=now - 50)
    monkeypatch.setattr(clock, "now", lambda: now - 100)
    before = rows()
    assert office.file(key, reason="时钟被拨回。").json()["code"] == "certificate-expired"
    assert rows() == before


def test_a_statement_accepted_after_the_malleated_twin_was_refused_is_one_case(
    office: Bench, key: SoftKey
):
    statement = key.sign(office.upload())
    protected, digest, signature = wire.split(statement)
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    twin = wire.assemble(protected, digest, signature[:32] + s.to_bytes(32, "big"))
    assert office.post(twin).status_code == 422
    assert office.post(statement).status_code == 201
    assert office.post(twin).status_code == 422
    assert rows()[0] == 1


def test_the_application_used_here_breaks_no_rule():
    reading.checked_body(application())
