"""People's JSON: a table of broken files, each refused with what is wrong and where; what is good
is read as Python reads it.
"""

import json
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun_protocol import catalogue, jsontext
from biandun_protocol.jsontext import JsonFault


class Broken(NamedTuple):
    raw: bytes
    code: str
    line: int
    column: int


def utf8(text: str, code: str, line: int, column: int) -> Broken:
    return Broken(text.encode(), code, line, column)


FORM = '{\n  "reason": "两名教师退休",\n  "number": 2\n}'
BROKEN = {
    "a name twice": utf8('{\n "number": 2,\n "number": 20}', "file-name-twice", 3, 2),
    "a name twice deep inside": utf8(
        '{"items": [{"a": 1}, {"a": 1, "b": [], "a": 2}]}', "file-name-twice", 1, 40
    ),
    "a name twice, once with an escape": utf8('{"a": 1, "\\u0061": 2}', "file-name-twice", 1, 10),
    "5000 digits": utf8(f'{{"number": {"9" * 5000}}}', "file-limit", 1, 12),
    "16 digits": utf8('{"number": 1234567890123456}', "file-limit", 1, 12),
    "digits behind the point": utf8(f'{{"a": 0.{"1" * 5000}}}', "file-limit", 1, 7),
    "beyond every number": utf8('{"a": 1e999}', "file-limit", 1, 7),
    "100000 levels": utf8("[" * 100_000, "file-limit", 1, jsontext.LIMIT_DEPTH + 1),
    "a long text": utf8(f'{{"a": "{"长" * 20_001}"}}', "file-limit", 1, 7),
    "a large file": Broken(b" " * (jsontext.LIMIT_FILE + 1), "file-limit", 1, 1),
    "GBK": Broken(FORM.encode("gbk"), "file-encoding", 2, 14),
    "GB18030": Broken(FORM.replace("两", "𬍛").encode("gb18030"), "file-encoding", 2, 14),
    "UTF-16 with a mark": Broken(FORM.encode("utf-16"), "file-encoding", 1, 1),
    "UTF-16 LE": Broken(FORM.encode("utf-16-le"), "file-encoding", 1, 1),
    "UTF-16 BE": Broken(FORM.encode("utf-16-be"), "file-encoding", 1, 1),
    "UTF-16 BE with a mark": Broken(b"\xfe\xff" + FORM.encode("utf-16-be"), "file-encoding", 1, 1),
    "UTF-32 with a mark": Broken(FORM.encode("utf-32"), "file-encoding", 1, 1),
    "UTF-32 BE with a mark": Broken(
        b"\0\0\xfe\xff" + FORM.encode("utf-32-be"), "file-encoding", 1, 1
    ),
    "Big5": Broken('{\n "單位": "隴瀾市第一中學"}'.encode("big5"), "file-encoding", 2, 3),
    "Latin-1": Broken('{"a": "été"}'.encode("latin-1"), "file-encoding", 1, 8),
    "no text at all": Broken(b"\xff\x00 junk", "file-not-json", 1, 1),
    "a full-width colon": utf8('{\n "number"：2}', "file-punctuation", 2, 10),
    "a full-width comma": utf8('{"a": 1，"b": 2}', "file-punctuation", 1, 8),
    "a Chinese quotation mark before": utf8('{“a": 1}', "file-punctuation", 1, 2),
    "a Chinese quotation mark behind": utf8('{"a”: 1,\n "b": 2}', "file-punctuation", 1, 4),
    "a Chinese quotation mark behind a text": utf8('{"a": "文字”\n}', "file-punctuation", 1, 10),
    "a full-width brace": utf8('｛"a": 1}', "file-punctuation", 1, 1),
    "an ideographic space": utf8('{"a":　1}', "file-punctuation", 1, 6),
    "a comma too many": utf8('{\n "a": 1,\n}', "file-not-json", 3, 1),
    "a comma missing": utf8('{"a": 1\n "b": 2}', "file-not-json", 2, 2),
    "a colon missing": utf8('{"a" 1}', "file-not-json", 1, 6),
    "single quotation marks": utf8("{'a': 1}", "file-not-json", 1, 2),
    "a name without quotation marks": utf8("{a: 1}", "file-not-json", 1, 2),
    "a text over two lines": utf8('{"a": "x\ny"}', "file-not-json", 1, 9),
    "a text that never ends": utf8('{"a": "x}', "file-not-json", 1, 7),
    "a folder of Windows": utf8('{"a": "C:\\q"}', "file-not-json", 1, 10),
    "half a character": utf8('{"a": "\\ud800"}', "file-not-json", 1, 7),
    "NaN": utf8('{"a": NaN}', "file-not-json", 1, 7),
    "Infinity": utf8('{"a": -Infinity}', "file-not-json", 1, 7),
    "a number with a plus": utf8('{"a": +1}', "file-not-json", 1, 7),
    "a number with a nought before": utf8('{"a": 01}', "file-not-json", 1, 8),
    "full-width digits": utf8('{"a": １２}', "file-punctuation", 1, 7),
    "a full-width minus": utf8('{"a": －1}', "file-punctuation", 1, 7),
    "full-width letters": utf8('{"a": ｔrue}', "file-punctuation", 1, 7),
    "a blank without width": utf8('{\u200b"a": 1}', "file-not-json", 1, 2),
    "a second mark": utf8("\ufeff\ufeff{}", "file-not-json", 1, 1),
    "a remark": utf8('{"a": 1} // so', "file-not-json", 1, 10),
    "cut off": utf8('{"a": [1, ', "file-not-json", 1, 11),
    "empty": utf8("", "file-not-json", 1, 1),
    "two values": utf8("{} {}", "file-not-json", 1, 4),
}
ENCODINGS: dict[str, tuple[bytes, str]] = {
    "UTF-16": (FORM.encode("utf-16"), "UTF-16"),
    "UTF-32": (FORM.encode("utf-32"), "UTF-32"),
    "UTF-32 BE": (b"\0\0\xfe\xff" + FORM.encode("utf-32-be"), "UTF-32"),
    "GBK": ('{"理由": "请全确人才"}'.encode("gbk"), "GBK/GB18030"),
    "GB18030": ('{"a": "𬍛"}'.encode("gb18030"), "GBK/GB18030"),
    "Big5": (
        '{"單位": "隴瀾市第一中學", "理由": "教師編制不足"}'.encode("big5"),
        "GBK/GB18030 or Big5",
    ),
    "either": ('{"a": "中"}'.encode("gbk"), "GBK/GB18030 or Big5"),
    "Latin-1": ('{"a": "été"}'.encode("latin-1"), "some other encoding"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_an_encoding_is_named_where_it_can_be_told(name: str) -> None:
    raw, said = ENCODINGS[name]
    with pytest.raises(JsonFault) as caught:
        jsontext.read(raw)
    found = caught.value.values["encoding"]
    assert caught.value.code == "file-encoding"
    assert said in (found, getattr(found, "en", None))


CODES = ("file-name-twice", "file-limit", "file-encoding", "file-punctuation", "file-not-json")


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_with_what_is_wrong_and_where(broken: Broken) -> None:
    with pytest.raises(JsonFault) as caught:
        jsontext.read(broken.raw)
    found = caught.value
    assert (found.code, found.values["line"], found.values["column"]) == (
        broken.code,
        broken.line,
        broken.column,
    )


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_wrong_is_a_whole_sentence_with_the_place_in_both_languages(
    language: str, broken: Broken
) -> None:
    with pytest.raises(JsonFault) as caught:
        jsontext.read(broken.raw)
    values = {"path": "form.json", **caught.value.values}
    said = catalogue.message(broken.code, language, values) + catalogue.next_step(
        broken.code, language, values
    )
    assert "?" not in said
    assert str(broken.line) in said
    assert str(broken.column) in said


def test_every_code_has_a_row_in_the_table() -> None:
    assert {broken.code for broken in BROKEN.values()} == set(CODES)


def test_a_mark_of_utf_8_in_front_is_no_fault() -> None:
    assert jsontext.read(b"\xef\xbb\xbf" + FORM.encode()) == json.loads(FORM)


def test_punctuation_inside_a_text_is_a_matter_of_its_writer() -> None:
    assert jsontext.read('{"reason": "同意：“可以”，１２个。"}'.encode()) == {
        "reason": "同意：“可以”，１２个。"
    }


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15) + 1, 10**15 - 1)
    | st.floats(-1e6, 1e6).map(lambda one: round(one, 3))
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_good_is_read_as_python_reads_it(
    value: object, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert jsontext.read(text.encode()) == json.loads(text)


@given(
    st.binary(max_size=60)
    | st.text('{}[]":,0123456789-+.eEtrufalsn\\ "，：“”', max_size=60).map(str.encode)
)
def test_whatever_is_in_a_file_is_read_or_refused_with_a_place_inside_it(raw: bytes) -> None:
    try:
        value = jsontext.read(raw)
    except JsonFault as fault:
        assert fault.code in CODES
        assert fault.values["line"] >= 1  # type: ignore[operator]
        assert fault.values["column"] >= 1  # type: ignore[operator]
    else:
        assert value == json.loads(raw.decode("utf-8-sig"))


def test_a_character_that_is_not_seen_is_called_by_its_number() -> None:
    with pytest.raises(JsonFault) as caught:
        jsontext.read('{\u200b"a": 1}'.encode())
    assert "U+200B" in str(caught.value.values["detail"])
