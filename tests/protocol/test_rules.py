"""Every rule of a form that can be broken is said in Chinese and in English."""

import ast
import re
from pathlib import Path

import pytest

from biandun_protocol import catalogue, forms, rules

ROOM = Path(forms.__file__).parent


def written(path: Path) -> list[str]:
    """The rules that a module gives to ``need`` and ``wrong``, with numbers in their blanks."""
    calls = [
        node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    last = [
        call.args[-1]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in {"need", "wrong"}
    ]
    return [
        re.sub(r"\{[^}]*\}", "9", ast.unparse(rule).removeprefix("f").strip("'\""))
        for rule in last
        if not isinstance(rule, ast.Name)
    ]


FOUND = sorted(
    {rule for name in ("forms.py", "filing.py", "review.py") for rule in written(ROOM / name)}
)


def test_the_rules_are_found() -> None:
    assert {"1 to 999 places", "missing", "a whole number"} <= set(FOUND)


@pytest.mark.parametrize("rule", FOUND)
def test_every_rule_has_words_in_both_languages(rule: str) -> None:
    said = rules.in_words(rule)
    assert re.search(r"[\u3400-\u9fff]", said.zh)
    assert said.en == rule


def test_a_broken_rule_is_a_chinese_sentence() -> None:
    said = forms.wrong("items[0].number", "1 to 999 places").message("zh")
    assert "应为 1 至 999 名" in said
    assert "places" not in said
    assert catalogue.message(
        "form-invalid", "en", forms.wrong("a", "1 to 999 places").values
    ).endswith("1 to 999 places.")
