"""The help of a command in the reader's language, from its docstring and options.

A docstring has its Chinese paragraphs first: one that holds a Chinese full stop is Chinese up to
the last of them, and English after it.  A paragraph that begins with ``Example`` (after ``\\b``, so
that nothing reflows it) is for both.  The help of an option is ``中文 / English``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import cleandoc

from biandun_protocol.book import NOTES
from biandun_protocol.catalogue import phrase
from biandun_protocol.terminal.wrap import fill_up, hang, width

LANGUAGES = ("zh", "en")
JSON_HELP = "以 JSON 输出，问题也是 / print JSON, problems as JSON on stderr"
LANG_HELP = "语言，默认取自 BIANDUN_LANG，再默认中文 / language; default: that of BIANDUN_LANG, else Chinese"
HELP_HELP = "显示本说明 / show this help"
VERSION_HELP = "显示版本 / show the version"
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_EXAMPLE = re.compile(r"Examples?:[ ]*")
_BETWEEN_PARAGRAPHS = re.compile(r"\n\s*\n")
# the blank that joins two broken lines
_BLANK_IN_CHINESE = re.compile(r"(?<=[，、；：）”》]) |(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_SENTENCE_END = re.compile(r"(?<=。)|(?<=\.)\s")
_WIDEST_NAME = 30


@dataclass
class Texts:
    """A help text by language, and the lines of its examples."""

    zh: str = ""
    en: str = ""
    examples: list[str] = field(default_factory=list[str])

    def of(self, language: str) -> str:
        """Return the paragraphs in one language."""
        return self.en if language == "en" else self.zh


@dataclass
class Page:
    """The content of a help page: usage, text, then names with their explanations.

    Notes are pairs such as ("default", "1").
    """

    usage: str
    text: Texts
    options: list[tuple[str, str, Sequence[tuple[str, str]]]] = field(
        default_factory=list[tuple[str, str, Sequence[tuple[str, str]]]]
    )
    commands: list[tuple[str, Texts]] = field(default_factory=list[tuple[str, Texts]])


def asked(words: Sequence[str], usual: str | None) -> tuple[bool, str]:
    """Return (as JSON?, language) that a command line asks for, anywhere on it.

    ``usual`` is the language of the environment.  This is found before the line is parsed, because
    an error in the line must be reported in that language, too.
    """
    as_json, language = False, usual
    for place, word in enumerate(words):
        if word == "--":
            break
        if word == "--json":
            as_json = True
        elif word == "--lang" and place + 1 < len(words):
            language = words[place + 1]
        elif word.startswith("--lang="):
            language = word.removeprefix("--lang=")
    return as_json, language if language in LANGUAGES else LANGUAGES[0]


def heading(name: str, language: str) -> str:
    """Return a heading of the page in one language."""
    return phrase(f"help.{name}").of(language)


def either(text: str, language: str) -> str:
    """Return the half of ``中文 / English`` that is in ``language``; else the whole text."""
    zh, slash, en = text.partition(" / ")
    if not slash or not _CHINESE.search(zh):
        return text
    return en if language == "en" else zh


def read(docstring: str) -> Texts:
    """Separate the paragraphs of a docstring by language."""
    zh: list[str] = []
    en: list[str] = []
    texts = Texts()
    for paragraph in _BETWEEN_PARAGRAPHS.split(cleandoc(docstring)):
        lines = paragraph.split("\n")
        if lines[0].strip() == "\b":
            lines = lines[1:]
            begun = _EXAMPLE.match(lines[0])
            if begun:
                texts.examples += _dedented(lines, begun.end())
                continue
        joined = " ".join(line.strip() for line in lines)
        joined = _BLANK_IN_CHINESE.sub("", joined)
        chinese, stop, english = joined.rpartition("。")
        if stop:
            zh.append(chinese + stop)
        if english.strip():
            en.append(english.strip())
    texts.zh, texts.en = "\n\n".join(zh), "\n\n".join(en)
    return texts


def _dedented(lines: list[str], indent: int) -> list[str]:
    return [
        line[indent:] if not line[:indent].strip() or place == 0 else line
        for place, line in enumerate(lines)
    ]


def summary(texts: Texts, language: str) -> str:
    """Return the first sentence, for a list of commands."""
    text = texts.of(language).split("\n", 1)[0]
    return _SENTENCE_END.split(text, maxsplit=1)[0].rstrip("。.")


def page(what: Page, language: str, columns: int | None) -> str:
    """Return the page as lines of at most ``columns``."""
    parts = [
        f"{heading('usage', language)}: {what.usage}",
        hang(what.text.of(language), columns, 2),
    ]
    if what.text.examples:
        name = "examples" if len(what.text.examples) > 1 else "example"
        parts.append(
            "\n".join(
                [
                    f"{heading(name, language)}:",
                    *(f"  {line}".rstrip() for line in what.text.examples),
                ]
            )
        )
    if what.options:
        rows = [(names, _explained(text, notes, language)) for names, text, notes in what.options]
        parts.append(f"{heading('options', language)}:\n{_named(rows, columns)}")
    if what.commands:
        rows = [(name, summary(texts, language)) for name, texts in what.commands]
        parts.append(f"{heading('commands', language)}:\n{_named(rows, columns)}")
    return "\n\n".join(parts)


def _explained(text: str, notes: Sequence[tuple[str, str]], language: str) -> str:
    said = [
        " ".join(part for part in (name if language == "en" else NOTES[name], value) if part)
        for name, value in notes
    ]
    return either(text, language) + (f"  [{'; '.join(said)}]" if said else "")


def _named(rows: list[tuple[str, str]], columns: int | None) -> str:
    """Return names on the left with explanations beside them, or below where there is no room."""
    indent = min(max(width(name) for name, _ in rows), _WIDEST_NAME, (columns or 80) // 2 - 4) + 4
    lines: list[str] = []
    for name, text in rows:
        beside = hang(text, columns, indent)
        if width(name) + 4 <= indent:
            beside = fill_up(f"  {name}", indent) + beside[indent:]
        else:
            lines.append(f"  {name}")
        lines.append(beside)
    return "\n".join(line.rstrip() for line in lines)
