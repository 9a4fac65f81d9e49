"""POST /decisions: an officer of the office itself, on the newest filing of a submitted case,
once.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.http import HttpResponse

from biandun_office.flow.models import Case, CaseEvent
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.receipt import Receipt, verify_receipt
from tests.backend import people
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, Bench, rows
from tests.backend.people import Key


@dataclass
class Scene:
    """A case that was submitted to the office."""

    office: Bench
    unit: Key
    officer: Key
    filed: HttpResponse

    def decide(self, key: Key | None = None, **changed: object) -> HttpResponse:
        return self.office.decide(key or self.officer, self.filed, **changed)


@pytest.fixture
def scene(office: Bench) -> Scene:
    hospital = office.new_key(HOSPITAL)  # it has no supervisor
    return Scene(office, hospital, office.officer(), office.file(hospital, **HOSPITAL_FORM))


def test_an_acceptance_accepts_the_case(scene: Scene):
    answer = scene.decide()
    assert (answer.status_code, answer["Biandun-Case"]) == (201, scene.filed["Biandun-Case"])
    assert Case.objects.get().state == "ACCEPTED"
    event = CaseEvent.objects.get(step=2)
    assert (event.action, event.opinion, event.text) == (
        "flow.use_approval.accepted",
        "accept",
        "材料齐全，予以受理。",
    )


def test_a_return_sends_the_case_back_and_it_comes_again(scene: Scene):
    assert scene.decide(decision="return", text="请更正编制类型。").status_code == 201
    assert Case.objects.get().state == "RETURNED_BY_OFFICE"
    again = scene.office.file(
        scene.unit, **HOSPITAL_FORM, case=scene.filed["Biandun-Case"], reason="补正。"
    )
    assert again.status_code == 201
    assert Case.objects.get().state == "SUBMITTED"
    assert scene.decide().json()["code"] == "decision-mismatch", (
        "the first version is no longer the newest"
    )
    assert scene.office.decide(scene.officer, again).status_code == 201


def test_its_receipt_proves_it_in_the_same_log(scene: Scene):
    raw = people.decision(
        scene.officer, scene.filed["Biandun-Case"], scene.filed["Biandun-Statement"]
    )
    scene.office.put(raw)
    statement = scene.officer.sign(raw, "decision")
    answer = scene.office.post(statement, to="/decisions")
    payload = verify_receipt(
        Receipt.decode(answer.content),
        cose.parse(statement, purpose="decision"),
        scene.office.issuer,
        ES256,
    )
    assert (payload.leaf_index, payload.tree_size) == (1, 2)
    assert scene.office.post(statement, to="/decisions").content == answer.content


def test_of_two_officers_one_decides_and_the_other_is_told(scene: Scene):
    second = scene.office.officer(serial="BD-TEST-0201")
    assert scene.decide().status_code == 201
    before = rows()
    answer = scene.decide(second, decision="return")
    assert (answer.status_code, answer.json()["code"]) == (409, "decision-not-due")
    assert rows() == before
    assert Case.objects.get().state == "ACCEPTED"


def by_the_unit(scene: Scene) -> HttpResponse:
    return scene.decide(scene.unit)


def by_a_key_whose_unit_is_not_the_office(scene: Scene) -> HttpResponse:
    from biandun_office.issuance.models import Certificate

    Certificate.objects.filter(device__serial=scene.unit.serial).update(purposes=["decision"])
    return scene.decide(scene.unit)


def of_another_statement(scene: Scene) -> HttpResponse:
    return scene.decide(statement=bytes(32))


def of_an_unknown_case(scene: Scene) -> HttpResponse:
    return scene.decide(case="629900HB2026000099")


def of_another_case(scene: Scene) -> HttpResponse:
    other = scene.office.file(scene.unit, **HOSPITAL_FORM, reason="另一份业务。")
    return scene.decide(case=other["Biandun-Case"])


def before_the_supervisor(scene: Scene) -> HttpResponse:
    filed = scene.office.file(scene.office.new_key(serial="BD-TEST-0300"))
    return scene.office.decide(scene.officer, filed)


def after_a_return(scene: Scene) -> HttpResponse:
    scene.decide(decision="return")
    return scene.decide()


REFUSALS: list[tuple[str, int, Callable[[Scene], HttpResponse]]] = [
    ("purpose-refused", 403, by_the_unit),
    ("not-officer", 403, by_a_key_whose_unit_is_not_the_office),
    ("decision-mismatch", 409, of_another_statement),
    ("case-not-found", 404, of_an_unknown_case),
    ("decision-mismatch", 409, of_another_case),
    ("decision-not-due", 409, before_the_supervisor),
    ("decision-not-due", 409, after_a_return),
]


@pytest.mark.parametrize(
    ("code", "status", "act"), REFUSALS, ids=[act.__name__ for *_, act in REFUSALS]
)
def test_a_refusal_has_its_code_and_status(
    scene: Scene, code: str, status: int, act: Callable[[Scene], HttpResponse]
):
    answer = act(scene)
    assert (answer.json()["code"], answer.status_code) == (code, status)


def test_a_refused_decision_leaves_a_gap_that_blocks_nothing(scene: Scene):
    assert scene.decide(statement=bytes(32)).status_code == 409
    assert scene.decide().status_code == 201
