"""Every field rule of a use approval, each by the place that it names."""

from dataclasses import replace
from typing import Any

import pytest

from biandun_protocol import codes
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms import reading
from biandun_protocol.forms.form import ApplicationDocument, Attachment, to_body
from biandun_protocol.forms.mistakes import spell
from biandun_protocol.forms.use_approval import UseApproval, UseItem
from tests.support.softkey import application, attachment

ITEM = application().items[0]
LETTER = application().application_document
FILE = attachment(b"content")
OTHER_USCC = "11629900MB0000019C"


def refused_place(value: UseApproval) -> str:
    with pytest.raises(ManifestProblem) as caught:
        reading.checked_body(value)
    assert caught.value.code == "form-invalid"
    assert caught.value.values["rule"]
    return str(caught.value.values["field"])


FIELD_RULES: list[tuple[str, dict[str, Any], str]] = [
    ("uscc with a wrong check character", {"uscc": "12629900MB00000275"}, "uscc"),
    ("uscc too short", {"uscc": "12629900MB0000027"}, "uscc"),
    ("uscc in lower case", {"uscc": "12629900mb00000274"}, "uscc"),
    ("uscc empty", {"uscc": ""}, "uscc"),
    ("unit code empty", {"unit_code": ""}, "unit_code"),
    ("unit code too long", {"unit_code": "x" * 17}, "unit_code"),
    ("unit code too long in bytes", {"unit_code": "编" * 6}, "unit_code"),
    ("unit name blank", {"unit_name": "  "}, "unit_name"),
    ("unit name too long", {"unit_name": "陇" * 121}, "unit_name"),
    ("unit name with a blank before it", {"unit_name": " 陇澜市第一中学"}, "unit_name"),
    (
        "unit name with an ideographic blank after it",
        {"unit_name": "陇澜市第一中学\u3000"},
        "unit_name",
    ),
    ("region of five digits", {"region": "62990"}, "region"),
    ("region in letters", {"region": "62990A"}, "region"),
    ("region in full-width digits", {"region": "６２９９００"}, "region"),
    ("supervisor that is no code", {"supervisor_uscc": "x" * 18}, "supervisor_uscc"),
    ("supervisor that is the unit", {"supervisor_uscc": application().uscc}, "supervisor_uscc"),
    ("no items", {"items": ()}, "items"),
    ("21 items", {"items": (ITEM,) * 21}, "items"),
    ("reason blank", {"reason": ""}, "reason"),
    ("reason too long", {"reason": "由" * 2001}, "reason"),
    ("reason with a carriage return", {"reason": "一\r\n二"}, "reason"),
    ("reason with blanks at a line's end", {"reason": "一 \n二"}, "reason"),
    ("reason with an empty line at its end", {"reason": "一\n"}, "reason"),
    ("reason with a bell", {"reason": "一\a二"}, "reason"),
    ("reason with a direction override", {"reason": "一\u202e二"}, "reason"),
    ("reason with a zero-width blank", {"reason": "一\u200b二"}, "reason"),
    ("reason with a line separator", {"reason": "一\u2028二"}, "reason"),
    ("reason with a lone surrogate", {"reason": "一\ud800二"}, "reason"),
    ("prepared by nobody", {"prepared_by": ""}, "prepared_by"),
    ("prepared by a very long name", {"prepared_by": "甲" * 41}, "prepared_by"),
    ("a day that does not exist", {"prepared_on": "2026-02-30"}, "prepared_on"),
    ("a day without dashes", {"prepared_on": "20261124"}, "prepared_on"),
    ("a day as week", {"prepared_on": "2026-W48-2"}, "prepared_on"),
    ("a day with a time", {"prepared_on": "2026-11-24T00:00"}, "prepared_on"),
    (
        "51 attachments",
        {"attachments": tuple(replace(FILE, name=f"{n}.pdf") for n in range(51))},
        "attachments",
    ),
    ("two attachments with one name", {"attachments": (FILE, FILE)}, "attachments"),
    ("case empty", {"case": ""}, "case"),
    ("case too long", {"case": "x" * 33}, "case"),
    ("case too long in bytes", {"case": "案" * 11}, "case"),
]


@pytest.mark.parametrize(
    ("changed", "place"), [row[1:] for row in FIELD_RULES], ids=[row[0] for row in FIELD_RULES]
)
def test_a_field_that_breaks_its_rule_is_named(changed: dict[str, Any], place: str) -> None:
    assert refused_place(application(**changed)) == place


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"quota_type": "XXX"}, "quota_type"),
        ({"quota_type": ""}, "quota_type"),
        ({"funding_form": "full"}, "funding_form"),
        ({"entry_method": "GIFT"}, "entry_method"),
        ({"post_category": "BOSS"}, "post_category"),
        ({"number": 0}, "number"),
        ({"number": -1}, "number"),
        ({"number": 1000}, "number"),
        ({"duties": " x"}, "duties"),
        ({"duties": "x" * 501}, "duties"),
    ],
)
def test_an_item_that_breaks_a_rule_is_named_with_its_place(
    changed: dict[str, Any], name: str
) -> None:
    assert refused_place(application(items=(ITEM, replace(ITEM, **changed)))) == f"items[1].{name}"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "../x.pdf"}, "name"),
        ({"name": "a\\b.pdf"}, "name"),
        ({"name": "a:b.pdf"}, "name"),
        ({"name": "a*.pdf"}, "name"),
        ({"name": "a\0.pdf"}, "name"),
        ({"media_type": "text/html"}, "media_type"),
        ({"size": 0}, "size"),
        ({"size": 20971521}, "size"),
        ({"sha256": bytes(31)}, "sha256"),
        ({"sha256": bytes(33)}, "sha256"),
        ({"role": "virus"}, "role"),
    ],
)
def test_an_attachment_that_breaks_a_rule_is_named_with_its_place(
    changed: dict[str, Any], name: str
) -> None:
    broken: Attachment = replace(FILE, **changed)
    assert refused_place(application(attachments=(broken,))) == f"attachments[0].{name}"


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"doc_no": ""}, "doc_no"),
        ({"doc_no": "x" * 61}, "doc_no"),
        ({"title": "x" * 121}, "title"),
        ({"issuer": "x" * 121}, "issuer"),
        ({"issued_on": "2026-13-01"}, "issued_on"),
    ],
)
def test_a_letter_that_breaks_a_rule_is_named(changed: dict[str, Any], name: str) -> None:
    assert isinstance(LETTER, ApplicationDocument)
    assert (
        refused_place(application(application_document=replace(LETTER, **changed)))
        == f"application_document.{name}"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"supervisor_uscc": None},
        {"application_document": None},
        {"case": "629900-2026-0001"},
        {"attachments": (FILE,)},
        {"items": (ITEM,) * 20},
        {"unit_name": "陇" * 120},
        {"reason": "一\u3000二"},
        {"prepared_by": "王\U000323b0"},
        {"prepared_by": "阿卜杜拉·吐尔逊"},
        {"prepared_on": "2024-02-29"},
        {"uscc": OTHER_USCC, "supervisor_uscc": "12629900MB00000274"},
    ],
    ids=str,
)
def test_what_breaks_no_rule_comes_back_as_it_went(changed: dict[str, Any]) -> None:
    value = application(**changed)
    assert reading.read(UseApproval, to_body(value)) == value


def test_absent_fields_are_left_out_of_the_body() -> None:
    body = to_body(application(supervisor_uscc=None, application_document=None))
    assert not {"supervisor_uscc", "application_document", "case"} & set(body)


def test_duties_are_absent_or_say_something() -> None:
    body: Any = to_body(application(items=(replace(ITEM, duties=None),)))
    assert "duties" not in body["items"][0]
    assert reading.read(UseApproval, body).items[0].duties is None
    body["items"][0]["duties"] = ""
    with pytest.raises(ManifestProblem):
        reading.read(UseApproval, body)


def test_a_reason_may_have_paragraphs() -> None:
    reading.checked_body(application(reason="一。\n\n二。"))


BODY: dict[str, Any] = to_body(application(attachments=(FILE,)))
SHAPES: list[tuple[str, Any, str]] = [
    ("a list for the form", [], ""),
    ("nothing", None, ""),
    ("an unknown field", {**BODY, "salary": 1}, "salary"),
    ("a numbered field", {**BODY, 0: 1}, "0"),
    ("a missing field", {k: v for k, v in BODY.items() if k != "reason"}, "reason"),
    ("null for a field", {**BODY, "case": None}, "case"),
    ("a number for text", {**BODY, "reason": 1}, "reason"),
    ("bytes for text", {**BODY, "reason": b"x"}, "reason"),
    ("a group for a list", {**BODY, "items": {}}, "items"),
    ("text for a list", {**BODY, "items": "xx"}, "items"),
    ("text for an item", {**BODY, "items": ["x"]}, "items[0]"),
    (
        "an unknown field of an item",
        {**BODY, "items": [{**BODY["items"][0], "x": 1}]},
        "items[0].x",
    ),
    (
        "a boolean number",
        {**BODY, "items": [{**BODY["items"][0], "number": True}]},
        "items[0].number",
    ),
    (
        "text for a number",
        {**BODY, "items": [{**BODY["items"][0], "number": "2"}]},
        "items[0].number",
    ),
    (
        "hex for a digest",
        {**BODY, "attachments": [{**BODY["attachments"][0], "sha256": "00" * 32}]},
        "attachments[0].sha256",
    ),
    (
        "a missing field of an attachment",
        {**BODY, "attachments": [{"name": "x"}]},
        "attachments[0].media_type",
    ),
    ("a list for the letter", {**BODY, "application_document": []}, "application_document"),
    (
        "an unknown field of the letter",
        {**BODY, "application_document": {"x": 1}},
        "application_document.x",
    ),
]


@pytest.mark.parametrize(
    ("body", "place"), [row[1:] for row in SHAPES], ids=[row[0] for row in SHAPES]
)
def test_a_form_of_another_shape_is_refused_with_its_place(body: Any, place: str) -> None:
    with pytest.raises(ManifestProblem) as caught:
        reading.read(UseApproval, body)
    assert (caught.value.code, caught.value.values["field"]) == ("form-invalid", place)


def test_every_code_of_every_table_is_accepted() -> None:
    for name, table in (
        ("quota_type", "quota_types"),
        ("funding_form", "funding_forms"),
        ("entry_method", "entry_methods"),
        ("post_category", "post_categories"),
    ):
        for code in codes.TABLES[table]:
            item: UseItem = replace(ITEM, **{name: code})
            reading.checked_body(application(items=(item,)))


def test_a_list_whose_only_item_is_wrong_is_not_too_short_besides() -> None:
    body = to_body(application())
    body["items"] = [{**body["items"][0], "number": 0}]
    places = [spell(one.path) for one in reading.mistakes(UseApproval, body)]
    assert places == ["items[0].number"]


def test_an_empty_list_is_too_short() -> None:
    body = {**to_body(application()), "items": []}
    assert [spell(one.path) for one in reading.mistakes(UseApproval, body)] == ["items"]
