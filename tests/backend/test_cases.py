"""GET /cases/{number}."""

from tests.backend.bench import Bench
from tests.support.softkey import SoftKey


def test_a_case_shows_where_it_stands_and_what_it_holds(office: Bench, key: SoftKey):
    answer = office.file(key)
    case = office.client.get(f"/cases/{answer['Biandun-Case']}").json()
    assert (case["state"], case["state_name"], case["unit_name"]) == ("PENDING_SUPERVISOR", "待主管部门审核", "陇澜市第一中学")
    assert [(entry["statement"], entry["version"]) for entry in case["statements"]] == [(answer["Biandun-Statement"], 1)]


def test_a_case_lists_every_version_in_order(office: Bench, key: SoftKey):
    first = office.file(key)
    second = office.file(key, case=first["Biandun-Case"], reason="补正。")
    case = office.client.get(f"/cases/{first['Biandun-Case']}").json()
    assert [entry["statement"] for entry in case["statements"]] == [first["Biandun-Statement"], second["Biandun-Statement"]]


def test_an_unknown_case_is_not_found(office: Bench):
    answer = office.client.get("/cases/629900HB2026000001")
    assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")
