"""Every rule of a form that can be broken says in Chinese and in English what is wrong and what to
do.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import pytest

from biandun_protocol import catalogue
from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms import reading, rules
from biandun_protocol.forms.fields import Date, Field
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import FORMS
from biandun_protocol.forms.rules import Rule
from biandun_protocol.forms.use_approval import UseApproval

RULES = [
    *(value for value in vars(rules).values() if isinstance(value, Rule)),
    *(together.broken for row in FORMS.values() for together in row.form.together),
    rules.too_long(9),
    rules.too_many_bytes(9),
    rules.bounds(1, 9, Phrase("名", "places")),
    rules.count(0, 9),
    rules.count(1, 9),
    rules.length(9),
    rules.one_of(["A", "B"]),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.en)
def test_every_rule_has_words_in_both_languages(rule: Rule) -> None:
    assert all(re.search(r"[\u3400-\u9fff]", one) for one in (rule.zh, rule.do_zh))
    assert not any(re.search(r"[\u3400-\u9fff]", one) for one in (rule.en, rule.do_en))


@dataclass(frozen=True, kw_only=True)
class Leave(Form):
    """A form with a date of a document and one that is planned."""

    decided_on: Annotated[str, Date(), Field("决定日期", "decided on")]
    leaves_on: Annotated[str, Date(planned=True), Field("离岗日期", "leaves on")]


def test_a_planned_date_may_be_to_come_and_another_may_not() -> None:
    body = {"decided_on": "2099-01-01", "leaves_on": "2099-01-01", "prepared_on": "2026-11-24"}
    late = reading.late_dates(Leave, body, date(2026, 11, 28))
    assert [one.place for one in late] == ["decided_on"]


def test_a_planned_date_is_a_date_of_the_calendar_all_the_same() -> None:
    assert Date(planned=True).check("2099-02-30") == rules.DATE


def test_what_is_to_be_filled_in_says_whether_a_date_may_be_to_come() -> None:
    assert [Date(planned=one).rule("zh") for one in (False, True)] == [
        "日期，如 2026-11-24，不晚于今天",
        "日期，如 2026-11-24",
    ]


def test_a_broken_rule_is_a_chinese_sentence() -> None:
    rule = rules.bounds(1, 999, Phrase("名", "places"))
    said = reading.mistake(UseApproval, ("items", 0, "number"), rule)
    assert "应为 1 至 999 名" in said.sentence("zh")
    assert "places" not in said.sentence("zh")
    assert catalogue.message("form-invalid", "en", {**said.problem.values, "field": "a"}).endswith(
        "1 to 999 places."
    )
