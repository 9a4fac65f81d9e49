"""Breaking text into lines on a terminal, where a Chinese character takes two columns."""

import re
import unicodedata

# Characters that may not begin or end a line (GB/T 15834 5.1).
_NOT_FIRST = frozenset("，。、；：？！）》〉”’】〕…%")
_NOT_LAST = frozenset("（《〈“‘【〔")
_PIECE = re.compile(r" +|[^\s\u2e80-\ua4cf\uf900-\ufaff\uff00-\uffef\u3000-\u303f]+|.")


def width(text: str) -> int:
    """Return how many columns ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def fill_up(text: str, columns: int) -> str:
    """Return ``text`` padded with blanks to ``columns``."""
    return text + " " * (columns - width(text))


def _pieces(text: str) -> list[str]:
    """Return the unbreakable pieces: a word, or one Chinese character with its punctuation."""
    pieces: list[list[str]] = []
    for one in _PIECE.findall(text):
        if (
            pieces
            and not one.isspace()
            and (one[0] in _NOT_FIRST or pieces[-1][-1][-1] in _NOT_LAST)
        ):
            pieces[-1].append(one)
        else:
            pieces.append([one])
    return ["".join(parts) for parts in pieces]


def wrap(text: str, columns: int | None) -> list[str]:
    """Return the lines of ``text``, at most ``columns`` wide; None does not break lines.

    A single word may be wider.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        if columns is None or width(paragraph) <= columns:
            lines.append(paragraph)
            continue
        line, used = list[str](), 0  # a line begins with no blank
        for piece in _pieces(paragraph):
            wide = width(piece)
            if used + wide > columns and line:
                if piece.isspace():
                    continue
                lines.append("".join(line).rstrip())
                line, used = [], 0
            if line or not piece.isspace():
                line.append(piece)
                used += wide
        lines.append("".join(line).rstrip())
    return lines


def hang(text: str, columns: int | None, indent: int) -> str:
    """Return ``text`` in lines, all indented by ``columns``."""
    inside = None if columns is None else max(columns - indent, 10)
    return "\n".join((" " * indent + line).rstrip() for line in wrap(text, inside))
