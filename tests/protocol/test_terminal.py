"""What goes to a terminal: text of others is shown and never sent, Chinese takes two columns,
results are in words.
"""

import inspect
import json
import re
import unicodedata
from datetime import UTC, datetime

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun_protocol import book
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import manual, shown, usage, words
from biandun_protocol.terminal.layout import Layout
from biandun_protocol.terminal.shown import Screen
from biandun_protocol.terminal.visible import STAND_IN, json_text, visible
from biandun_protocol.terminal.wrap import width, wrap

OBEYED = {
    "escape": "\x1b[2J",
    "bell": "\x07",
    "return": "\r",
    "delete": "\x7f",
    "one-byte CSI": "\x9b31m",
    "next line": "\x85",
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "zero-width space": "\u200b",
    "tag": "\U000e0041",
    "lone surrogate": "\ud800",
}
EVERYTHING = st.text(st.characters())
PIPE = Screen(None, "utf-8")


def is_safe(text: str) -> bool:
    return not any(
        unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for one in text.replace("\n", "")
    )


@pytest.mark.parametrize("text", OBEYED.values(), ids=OBEYED)
def test_what_a_terminal_obeys_is_shown(text: str) -> None:
    assert is_safe(visible(f"前{text}后"))
    assert visible(f"前{text}后") != f"前{text}后"


@pytest.mark.parametrize("text", OBEYED.values(), ids=OBEYED)
def test_json_escapes_what_a_terminal_obeys_and_loses_nothing(text: str) -> None:
    line = json_text({"case": text})
    assert is_safe(line)
    assert json.loads(line) == {"case": text}


@given(EVERYTHING)
def test_nothing_that_a_terminal_obeys_gets_out_as_a_field_a_row_a_problem_or_json(
    text: str,
) -> None:
    problem = Problem("office-answer", detail=text, url=text)
    shapes: list[object] = [
        {"case": text, text: "x"},
        [{"case": text}, {"text": text}],
        {"items": [{"item": text}]},
        {"users": [text]},
    ]
    said = [shown.result(value, screen, "zh", as_json=as_json) for value in shapes for screen in (PIPE, Screen(40, "utf-8")) for as_json in (False, True)]  # fmt: skip
    said += [
        shown.problem(problem, PIPE, language, as_json=as_json)
        for language in ("zh", "en")
        for as_json in (False, True)
    ]
    assert all(map(is_safe, [*said, shown.remark(text, PIPE)]))


@given(EVERYTHING, st.sampled_from(["ascii", "latin-1", "gbk", "gb18030", "utf-8", "utf-16"]))
def test_json_is_whole_on_a_console_of_any_encoding(text: str, encoding: str) -> None:
    assert json.loads(json_text(text, encoding=encoding).encode(encoding).decode(encoding)) == text


def test_text_of_others_cannot_pass_for_a_line_of_ours() -> None:
    assert "\n" not in visible("好\n编办已受理")
    assert (
        shown.problem(
            Problem("office-answer", detail="x\n编办已受理"), PIPE, "zh", as_json=False
        ).count("\n")
        == 1
    )


def test_rare_characters_are_sent_as_they_are() -> None:
    rare = "𬍛\U00030729\ue863　々"  # of later extensions, of a private area, an ideographic space
    assert visible(rare) == rare


def test_good_and_bad_stay_apart_on_a_console_that_has_neither_mark() -> None:
    assert "✓".encode("gbk", STAND_IN) != "✗".encode("gbk", STAND_IN)
    assert "核验：✓".encode("latin-1", STAND_IN) == b"??: +"


# --- columns ----------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "columns"), [("abc", 3), ("编盾", 4), ("（a）", 5), ("e\u0301", 1), ("", 0)]
)
def test_the_width_of_a_text_counts_chinese_twice_and_marks_not_at_all(
    text: str, columns: int
) -> None:
    assert width(text) == columns


@given(st.text("编办 密钥，。（）abc  -", max_size=80), st.integers(4, 60))
def test_no_line_is_wider_than_the_terminal_but_for_a_word_that_is(text: str, columns: int) -> None:
    for line in wrap(text, columns):
        assert width(line) <= columns or len(re.findall(r"[^\s]+", line)) == 1
    assert "".join("".join(wrap(text, columns)).split()) == "".join(text.split())


def test_lines_break_between_words_and_punctuation_stays_with_its_word() -> None:
    assert wrap("flow.use_approval.filed 已受理，请查收。", 24) == [
        "flow.use_approval.filed",
        "已受理，请查收。",
    ]
    assert all(line[0] not in "，。" for line in wrap("一二三四，五六七八。九十", 8))


ROW = {
    "case": "629900HB2026000001",
    "unit_name": "陇澜市第一中学",
    "state": "ACCEPTED",
    "received": 1795872602,
}


def test_a_table_that_fits_is_a_table() -> None:
    lines = Layout("zh", 100).rows([ROW, ROW])
    assert len(lines) == 3
    assert len({line.index("陇") for line in lines[1:]}) == 1


@pytest.mark.parametrize("columns", range(30, 81, 10))
def test_a_table_that_is_too_wide_is_stacked_and_no_word_is_broken(columns: int) -> None:
    lines = Layout("zh", columns).rows(
        [{**ROW, "action": "flow.use_approval.filed", "text": "材料齐全，予以受理。" * 3}] * 2
    )
    assert all(width(line) <= columns for line in lines)
    text = "\n".join(lines)
    assert text.count("629900HB2026000001") == 2
    assert text.count("陇澜市第一中学") == 2


def test_a_pipe_gets_one_line_a_row_however_long() -> None:
    lines = Layout("zh", None).rows([{**ROW, "text": "长" * 300, "statement_id": "ab" * 32}] * 3)
    assert len(lines) == 4


def test_rows_with_different_fields_lose_none_of_them() -> None:
    assert "故障" in "\n".join(
        Layout("zh", None).rows([{"serial": "BD-000001"}, {"serial": "BD-000002", "faults": 3}])
    )


# --- words ------------------------------------------------------------
def test_a_moment_is_a_local_date_in_words() -> None:
    here = datetime.fromtimestamp(1795872602, UTC).astimezone()
    assert (
        words.value_text("expires", "1795872602", "zh")
        == f"{here.year}年{here.month}月{here.day}日 {here:%H:%M}"
    )
    assert (
        words.value_text("received", 1795872602, "en")
        == f"{here.day} {here:%b} {here.year} {here:%H:%M}"
    )
    assert words.value_text("not_after", "2029-11-24", "zh") == "2029年11月24日"


@pytest.mark.parametrize("value", ["10" * 30, "2026-13-45", "soon", True, -(10**30)])
def test_what_is_no_moment_is_shown_as_it_is(value: object) -> None:
    assert words.when(value, "zh") is None


@pytest.mark.parametrize(
    ("name", "value", "zh", "en"),
    [
        ("opinion", "agree", "同意", "agrees"),
        ("roles", ["OFFICER"], "编办工作人员", "office's officer"),
        ("state", "ACCEPTED", "已受理", "accepted for review"),
        ("action", "flow.use_approval.filed", "申报", "filed"),
        ("purposes", ["filing", "login"], "申报、登录", "filing, login"),
    ],
)
def test_codes_are_words(name: str, value: object, zh: str, en: str) -> None:
    assert (words.value_text(name, value, "zh"), words.value_text(name, value, "en")) == (zh, en)


@pytest.mark.parametrize(
    "found",
    [
        "3 attachments",
        "seq 7 0123abcd",
        "leaf 0 of 1, received 1795872602",
        "an earlier version",
        "a copy of this filing",
    ],
)
def test_what_a_step_found_is_said_in_words(found: str) -> None:
    said = words.value_text("found", found, "zh")
    assert not re.search(r"attachments|seq|leaf|received|version|copy|1795872602", said)
    assert "1795872602" not in words.value_text("found", found, "en")


def test_a_text_that_reads_like_a_code_stays_as_it_is() -> None:
    assert words.value_text("text", "return", "zh") == "return"


def test_a_name_is_a_code_where_it_names_a_step_and_nowhere_else() -> None:
    assert words.value_text("name", "unit", "zh") == "unit"
    assert words.value_text("steps", [{"name": "material"}], "zh") == "名称 材料与附件未被改动"
    steps = {
        "good": True,
        "steps": [{"name": "material", "found": "x"}],
        "officers": [{"name": "material"}],
    }
    shown_lines = Layout("zh", None).fields(steps)
    assert sum("材料与附件未被改动" in line for line in shown_lines) == 1
    assert sum("material" in line for line in shown_lines) == 1
    assert "陇澜" in "\n".join(
        Layout("zh", None).rows([{"name": "陇澜", "officer": "officer"}, {"name": "officer"}])
    )
    assert "编办工作人员" not in "\n".join(Layout("zh", None).rows([{"name": "officer"}]))


def test_every_label_and_word_has_both_languages() -> None:
    for zh, en in (*book.LABELS.values(), *book.CODES.values()):
        assert zh
        assert not re.search(r"[\u3400-\u9fff]", en)


# --- help and usage ---------------------------------------------------
def test_a_docstring_is_sorted_by_language() -> None:
    texts = manual.read(
        "列出。 List them.\n\n更多。\n\nMore of it.\n\n\b\nExamples:  biandun a\n           biandun b\n             --more"
    )
    assert (texts.zh, texts.en) == ("列出。\n\n更多。", "List them.\n\nMore of it.")
    assert texts.examples == ["biandun a", "biandun b", "  --more"]


@pytest.mark.parametrize(
    ("line", "usual", "found"),
    [
        ("keys list", None, (False, "zh")),
        ("keys list --json --lang en", None, (True, "en")),
        ("--lang=en keys", "zh", (False, "en")),
        ("keys", "en", (False, "en")),
        ("keys --lang xx", "en", (False, "zh")),
        ("keys --lang", None, (False, "zh")),
        ("filing show -- --json", None, (False, "zh")),
    ],
)
def test_what_a_line_asks_for_is_read_before_it_is_parsed(
    line: str, usual: str | None, found: tuple[bool, str]
) -> None:
    assert manual.asked(line.split(), usual) == found


def test_whatever_click_says_of_a_path_is_said_in_chinese() -> None:
    said = re.findall(r'"\{name\} \{filename!r\} ([a-z ]+\.)"', inspect.getsource(click.Path))
    assert len(said) > 4
    for what in (what for what in said if "executable" not in what):  # nobody asks for those
        ours = usage.sentence(f"Directory '/x' {what}", "zh")
        assert ours.startswith("'/x' ") and not re.search("[a-wyz]", ours), what


def test_what_click_says_is_left_alone_in_english() -> None:
    assert usage.sentence("Missing option '--out'.", "en") == "Missing option '--out'."
