"""The book of words has what is said and nothing else, and each of these checks finds its fault.

The negative controls change a small book or a small source; the book that ships must have none.
"""

import ast
import errno
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from biandun_protocol import book as written
from biandun_protocol import codes
from tests.support import book_use
from tests.support.book_use import ROOT

sys.path.insert(0, str(ROOT / "protocol/tools"))
import book_of_words

BOOK, SOURCES = book_use.book(), book_use.sources()
PAIR = {"zh": "甲", "en": "a"}
SMALL: dict[str, Any] = {
    "next_steps": {"retry": PAIR},
    "errors": {"lost": {"zh": "丢失 {path}", "en": "{path} is lost", "next": "retry"}},
    "labels": {"path": PAIR},
    "office": {"labels": {"state": PAIR}},
    "codes": {"states": {"OPEN": PAIR}},
    "values": {"kind": {"A": PAIR}},
    "tables": {"shape": ["shapes"]},
    "phrases": {"file": {"size": {"zh": "{limit} 字节", "en": "{limit} bytes"}}},
}
TABLES = {"shapes": {"codes": {"R": ["圆", "round"]}}}
SOURCE = """
class Lost(Problem):
    '''OTHER'''

    code = "lost"

def f(path):
    if path:
        raise Lost(path=phrase("file.size", limit=1))
    return {"path": path, "state": "OPEN", "kind": "A"}
"""


def source(text: str = SOURCE) -> Mapping[str, ast.Module]:
    return {"f.py": ast.parse(text)}


@pytest.fixture
def small() -> dict[str, Any]:
    return json.loads(json.dumps(SMALL))


def unequal(words: Mapping[str, Any]) -> list[str]:
    return book_use.unequal(book_of_words.pairs(words))


# --- the book that ships ----------------------------------------------
def test_every_entry_is_chinese_and_english() -> None:
    assert book_of_words.incomplete(BOOK) == []


def test_chinese_is_chinese_and_english_is_english() -> None:
    wrong = [
        place
        for place, pair in book_of_words.pairs(BOOK)
        if book_use.CHINESE.search(pair["en"])
        or not (book_use.CHINESE.search(pair["zh"]) or pair["zh"] == pair["en"])
    ]
    assert wrong == []


def test_both_languages_of_an_entry_have_the_same_blanks() -> None:
    assert unequal(BOOK) == []


def test_every_error_that_is_raised_is_in_the_book() -> None:
    assert book_use.unknown_errors(BOOK, SOURCES) == []


def test_every_entry_is_used() -> None:
    assert book_use.unused(BOOK, SOURCES) == []


def test_every_blank_of_an_error_is_filled_by_somebody() -> None:
    assert book_use.never_filled(BOOK, SOURCES) == []


def test_every_place_that_raises_an_error_fills_the_blanks_of_its_message() -> None:
    assert book_use.unfilled(BOOK, SOURCES) == []


def test_every_phrase_is_in_the_book_and_gets_its_values() -> None:
    assert book_use.wrong_phrases(BOOK, SOURCES) == []


@pytest.mark.parametrize("section", ["usage", "findings"])
def test_what_replaces_the_english_of_others_fits_its_pattern(section: str) -> None:
    for english, chinese in BOOK["translated"][section].items():
        groups = re.compile(english).groups
        assert {int(number) for number in re.findall(r"\\(\d)", chinese)} <= set(
            range(1, groups + 1)
        )


def test_every_error_of_the_system_has_its_name() -> None:
    assert set(BOOK["translated"]["system"]) - set(errno.errorcode.values()) == set()


def test_what_people_read_stands_in_the_book_and_nowhere_else() -> None:
    assert book_use.loose_chinese(SOURCES, book_use.KEPT) == []


def test_no_exception_has_outlived_its_reason() -> None:
    assert book_use.kept_for_nothing(SOURCES, book_use.KEPT) == []


def test_programs_read_what_the_book_says() -> None:
    assert set(written.ERRORS) == set(BOOK["errors"])
    assert written.ERRORS["cancelled"][0] == BOOK["errors"]["cancelled"]["zh"]
    assert written.LABELS["serial"] == tuple(BOOK["labels"]["serial"].values())
    assert written.CODES["role:minutes"] == codes.TABLES["attachment_roles"]["minutes"]


# --- a fault in a small book is found, and called by its name ---------
def test_the_small_book_has_no_fault(small: dict[str, Any]) -> None:
    assert book_of_words.incomplete(small) == unequal(small) == []
    assert book_use.unknown_errors(small, source()) == ["internal (Problem)"]
    assert book_use.unused(small, source()) == book_use.never_filled(small, source()) == []
    assert book_use.wrong_phrases(small, source()) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("text", [None, ""], ids=["missing", "empty"])
def test_an_entry_without_a_language_is_found(
    language: str, text: str | None, small: dict[str, Any]
) -> None:
    for place, entry in (
        ("errors.lost", small["errors"]["lost"]),
        ("next_steps.retry", small["next_steps"]["retry"]),
        ("labels.path", small["labels"]["path"]),
        ("codes.states.OPEN", small["codes"]["states"]["OPEN"]),
    ):
        kept = dict(entry)
        entry.pop(language) if text is None else entry.update({language: text})
        assert book_of_words.incomplete(small) == [place]
        entry.clear()
        entry.update(kept)


def test_a_next_step_that_stands_nowhere_is_found(small: dict[str, Any]) -> None:
    small["errors"]["lost"]["next"] = "run"
    assert book_of_words.incomplete(small) == ["next_steps.run"]


def test_a_blank_of_one_language_only_is_found(small: dict[str, Any]) -> None:
    small["errors"]["lost"]["en"] = "{file} is lost"
    assert unequal(small) == ["errors.lost"]


def test_an_error_that_is_raised_without_an_entry_is_found(small: dict[str, Any]) -> None:
    raising = source(SOURCE + 'raise Lost("gone")\n')
    assert "gone (f.py:11)" in book_use.unknown_errors(small, raising)


def test_an_entry_that_nobody_uses_is_found(small: dict[str, Any]) -> None:
    small["errors"]["never"] = {**PAIR, "next": PAIR}
    small["next_steps"]["wait"] = PAIR
    small["labels"]["colour"] = PAIR
    small["office"]["labels"]["shape"] = PAIR
    small["codes"]["states"]["OTHER"] = PAIR  # a docstring does not use it
    small["values"]["kind"]["B"] = PAIR
    small["phrases"]["file"]["name"] = PAIR
    assert book_use.unused(small, source()) == [
        "errors.never",
        "next_steps.wait",
        "labels.colour",
        "office.labels.shape",
        "codes.states.OTHER",
        "values.kind.B",
        "phrases.file.name",
    ]


def test_a_blank_that_nobody_fills_is_found(small: dict[str, Any]) -> None:
    small["errors"]["lost"] = {
        "zh": "丢失 {path} {when}",
        "en": "{path} {when} is lost",
        "next": PAIR,
    }
    assert book_use.never_filled(small, source()) == ["errors.lost {when}"]


@pytest.mark.parametrize("raising", ['Lost("lost", found=1)', "Lost()"])
def test_a_place_that_leaves_a_blank_is_found(raising: str, small: dict[str, Any]) -> None:
    assert book_use.unfilled(small, source()) == []
    assert book_use.unfilled(small, source(f"{SOURCE}\nraise {raising}")) == ["f.py:12 lost {path}"]
    assert book_use.unfilled(small, source(f"{SOURCE}\nraise Lost(**values)")) == []


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ('phrase("file.none")', "file.none (f.py:12)"),
        ('phrase("file.size")', "file.size ['limit'] (f.py:12)"),
        ('phrase("file.size", limit=1, unit=2)', "file.size ['unit'] (f.py:12)"),
        ('phrase("file.none" if 1 else "file.size", limit=1)', "file.none (f.py:12)"),
    ],
)
def test_a_phrase_that_does_not_exist_or_gets_other_values_is_found(
    asked: str, fault: str, small: dict[str, Any]
) -> None:
    assert book_use.wrong_phrases(small, source(f"{SOURCE}\n{asked}")) == [fault]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('say("甲")', ["f.py:1: 甲"]),
        ('say(f"{a} 甲")', ["f.py:1:  甲"]),
        ('"""甲"""', []),
        ('option(help="甲 / a")', []),
        ('A_HELP = "甲 / a"', []),
    ],
)
def test_chinese_outside_the_book_is_found(text: str, found: list[str]) -> None:
    assert book_use.loose_chinese(source(text)) == found
    assert book_use.loose_chinese(source(text), ["f.py"]) == []


def test_an_exception_without_a_reason_is_found() -> None:
    assert book_use.kept_for_nothing(source('say("a")'), ["f.py"]) == ["f.py"]


def test_a_code_in_two_sections_is_refused(small: dict[str, Any]) -> None:
    small["codes"]["verdicts"] = {"OPEN": PAIR}
    with pytest.raises(SystemExit, match=r"codes\.verdicts\.OPEN"):
        book_of_words.codes(small, TABLES)


def test_a_code_that_two_tables_of_a_field_call_differently_is_refused(
    small: dict[str, Any],
) -> None:
    small["tables"]["shape"].append("others")
    with pytest.raises(SystemExit, match="codes of shape: R means two things"):
        book_of_words.codes(small, {**TABLES, "others": {"codes": {"R": ["方"]}}})
