"""All forms: for which purpose each is signed, and by whom.

A form's module is imported at first use.  A new form needs a file in this folder and a row here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms.form import Form
from biandun_protocol.wire.numbers import (
    PURPOSE_COUNTERSIGN,
    PURPOSE_DECISION,
    PURPOSE_FILING,
    SCHEMA_COUNTERSIGN,
    SCHEMA_DECISION,
    SCHEMA_FILING,
)

SCHEMAS = {
    PURPOSE_FILING: SCHEMA_FILING,
    PURPOSE_COUNTERSIGN: SCHEMA_COUNTERSIGN,
    PURPOSE_DECISION: SCHEMA_DECISION,
}
SIGNERS = {
    PURPOSE_FILING: Phrase("用编单位", "the unit"),
    PURPOSE_COUNTERSIGN: Phrase("主管部门", "the supervising department"),
    PURPOSE_DECISION: Phrase("编办工作人员", "an officer of the establishment office"),
}


@dataclass(frozen=True)
class Row:
    """A form.

    ``form_type`` is the type in the summary of its manifest.  A form that opens a case also has the
    ``letters`` of the case's number and the name of its ``business``.
    """

    purpose: str
    form_type: str
    module: str
    class_name: str
    title: Phrase
    letters: str = ""
    business: Phrase | None = None

    @property
    def schema(self) -> str:
        """The schema name in field 0 of the summary."""
        return SCHEMAS[self.purpose]

    @property
    def signer(self) -> Phrase:
        """Who signs the form."""
        return SIGNERS[self.purpose]

    @property
    def form(self) -> type[Form]:
        """The class of the form."""
        return _class(self.module, self.class_name)


@cache
def _class(module: str, name: str) -> type[Form]:
    found: type[Form] = getattr(import_module(module), name)
    return found


def _rows(*rows: Row) -> dict[tuple[str, str], Row]:
    return {(row.purpose, row.form_type): row for row in rows}


_HERE = "biandun_protocol.forms."
USE_APPROVAL, COUNTERSIGN, DECISION = "use-approval", "countersign", "decision"
FORMS: dict[tuple[str, str], Row] = _rows(
    Row(
        PURPOSE_FILING,
        USE_APPROVAL,
        _HERE + "use_approval",
        "UseApproval",
        Phrase("编制使用核准申请表", "application to use places"),
        "HB",
        Phrase("编制使用核准", "use approval"),
    ),
    Row(
        PURPOSE_COUNTERSIGN,
        COUNTERSIGN,
        _HERE + "countersign",
        "Countersign",
        Phrase("主管部门审核意见", "opinion of the supervising department"),
    ),
    Row(
        PURPOSE_DECISION,
        DECISION,
        _HERE + "decision",
        "Decision",
        Phrase("编办意见", "decision of the establishment office"),
    ),
)
# the same rows by module and class name, so that the class need not be imported
OF_CLASSES = {(row.module, row.class_name): row for row in FORMS.values()}


def row_of(form: Form) -> Row:
    """Return the row of a form.  Raises KeyError for a class without one."""
    kind = type(form)
    return OF_CLASSES[kind.__module__, kind.__name__]


def of_type(name: str) -> Row:
    """Return the row of a type, for any purpose.  Raises KeyError."""
    for row in FORMS.values():
        if row.form_type == name:
            return row
    raise KeyError(name)


def business_of(letters: str) -> Phrase | None:
    """Return the name of the business with these letters in its case numbers; None without one."""
    return next((row.business for row in FORMS.values() if row.letters == letters), None)


def types(purpose: str | None = None) -> Iterator[str]:
    """Yield the types of forms, of one purpose or of all."""
    return (row.form_type for row in FORMS.values() if purpose in (None, row.purpose))
