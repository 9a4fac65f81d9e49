"""What a command returned, laid out for people: fields one below another, rows in a table or, where
that is too wide, stacked.

``columns`` is the width of the terminal; None is for a pipe or a file, whose lines are not broken.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from biandun_protocol.catalogue import phrase
from biandun_protocol.terminal.visible import visible
from biandun_protocol.terminal.words import Labels, label, said
from biandun_protocol.terminal.wrap import fill_up, width, wrap

Fields = Mapping[str, object]

_GAP = "  "
_WIDEST = 200  # columns to which cells of a table are filled up where no terminal stacks them
_LEAST = 16  # columns that a value needs beside its name
SENTENCE = "sentence"


class Sections(list[dict[str, object]]):
    """A text in parts, each with a heading and lines of label and value, in the reader's language;
    to a program it is a list of them.
    """

    def __init__(self, title: str, parts: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> None:
        super().__init__(
            {"section": name, "lines": [{"label": one, "value": said} for one, said in lines]}
            for name, lines in parts
        )
        self.title = title


class Data(dict[str, object]):
    """Fields for programs only: people read the same in words."""


class Layout:
    """How one reader has things: language, columns, a program's own names of fields."""

    def __init__(self, language: str, columns: int | None, own: Labels | None = None) -> None:
        self.language = language
        self.columns = columns
        self._own = own

    def label(self, name: str) -> str:
        """The name of a field."""
        return visible(label(name, self.language, self._own))

    def value(self, name: str, content: object, inside: str = "") -> str:
        """The value of a field, which may be one of the rows of the field ``inside``; its
        paragraphs stay apart.
        """
        return visible(said(name, content, self.language, inside), keep="\n")

    def fields(self, fields: Fields) -> list[str]:
        """One field below another; lists of rows come after them, with a heading each, and a
        sentence that sums up comes last.
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
            if name not in below and name != SENTENCE and not isinstance(content, Sections | Data)
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
        """The title, then each part under its heading, its labels in one column."""
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
        """A table with a heading, or each row by itself when the table is wider than the
        terminal.
        """
        if not rows:
            return [phrase("shown.nothing").of(self.language)]
        names = list(dict.fromkeys(name for row in rows for name in row))
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
        # else one long cell would make all the others of its column as long
        widths = [min(wide, _WIDEST) for wide in widths]
        return [
            _GAP.join(fill_up(cell, wide) for cell, wide in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]


def _are_rows(content: object) -> bool:
    return isinstance(content, list) and isinstance(
        next(iter(cast("list[object]", content)), None), Mapping
    )
