"""Escaping text from others before it is printed on a terminal.

Escaped is what would control the terminal or reorder text: control characters (C0, DEL, C1), format
characters (bidirectional overrides, zero-width, tags), line and paragraph separators, and lone
surrogates: the categories that a form refuses in its fields.
"""

import codecs
import json
import unicodedata

_ESCAPED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
STAND_IN = "biandun.stand-in"
_STAND_INS = {
    "✓": "+",
    "✗": "x",
    "—": "-",
    "…": "...",
    "：": ": ",
    "，": ", ",
    "。": ".",
    "、": ", ",
    "（": "(",
    "）": ")",
    "“": '"',
    "”": '"',
}


def is_visible(character: str) -> bool:
    """Return whether this character may be sent to a terminal unescaped."""
    return unicodedata.category(character) not in _ESCAPED


def visible(text: str, *, keep: str = "") -> str:
    """Return ``text`` with everything escaped that would control a terminal.

    Characters of ``keep`` (such as LF) stay.
    """
    if text.isprintable():  # the common case
        return text
    return "".join(one if one in keep or is_visible(one) else _escape(one) for one in text)


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def json_text(value: object, *, encoding: str = "utf-8", indent: int | None = None) -> str:
    """Return ``value`` as JSON without characters that would control a terminal.

    A character that the console's encoding lacks becomes a JSON escape.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    if not text.isprintable():
        text = "".join(one if one == "\n" or is_visible(one) else _json_escape(one) for one in text)
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        text = "".join(one if one.isascii() else _json_escape(one) for one in text)
    return text


def _json_escape(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else json.dumps(character)[1:-1]


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """Replace characters that the encoding lacks.

    Marks and punctuation have replacements, so that ✓ and ✗ can be told apart; any other character
    becomes a question mark.
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_STAND_INS.get(one, "?") for one in lost), error.end


codecs.register_error(STAND_IN, _stand_in)
