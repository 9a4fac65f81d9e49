"""HTTP: cases."""

from django.http import HttpRequest
from ninja import Router, Schema

from biandun_office.flow import selectors
from biandun_office.problems import problems

router = Router(tags=["cases"])


class CaseStatementOut(Schema):
    """A statement of a case: hexadecimal name, version within the case, time of reception in seconds since 1970."""

    statement: str
    version: int
    received: int


class CaseOut(Schema):
    """A case and the statements that it holds, oldest first."""

    number: str
    kind: str
    state: str
    state_name: str
    uscc: str
    unit_name: str
    opened: int
    statements: list[CaseStatementOut]


@router.get("/cases/{number}", response=CaseOut, openapi_extra=problems("case-not-found"))
def get_case(request: HttpRequest, number: str) -> dict[str, object]:  # noqa: ARG001
    """Where a case stands."""
    case = selectors.case_by_number(number)
    return {
        "number": case.number,
        "kind": case.kind,
        "state": case.state,
        "state_name": case.get_state_display(),
        "uscc": case.unit.uscc,
        "unit_name": case.unit.name,
        "opened": case.opened_at,
        "statements": [
            {"statement": entry.statement.statement_id, "version": entry.version, "received": entry.statement.received}
            for entry in case.entries.select_related("statement")
        ],
    }
