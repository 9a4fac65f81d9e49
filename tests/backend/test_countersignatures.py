"""POST /countersignatures: the supervisor, and nobody else, on the newest filing that waits for it,
once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.http import HttpResponse

from biandun_office.evidence.models import Statement
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.keylife import services as keylife
from biandun_office.platform import clock
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.forms import reading
from biandun_protocol.forms.form import to_body
from biandun_protocol.receipt import Receipt, verify_receipt
from tests.backend import people
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, Bench, digest_of, rows
from tests.backend.people import BUREAU, Key
from tests.support.softkey import attachment


@dataclass
class Scene:
    """A filing that waits for its supervisor's countersignature."""

    office: Bench
    unit: Key
    supervisor: Key
    filed: HttpResponse

    @property
    def statement(self) -> str:
        return self.filed["Biandun-Statement"]

    def sign(
        self, key: Key | None = None, statement: str | None = None, **changed: object
    ) -> HttpResponse:
        return self.office.countersign(
            key or self.supervisor, statement or self.statement, **changed
        )


@pytest.fixture
def scene(office: Bench, key: Key) -> Scene:
    return Scene(office, key, office.supervisor(), office.file(key))


def test_an_agreement_submits_the_case_to_the_office(scene: Scene):
    answer = scene.sign()
    assert (answer.status_code, answer["Biandun-Case"]) == (201, scene.filed["Biandun-Case"])
    assert Case.objects.get().state == "SUBMITTED"
    event = CaseEvent.objects.get(step=2)
    assert (event.action, event.before, event.after) == (
        "flow.use_approval.agreed",
        "PENDING_SUPERVISOR",
        "SUBMITTED",
    )
    assert (event.version, event.opinion, event.text) == (1, "agree", "同意。")


def test_a_return_sends_the_case_back_to_the_unit(scene: Scene):
    assert scene.sign(opinion="return", text="请补充岗位说明。", document=None).status_code == 201
    assert Case.objects.get().state == "RETURNED_BY_SUP"
    assert CaseEvent.objects.get(step=2).text == "请补充岗位说明。"


def test_its_receipt_proves_it_in_the_same_log(scene: Scene):
    raw = people.countersign(scene.supervisor, scene.statement)
    scene.office.put(raw)
    statement = scene.supervisor.sign(raw, "countersign")
    answer = scene.office.post(statement, to="/countersignatures")
    payload = verify_receipt(
        Receipt.decode(answer.content),
        cose.parse(statement, purpose="countersign"),
        scene.office.issuer,
        ES256,
    )
    assert (payload.leaf_index, payload.tree_size) == (1, 2)
    assert answer["Location"] == f"/statements/{answer['Biandun-Statement']}"


def test_the_same_one_again_gets_the_same_receipt_and_changes_nothing(scene: Scene):
    raw = people.countersign(scene.supervisor, scene.statement)
    scene.office.put(raw)
    statement = scene.supervisor.sign(raw, "countersign")
    first = scene.office.post(statement, to="/countersignatures")
    before = rows()
    again = scene.office.post(statement, to="/countersignatures")
    assert (again.status_code, again.content) == (200, first.content)
    assert rows() == before


def test_its_attachments_become_evidence(scene: Scene):
    content = b"%PDF-1.7 minutes"
    scene.office.put(content)
    assert scene.sign(attachments=(attachment(content, "纪要.pdf", "minutes"),)).status_code == 201
    assert Statement.objects.get(purpose="countersign").attached.get().sha256 == digest_of(content)


def test_the_second_version_is_countersigned_in_its_turn(scene: Scene):
    scene.sign(opinion="return", document=None)
    second = scene.office.file(scene.unit, case=scene.filed["Biandun-Case"], reason="补正。")
    assert scene.sign().json()["code"] == "countersign-not-due", (
        "the first version is no longer the newest"
    )
    assert scene.sign(statement=second["Biandun-Statement"]).status_code == 201
    assert [event.version for event in CaseEvent.objects.order_by("step")] == [1, 1, 2, 2]


def stranger(scene: Scene) -> HttpResponse:
    return scene.sign(scene.office.supervisor(HOSPITAL, "BD-TEST-0300"))


def the_unit_itself(scene: Scene) -> HttpResponse:
    return scene.sign(scene.office.new_key(serial="BD-TEST-0301", role="supervisor"))


def a_case_without_supervisor(scene: Scene) -> HttpResponse:
    hospital = scene.office.new_key(HOSPITAL, "BD-TEST-0302")
    filed = scene.office.file(hospital, **HOSPITAL_FORM)
    return scene.sign(statement=filed["Biandun-Statement"])


def unknown(scene: Scene) -> HttpResponse:
    return scene.sign(statement="00" * 32)


def of_a_countersignature(scene: Scene) -> HttpResponse:
    return scene.sign(statement=scene.sign()["Biandun-Statement"])


def twice(scene: Scene) -> HttpResponse:
    scene.sign()
    return scene.sign(text="再次同意。")


def after_a_return(scene: Scene) -> HttpResponse:
    scene.sign(opinion="return", document=None)
    return scene.sign()


def without_purpose(scene: Scene) -> HttpResponse:
    return scene.sign(scene.office.new_key(BUREAU, "BD-TEST-0303"))


def attachment_missing(scene: Scene) -> HttpResponse:
    return scene.sign(attachments=(attachment(b"never uploaded"),))


def attachment_of_another_size(scene: Scene) -> HttpResponse:
    scene.office.put(b"four")
    entry = attachment(b"four")
    wrong = type(entry)(
        name=entry.name, media_type=entry.media_type, size=5, sha256=entry.sha256, role=entry.role
    )
    return scene.sign(attachments=(wrong,))


def at_the_wrong_door(scene: Scene) -> HttpResponse:
    return scene.office.post(
        scene.unit.sign(scene.office.upload(reason="走错了门。")), to="/countersignatures"
    )


def revoked(scene: Scene) -> HttpResponse:
    keylife.revoke(serial=scene.supervisor.serial, reason="测试", now=clock.now())
    return scene.sign()


def filing_as_manifest(scene: Scene) -> HttpResponse:
    return scene.office.post(
        scene.supervisor.sign(scene.office.upload(), "countersign"), to="/countersignatures"
    )


REFUSALS: list[tuple[str, int, Callable[[Scene], HttpResponse]]] = [
    ("not-supervisor", 403, stranger),
    ("not-supervisor", 403, the_unit_itself),
    ("not-supervisor", 403, a_case_without_supervisor),
    ("statement-not-found", 404, unknown),
    ("statement-not-found", 404, of_a_countersignature),
    ("countersign-not-due", 409, twice),
    ("countersign-not-due", 409, after_a_return),
    ("purpose-refused", 403, without_purpose),
    ("blob-missing", 409, attachment_missing),
    ("blob-size-mismatch", 422, attachment_of_another_size),
    ("purpose-mismatch", 422, at_the_wrong_door),
    ("certificate-revoked", 403, revoked),
    ("schema-unknown", 422, filing_as_manifest),
]


@pytest.mark.parametrize(
    ("code", "status", "act"), REFUSALS, ids=[act.__name__ for *_, act in REFUSALS]
)
def test_a_refusal_has_its_code_and_status(
    scene: Scene, code: str, status: int, act: Callable[[Scene], HttpResponse]
):
    answer = act(scene)
    assert (answer.json()["code"], answer.status_code) == (code, status)


def test_a_refused_one_leaves_no_trace(scene: Scene):
    before = rows()
    for act in (stranger, the_unit_itself, unknown, attachment_missing):
        act(scene)
        assert rows() == before
    assert Case.objects.get().state == "PENDING_SUPERVISOR"


def test_an_agreement_without_the_application_document_is_refused(scene: Scene, monkeypatch):
    monkeypatch.setattr(reading, "checked_body", to_body)
    raw = people.countersign(scene.supervisor, scene.statement, document=None)
    monkeypatch.undo()
    scene.office.put(raw)
    answer = scene.office.post(scene.supervisor.sign(raw, "countersign"), to="/countersignatures")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (
        422,
        "form-invalid",
        "document",
    )
