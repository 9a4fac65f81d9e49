"""Filings as plain typed values: what a clerk fills in, before anything is signed.

One class a business.  The body of a manifest is such a value as a CBOR map with text keys, so that
it can be read without this program in ten years; ``filing.cddl`` is its grammar.  The rules here
need the unit's own data only.
"""

from dataclasses import dataclass, field

from biandun_protocol.forms import (
    ApplicationDocument,
    Attachment,
    check_attachments,
    check_unit,
    code,
    day,
    line,
    lines,
    many,
    need,
    number,
    read_attachment,
    read_document,
    record,
    text,
)
from biandun_protocol.identifiers import is_uscc

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
POST_CATEGORIES = {
    "MGMT": "管理岗位",
    "PROF": "专业技术岗位",
    "SKILL": "工勤技能岗位",
    "SPECIAL": "特设岗位",
}


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
            need(value in table, f"{place}.{name}", f"one of {', '.join(table)}")
        need(1 <= self.number <= 999, f"{place}.number", "1 to 999 places")
        if self.duties is not None:
            lines(self.duties, f"{place}.duties", 500)


@dataclass(frozen=True, kw_only=True)
class UseApproval:
    """编制使用核准: a unit asks to use vacant places (docs/design/office.md, "Establishment-use
    approval").
    """

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

    form_type = USE_APPROVAL

    def check(self) -> None:
        """Check every field.  Raises ManifestProblem(form-invalid) with the first place that breaks
        a rule.
        """
        check_unit(self.uscc, self.unit_code, self.unit_name, self.region)
        if self.supervisor_uscc is not None:
            need(
                is_uscc(self.supervisor_uscc), "supervisor_uscc", "not a unified social credit code"
            )
            need(self.supervisor_uscc != self.uscc, "supervisor_uscc", "the unit itself")
        need(1 <= len(self.items) <= 20, "items", "1 to 20 items")
        for index, item in enumerate(self.items):
            item.check(f"items[{index}]")
        lines(self.reason, "reason", 2000)
        line(self.prepared_by, "prepared_by", 40)
        day(self.prepared_on, "prepared_on")
        if self.application_document is not None:
            self.application_document.check("application_document")
        check_attachments(self.attachments)
        if self.case is not None:
            code(self.case, "case", 32)


_read_item = record(
    UseItem,
    {
        "quota_type": (True, text),
        "funding_form": (True, text),
        "number": (True, number),
        "entry_method": (True, text),
        "post_category": (True, text),
        "duties": (False, text),
    },
)
_read_use_approval = record(
    UseApproval,
    {
        "uscc": (True, text),
        "unit_code": (True, text),
        "unit_name": (True, text),
        "region": (True, text),
        "supervisor_uscc": (False, text),
        "items": (True, many(_read_item)),
        "reason": (True, text),
        "prepared_by": (True, text),
        "prepared_on": (True, text),
        "application_document": (False, read_document),
        "attachments": (False, many(read_attachment)),
        "case": (False, text),
    },
)


def from_body(body: object) -> UseApproval:
    """Read the body of a manifest or a form file and check it.  Raises
    ManifestProblem(form-invalid).
    """
    filing = _read_use_approval(body, "")
    filing.check()
    return filing
