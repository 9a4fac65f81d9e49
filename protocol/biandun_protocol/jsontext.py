"""Reading JSON that people wrote, with one meaning or an error with its line and column.

Python's own reader takes the last of two equal names, accepts numbers of any length and NaN, and
nests until the stack is full.  Here sizes are limited, names must be unique, and a wrong encoding
or the punctuation of a Chinese keyboard is reported as such.
"""

import codecs
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from json import JSONDecodeError, JSONDecoder
from typing import NamedTuple, cast

from biandun_protocol.catalogue import Phrase, phrase

LIMIT_FILE = 1 << 20  # bytes
LIMIT_DIGITS = 15  # of a number: what every JSON reader represents exactly
LIMIT_DEPTH = 32
LIMIT_TEXT = 20_000  # characters

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRINGS = JSONDecoder(strict=True)
# looked up here: Python searches its files for a codec at first use
_UTF_8 = codecs.getdecoder("utf-8-sig")
_OTHERS = (("GBK/GB18030", codecs.getdecoder("gb18030")), ("Big5", codecs.getdecoder("cp950")))
_NO_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LINE_END = re.compile("\n")
_SPACE = re.compile(r"[ \t\r\n]*")
_LITERALS = {"true": True, "false": False, "null": None}
_FULL_WIDTH = str.maketrans("：，“”„‟＂‘’＇｛｝［］【】。；、　\u00a0", ':,"""""\'\'\'{}[][].;,  ')
_QUOTES = "“”„‟＂"
_OPENING = {"{": "}", "[": "]"}


class JsonFault(ValueError):
    """What is wrong with the text.

    ``code`` is one of the catalogue; ``values`` have the line and column, both from 1.
    """

    def __init__(self, code: str, text: str, at: int, **values: object) -> None:
        self.code = code
        self.values = {
            "line": text.count("\n", 0, at) + 1,
            "column": at - text.rfind("\n", 0, at),
            **values,
        }
        super().__init__(code, self.values)


class Spot(NamedTuple):
    """A position in a file; line and column from 1."""

    line: int
    column: int


class _Node:
    """The position of a value (or of its name, if it has one), and of the values inside it."""

    __slots__ = ("at", "inside")

    def __init__(self, at: int) -> None:
        self.at = at
        self.inside: dict[int | str, _Node] = {}


class Places:
    """The positions of all values in a JSON file."""

    def __init__(self, text: str, root: _Node) -> None:
        self._root = root
        self._lines = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def of(self, path: Iterable[int | str]) -> Spot:
        """Return the position of a field's name or of a list item.

        For a missing value: the innermost group or list that should contain it.
        """
        node = self._root
        for part in path:
            below = node.inside.get(part)
            if below is None:
                break
            node = below
        line = bisect_right(self._lines, node.at)
        return Spot(line, node.at - self._lines[line - 1] + 1)

    def has(self, name: str) -> bool:
        """Return whether the outermost group has a field of this name."""
        return name in self._root.inside


def read(raw: bytes) -> object:
    """Return the value of a JSON file.

    Raises JsonFault: file-limit, file-encoding, file-punctuation, file-name-twice, file-not-json.
    """
    return read_placed(raw)[0]


def read_placed(raw: bytes) -> tuple[object, Places]:
    """Return the value of a JSON file, and the positions in it.

    Raises JsonFault as ``read``.
    """
    if len(raw) > LIMIT_FILE:
        raise JsonFault("file-limit", "", 0, rule=phrase("json.file-size", limit=LIMIT_FILE))
    reader = _Reader(_text(raw))
    value = reader.whole()
    return value, reader.places()


def _text(raw: bytes) -> str:
    """Decode a file as UTF-8.

    Raises JsonFault: for another encoding at the first character that is not ASCII, with all
    encodings that it can be (short texts in GBK and Big5 cannot be told apart).
    """
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):  # the first one begins like UTF-16
        raise JsonFault("file-encoding", "", 0, encoding="UTF-32")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise JsonFault("file-encoding", "", 0, encoding="UTF-16")
    # JSON begins with ASCII (RFC 4627, section 3)
    if len(raw) > 1 and 0 in raw[:2] and 0 < max(raw[:2]) < 0x80:
        raise JsonFault("file-encoding", "", 0, encoding="UTF-16")
    try:
        return _UTF_8(raw)[0]
    except UnicodeDecodeError as error:
        # all of them encode ASCII as UTF-8 does, and the bytes before the error are UTF-8
        good = raw[: error.start].decode()
        if _NO_TEXT.search(raw):
            raise JsonFault(
                "file-not-json", good, len(good), detail=phrase("json.no-text")
            ) from None
        names = [name for name, decode in _OTHERS if _decodes(decode, raw)]
    either, other = phrase("json.or"), phrase("json.other-encoding")
    encoding = Phrase(either.zh.join(names) or other.zh, either.en.join(names) or other.en)
    at = next((place for place, one in enumerate(good) if not one.isascii()), len(good))
    raise JsonFault("file-encoding", good, at, encoding=encoding)


def _decodes(decode: Callable[[bytes], object], raw: bytes) -> bool:
    try:
        decode(raw)
    except UnicodeDecodeError:
        return False
    return True


class _Reader:
    """One pass over the text; ``_at`` is the position of the next character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._node = self._root = _Node(0)

    def places(self) -> Places:
        """Return the positions of what was read."""
        return Places(self._text, self._root)

    def whole(self) -> object:
        self._next()
        self._root.at = self._at
        value = self._value()
        if self._next():
            raise self._wrong(phrase("json.more"))
        return value

    def _next(self) -> str:
        """Skip white space and return the next character; empty at the end."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _wrong(self, detail: Phrase) -> JsonFault:
        """Return the error for an unexpected character at this position."""
        here = self._text[self._at : self._at + 1]
        right = here.translate(_FULL_WIDTH)
        if "！" <= here <= "～":  # full-width forms of ASCII
            right = chr(ord(here) - ord("！") + ord("!"))
        if right != here:
            return JsonFault("file-punctuation", self._text, self._at, wrong=here, right=right)
        if here and not here.isprintable():
            detail = phrase("json.unseen", number=f"{ord(here):04X}")
        return JsonFault("file-not-json", self._text, self._at, detail=detail)

    def _limit(self, at: int, rule: Phrase) -> JsonFault:
        return JsonFault("file-limit", self._text, at, rule=rule)

    def _value(self) -> object:
        first = self._next()
        if first in _OPENING and first:
            return self._nested(first)
        if first == '"':
            return self._string()
        number = _NUMBER.match(self._text, self._at)
        if number:
            return self._number(number)
        for word, value in _LITERALS.items():
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return value
        if not first:
            raise self._wrong(phrase("json.ends"))
        raise self._wrong(phrase("json.no-value"))

    def _value_of(self, part: int | str, begun: int) -> object:
        """Read the value of a field, or an item of a list, that begins at ``begun``."""
        outer = self._node
        self._node = outer.inside[part] = _Node(begun)
        value = self._value()
        self._node = outer
        return value

    def _nested(self, first: str) -> object:
        self._depth += 1
        if self._depth > LIMIT_DEPTH:
            raise self._limit(self._at, phrase("json.levels", limit=LIMIT_DEPTH))
        self._at += 1
        value = self._object() if first == "{" else self._array()
        self._at += 1
        self._depth -= 1
        return value

    def _array(self) -> list[object]:
        values: list[object] = []
        if self._next() == "]":
            return values
        while True:
            self._next()
            values.append(self._value_of(len(values), self._at))
            if self._ends("]"):
                return values

    def _object(self) -> dict[str, object]:
        fields: dict[str, object] = {}
        if self._next() == "}":
            return fields
        while True:
            if self._next() != '"':
                raise self._wrong(phrase("json.no-name"))
            begun = self._at
            name = self._string()
            if name in fields:
                raise JsonFault("file-name-twice", self._text, begun, name=name)
            if self._next() != ":":
                raise self._wrong(phrase("json.no-colon"))
            self._at += 1
            fields[name] = self._value_of(name, begun)
            if self._ends("}"):
                return fields

    def _ends(self, closing: str) -> bool:
        """After a value: return whether the group ends here; else skip the comma."""
        here = self._next()
        if here == closing:
            return True
        if here != ",":
            raise self._wrong(phrase("json.no-comma", closing=closing))
        self._at += 1
        if self._next() == closing:
            raise self._wrong(phrase("json.comma-last"))
        return False

    def _string(self) -> str:
        begun = self._at
        try:
            text, self._at = cast("tuple[str, int]", _STRINGS.raw_decode(self._text, begun))
        except JSONDecodeError as error:
            raise self._broken(begun, error) from None
        if len(text) > LIMIT_TEXT:
            raise self._limit(begun, phrase("json.characters", limit=LIMIT_TEXT))
        if any("\ud800" <= one <= "\udfff" for one in text):
            half = phrase("json.half-character")
            raise JsonFault("file-not-json", self._text, begun, detail=half)
        return text

    def _broken(self, begun: int, error: JSONDecodeError) -> JsonFault:
        """Return the error for a string that does not end.

        Usually it was closed with the quotation mark of a Chinese keyboard.
        """
        line_end = self._text.find("\n", begun)
        end = len(self._text) if line_end < 0 else line_end
        quote = next((at for at in range(begun, end) if self._text[at] in _QUOTES), None)
        if quote is not None and "escape" not in error.msg:
            return JsonFault(
                "file-punctuation", self._text, quote, wrong=self._text[quote], right='"'
            )
        at = begun if error.msg.startswith("Unterminated") else error.pos
        detail = phrase("json.backslash")
        if "escape" not in error.msg:
            detail = phrase("json.open-text")
        return JsonFault("file-not-json", self._text, at, detail=detail)

    def _number(self, found: re.Match[str]) -> int | float:
        begun, written = self._at, found[0]
        if sum(one.isdigit() for one in written) > LIMIT_DIGITS:
            raise self._limit(begun, phrase("json.digits", limit=LIMIT_DIGITS))
        self._at = found.end()
        if self._text[self._at : self._at + 1].isalnum():
            raise self._wrong(phrase("json.number-wrong"))
        if found[1] is None and found[2] is None:
            return int(written)
        value = float(written)
        if math.isinf(value):
            raise self._limit(begun, phrase("json.number-too-large"))
        return value
