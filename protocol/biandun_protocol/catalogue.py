"""Messages from the book of words by code: what happened and the next step, in two languages.

Every code that a key, a host or an office can answer has an entry in ``messages.toml``, from which
``book`` is generated; a test fails for a code without one.  Placeholders in braces are filled with
the problem's values; a missing value shows as "?".
"""

from collections.abc import Mapping
from typing import NamedTuple

from biandun_protocol import book


class Entry(NamedTuple):
    """The texts of one error."""

    zh: str
    en: str
    next_zh: str
    next_en: str


class Phrase(NamedTuple):
    """A value that is itself a text, inserted in the language of the message."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """Return the text in ``zh`` or ``en``."""
        return self.en if language == "en" else self.zh


class _Values(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _fill(text: str, language: str, values: Mapping[str, object]) -> str:
    words = {
        name: value.of(language) if isinstance(value, Phrase) else value
        for name, value in values.items()
    }
    # None: not given
    words = {name: value for name, value in words.items() if value is not None}
    return text.format_map(_Values(words))


def phrase(name: str, /, **values: object) -> Phrase:
    """Return the text ``name`` of the book, such as ``json.digits``, with its placeholders filled.

    Raises KeyError for a name that is not in the book; a test checks all that the code uses.
    """
    zh, en = book.PHRASES[name]
    return Phrase(_fill(zh, "zh", values), _fill(en, "en", values))


def entry(code: str) -> Entry:
    """Return the texts of ``code``; those of an internal error when the book has none."""
    return Entry(*book.ERRORS.get(code, book.ERRORS["internal"]))


def message(code: str, language: str, values: Mapping[str, object]) -> str:
    """Return the message for ``code`` in ``zh`` or ``en``."""
    words = entry(code)
    return _fill(words.en if language == "en" else words.zh, language, values)


def next_step(code: str, language: str, values: Mapping[str, object]) -> str:
    """Return the next step for ``code`` in ``zh`` or ``en``."""
    words = entry(code)
    return _fill(words.next_en if language == "en" else words.next_zh, language, values)
