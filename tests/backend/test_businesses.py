"""A business is data: another one has its own numbers, states and actions, and neither the engine nor
the database knows it by name.
"""

import pytest
from django.core.management import call_command

from biandun_office.flow import table
from biandun_office.flow.business import FIRST, NONE, Business, Step
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.reception.log_check import check_log
from biandun_protocol.forms.registry import USE_APPROVAL
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, Bench

TOY = Business(
    name="toy",
    letters="TY",
    title="虚构业务",
    filing_type=USE_APPROVAL,
    states={"LAID_OUT": "已摆出", "PUT_AWAY": "已收起"},
    steps=(
        Step("laid_out", ("filing", USE_APPROVAL), FIRST, (NONE,), ("LAID_OUT",)),
        Step("put_away", ("decision", "decision"), "accept", ("LAID_OUT",), ("PUT_AWAY",)),
    ),
    waits_for=lambda unit: "LAID_OUT",
)


@pytest.fixture
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this office a use approval is a toy."""
    monkeypatch.delitem(table.BUSINESSES, "HB")
    monkeypatch.setitem(table.BUSINESSES, "TY", TOY)


@pytest.mark.usefixtures("_toy")
def test_another_business_goes_its_own_way_without_a_migration(office: Bench):
    filed = office.file(office.new_key(HOSPITAL), **HOSPITAL_FORM)
    officer = office.officer()
    assert filed["Biandun-Case"].startswith("629921TY")
    token = office.login(officer)
    shown = office.get(f"/cases/{filed['Biandun-Case']}", token).json()
    assert (shown["kind"], shown["state_name"]) == ("TY", "已摆出")
    assert office.decide(officer, filed).status_code == 201
    assert Case.objects.get().state == "PUT_AWAY"
    assert list(CaseEvent.objects.values_list("action", flat=True)) == [
        "flow.toy.laid_out",
        "flow.toy.put_away",
    ]
    assert office.get("/cases?state=PUT_AWAY", token).json()["total"] == 1
    assert check_log(office.office).faults == []
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


@pytest.mark.usefixtures("_toy")
def test_what_a_business_has_no_step_for_is_not_due(office: Bench):
    key = office.new_key(HOSPITAL)
    filed = office.file(key, **HOSPITAL_FORM)
    again = office.file(key, **HOSPITAL_FORM, case=filed["Biandun-Case"], reason="再次。")
    assert again.json()["code"] == "case-not-open"
    back = office.decide(office.officer(), filed, decision="return")
    assert back.json()["code"] == "decision-not-due"


def test_a_step_of_another_business_is_found_by_the_replay(
    office: Bench, monkeypatch: pytest.MonkeyPatch
):
    assert office.file(office.new_key(HOSPITAL), **HOSPITAL_FORM).status_code == 201
    monkeypatch.delitem(table.BUSINESSES, "HB")
    monkeypatch.setitem(table.BUSINESSES, "TY", TOY)
    Case.objects.update(kind="TY")
    assert [fault for fault in check_log(office.office).faults if "did not move case" in fault]
