"""Text on its way to a screen takes work linear in its letters, in whatever order they stand: twice
the letters never cost more than twice the steps, but for a part that is the same for any length.

Counted are lines of Python, letters that are copied when text grows piece by piece, and what a
regular expression may have to look at: every letter once, or from every letter to the end when
something must follow what it repeats.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from re import _constants, _parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import pytest

from biandun_protocol import terminal
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import commands, layout, manual, shown, usage, visible, words, wrap
from tests.hostile.meter import BYTES_A_STEP, Meter

MODULES = (commands, layout, manual, shown, usage, visible, words, wrap)
SCREEN = shown.Screen(40, "ascii")
LETTERS = 1_200
# patterns that may begin anywhere, ends that never come, characters that stay together or are
# nowhere
PARTS = (
    "x",
    "编",
    "，",
    "（",
    "\u3099",
    " ",
    " \n",
    "\x1b",
    "9",
    "。",
    "No such option ",
    "(Did you mean ",
    " is not one of ",
    "Invalid value for ",
    "received 1",
)

Read = Callable[[str], object]


def _sections(text: str) -> layout.Sections:
    return layout.Sections(text, [(text, [(text, text)])])


READERS: dict[str, Read] = {
    "commands.is_text": commands.is_text,
    "layout.Layout.fields": lambda text: layout.Layout("zh", 40).fields({"name": text, "x": text}),
    "layout.Layout.rows": lambda text: layout.Layout("zh", 40).rows([{"name": text}, {"x": "编"}]),
    "layout.Layout.sections": lambda text: layout.Layout("zh", 40).sections(_sections(text)),
    "layout.Layout.label": lambda text: layout.Layout("zh", 40).label(text),
    "layout.Layout.value": lambda text: layout.Layout("zh", 40).value("name", text),
    "manual.asked": lambda text: manual.asked(text.split(" "), text),
    "manual.either": lambda text: manual.either(text, "zh"),
    "shown.problem": lambda text: shown.problem(
        Problem("usage", detail=text), SCREEN, "zh", as_json=False
    ),
    "shown.remark": lambda text: shown.remark(text, SCREEN),
    "shown.result": lambda text: shown.result([{"name": text}], SCREEN, "zh", as_json=True),
    "shown.text": lambda text: shown.text(_sections(text), SCREEN, "zh"),
    "usage.sentence": lambda text: usage.sentence(text, "zh"),
    "visible.json_text": lambda text: visible.json_text(text, encoding="ascii"),
    "visible.visible": visible.visible,
    "words.label": lambda text: words.label(text, "zh"),
    "words.value_text": lambda text: words.value_text("found", text, "zh"),
    "words.when": lambda text: words.when(text, "zh"),
    "words.word": lambda text: words.word("kind", text, "zh"),
    "wrap.fill_up": lambda text: wrap.fill_up(text, 40),
    "wrap.hang": lambda text: wrap.hang(text, 40, 2),
    "wrap.width": wrap.width,
    "wrap.wrap": lambda text: wrap.wrap(text, 40),
}
OUR_OWN = {
    "commands.Bilingual.parse_args": "click's reading; is_text is what it asks of each word",
    "commands.reader_of": "no text",
    "commands.Bilingual.get_help": "help of the programs",
    "commands.Bilingual.get_usage_line": "names of the programs' arguments",
    "commands.Bilingual.texts": "help of the programs",
    "layout.Layout": "how a reader has things",
    "manual.heading": "a heading of the programs",
    "manual.page": "help of the programs",
    "manual.read": "docstrings of the programs",
    "manual.summary": "docstrings of the programs",
    "manual.Texts.of": "help of the programs",
    "visible.is_visible": "one character",
    "words.day": "a date",
    "words.moment": "a date",
}


class Text(str):
    """Text that counts what is copied when it grows."""

    __slots__ = ("meter",)
    meter: Meter

    def __add__(self, other: str) -> "Text":
        return counted(str(self) + str(other), self.meter)

    def __radd__(self, other: str) -> "Text":
        return counted(str(other) + str(self), self.meter)


def counted(text: str, meter: Meter) -> Text:
    meter.copied += len(text)
    grown = Text(text)
    grown.meter = meter
    return grown


class Pattern:
    """A regular expression that counts what it may have to look at."""

    def __init__(self, plain: re.Pattern[str], meter: Meter) -> None:
        self.plain, self.meter = plain, meter
        self.looks_ahead = looks_ahead(_parser.parse(plain.pattern))

    def _count(self, text: str) -> None:
        self.meter.copied += len(text) * (len(text) if self.looks_ahead else 1)

    def findall(self, text: str) -> list[Text]:
        self._count(text)
        return [counted(one, self.meter) for one in self.plain.findall(text)]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self._count(str(arguments[-1]))
            return getattr(self.plain, name)(*arguments, **options)

        return call


def looks_ahead(parsed: Any) -> bool:
    """May it walk far and then find that what follows is not there?  Not when it begins at the
    text's beginning only.
    """
    if parsed and parsed[0][0] is _constants.AT:
        return False
    return any(
        _has_endless(value) and place + 1 < len(parsed) for place, (_, value) in enumerate(parsed)
    ) or any(looks_ahead(inner) for _, value in parsed for inner in _inside(value))


def _has_endless(value: Any) -> bool:
    if isinstance(value, tuple) and len(value) == 3 and value[1] is _constants.MAXREPEAT:
        return True
    return any(_has_endless(part) for inner in _inside(value) for _, part in inner)


def _inside(value: Any) -> Iterator[Any]:
    """The patterns within a part of one."""
    if isinstance(value, _parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _inside(part)


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    """Counts; all patterns of the room count with it."""
    meter = Meter()
    for module in MODULES:
        for name, value in list(vars(module).items()):
            if isinstance(value, re.Pattern):
                monkeypatch.setattr(module, name, Pattern(value, meter))
            elif isinstance(value, tuple) and any(map(_is_row, value)):
                rows = tuple((Pattern(pattern, meter), ours) for pattern, ours in value)
                monkeypatch.setattr(module, name, rows)
    return meter


def _is_row(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and isinstance(value[0], re.Pattern)


def steps(read: Read, text: str, meter: Meter) -> int:
    return meter.run(lambda _: read(text), b"", 1 << 40)


def grows(read: Read, meter: Meter, part: str) -> float:
    """By how much more a text twice as long costs, in what the shorter one costs; 1 is linear."""
    some = [
        steps(read, "x" * 41 + part * (count // len(part)), meter)
        for count in (LETTERS, 2 * LETTERS, 4 * LETTERS)
    ]
    # what is the same for any length is in neither difference
    return (some[2] - some[1]) / max(2 * (some[1] - some[0]), LETTERS // BYTES_A_STEP)


@pytest.mark.parametrize("name", READERS)
def test_twice_the_letters_cost_no_more_than_twice_the_steps(name: str, meter: Meter) -> None:
    worse = [part for part in PARTS if grows(READERS[name], meter, part) > 1.2]
    # again, because a collector's finalizer may have run in between and been counted
    assert [part for part in worse if grows(READERS[name], meter, part) > 1.2] == []


def test_whatever_takes_text_is_looked_at() -> None:
    there = {f"{_last(module)}.{name}" for module in MODULES for name in _functions(module)}
    assert sorted(there - {*READERS, *OUR_OWN}) == []


def test_every_module_of_the_room_is_looked_at() -> None:
    names = sorted(entry.stem for entry in _files(terminal) if entry.stem != "__init__")
    assert names == sorted(map(_last, MODULES))


def test_a_table_grows_with_its_cells_and_not_with_its_longest_one_times_its_rows() -> None:
    rows = [{"a": "x", "b": "y"} for _ in range(500)] + [{"a": "x" * 20_000, "b": "y"}]
    lines = layout.Layout("zh", None).rows(rows)
    assert sum(map(len, lines)) < 20_000 + 220 * len(rows)
    assert lines[-1] == "x" * 20_000 + "  y"


# --- the count finds what it is there for -----------------------------
def growing(pieces: Sequence[str]) -> str:
    line = ""
    for piece in pieces:
        line = line + piece
    return line


def test_text_that_grows_letter_by_letter_is_found(meter: Meter) -> None:
    assert grows(lambda text: growing(wrap._PIECE.findall(text)), meter, "编") > 1.5


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (r"(.+?) is wrong", True),
        (r"\s*\n\s*", True),
        (r"Wrong (.+?)\.(?=\s|$)", True),
        (r"(?:a|(\w+)b) ", True),
        (r"(?:\w+b|c)", True),
        (r" +|[^\s]+|.", False),
        (r"^(\d+) attachments$", False),
        (r"(?<=received )\d+", False),
        (r"(?<=。)|(?<=\.)\s", False),
    ],
)
def test_a_pattern_that_looks_ahead_from_every_letter_is_found(pattern: str, found: bool) -> None:
    assert looks_ahead(_parser.parse(pattern)) is found


def test_a_long_sentence_of_click_keeps_its_beginning_and_its_end() -> None:
    typed = "x" * 100_000
    said = usage.sentence(f"Invalid value for '--lang': '{typed}' is not one of 'zh', 'en'.", "zh")
    assert said.startswith("'--lang' 的值不正确：'xxx") and len(said) < 1100
    assert said.endswith("不是以下之一：'zh', 'en'。")


def _last(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _files(package: ModuleType) -> Iterator[Any]:

    return Path(str(package.__file__)).parent.glob("*.py")


def _functions(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name
        elif inspect.isclass(value) and value is not commands.Reader:
            for inner, method in vars(value).items():
                if inspect.isfunction(method) and not inner.startswith("_"):
                    yield f"{name}.{inner}"
