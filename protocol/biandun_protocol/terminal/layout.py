"""Layout of a command's result for people: fields one below another, or rows in a table.

A table that is too wide is shown row by row.  ``columns`` is the width of the terminal; None stands
for a pipe or a file, whose lines are not broken.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from biandun_protocol.catalogue import phrase
from biandun_protocol.terminal.visible import visible
from biandun_protocol.terminal.words import FOR_PROGRAMS, Labels, label, value_text
from biandun_protocol.terminal.wrap import fill_up, width, wrap

Fields = Mapping[str, object]

_GAP = "  "
_WIDEST = 200  # columns to which cells are padded when the output is no terminal
_LEAST = 16  # columns that a value needs beside its label
SENTENCE = "sentence"


class Sections(list[dict[str, object]]):
    """A text in titled parts with lines of label and value, in the reader's language.

    For programs it is a list of the parts.
    """

    def __init__(self, title: str, parts: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> None:
        super().__init__(
            {"section": name, "lines": [{"label": one, "value": said} for one, said in lines]}
            for name, lines in parts
        )
        self.title = title


class Data(dict[str, object]):
    """Fields for programs only: for people the same is in a ``Sections``."""


class Layout:
    """The settings of one reader: language, columns, and a program's own field labels."""

    def __init__(self, language: str, columns: int | None, own: Labels | None = None) -> None:
        self.language = language
        self.columns = columns
        self._own = own

    def label(self, name: str) -> str:
        """Return the label of a field."""
        return visible(label(name, self.language, self._own))

    def value(self, name: str, content: object, inside: str = "") -> str:
        """Return the text of a field's value.

        ``inside`` is the field whose rows contain it, if any.  Paragraphs stay separate.
        """
        return visible(value_text(name, content, self.language, inside), keep="\n")

    def fields(self, fields: Fields) -> list[str]:
        """Return fields one below another.

        Lists of rows follow with a heading each; a summarising sentence comes last.
        """
        below = {
            name: cast("list[Fields]", content)
            for name, content in fields.items()
            if _are_rows(content) and not isinstance(content, Sections)
        }
        texts = [content for content in fields.values() if isinstance(content, Sections)]
        beside = [
            (self.label(name), self.value(name, content))
            for name, content in fields.items()
            if name not in below
            and name not in FOR_PROGRAMS
            and name != SENTENCE
            and not isinstance(content, Sections | Data)
        ]
        lines = self._beside(beside)
        for text in texts:
            lines += ["", *self.sections(text)]
        for name, rows in below.items():
            lines += ["", self.label(name), *self.rows(rows, name)]
        if SENTENCE in fields:
            lines += ["", *wrap(self.value(SENTENCE, fields[SENTENCE]), self.columns)]
        if (
            str(fields.get("region", "")).startswith("6299")
            or fields.get("hardware_class") == "simulated"
        ):
            lines.append(phrase("shown.fictitious").of(self.language))
        return lines

    def sections(self, text: Sections) -> list[str]:
        """Return the title, then each part under its heading, its labels in one column."""
        lines = [f"【{visible(text.title)}】"]
        for part in text:
            pairs = [
                (_GAP + visible(one["label"]), visible(one["value"], keep="\n"))
                for one in cast("list[dict[str, str]]", part["lines"])
            ]
            lines += [visible(str(part["section"])), *self._beside(pairs)]
        return lines

    def _beside(self, pairs: list[tuple[str, str]]) -> list[str]:
        indent = max((width(name) for name, _ in pairs), default=0) + len(_GAP)
        lines: list[str] = []
        for name, text in pairs:
            if self.columns is not None and self.columns - indent < _LEAST:
                lines += [name, *(_GAP + line for line in wrap(text, self.columns - len(_GAP)))]
                continue
            first, *more = wrap(text, None if self.columns is None else self.columns - indent)
            lines += [fill_up(name, indent) + first, *(" " * indent + line for line in more)]
        return [line.rstrip() for line in lines]

    def rows(self, rows: Sequence[Fields], inside: str = "") -> list[str]:
        """Return a table with a heading, or each row by itself when the table is too wide."""
        if not rows:
            return [phrase("shown.nothing").of(self.language)]
        names = list(
            dict.fromkeys(name for row in rows for name in row if name not in FOR_PROGRAMS)
        )
        cells = [
            [self.value(name, row.get(name), inside).replace("\n", " ") for name in names]
            for row in rows
        ]
        table = [[self.label(name) for name in names], *cells]
        widths = [max(width(line[place]) for line in table) for place in range(len(names))]
        if self.columns is not None and sum(widths) + len(_GAP) * (len(names) - 1) > self.columns:
            blocks = [
                self._beside(
                    [(self.label(name), self.value(name, row.get(name), inside)) for name in names]
                )
                for row in rows
            ]
            return [
                line
                for place, block in enumerate(blocks)
                for line in ([""] if place else []) + block
            ]
        # limited, so that one long cell does not pad its whole column
        widths = [min(wide, _WIDEST) for wide in widths]
        return [
            _GAP.join(fill_up(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]


def _are_rows(content: object) -> bool:
    return isinstance(content, list) and isinstance(
        next(iter(cast("list[object]", content)), None), Mapping
    )
