"""The base of all forms, and groups of fields that several forms have.

A form is a frozen dataclass in a file of its own; ``registry`` has the purpose for which it is
signed.  Its body in a manifest is a CBOR map by field names; an absent field is left out, never
null.  Creating an object checks nothing: ``reading.checked_body``, ``package.build`` and reading a
manifest do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, cast

from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms.fields import (
    Choice,
    Code,
    Date,
    Field,
    FileName,
    Group,
    Line,
    Many,
    Octets,
    Region,
    Section,
    Uscc,
    Whole,
    described,
)
from biandun_protocol.forms.rules import Rule
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT, LIMIT_ATTACHMENTS

UNIT = Section("单位", "Unit", 10)
SUBJECT = Section("事项", "Subject", 20)
TEXT = Section("理由与意见", "Reasons", 30)
DOCUMENT = Section("文件", "Document", 40)
FILES = Section("附件", "Attachments", 50)
PREPARED = Section("经办", "Prepared by", 60)


class Together(NamedTuple):
    """A rule about several fields.

    ``place`` is the field to correct.  ``holds`` is called when each of ``fields`` by itself is
    valid, with an object that has them as attributes.
    """

    place: str
    fields: tuple[str, ...]
    holds: Callable[[Any], bool]
    broken: Rule


class Shape:
    """A class whose fields are read strictly: the described ones and no others."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid"}


@dataclass(frozen=True, kw_only=True)
class Attachment(Shape):
    """A file named by its digest.

    The file itself is sent beside the manifest and never to the key.
    """

    name: Annotated[str, FileName(), Field("文件名", "file")]
    media_type: Annotated[str, Choice("media_types"), Field("格式", "format")]
    size: Annotated[int, Whole(1, LIMIT_ATTACHMENT, Phrase("字节", "bytes")), Field("大小", "size")]
    sha256: Annotated[bytes, Octets(), Field("SHA-256", "SHA-256")]
    role: Annotated[str, Choice("attachment_roles"), Field("类别", "what it is")]


@dataclass(frozen=True, kw_only=True)
class ApplicationDocument(Shape):
    """An official document (公文), by the data in its heading."""

    doc_no: Annotated[
        str,
        Line(60),
        Field(
            "文号",
            "number",
            help=Phrase(
                "照文件抄写，如 陇澜教函〔2026〕18号",
                "as on the document",
            ),
        ),
    ]
    title: Annotated[str, Line(120), Field("标题", "title")]
    issuer: Annotated[str, Line(120), Field("发文机关", "issued by")]
    issued_on: Annotated[str, Date(), Field("成文日期", "date")]


Attachments = Annotated[
    tuple[Attachment, ...],
    Many(Group(Attachment), 0, LIMIT_ATTACHMENTS, unique="name"),
    Field(
        "附件",
        "attachments",
        FILES,
        Phrase(
            "由 filing prepare --attach 填写，不必写在表单里",
            "filled in by filing prepare --attach; leave it out",
        ),
    ),
]
Case = Annotated[
    str | None,
    Code(32),
    Field(
        "业务编号",
        "case",
        SUBJECT,
        Phrase("退回后重新申报时填写", "when a case was returned and is filed again"),
    ),
]
Statement = Annotated[bytes, Octets(), Field("所针对的签名编号", "statement it speaks of", SUBJECT)]


@dataclass(frozen=True, kw_only=True)
class Form(Shape):
    """The fields of every form: whose it is and who prepared it.

    The summary of a manifest repeats ``case`` and ``attachments``; a form without such a field sets
    ``case = None`` or ``attachments = ()``.
    """

    if TYPE_CHECKING:
        case: str | None = field(init=False)
        attachments: tuple[Attachment, ...] = field(init=False)

    together: ClassVar[tuple[Together, ...]] = ()
    example: ClassVar[dict[str, object]] = {}

    uscc: Annotated[str, Uscc(), Field("统一社会信用代码", "unified code", UNIT)]
    unit_code: Annotated[str, Code(16), Field("机构编码", "unit code", UNIT)]
    unit_name: Annotated[str, Line(120), Field("单位名称", "unit", UNIT)]
    region: Annotated[str, Region(), Field("行政区划", "region", UNIT)]
    prepared_by: Annotated[str, Line(40), Field("经办人", "prepared by", PREPARED)]
    prepared_on: Annotated[
        str,
        Date(),
        Field("填报日期", "date", PREPARED, Phrase("不填写时为当天", "today, when left out")),
    ]


def to_body(form: object) -> dict[str, Any]:
    """Return the body of a manifest: a map by field names, without absent fields."""
    return cast("dict[str, Any]", _plain(form))


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    if not isinstance(value, Shape):
        return value
    fields = {name: _plain(getattr(value, name)) for name in described(type(value))}
    return {name: content for name, content in fields.items() if content is not None}
