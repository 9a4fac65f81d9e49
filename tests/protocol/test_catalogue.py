"""Everything that can be answered has words in both languages."""

import ast
import re
import string
from pathlib import Path

import pytest

from biandun_protocol import book, catalogue, errors
from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import ERROR_NAMES

PACKAGE = Path(errors.__file__).parent


def problem_names() -> set[str]:
    return {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Problem)
    }


def raised_codes() -> dict[str, str]:
    """Every literal code that a Problem is made with in this room -> where."""
    found: dict[str, str] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in problem_names()
            ):
                for argument in node.args[:1]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found[argument.value] = path.name
    return found


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_error_of_a_key_has_words() -> None:
    assert set(ERROR_NAMES.values()) - set(book.ERRORS) == set()


def test_every_code_raised_in_this_room_has_words() -> None:
    raised = raised_codes()
    assert {"header-invalid", "form-invalid", "receipt-proof", "kid-mismatch"} <= set(raised)
    assert set(raised) - set(book.ERRORS) == set()


def test_every_class_of_problem_has_words_for_its_own_code() -> None:
    assert {getattr(errors, name).code for name in problem_names()} - set(book.ERRORS) == set()


@pytest.mark.parametrize("code", book.ERRORS)
def test_an_entry_says_the_same_in_both_languages(code: str) -> None:
    entry = catalogue.entry(code)
    assert all(entry)
    assert blanks(entry.zh) == blanks(entry.en)
    assert blanks(entry.next_zh) == blanks(entry.next_en)
    assert any("\u4e00" <= character <= "\u9fff" for character in entry.zh)
    assert entry.en.isascii()


def test_a_problem_speaks_chinese_first_and_english_on_request() -> None:
    problem = Problem("form-invalid", field="uscc", rule="x")
    words = catalogue.entry("form-invalid")
    assert "uscc" in problem.message()
    assert problem.message() == words.zh.format(field="uscc", rule="x")
    assert str(problem) == problem.message("en") == words.en.format(field="uscc", rule="x")


def test_a_value_that_is_missing_shows_as_a_question_mark() -> None:
    assert "?" in Problem("form-invalid").message("en")


def test_an_unknown_code_speaks_of_an_internal_error() -> None:
    assert Problem("no-such-code").message("en") == catalogue.entry("internal").en


def test_a_problem_shows_itself_as_the_api_gives_it_out() -> None:
    shown = errors.ReceiptProblem("receipt-proof").as_dict("en")
    assert (shown["code"], shown["retriable"]) == ("receipt-proof", False)
    assert (shown["message"], shown["next"]) == (
        catalogue.entry("receipt-proof").en,
        catalogue.entry("receipt-proof").next_en,
    )


def test_a_problem_without_a_code_has_the_one_of_its_class() -> None:
    assert errors.StatementProblem().code == "statement-malformed"


def test_chinese_sentences_use_full_width_punctuation() -> None:
    narrow = re.compile("[\u4e00-\u9fff\u201d\u300b}\uff09][,;:?!(]")
    assert [
        code for code, (zh, _, next_zh, _) in book.ERRORS.items() if narrow.search(zh + next_zh)
    ] == []
