"""The text of a result or a problem, ready for a terminal, a pipe or, as JSON, a program.

What others wrote is shown and never sent: everything passes ``visible`` or ``json_text`` on its
way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from biandun_protocol.errors import Problem
from biandun_protocol.terminal.layout import Fields, Layout, Sections
from biandun_protocol.terminal.visible import json_text, visible
from biandun_protocol.terminal.words import Labels
from biandun_protocol.terminal.wrap import wrap


class Document(dict[str, object]):
    """A mapping that is printed as it is, for a file: indented JSON, never a table."""


class Text(str):
    """Text that is printed as it is, for a file or a shell."""

    __slots__ = ()


@dataclass(frozen=True)
class Screen:
    """Where text goes: its width, None where lines are not broken, and the characters that it can
    take.
    """

    columns: int | None
    encoding: str


def result(
    value: object, screen: Screen, language: str, *, as_json: bool, own: Labels | None = None
) -> str:
    """What a command returned, a mapping or a sequence of mappings, as text."""
    if isinstance(value, Text):
        return value
    if as_json or isinstance(value, Document):
        return json_text(value, encoding=screen.encoding, indent=None if as_json else 2)
    layout = Layout(language, screen.columns, own)
    if isinstance(value, Mapping):
        return "\n".join(layout.fields(cast("Fields", value)))
    return "\n".join(layout.rows(cast("Sequence[Fields]", value)))


def text(value: Sections, screen: Screen, language: str) -> str:
    """A text in parts, by itself."""
    return "\n".join(Layout(language, screen.columns).sections(value))


def problem(found: Problem, screen: Screen, language: str, *, as_json: bool) -> str:
    """What went wrong: the sentence, the next step and the code."""
    if as_json:
        return json_text({"error": found.as_dict(language)}, encoding=screen.encoding)
    lines = (
        *(visible(one) for one in found.sentences(language)),
        f"{visible(found.next_step(language))} [{found.code}]",
    )
    return "\n".join(part for line in lines for part in wrap(line, screen.columns))


def remark(text: str, screen: Screen) -> str:
    """Something said to a person beside the result."""
    return "\n".join(wrap(visible(text, keep="\n"), screen.columns))
