"""The text of a result or a problem, for a terminal, a pipe or, as JSON, a program.

Text from others is escaped: everything passes ``visible`` or ``json_text``.
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
    """A mapping that is printed unchanged, as for a file: indented JSON, never a table."""


class Text(str):
    """Text that is printed unchanged, for a file or a shell."""

    __slots__ = ()


@dataclass(frozen=True)
class Screen:
    """Where text is printed: its width (None: lines are not broken) and its encoding."""

    columns: int | None
    encoding: str


def result(
    value: object, screen: Screen, language: str, *, as_json: bool, own: Labels | None = None
) -> str:
    """Return the text of a command's result, a mapping or a sequence of mappings."""
    if isinstance(value, Text):
        return value
    if as_json or isinstance(value, Document):
        return json_text(value, encoding=screen.encoding, indent=None if as_json else 2)
    layout = Layout(language, screen.columns, own)
    if isinstance(value, Mapping):
        return "\n".join(layout.fields(cast("Fields", value)))
    return "\n".join(layout.rows(cast("Sequence[Fields]", value)))


def text(value: Sections, screen: Screen, language: str) -> str:
    """Return the text of ``Sections`` alone."""
    return "\n".join(Layout(language, screen.columns).sections(value))


def problem(found: Problem, screen: Screen, language: str, *, as_json: bool) -> str:
    """Return the text of a problem: what happened, the next step and the code."""
    if as_json:
        return json_text({"error": found.as_dict(language)}, encoding=screen.encoding)
    lines = (
        *(visible(one) for one in found.sentences(language)),
        f"{visible(found.next_step(language))} [{found.code}]",
    )
    return "\n".join(part for line in lines for part in wrap(line, screen.columns))


def remark(text: str, screen: Screen) -> str:
    """Return the text of a remark to the user that is not part of the result."""
    return "\n".join(wrap(visible(text, keep="\n"), screen.columns))
