"""主管部门审核意见: the opinion of the supervising department on a filing.

It agrees and adds its application document, or returns the filing.  It names the filing by its
statement id and does not change it.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from biandun_protocol.forms.fields import Choice, Field, Group, Paragraphs
from biandun_protocol.forms.form import (
    DOCUMENT,
    TEXT,
    ApplicationDocument,
    Attachments,
    Form,
    Statement,
    Together,
)
from biandun_protocol.forms.rules import Rule


def _has_its_document(form: "Countersign") -> bool:
    return form.document is not None or form.opinion != "agree"


@dataclass(frozen=True, kw_only=True)
class Countersign(Form):
    """主管部门审核意见: the opinion, and with an agreement the document."""

    statement: Statement
    opinion: Annotated[str, Choice("opinions"), Field("意见", "opinion", TEXT)]
    text: Annotated[str, Paragraphs(2000), Field("意见内容", "in words", TEXT)]
    document: Annotated[
        ApplicationDocument | None,
        Group(ApplicationDocument),
        Field("用编申请文件", "application document", DOCUMENT),
    ] = None
    attachments: Attachments = ()

    case = None
    together: ClassVar[tuple[Together, ...]] = (
        Together(
            "document",
            ("document", "opinion"),
            _has_its_document,
            Rule(
                "同意时应附用编申请文件，退回时不附",
                "the application document goes with an agreement",
                "请填写文号、标题和日期",
                "give its number, title and date",
            ),
        ),
    )
    example: ClassVar[dict[str, object]] = {
        "opinion": "agree",
        "text": "同意申报（虚构数据）。",
        "document": {
            "doc_no": "陇澜教函〔2026〕18号",
            "title": "关于陇澜市第一中学使用编制的申请",
            "issuer": "陇澜市教育局",
            "issued_on": "2026-11-20",
        },
        "prepared_by": "测试员乙",
    }
