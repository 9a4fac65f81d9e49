"""HTTP: cases, for whoever is logged in and may see them."""

from typing import ClassVar

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from biandun_office.access.bearer import BY_LOGIN, reader_of
from biandun_office.flow import selectors, table
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.platform.errors import Refused
from biandun_office.platform.problems import problems
from biandun_protocol.terminal.words import word

PAGE = 20

router = Router(tags=["cases"], auth=BY_LOGIN)


class CaseLineOut(Schema):
    """A case in a list; times are seconds since 1970."""

    number: str
    kind: str
    state: str
    state_name: str
    uscc: str
    unit_name: str
    opened: int


class CasesOut(Schema):
    """One page of cases, newest first; pages count from 1."""

    cases: list[CaseLineOut]
    page: int
    pages: int
    total: int


class CaseStatementOut(Schema):
    """A version of the filing: hexadecimal name, version within the case, time of reception in
    seconds since 1970.
    """

    statement: str
    version: int
    received: int


class StepOut(Schema):
    """A signed step of a case: who did what, from which state to which, and where it stands in the
    log.
    """

    model_config: ClassVar = ConfigDict(populate_by_name=True)

    step: int
    version: int
    purpose: str
    action: str
    before: str = Field(alias="from")
    after: str = Field(alias="to")
    uscc: str
    unit_name: str
    serial: str
    seq: int
    statement: str
    received: int
    opinion: str
    text: str
    leaf_index: int


class CaseOut(CaseLineOut):
    """A case, the versions of its filing, and its signed history, both oldest first."""

    statements: list[CaseStatementOut]
    history: list[StepOut]


class CaseFilter(Schema):
    """Which cases."""

    state: str | None = None
    page: int = Field(1, ge=1, le=1_000_000)


@router.get(
    "/cases", response=CasesOut, openapi_extra=problems("request-invalid", "login-required")
)
def get_cases(request: HttpRequest, wanted: Query[CaseFilter]) -> dict[str, object]:
    """The cases that one may see."""
    cases = selectors.visible_cases(reader_of(request))
    if wanted.state is not None:
        if wanted.state not in table.states():
            raise Refused("request-invalid", field="query.state")
        cases = cases.filter(state=wanted.state)
    total = cases.count()
    start = (wanted.page - 1) * PAGE
    return {
        "cases": [_line(case) for case in cases[start : start + PAGE]],
        "page": wanted.page,
        "pages": -(-total // PAGE),
        "total": total,
    }


@router.get(
    "/cases/{number}",
    response=CaseOut,
    by_alias=True,
    openapi_extra=problems("login-required", "case-not-found"),
)
def get_case(request: HttpRequest, number: str) -> dict[str, object]:
    """Where a case stands and how it came there."""
    case = selectors.visible_case(reader_of(request), number)
    events = list(case.events.select_related("statement__certificate__device"))
    filings = table.filing_actions()
    return {
        **_line(case),
        "statements": [
            {
                "statement": event.statement.statement_id,
                "version": event.version,
                "received": event.statement.received,
            }
            for event in events
            if event.action in filings
        ],
        "history": [_step(event) for event in events],
    }


def _line(case: Case) -> dict[str, object]:
    return {
        "number": case.number,
        "kind": case.kind,
        "state": case.state,
        "state_name": word("state", case.state, "zh"),
        "uscc": case.unit.uscc,
        "unit_name": case.unit.name,
        "opened": case.opened_at,
    }


def _step(event: CaseEvent) -> dict[str, object]:
    statement = event.statement
    names = ("step", "version", "action", "before", "after", "opinion", "text")
    return {
        **{name: getattr(event, name) for name in names},
        "purpose": statement.purpose,
        "uscc": statement.uscc,
        "unit_name": statement.certificate.unit_name,
        "serial": statement.certificate.device.serial,
        "seq": statement.seq,
        "statement": statement.statement_id,
        "received": statement.received,
        "leaf_index": statement.leaf_index,
    }
