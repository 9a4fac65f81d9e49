"""JSON that people wrote, read as strictly as what is signed: one meaning or none, and what is
wrong has a place.

Python's own reader takes the last of two equal names, numbers of any length and NaN, and nests
until the stack is full.  Here a file has bounds, a name stands once, and an editor's encoding or a
Chinese keyboard's punctuation is called by its name.
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
LIMIT_DIGITS = 15  # of a number: what every JSON reader holds exactly
LIMIT_DEPTH = 32
LIMIT_TEXT = 20_000  # characters

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_STRINGS = JSONDecoder(strict=True)
# found here: Python looks for a codec, in files, when it is first wanted
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
    """What is wrong with the text: ``code`` of the catalogue, and ``values`` with line and column,
    both from 1.
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
    """A place in a file, both from 1."""

    line: int
    column: int


class _Node:
    """Where a value begins, or its name where it has one, and what is in it."""

    __slots__ = ("at", "inside")

    def __init__(self, at: int) -> None:
        self.at = at
        self.inside: dict[int | str, _Node] = {}


class Places:
    """Where everything in a JSON file stands."""

    def __init__(self, text: str, root: _Node) -> None:
        self._root = root
        self._lines = [0, *(found.end() for found in _LINE_END.finditer(text))]

    def of(self, path: Iterable[int | str]) -> Spot:
        """Where the name of a field stands, or an item of a list; for what is not there, the
        innermost group or list that it is missing from.
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
        """Does the outermost group have a field of this name?"""
        return name in self._root.inside


def read(raw: bytes) -> object:
    """The value of a JSON file.  Raises JsonFault: file-limit, file-encoding, file-punctuation,
    file-name-twice, file-not-json.
    """
    return read_placed(raw)[0]


def read_placed(raw: bytes) -> tuple[object, Places]:
    """The value of a JSON file, and where everything in it stands.  Raises JsonFault, as ``read``
    does.
    """
    if len(raw) > LIMIT_FILE:
        raise JsonFault("file-limit", "", 0, rule=phrase("json.file-size", limit=LIMIT_FILE))
    reader = _Reader(_text(raw))
    value = reader.whole()
    return value, reader.places()


def _text(raw: bytes) -> str:
    """The text of a file in UTF-8; of another encoding where it begins to matter, and its name
    where that can be told.

    Bytes that two of them have are called by both: short texts in GBK and Big5 cannot be told
    apart.
    """
    if raw.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):  # the first of them begins like UTF-16
        raise JsonFault("file-encoding", "", 0, encoding="UTF-32")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise JsonFault("file-encoding", "", 0, encoding="UTF-16")
    # JSON begins with ASCII (RFC 4627, section 3)
    if len(raw) > 1 and 0 in raw[:2] and 0 < max(raw[:2]) < 0x80:
        raise JsonFault("file-encoding", "", 0, encoding="UTF-16")
    try:
        return _UTF_8(raw)[0]
    except UnicodeDecodeError as error:
        # all of these say ASCII as UTF-8 does, and what came before is UTF-8
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
    """One pass over the text; ``_at`` is the place that is read next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._node = self._root = _Node(0)

    def places(self) -> Places:
        """Where what was read stands."""
        return Places(self._text, self._root)

    def whole(self) -> object:
        self._next()
        self._root.at = self._at
        value = self._value()
        if self._next():
            raise self._wrong(phrase("json.more"))
        return value

    def _next(self) -> str:
        """The next character that counts; empty at the end."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _wrong(self, detail: Phrase) -> JsonFault:
        """What stands here is not what should."""
        here = self._text[self._at : self._at + 1]
        right = here.translate(_FULL_WIDTH)
        if "！" <= here <= "～":  # ASCII once more, in full width
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
        """The value of a field, or an item of a list, that begins at ``begun``."""
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
        """After a value: does the group end here, or does another follow a comma?"""
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
        """A string that does not end in its line was mostly closed with the quotation mark of a
        Chinese keyboard.
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
