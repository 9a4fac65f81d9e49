"""A business is data: another one has its own numbers, states and actions, and neither the engine nor
the database knows it by name.
"""

from dataclasses import replace

import pytest
from django.core.management import call_command

from biandun_office.flow import table
from biandun_office.flow.business import FIRST, NONE, Business, Step
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.reception.log_check import check_log
from biandun_protocol import book
from biandun_protocol.forms.registry import FORMS, USE_APPROVAL, types
from biandun_protocol.terminal.words import word
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, Bench

KIND = (PURPOSE_FILING, USE_APPROVAL)
HOW_TO = "see docs/howto/add-a-business.md"
TOY = Business(
    name="toy",
    filing_type=USE_APPROVAL,
    steps=(
        Step("laid_out", ("filing", USE_APPROVAL), FIRST, (NONE,), ("LAID_OUT",)),
        Step("put_away", ("decision", "decision"), "accept", ("LAID_OUT",), ("PUT_AWAY",)),
    ),
    waits_for=lambda unit: "LAID_OUT",
)


@pytest.fixture
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this office a use approval is a toy."""
    monkeypatch.setitem(book.CODES, "LAID_OUT", ("已摆出", "laid out"))
    play(monkeypatch)


def play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMS, KIND, replace(FORMS[KIND], letters="TY"))
    monkeypatch.delitem(table.BUSINESSES, "HB")
    monkeypatch.setitem(table.BUSINESSES, "TY", TOY)


def without_words(business: Business) -> list[str]:
    """The states and actions of a business that people would read as codes, one sentence each."""
    said = [("state", state, "codes.case_states") for state in sorted(business.states)]
    said += [("action", one.name, "values.action") for one in business.actions.values()]
    return [
        f"{business.name}: {code} has no words, write them in protocol/messages.toml [{section}]"
        for field, code, section in said
        if word(field, code, "zh") == code
    ]


@pytest.mark.parametrize("form_type", list(types(PURPOSE_FILING)))
def test_a_form_that_a_unit_files_has_a_business_of_its_letters(form_type: str):
    row = FORMS[PURPOSE_FILING, form_type]
    assert row.letters, f"{form_type} has no letters for the number of its case in FORMS"
    assert row.business, f"{form_type} has no name of its business in FORMS"
    assert row.letters in table.BUSINESSES, (
        f"{form_type} has no business: write one in backend/biandun_office/flow/businesses, {HOW_TO}"
    )
    assert table.BUSINESSES[row.letters].filing_type == form_type


def test_two_forms_have_different_letters():
    letters = [row.letters for row in FORMS.values() if row.letters]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("business", list(table.BUSINESSES.values()), ids=lambda one: one.name)
def test_the_states_and_actions_of_a_business_have_words(business: Business):
    assert without_words(business) == []


def test_a_business_without_words_is_found():
    assert without_words(TOY) == [
        "toy: LAID_OUT has no words, write them in protocol/messages.toml [codes.case_states]",
        "toy: PUT_AWAY has no words, write them in protocol/messages.toml [codes.case_states]",
        "toy: flow.toy.laid_out has no words, write them in protocol/messages.toml [values.action]",
        "toy: flow.toy.put_away has no words, write them in protocol/messages.toml [values.action]",
    ]


def test_a_business_of_no_form_says_so():
    with pytest.raises(ValueError, match="lost: FORMS has no row with letters for lost-form"):
        _ = replace(TOY, name="lost", filing_type="lost-form").letters


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


def test_a_form_whose_business_this_office_does_not_have_is_refused(
    office: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delitem(table.BUSINESSES, "HB")
    answer = office.file(office.new_key(HOSPITAL), **HOSPITAL_FORM)
    assert (answer.status_code, answer.json()["code"]) == (422, "schema-unknown")
    assert Case.objects.count() == 0


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
    play(monkeypatch)
    Case.objects.update(kind="TY")
    assert [fault for fault in check_log(office.office).faults if "did not move case" in fault]
