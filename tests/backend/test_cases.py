"""GET /cases and /cases/{number}."""

import pytest

from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, ONLY_SQLITE, Bench
from tests.backend.people import Key


def test_a_case_shows_where_it_stands_and_what_it_holds(office: Bench, key: Key):
    answer = office.file(key)
    case = office.get(f"/cases/{answer['Biandun-Case']}", office.login(key)).json()
    assert (case["state"], case["state_name"], case["unit_name"]) == (
        "PENDING_SUPERVISOR",
        "待主管部门审核",
        "陇澜市第一中学",
    )
    assert [(entry["statement"], entry["version"]) for entry in case["statements"]] == [
        (answer["Biandun-Statement"], 1)
    ]


def test_a_case_tells_its_signed_history_in_order(office: Bench, key: Key):
    supervisor, officer = office.supervisor(), office.officer()
    first = office.file(key)
    office.countersign(
        supervisor, first["Biandun-Statement"], opinion="return", text="请补充。", document=None
    )
    second = office.file(key, case=first["Biandun-Case"], reason="补正。")
    office.countersign(supervisor, second["Biandun-Statement"])
    office.decide(officer, second)
    case = office.get(f"/cases/{first['Biandun-Case']}", office.login(key)).json()
    assert [entry["statement"] for entry in case["statements"]] == [
        first["Biandun-Statement"],
        second["Biandun-Statement"],
    ]
    columns = (
        "step",
        "version",
        "purpose",
        "action",
        "from",
        "to",
        "serial",
        "seq",
        "opinion",
        "text",
        "leaf_index",
    )
    action, back = "flow.use_approval.", (1, "return", "请补充。", 1)
    assert [tuple(step[column] for column in columns) for step in case["history"]] == [
        (1, 1, "filing", f"{action}filed", "", "PENDING_SUPERVISOR", key.serial, 1, "", "", 0),
        (
            2,
            1,
            "countersign",
            f"{action}returned_by_supervisor",
            "PENDING_SUPERVISOR",
            "RETURNED_BY_SUP",
            supervisor.serial,
            *back,
        ),
        (
            3,
            2,
            "filing",
            f"{action}resubmitted",
            "RETURNED_BY_SUP",
            "PENDING_SUPERVISOR",
            key.serial,
            2,
            "",
            "",
            2,
        ),
        (
            4,
            2,
            "countersign",
            f"{action}agreed",
            "PENDING_SUPERVISOR",
            "SUBMITTED",
            supervisor.serial,
            2,
            "agree",
            "同意。",
            3,
        ),
        (
            5,
            2,
            "decision",
            f"{action}accepted",
            "SUBMITTED",
            "ACCEPTED",
            officer.serial,
            1,
            "accept",
            "材料齐全，予以受理。",
            4,
        ),
    ]
    assert [step["unit_name"] for step in case["history"]][1::3] == [
        "陇澜市教育局",
        "陇澜市委编办（虚构）",
    ]


def test_an_unknown_case_is_not_found(office: Bench, key: Key):
    answer = office.get("/cases/629900HB2026000001", office.login(key))
    assert (answer.status_code, answer.json()["code"]) == (404, "case-not-found")


def test_cases_come_newest_first_in_pages(office: Bench, key: Key):
    numbers = [office.file(key, reason=f"第 {number} 份")["Biandun-Case"] for number in range(23)]
    token = office.login(key)
    first, second = (office.get(f"/cases?page={page}", token).json() for page in (1, 2))
    assert [case["number"] for case in first["cases"] + second["cases"]] == numbers[::-1]
    assert (first["total"], first["pages"], second["page"], len(second["cases"])) == (23, 2, 2, 3)
    assert office.get("/cases?page=3", token).json()["cases"] == []


def test_cases_are_filtered_by_state(office: Bench, key: Key):
    office.file(key)
    office.file(office.new_key(HOSPITAL, "BD-TEST-0002"), **HOSPITAL_FORM)
    token = office.login(office.officer())
    assert [
        case["uscc"] for case in office.get("/cases?state=SUBMITTED", token).json()["cases"]
    ] == [HOSPITAL]
    assert office.get("/cases?state=ACCEPTED", token).json()["total"] == 0


@pytest.mark.parametrize("query", ["state=NONE", "page=0", "page=-1", "page=x", "page=99999999999"])
@ONLY_SQLITE  # refused before the database is asked
def test_a_query_that_makes_no_sense_is_refused(office: Bench, key: Key, query: str):
    answer = office.get(f"/cases?{query}", office.login(key))
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")
