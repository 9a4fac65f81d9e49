"""Filings as plain typed values: what a clerk fills in, before anything is signed.

One class a business.  The body of a manifest is such a value as a CBOR map with text keys, so that it can be read without
this program in ten years; ``filing.cddl`` is its grammar.  The rules here need the unit's own data only.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar, cast

from biandun_protocol.errors import ManifestProblem
from biandun_protocol.identifiers import is_uscc
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT, LIMIT_ATTACHMENTS

USE_APPROVAL = "use-approval"

QUOTA_TYPES = {
    "ADM": "行政编制",
    "ADM_PL": "政法专项编制",
    "SUP": "机关工勤编制",
    "ADM_OTH": "机关其他编制",
    "INS": "事业编制",
    "INS_CS": "参公事业编制",
    "REV": "周转编制",
    "SPC": "专项编制",
}
FUNDING_FORMS = {"FULL": "全额拨款", "PARTIAL": "差额补贴", "SELF": "自收自支", "ENT": "企业化管理"}
ENTRY_METHODS = {
    "CS_EXAM": "公务员考录",
    "INST_RECRUIT": "公开招聘",
    "TALENT": "人才引进",
    "TRANSFER_IN": "调入",
    "ROTATE_IN": "转任",
    "APPOINT_IN": "调任",
    "MIL_OFFICER": "军转干部安置",
    "MIL_SOLDIER": "退役士兵安置",
    "SELECTED_GRAD": "选调生",
    "SUPPORT_PROG": "三支一扶",
    "SPECIAL_TEACHER": "特岗教师",
    "ORG_MOVE": "机构划转",
}
POST_CATEGORIES = {"MGMT": "管理岗位", "PROF": "专业技术岗位", "SKILL": "工勤技能岗位", "SPECIAL": "特设岗位"}
ATTACHMENT_ROLES = {"application_document": "用编申请文件", "minutes": "会议纪要", "other": "其他材料"}
# Refused by category: control, format (they can reorder what is read), surrogate, line and paragraph separator.  Not by
# isprintable(), which refuses the ideographic space and every character newer than the Python at hand: rare names use them.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
MEDIA_TYPES = ("application/pdf", "application/ofd", "image/jpeg", "image/png")

T = TypeVar("T")


def _wrong(place: str, rule: str) -> ManifestProblem:
    return ManifestProblem("form-invalid", field=place, rule=rule)


def _need(condition: bool, place: str, rule: str) -> None:
    if not condition:
        raise _wrong(place, rule)


def _line(value: str, place: str, size: int) -> None:
    _need(bool(value.strip()) and value == value.strip(), place, "blank or with blanks around it")
    _need(len(value) <= size, place, f"longer than {size} characters")
    _need(not any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in value), place, "control characters")


def _lines(value: str, place: str, size: int) -> None:
    """Text of one or more paragraphs; LF alone ends a line, so that one text has one spelling."""
    for line in value.split("\n"):
        _need(line == line.rstrip(), place, "blanks at the end of a line")
        _need(not any(unicodedata.category(character) in _REFUSED_CATEGORIES for character in line), place, "control characters")
    _need(value == value.strip() != "", place, "blank or with blanks around it")
    _need(len(value) <= size, place, f"longer than {size} characters")


def _code(value: str, place: str, size: int) -> None:
    _line(value, place, size)
    _need(len(value.encode()) <= size, place, f"longer than {size} bytes")  # the key's header and summary count bytes


def _date(value: str, place: str) -> None:
    try:
        good = date.fromisoformat(value).isoformat() == value
    except ValueError:
        good = False
    _need(good, place, "not a date like 2026-11-24")


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file named by its digest; the file itself travels beside the manifest and never through the key."""

    name: str
    media_type: str
    size: int
    sha256: bytes
    role: str

    def check(self, place: str) -> None:
        """Raise ManifestProblem(form-invalid) with the field that breaks a rule."""
        _line(self.name, f"{place}.name", 120)
        _need(not set(self.name) & set('/\\:*?"<>|'), f"{place}.name", "characters that a file name cannot have")
        _need(self.media_type in MEDIA_TYPES, f"{place}.media_type", f"one of {', '.join(MEDIA_TYPES)}")
        _need(0 < self.size <= LIMIT_ATTACHMENT, f"{place}.size", f"1 to {LIMIT_ATTACHMENT} bytes")
        _need(len(self.sha256) == 32, f"{place}.sha256", "32 bytes")
        _need(self.role in ATTACHMENT_ROLES, f"{place}.role", f"one of {', '.join(ATTACHMENT_ROLES)}")


@dataclass(frozen=True, kw_only=True)
class UseItem:
    """Places asked for: one kind of quota, one way to fill it."""

    quota_type: str
    funding_form: str
    number: int
    entry_method: str
    post_category: str
    duties: str | None = None

    def check(self, place: str) -> None:
        """Raise ManifestProblem(form-invalid) with the field that breaks a rule."""
        for name, value, table in (
            ("quota_type", self.quota_type, QUOTA_TYPES),
            ("funding_form", self.funding_form, FUNDING_FORMS),
            ("entry_method", self.entry_method, ENTRY_METHODS),
            ("post_category", self.post_category, POST_CATEGORIES),
        ):
            _need(value in table, f"{place}.{name}", f"one of {', '.join(table)}")
        _need(1 <= self.number <= 999, f"{place}.number", "1 to 999 places")
        if self.duties is not None:
            _lines(self.duties, f"{place}.duties", 500)


@dataclass(frozen=True, kw_only=True)
class ApplicationDocument:
    """用编申请文件: the official letter that goes with the filing."""

    doc_no: str
    title: str
    issuer: str
    issued_on: str

    def check(self, place: str) -> None:
        """Raise ManifestProblem(form-invalid) with the field that breaks a rule."""
        _line(self.doc_no, f"{place}.doc_no", 60)
        _line(self.title, f"{place}.title", 120)
        _line(self.issuer, f"{place}.issuer", 120)
        _date(self.issued_on, f"{place}.issued_on")


@dataclass(frozen=True, kw_only=True)
class UseApproval:
    """编制使用核准: a unit asks to use vacant places (DOMAIN section 3.1)."""

    uscc: str
    unit_code: str
    unit_name: str
    region: str
    supervisor_uscc: str | None = None
    items: tuple[UseItem, ...]
    reason: str
    prepared_by: str
    prepared_on: str
    application_document: ApplicationDocument | None = None
    attachments: tuple[Attachment, ...] = field(default=())
    case: str | None = None

    filing_type = USE_APPROVAL

    def check(self) -> None:
        """Check every field.  Raises ManifestProblem(form-invalid) with the first place that breaks a rule."""
        _need(is_uscc(self.uscc), "uscc", "not a unified social credit code")
        _code(self.unit_code, "unit_code", 16)
        _line(self.unit_name, "unit_name", 120)
        _need(len(self.region) == 6 and self.region.isascii() and self.region.isdigit(), "region", "six digits")
        if self.supervisor_uscc is not None:
            _need(is_uscc(self.supervisor_uscc), "supervisor_uscc", "not a unified social credit code")
            _need(self.supervisor_uscc != self.uscc, "supervisor_uscc", "the unit itself")
        _need(1 <= len(self.items) <= 20, "items", "1 to 20 items")
        for number, item in enumerate(self.items):
            item.check(f"items[{number}]")
        _lines(self.reason, "reason", 2000)
        _line(self.prepared_by, "prepared_by", 40)
        _date(self.prepared_on, "prepared_on")
        if self.application_document is not None:
            self.application_document.check("application_document")
        _need(len(self.attachments) <= LIMIT_ATTACHMENTS, "attachments", f"at most {LIMIT_ATTACHMENTS}")
        for number, attachment in enumerate(self.attachments):
            attachment.check(f"attachments[{number}]")
        names = [attachment.name for attachment in self.attachments]
        _need(len(set(names)) == len(names), "attachments", "two with one name")
        if self.case is not None:
            _code(self.case, "case", 32)


def to_body(filing: UseApproval) -> dict[str, object]:
    """The body map of a manifest: field names as keys, absent instead of null."""
    return cast("dict[str, object]", _plain(filing))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    names: Mapping[str, Any] | None = getattr(value, "__dataclass_fields__", None)
    if names is None:
        return value
    fields = {name: _plain(getattr(value, name)) for name in names}
    return {name: content for name, content in fields.items() if content is not None}


_Shape = dict[str, tuple[bool, Callable[[object, str], object]]]


def _text(value: object, place: str) -> str:
    if not isinstance(value, str):
        raise _wrong(place, "text")
    return value


def _number(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(place, "a whole number")
    return value


def _bytes(value: object, place: str) -> bytes:
    if not isinstance(value, bytes):
        raise _wrong(place, "bytes")
    return value


def _record(kind: type[T], shape: _Shape) -> Callable[[object, str], T]:
    def read(value: object, place: str) -> T:
        if not isinstance(value, dict):
            raise _wrong(place, "a group of fields")
        fields = cast("dict[object, object]", value)
        inside = place + "." if place else ""
        for name in fields:
            if name not in shape:
                raise _wrong(f"{inside}{name}", "no such field")
        for name, (required, _) in shape.items():
            if required and name not in fields:
                raise _wrong(f"{inside}{name}", "missing")
        return kind(**{name: shape[name][1](fields[name], f"{inside}{name}") for name in shape if name in fields})

    return read


def _many(one: Callable[[object, str], T]) -> Callable[[object, str], tuple[T, ...]]:
    def read(value: object, place: str) -> tuple[T, ...]:
        if not isinstance(value, list | tuple):
            raise _wrong(place, "a list")
        return tuple(one(item, f"{place}[{number}]") for number, item in enumerate(cast("list[object]", value)))

    return read


_read_attachment = _record(
    Attachment,
    {"name": (True, _text), "media_type": (True, _text), "size": (True, _number), "sha256": (True, _bytes), "role": (True, _text)},
)
_read_item = _record(
    UseItem,
    {
        "quota_type": (True, _text),
        "funding_form": (True, _text),
        "number": (True, _number),
        "entry_method": (True, _text),
        "post_category": (True, _text),
        "duties": (False, _text),
    },
)
_read_document = _record(
    ApplicationDocument,
    {"doc_no": (True, _text), "title": (True, _text), "issuer": (True, _text), "issued_on": (True, _text)},
)
_read_use_approval = _record(
    UseApproval,
    {
        "uscc": (True, _text),
        "unit_code": (True, _text),
        "unit_name": (True, _text),
        "region": (True, _text),
        "supervisor_uscc": (False, _text),
        "items": (True, _many(_read_item)),
        "reason": (True, _text),
        "prepared_by": (True, _text),
        "prepared_on": (True, _text),
        "application_document": (False, _read_document),
        "attachments": (False, _many(_read_attachment)),
        "case": (False, _text),
    },
)


def from_body(body: object) -> UseApproval:
    """Read the body of a manifest or a form file and check it.  Raises ManifestProblem(form-invalid)."""
    filing = _read_use_approval(body, "")
    filing.check()
    return filing
