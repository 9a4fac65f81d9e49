"""A form with several mistakes: each is told at once, with its place in the file, in words."""

import json
from pathlib import Path

import pytest

from biandun.cli.main import run
from biandun_protocol import jsontext
from biandun_protocol.forms import reading
from biandun_protocol.forms.use_approval import UseApproval

SEVEN = """\
{
  "uscc": "12629900MB00000275",
  "unit_code": "629900-0002", "unit_name": "陇澜市第一中学", "region": "62990",
  "items": [
    {"quota_type": "INS", "funding_form": "FULL", "number": 2,
     "entry_method": "INST_RECRUIT", "post_category": "PROF"},
    {"quota_type": "事业", "funding_form": "FULL", "number": 2000,
     "entry_method": "INST_RECRUIT"}
  ],
  "reason": "两名教师退休。 ",
  "prepared_by": "测试员甲",
  "prepared_on": "2099-01-01"
}
"""
ZH = """\
表单有 7 处需要改正：
第 2 行第 3 列：表单项“统一社会信用代码（uscc）”不符合要求：不是统一社会信用代码；请对照证书填写 18 位代码，字母大写。
第 3 行第 55 列：表单项“行政区划（region）”不符合要求：应为六位数字；请填写行政区划代码。
第 7 行第 5 列：表单项“用编事项第 2 项的岗位类别（items[1].post_category）”不符合要求：没有填写；请补填这一项。
第 7 行第 6 列：表单项“用编事项第 2 项的编制类别（items[1].quota_type）”不符合要求：应为以下之一：ADM, ADM_PL, SUP, ADM_OTH, INS, INS_CS, REV, SPC；请从中选一个，照样填写。
第 7 行第 50 列：表单项“用编事项第 2 项的名额（items[1].number）”不符合要求：应为 1 至 999 名；请改正。
第 10 行第 3 列：表单项“申请理由（reason）”不符合要求：行尾不能有空格；请删去行尾的空格。
"""


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("biandun.keys.scan", list)
    path = tmp_path / "form.json"
    path.write_text(SEVEN, "utf-8")
    return path


def prepare(form: Path, *options: str) -> int:
    return run(["filing", "prepare", str(form), "--out", str(form.with_name("out")), *options])


def test_seven_mistakes_are_seven_sentences_in_one_run(
    wrong: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepare(wrong) == 8
    said = capsys.readouterr().err
    assert said.startswith(ZH)
    assert "第 12 行第 3 列：“填报日期（prepared_on）”写的是 2099-01-01" in said
    assert not wrong.with_name("out").exists()


def test_they_are_told_in_english(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(wrong, "--lang", "en")
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "The form has 7 mistakes:"
    assert said[5] == (
        "line 7, column 50: Form field places asked for 2, places (items[1].number) breaks a rule: "
        "1 to 999 places; correct it."
    )


def test_programs_get_them_as_a_list(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prepare(wrong, "--json")
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], len(error["mistakes"])) == ("form-invalid", 7)
    assert error["mistakes"][4] | {"message": ""} == {
        "code": "form-invalid",
        "field": "items[1].number",
        "label": "用编事项第 2 项的名额",
        "message": "",
        "line": 7,
        "column": 50,
    }


def test_a_rule_about_two_fields_is_told_beside_the_mistakes_of_others() -> None:
    body = {**UseApproval.example, "uscc": UseApproval.example["supervisor_uscc"], "reason": ""}
    places = {one.place for one in reading.mistakes(UseApproval, body)}
    assert {"reason", "supervisor_uscc", "unit_code"} <= places


def test_a_rule_about_two_fields_waits_until_both_are_right() -> None:
    body = {**UseApproval.example, "uscc": "x", "supervisor_uscc": "x"}
    rules = [
        one.problem.values["rule"]
        for one in reading.mistakes(UseApproval, body)
        if one.place == "supervisor_uscc"
    ]
    assert [rule.en for rule in rules] == ["not a unified social credit code"]  # type: ignore[attr-defined]


def test_places_lead_to_names_items_and_what_lacks_something() -> None:
    value, places = jsontext.read_placed(b'\xef\xbb\xbf{"a": [1,\n {"b": 2}]}')
    assert value == {"a": [1, {"b": 2}]}
    assert [places.of(path) for path in ((), ("a",), ("a", 1), ("a", 1, "b"), ("a", 1, "c"))] == [
        (1, 1),
        (1, 2),
        (2, 2),
        (2, 3),
        (2, 2),
    ]
