"""A form of a business that nobody has: to lend seats of a meeting room (fictitious).

All that a new form is: this file, and one row in the registry, which the test adds.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms.fields import Date, Field, Paragraphs, Whole
from biandun_protocol.forms.form import SUBJECT, TEXT, Attachments, Case, Form


@dataclass(frozen=True, kw_only=True)
class Seats(Form):
    """借用座席: how many seats, from when, and what for."""

    case: Case = None
    seats: Annotated[int, Whole(1, 40, Phrase("席", "seats")), Field("席数", "seats", SUBJECT)]
    lent_on: Annotated[str, Date(), Field("借用日期", "lent on", SUBJECT)]
    purpose: Annotated[str, Paragraphs(200), Field("用途", "purpose", TEXT)]
    attachments: Attachments = ()

    example: ClassVar[dict[str, object]] = {
        "seats": 12,
        "lent_on": "2026-11-20",
        "purpose": "教研会（虚构数据）。",
        "prepared_by": "测试员甲",
    }
