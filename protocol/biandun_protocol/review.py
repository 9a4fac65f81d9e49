"""What others say of a filing: the supervisor's countersignature and the office's decision, each
signed by its own key.

They name the filing by its statement id and never touch it.  A case moves only by such statements.
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
    octets,
    read_attachment,
    read_document,
    record,
    text,
)

OPINIONS = {"agree": "同意", "return": "退回修改"}
DECISIONS = {"accept": "受理", "return": "退回修改"}


@dataclass(frozen=True, kw_only=True)
class Countersign:
    """主管部门审核意见: the supervising department agrees and adds its application document, or
    sends the filing back.
    """

    uscc: str
    unit_code: str
    unit_name: str
    region: str
    statement: bytes
    opinion: str
    text: str
    document: ApplicationDocument | None = None
    attachments: tuple[Attachment, ...] = field(default=())
    prepared_by: str
    prepared_on: str

    form_type = "countersign"
    case = None

    def check(self) -> None:
        """Check every field.  Raises ManifestProblem(form-invalid) with the first place that breaks
        a rule.
        """
        check_unit(self.uscc, self.unit_code, self.unit_name, self.region)
        need(len(self.statement) == 32, "statement", "32 bytes")
        need(self.opinion in OPINIONS, "opinion", f"one of {', '.join(OPINIONS)}")
        lines(self.text, "text", 2000)
        if self.document is not None:
            self.document.check("document")
        need(
            self.document is not None or self.opinion != "agree",
            "document",
            "the application document goes with an agreement",
        )
        check_attachments(self.attachments)
        line(self.prepared_by, "prepared_by", 40)
        day(self.prepared_on, "prepared_on")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """编办意见: the establishment office accepts a filing for review, or sends it back."""

    uscc: str
    unit_code: str
    unit_name: str
    region: str
    case: str
    statement: bytes
    decision: str
    text: str
    prepared_by: str
    prepared_on: str

    form_type = "decision"
    attachments: tuple[Attachment, ...] = field(default=(), init=False)

    def check(self) -> None:
        """Check every field.  Raises ManifestProblem(form-invalid) with the first place that breaks
        a rule.
        """
        check_unit(self.uscc, self.unit_code, self.unit_name, self.region)
        code(self.case, "case", 32)
        need(len(self.statement) == 32, "statement", "32 bytes")
        need(self.decision in DECISIONS, "decision", f"one of {', '.join(DECISIONS)}")
        lines(self.text, "text", 2000)
        line(self.prepared_by, "prepared_by", 40)
        day(self.prepared_on, "prepared_on")


_UNIT = {
    "uscc": (True, text),
    "unit_code": (True, text),
    "unit_name": (True, text),
    "region": (True, text),
}
_PREPARED = {"prepared_by": (True, text), "prepared_on": (True, text)}
_read_countersign = record(
    Countersign,
    {
        **_UNIT,
        "statement": (True, octets),
        "opinion": (True, text),
        "text": (True, text),
        "document": (False, read_document),
        "attachments": (False, many(read_attachment)),
        **_PREPARED,
    },
)
_read_decision = record(
    Decision,
    {
        **_UNIT,
        "case": (True, text),
        "statement": (True, octets),
        "decision": (True, text),
        "text": (True, text),
        **_PREPARED,
    },
)


def read_countersign(body: object) -> Countersign:
    """Read the body of a countersignature and check it.  Raises ManifestProblem(form-invalid)."""
    form = _read_countersign(body, "")
    form.check()
    return form


def read_decision(body: object) -> Decision:
    """Read the body of a decision and check it.  Raises ManifestProblem(form-invalid)."""
    form = _read_decision(body, "")
    form.check()
    return form
