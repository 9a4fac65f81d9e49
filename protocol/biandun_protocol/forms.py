"""What all forms share: the rules of a field, attachments, the official letter, and reading a body
strictly.

A form is a frozen dataclass with ``check()``; its body in a manifest is a CBOR map of field names,
absent instead of null.  ``filing`` and ``review`` hold the forms themselves.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar, cast

from biandun_protocol.errors import ManifestProblem
from biandun_protocol.identifiers import is_uscc
from biandun_protocol.rules import in_words
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT, LIMIT_ATTACHMENTS

ATTACHMENT_ROLES = {
    "application_document": "用编申请文件",
    "minutes": "会议纪要",
    "other": "其他材料",
}
# Refused by category: control, format (they can reorder what is read), surrogate, line and
# paragraph separator.  Not by isprintable(), which refuses the ideographic space and every
# character newer than the Python at hand: rare names use them.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
MEDIA_TYPES = ("application/pdf", "application/ofd", "image/jpeg", "image/png")

T = TypeVar("T")


def wrong(place: str, rule: str) -> ManifestProblem:
    """The problem of a field that breaks a rule."""
    return ManifestProblem("form-invalid", field=place, rule=in_words(rule))


def need(condition: bool, place: str, rule: str) -> None:
    """Raise ManifestProblem(form-invalid) unless ``condition`` holds."""
    if not condition:
        raise wrong(place, rule)


def _has_no_control(value: str) -> bool:
    if value.isprintable():  # the common case, and much faster than looking at each character
        return True
    return not any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value)


def line(value: str, place: str, size: int) -> None:
    """One line of text, at most ``size`` characters."""
    need(bool(value.strip()) and value == value.strip(), place, "blank or with blanks around it")
    need(len(value) <= size, place, f"longer than {size} characters")
    need(_has_no_control(value), place, "control characters")


def lines(value: str, place: str, size: int) -> None:
    """Text of one or more paragraphs; LF alone ends a line, so that one text has one spelling."""
    for line in value.split("\n"):
        need(line == line.rstrip(), place, "blanks at the end of a line")
        need(_has_no_control(line), place, "control characters")
    need(value == value.strip() != "", place, "blank or with blanks around it")
    need(len(value) <= size, place, f"longer than {size} characters")


def code(value: str, place: str, size: int) -> None:
    """One line whose length counts in bytes of UTF-8."""
    line(value, place, size)
    # the key's header and summary count bytes
    need(len(value.encode()) <= size, place, f"longer than {size} bytes")


def day(value: str, place: str) -> None:
    """An ISO date, spelled in the one way."""
    try:
        good = date.fromisoformat(value).isoformat() == value
    except ValueError:
        good = False
    need(good, place, "not a date like 2026-11-24")


def check_dates(form: object, today: date) -> None:
    """No date of a form, or of a document that it names, is after ``today`` by more than a day:
    clocks and time zones differ.

    Raises ManifestProblem(date-future).
    """
    for place, value in _dates(form, ""):
        if date.fromisoformat(value) > today + timedelta(days=1):
            raise ManifestProblem("date-future", field=place, date=value, today=today.isoformat())


def _dates(form: object, inside: str) -> Iterator[tuple[str, str]]:
    """Every date of a form: what a field holds whose name ends in ``_on``, in the groups of the
    form, too.
    """
    names: Mapping[str, Any] = getattr(form, "__dataclass_fields__", {})
    for name in names:
        value = getattr(form, name)
        if not isinstance(value, str):
            yield from _dates(value, f"{inside}{name}.")
        elif name.endswith("_on"):
            yield f"{inside}{name}", value


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file named by its digest; the file itself travels beside the manifest and never through the
    key.
    """

    name: str
    media_type: str
    size: int
    sha256: bytes
    role: str

    def check(self, place: str) -> None:
        """Raise ManifestProblem(form-invalid) with the field that breaks a rule."""
        line(self.name, f"{place}.name", 120)
        need(
            not set(self.name) & set('/\\:*?"<>|'),
            f"{place}.name",
            "characters that a file name cannot have",
        )
        need(
            self.media_type in MEDIA_TYPES,
            f"{place}.media_type",
            f"one of {', '.join(MEDIA_TYPES)}",
        )
        need(0 < self.size <= LIMIT_ATTACHMENT, f"{place}.size", f"1 to {LIMIT_ATTACHMENT} bytes")
        need(len(self.sha256) == 32, f"{place}.sha256", "32 bytes")
        need(
            self.role in ATTACHMENT_ROLES, f"{place}.role", f"one of {', '.join(ATTACHMENT_ROLES)}"
        )


@dataclass(frozen=True, kw_only=True)
class ApplicationDocument:
    """用编申请文件: the official letter that goes with the filing."""

    doc_no: str
    title: str
    issuer: str
    issued_on: str

    def check(self, place: str) -> None:
        """Raise ManifestProblem(form-invalid) with the field that breaks a rule."""
        line(self.doc_no, f"{place}.doc_no", 60)
        line(self.title, f"{place}.title", 120)
        line(self.issuer, f"{place}.issuer", 120)
        day(self.issued_on, f"{place}.issued_on")


def check_unit(uscc: str, unit_code: str, unit_name: str, region: str) -> None:
    """The fields by which a form says whose it is.  Raises ManifestProblem(form-invalid)."""
    need(is_uscc(uscc), "uscc", "not a unified social credit code")
    code(unit_code, "unit_code", 16)
    line(unit_name, "unit_name", 120)
    need(len(region) == 6 and region.isascii() and region.isdigit(), "region", "six digits")


def check_attachments(attachments: Iterable[Attachment]) -> None:
    """All attachments of a form, and that no two have one name.  Raises
    ManifestProblem(form-invalid).
    """
    names: set[str] = set()
    count = 0
    for count, attachment in enumerate(attachments, 1):
        attachment.check(f"attachments[{count - 1}]")
        need(attachment.name not in names, "attachments", "two with one name")
        names.add(attachment.name)
    need(count <= LIMIT_ATTACHMENTS, "attachments", f"at most {LIMIT_ATTACHMENTS}")


def to_body(form: object) -> dict[str, object]:
    """The body map of a manifest: field names as keys, absent instead of null."""
    return cast("dict[str, object]", _plain(form))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    names: Mapping[str, Any] | None = getattr(value, "__dataclass_fields__", None)
    if names is None:
        return value
    fields = {name: _plain(getattr(value, name)) for name in names}
    return {name: content for name, content in fields.items() if content is not None}


Shape = dict[str, tuple[bool, Callable[[object, str], object]]]


def text(value: object, place: str) -> str:
    """A text, of any content."""
    if not isinstance(value, str):
        raise wrong(place, "text")
    return value


def number(value: object, place: str) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(place, "a whole number")
    return value


def octets(value: object, place: str) -> bytes:
    """A byte string."""
    if not isinstance(value, bytes):
        raise wrong(place, "bytes")
    return value


def record(kind: type[T], shape: Shape) -> Callable[[object, str], T]:
    """A reader of a group of fields: exactly those of ``shape``, name -> (required, reader)."""

    def read(value: object, place: str) -> T:
        if not isinstance(value, dict):
            raise wrong(place, "a group of fields")
        fields = cast("dict[object, object]", value)
        inside = place + "." if place else ""
        for name in fields:
            if name not in shape:
                raise wrong(f"{inside}{name}", "no such field")
        for name, (required, _) in shape.items():
            if required and name not in fields:
                raise wrong(f"{inside}{name}", "missing")
        return kind(
            **{
                name: shape[name][1](fields[name], f"{inside}{name}")
                for name in shape
                if name in fields
            }
        )

    return read


def many(one: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    """A reader of a list."""

    def read(value: object, place: str) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise wrong(place, "a list")
        return tuple(
            one(item, f"{place}[{number}]")
            for number, item in enumerate(cast("list[object]", value))
        )

    return read


read_attachment = record(
    Attachment,
    {
        "name": (True, text),
        "media_type": (True, text),
        "size": (True, number),
        "sha256": (True, octets),
        "role": (True, text),
    },
)
read_document = record(
    ApplicationDocument,
    {
        "doc_no": (True, text),
        "title": (True, text),
        "issuer": (True, text),
        "issued_on": (True, text),
    },
)
