"""编制使用核准: a unit asks to use vacant places.

The procedure: docs/design/office.md, "Establishment-use approval".
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms.fields import Choice, Field, Group, Many, Paragraphs, Uscc, Whole
from biandun_protocol.forms.form import (
    DOCUMENT,
    SUBJECT,
    TEXT,
    UNIT,
    ApplicationDocument,
    Attachments,
    Case,
    Form,
    Shape,
    Together,
)
from biandun_protocol.forms.rules import Rule


@dataclass(frozen=True, kw_only=True)
class UseItem(Shape):
    """Places asked for: one kind of quota, one way to fill it."""

    quota_type: Annotated[str, Choice("quota_types"), Field("编制类别", "kind of places")]
    funding_form: Annotated[str, Choice("funding_forms"), Field("经费形式", "funding")]
    number: Annotated[int, Whole(1, 999, Phrase("名", "places")), Field("名额", "places")]
    entry_method: Annotated[str, Choice("entry_methods"), Field("进入方式", "way to enter")]
    post_category: Annotated[str, Choice("post_categories"), Field("岗位类别", "category of post")]
    duties: Annotated[str | None, Paragraphs(500), Field("岗位职责", "duties")] = None


def _is_another_unit(form: "UseApproval") -> bool:
    return form.supervisor_uscc != form.uscc


@dataclass(frozen=True, kw_only=True)
class UseApproval(Form):
    """编制使用核准: what the unit asks for, and why."""

    supervisor_uscc: Annotated[
        str | None,
        Uscc(),
        Field(
            "主管部门",
            "supervising department",
            UNIT,
            Phrase(
                "主管部门的统一社会信用代码，没有主管部门的不填",
                "its unified social credit code; left out where there is none",
            ),
        ),
    ] = None
    case: Case = None
    items: Annotated[
        tuple[UseItem, ...],
        Many(Group(UseItem), 1, 20),
        Field("用编事项", "places asked for", SUBJECT),
    ]
    reason: Annotated[str, Paragraphs(2000), Field("申请理由", "reasons given", TEXT)]
    application_document: Annotated[
        ApplicationDocument | None,
        Group(ApplicationDocument),
        Field("用编申请文件", "application document", DOCUMENT),
    ] = None
    attachments: Attachments = ()

    together: ClassVar[tuple[Together, ...]] = (
        Together(
            "supervisor_uscc",
            ("supervisor_uscc", "uscc"),
            _is_another_unit,
            Rule(
                "不能是本单位",
                "the unit itself",
                "请填写主管部门的代码；没有主管部门的，删去这一项",
                "write that of the supervising department, or leave it out",
            ),
        ),
    )
    example: ClassVar[dict[str, object]] = {
        "supervisor_uscc": "11629900MB0000019C",
        "items": [
            {
                "quota_type": "INS",
                "funding_form": "FULL",
                "number": 2,
                "entry_method": "INST_RECRUIT",
                "post_category": "PROF",
                "duties": "高中物理教学",
            }
        ],
        "reason": "两名教师退休，空编两名，拟公开招聘补充（虚构数据）。",
        "prepared_by": "测试员甲",
        "application_document": {
            "doc_no": "陇澜教函〔2026〕18号",
            "title": "关于陇澜市第一中学使用编制的申请",
            "issuer": "陇澜市教育局",
            "issued_on": "2026-11-20",
        },
    }
