"""编办意见: the establishment office accepts a filing for review, or sends it back."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from biandun_protocol.forms.fields import Choice, Code, Field, Paragraphs
from biandun_protocol.forms.form import SUBJECT, TEXT, Form, Statement


@dataclass(frozen=True, kw_only=True)
class Decision(Form):
    """编办意见: about the newest filing of a case."""

    case: Annotated[str, Code(32), Field("业务编号", "case", SUBJECT)]
    statement: Statement
    decision: Annotated[str, Choice("decisions"), Field("意见", "decision", TEXT)]
    text: Annotated[str, Paragraphs(2000), Field("理由", "in words", TEXT)]

    attachments = ()
    example: ClassVar[dict[str, object]] = {
        "case": "629900HB2026000001",
        "decision": "accept",
        "text": "材料齐全，予以受理（虚构数据）。",
        "prepared_by": "测试员丙",
    }
