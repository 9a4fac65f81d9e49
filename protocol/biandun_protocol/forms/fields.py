"""Kinds of form fields: which values are valid, their texts for people, and their grammars.

A form's field is annotated with its type, its kind and its ``Field``, the texts about it.  A kind
checks one value; pydantic (imported when the first form is read) checks types, missing and unknown
fields and lists, and collects all mistakes.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import MISSING, dataclass
from dataclasses import fields as fields_of_dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, get_type_hints

from biandun_protocol import codes
from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms import rules
from biandun_protocol.forms.rules import Rule
from biandun_protocol.identifiers import is_uscc

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

# Refused by category: control, format (they can reorder text), surrogate, line and paragraph
# separator.  Not by isprintable(), which also refuses the ideographic space and every character
# newer than this Python's Unicode tables; rare names use such characters.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NO_WORDS = Phrase("", "")


class Section(NamedTuple):
    """A section of a form on screen and paper; ``order`` is its position among the sections."""

    zh: str
    en: str
    order: int


@dataclass(frozen=True)
class Field:
    """The texts about a field: label and help in both languages, and its section."""

    zh: str
    en: str
    section: Section | None = None
    help: Phrase = _NO_WORDS

    @property
    def label(self) -> Phrase:
        """The label of the field."""
        return Phrase(self.zh, self.en)


class Kind(ABC):
    """Which values of a field are valid."""

    type: ClassVar[str] = "str"

    def check(self, value: Any) -> Rule | None:  # noqa: ARG002
        """Return the rule that a value of the right type breaks, None for a valid value."""
        return None

    @abstractmethod
    def cddl(self) -> str:
        """Return the grammar of a value (RFC 8610); it may accept more than ``check``."""

    @abstractmethod
    def json_schema(self) -> dict[str, object]:
        """Return the same as JSON Schema, for forms that people fill in."""

    @abstractmethod
    def rule(self, language: str) -> str:
        """Return what is to be filled in, for people."""

    def words(self, value: Any, language: str) -> str:  # noqa: ARG002
        """Return a value as people read it."""
        return str(value)

    def core(self, handler: "GetCoreSchemaHandler") -> "CoreSchema":  # noqa: ARG002
        """Return the validator of pydantic-core: the type, strictly, then ``check``."""
        from pydantic_core import PydanticCustomError, core_schema  # noqa: PLC0415

        check = self.check

        def checked(value: Any) -> Any:
            broken = check(value)
            if broken is not None:
                raise PydanticCustomError("rule", "broken", {"rule": broken})
            return value

        strict: dict[str, Callable[[], CoreSchema]] = {
            "str": lambda: core_schema.str_schema(strict=True),
            "int": lambda: core_schema.int_schema(strict=True),
            "bytes": lambda: core_schema.bytes_schema(strict=True),
        }
        return core_schema.no_info_after_validator_function(checked, strict[self.type]())

    def __get_pydantic_core_schema__(
        self, source: Any, handler: "GetCoreSchemaHandler"
    ) -> "CoreSchema":
        """Called by pydantic instead of using the annotated type.

        Absent fields are left out, so None is not a valid value.
        """
        return self.core(handler)


def _has_no_control(value: str) -> bool:
    if value.isprintable():  # the common case, and much faster than checking each character
        return True
    return not any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value)


@dataclass(frozen=True)
class Line(Kind):
    """One line of text of at most ``most`` characters."""

    most: int

    def check(self, value: Any) -> Rule | None:
        """Not blank, no blanks around it, not too long, no control characters."""
        if not value.strip() or value != value.strip():
            return rules.BLANK
        if len(value) > self.most:
            return rules.too_long(self.most)
        return None if _has_no_control(value) else rules.CONTROL

    def cddl(self) -> str:
        """``.size`` of text counts bytes of UTF-8: up to four for a character."""
        return f"tstr .and (tstr .size (1..{4 * self.most}))"

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string", "minLength": 1, "maxLength": self.most}

    def rule(self, language: str) -> str:
        """Its length."""
        if language == "en":
            return f"one line, at most {self.most} characters"
        return f"一行文字，不超过 {self.most} 个字"


@dataclass(frozen=True)
class Paragraphs(Kind):
    """Text of one or more paragraphs, at most ``most`` characters.

    Only LF ends a line, so that a text has one encoding.
    """

    most: int

    def check(self, value: Any) -> Rule | None:
        """No line ends in a blank or has control characters; the text is neither blank nor too
        long.
        """
        for line in value.split("\n"):
            if line != line.rstrip():
                return rules.LINE_END
            if not _has_no_control(line):
                return rules.CONTROL
        if value != value.strip() or not value:
            return rules.BLANK
        return rules.too_long(self.most) if len(value) > self.most else None

    def cddl(self) -> str:
        """As that of a line."""
        return Line(self.most).cddl()

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return Line(self.most).json_schema()

    def rule(self, language: str) -> str:
        """Its length."""
        if language == "en":
            return f"text, at most {self.most} characters; \\n begins a new line"
        return f"文字，不超过 {self.most} 个字，可以用 \\n 分段"


@dataclass(frozen=True)
class Code(Kind):
    """One line whose length counts in bytes of UTF-8, as in the key's header and summary."""

    most: int

    def check(self, value: Any) -> Rule | None:
        """A line of at most ``most`` bytes."""
        broken = Line(self.most).check(value)
        if broken is None and len(value.encode()) > self.most:
            return rules.too_many_bytes(self.most)
        return broken

    def cddl(self) -> str:
        """Its bytes."""
        return f"tstr .and (tstr .size (1..{self.most}))"

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return Line(self.most).json_schema()

    def rule(self, language: str) -> str:
        """Its length."""
        if language == "en":
            return f"a code, at most {self.most} bytes of UTF-8"
        return f"编号，不超过 {self.most} 字节（UTF-8）"


@dataclass(frozen=True)
class Date(Kind):
    """A date of the ISO calendar, written as YYYY-MM-DD.

    It is that of a document or an event and not after today, unless it is ``planned``: then it may
    also be to come, such as the day from which a transfer takes effect.
    """

    planned: bool = False

    def check(self, value: Any) -> Rule | None:
        """It exists and is written as YYYY-MM-DD."""
        try:
            good = date.fromisoformat(value).isoformat() == value
        except ValueError:
            good = False
        return None if good else rules.DATE

    def cddl(self) -> str:
        """Digits and dashes."""
        return "day"

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string", "format": "date"}

    def rule(self, language: str) -> str:
        """An example."""
        if language == "en":
            return "a date like 2026-11-24" + ("" if self.planned else ", not after today")
        return "日期，如 2026-11-24" + ("" if self.planned else "，不晚于今天")

    def words(self, value: Any, language: str) -> str:
        """Return the date, in Chinese with 年, 月 and 日."""
        if language == "en":
            return value
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month}月{day.day}日"


@dataclass(frozen=True)
class Uscc(Kind):
    """A unified social credit code (GB 32100)."""

    def check(self, value: Any) -> Rule | None:
        """Its alphabet, its length and its check character."""
        return None if is_uscc(value) else rules.USCC

    def cddl(self) -> str:
        """Its alphabet."""
        return "unified-code"

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string", "pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"}

    def rule(self, language: str) -> str:
        """Its name and length."""
        if language == "en":
            return "a unified social credit code, 18 characters"
        return "统一社会信用代码，18 位"


@dataclass(frozen=True)
class Region(Kind):
    """The code of a region (GB/T 2260)."""

    def check(self, value: Any) -> Rule | None:
        """Six digits."""
        good = len(value) == 6 and value.isascii() and value.isdigit()
        return None if good else rules.SIX_DIGITS

    def cddl(self) -> str:
        """Six digits."""
        return 'tstr .regexp "[0-9]{6}"'

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string", "pattern": "^[0-9]{6}$"}

    def rule(self, language: str) -> str:
        """Six digits."""
        if language == "en":
            return "code of the region, six digits"
        return "行政区划代码，六位数字"

    def words(self, value: Any, language: str) -> str:
        """Return the code, with the region's name if it is known."""
        name = codes.TABLES["region_fictitious"].get(value)
        if name is None:
            return value
        return f"{name.en} ({value})" if language == "en" else f"{name.zh}（{value}）"


@dataclass(frozen=True)
class Choice(Kind):
    """A code of a code table."""

    table: str

    def check(self, value: Any) -> Rule | None:
        """The code is in the table."""
        table = codes.TABLES[self.table]
        return None if value in table else rules.one_of(table)

    def cddl(self) -> str:
        """The codes."""
        return " / ".join(f'"{code}"' for code in codes.TABLES[self.table])

    def json_schema(self) -> dict[str, object]:
        """A string."""
        return {"type": "string", "enum": list(codes.TABLES[self.table])}

    def rule(self, language: str) -> str:
        """Return the codes with their texts."""
        if language == "en":
            return "one of " + ", ".join(f"`{k}` {v.en}" for k, v in self._rows())
        return "以下之一：" + "、".join(f"`{k}` {v.zh}" for k, v in self._rows())

    def _rows(self) -> list[tuple[str, Phrase]]:
        return list(codes.TABLES[self.table].items())

    def words(self, value: Any, language: str) -> str:
        """Return the text of a code."""
        return codes.TABLES[self.table][value][language == "en"]


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number from ``low`` to ``high``; ``unit`` is what it counts."""

    low: int
    high: int
    unit: Phrase
    type: ClassVar[str] = "int"

    def check(self, value: Any) -> Rule | None:
        """Its bounds."""
        good = self.low <= value <= self.high
        return None if good else rules.bounds(self.low, self.high, self.unit)

    def cddl(self) -> str:
        """Its bounds."""
        return f"uint .and ({self.low}..{self.high})"

    def json_schema(self) -> dict[str, object]:
        """An integer."""
        return {"type": "integer", "minimum": self.low, "maximum": self.high}

    def rule(self, language: str) -> str:
        """Its bounds."""
        if language == "en":
            return f"a whole number, {self.low} to {self.high} {self.unit.en}"
        return f"整数，{self.low} 至 {self.high} {self.unit.zh}"

    def words(self, value: Any, language: str) -> str:
        """Return the number with its unit."""
        return f"{value} {self.unit[language == 'en']}"


@dataclass(frozen=True)
class Octets(Kind):
    """A byte string of ``length`` bytes, such as a statement's name or a digest.

    Programs fill it in.
    """

    length: int = 32
    type: ClassVar[str] = "bytes"

    def check(self, value: Any) -> Rule | None:
        """Its length."""
        return None if len(value) == self.length else rules.length(self.length)

    def cddl(self) -> str:
        """Its length."""
        return f"bstr .and (bstr .size {self.length})"

    def json_schema(self) -> dict[str, object]:
        """JSON has no bytes: hexadecimal, to be read and not filled in."""
        return {"type": "string", "pattern": f"^[0-9a-f]{{{2 * self.length}}}$", "readOnly": True}

    def rule(self, language: str) -> str:
        """Return who fills it in."""
        return (
            f"{self.length} bytes, filled in by the program"
            if language == "en"
            else f"{self.length} 字节，由程序填写"
        )

    def words(self, value: Any, language: str) -> str:  # noqa: ARG002
        """Return the bytes in hexadecimal."""
        return value.hex()


@dataclass(frozen=True)
class FileName(Line):
    """The name of a file that is valid on every operating system."""

    most: int = 120

    def check(self, value: Any) -> Rule | None:
        """A line without the characters that file systems refuse."""
        broken = super().check(value)
        if broken is None and set(value) & set('/\\:*?"<>|'):
            return rules.FILE_NAME
        return broken


@dataclass(frozen=True)
class Group(Kind):
    """A group of fields: a frozen dataclass whose fields are annotated as a form's are."""

    of: type[Any]

    def core(self, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """Pydantic's own validator for a dataclass."""
        return handler.generate_schema(self.of)

    def cddl(self) -> str:
        """Its name: it is a rule of its own."""
        return group_name(self.of)

    def json_schema(self) -> dict[str, object]:
        """A reference to its definition."""
        return {"$ref": f"#/$defs/{group_name(self.of)}"}

    def rule(self, language: str) -> str:
        """That its fields follow."""
        return "a group of fields in { }" if language == "en" else "{ } 括起的一组内容"


@dataclass(frozen=True)
class Many(Kind):
    """A list of ``low`` to ``high`` groups.

    If ``unique`` names a field, no two groups may have the same value in it.
    """

    of: Group
    low: int
    high: int
    unique: str = ""

    def core(self, handler: "GetCoreSchemaHandler") -> "CoreSchema":
        """A tuple of variable length, from a list."""
        from pydantic_core import core_schema  # noqa: PLC0415

        return core_schema.tuple_variable_schema(
            self.of.core(handler), min_length=self.low, max_length=self.high
        )

    def same(self, values: Any) -> bool:
        """Return whether two groups have the same value in the ``unique`` field."""
        if not self.unique:
            return False
        found = [getattr(value, self.unique) for value in values]
        return len(set(found)) < len(found)

    def cddl(self) -> str:
        """Its bounds."""
        return f"[{self.low}*{self.high} {self.of.cddl()}]"

    def json_schema(self) -> dict[str, object]:
        """An array."""
        return {
            "type": "array",
            "items": self.of.json_schema(),
            "minItems": self.low,
            "maxItems": self.high,
        }

    def rule(self, language: str) -> str:
        """Its bounds."""
        if language == "en":
            return f"a list of {self.low} to {self.high} groups in [ ]"
        return f"[ ] 括起的列表，{self.low} 至 {self.high} 项"


@dataclass(frozen=True)
class Described:
    """A field of a form or a group, as its annotations describe it."""

    name: str
    kind: Kind
    field: Field
    required: bool


@lru_cache
def described(group: type[Any]) -> dict[str, Described]:
    """Return the fields of a form or a group by name, in the order of declaration."""
    hints = get_type_hints(group, include_extras=True)
    found: dict[str, Described] = {}
    for one in fields_of_dataclass(group):
        said = getattr(hints[one.name], "__metadata__", ())
        (kind,) = (each for each in said if isinstance(each, Kind))
        (field,) = (each for each in said if isinstance(each, Field))
        found[one.name] = Described(one.name, kind, field, one.default is MISSING)
    return found


def group_of(kind: Kind) -> type[Any] | None:
    """Return the group of which a field contains one or several; None for another field."""
    if isinstance(kind, Many):
        kind = kind.of
    return kind.of if isinstance(kind, Group) else None


def group_name(group: type[Any]) -> str:
    """UseItem -> use-item"""
    name = group.__name__
    return "".join("-" + one.lower() if one.isupper() else one for one in name).lstrip("-")
