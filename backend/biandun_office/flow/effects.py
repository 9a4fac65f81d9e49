"""What a signed form does to a case: a table from the form's purpose and type to its effect.

Reception uses it when a statement is accepted, ``replay`` when cases are derived again from the
log; both find the action of a form with ``action_for``.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.utils import timezone

from biandun_office.flow import selectors
from biandun_office.flow.business import AGAIN, FIRST, NONE, Action, Business
from biandun_office.flow.models import Case
from biandun_office.flow.moves import Cases, Move, next_move
from biandun_office.flow.table import BUSINESSES
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Unit
from biandun_office.registry.selectors import office_of
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import COUNTERSIGN, DECISION, row_of
from biandun_protocol.wire.numbers import PURPOSE_COUNTERSIGN, PURPOSE_DECISION, PURPOSE_FILING

F = TypeVar("F")


class Effect(ABC, Generic[F]):
    """What forms of one purpose and type do to a case."""

    @abstractmethod
    def says(self, form: F) -> str:
        """The ``word`` of the form, by which its business finds the action (``business.Step``)."""

    def reads_cases(self, form: F) -> bool:  # noqa: ARG002
        """Does ``move`` read cases of earlier statements from the database?"""
        return True

    @abstractmethod
    def move(self, form: F, unit: Unit, received: int, cases: Cases) -> Move:
        """The step that a statement of ``unit``, received at ``received``, makes in its case.

        Raises Refused as ``services.take``.
        """

    @abstractmethod
    def is_about(self, form: F, number: str, filing: str | None) -> bool:
        """Is the form about case ``number`` and, where it names a filing, about ``filing``?

        ``filing`` is the statement id of the newest filing that the case had when the form was
        received.
        """


class _Filing(Effect[Form]):
    """A filing opens a case, or is the next version of one that was returned."""

    def says(self, form: Form) -> str:
        return FIRST if form.case is None else AGAIN

    def reads_cases(self, form: Form) -> bool:
        return form.case is not None

    def move(self, form: Form, unit: Unit, received: int, cases: Cases) -> Move:
        if form.case is not None:
            return self._again(form, selectors.case_of_unit(form.case, unit.uscc), unit)
        return self._first(form, unit, received, cases)

    def _first(self, form: Form, unit: Unit, received: int, cases: Cases) -> Move:
        """Open a case.

        Its number is the next one of the unit's region, the business and the year of reception
        (China Standard Time).
        """
        business = business_of(row_of(form).form_type)
        action = _due(PURPOSE_FILING, form, NONE, business, "case-not-open")
        year = datetime.fromtimestamp(received, timezone.get_default_timezone()).year
        kind, state = business.letters, business.waits_for(unit)
        sequence = cases.next(unit.region, kind, year)
        number = f"{unit.region}{kind}{year}{sequence:06d}"
        case = cases.pending.insert_numbered(
            Case, "number", number, kind, unit.region, year, sequence, unit.pk, state, received
        )
        return Move(case, number, action, NONE, state, step=1, version=1)

    def _again(self, form: Form, case: Case, unit: Unit) -> Move:
        business = BUSINESSES[case.kind]
        action = _due(PURPOSE_FILING, form, case.state, business, "case-not-open")
        version = selectors.newest_filing(case).version + 1
        return next_move(case, action, business.waits_for(unit), version)

    def is_about(self, form: Form, number: str, filing: str | None) -> bool:  # noqa: ARG002
        return form.case in (None, number)


class _Countersignature(Effect[Countersign]):
    """A supervisor agrees with a filing, or returns it."""

    def says(self, form: Countersign) -> str:
        return form.opinion

    def move(self, form: Countersign, unit: Unit, received: int, cases: Cases) -> Move:  # noqa: ARG002
        filing = selectors.filing_event(form.statement.hex())
        case = filing.case
        if case.unit.supervisor_id != unit.pk:
            raise Refused("not-supervisor")
        action = _due(
            PURPOSE_COUNTERSIGN, form, case.state, BUSINESSES[case.kind], "countersign-not-due"
        )
        if selectors.newest_filing(case).pk != filing.pk:
            raise Refused("countersign-not-due")
        return next_move(case, action, action.target, filing.version, form.opinion, form.text)

    def is_about(self, form: Countersign, number: str, filing: str | None) -> bool:  # noqa: ARG002
        return form.statement.hex() == filing


class _Decision(Effect[Decision]):
    """The office accepts a filing for review, or returns it."""

    def says(self, form: Decision) -> str:
        return form.decision

    def move(self, form: Decision, unit: Unit, received: int, cases: Cases) -> Move:  # noqa: ARG002
        office = office_of(unit)
        if office is None:
            raise Refused("not-officer")
        case = selectors.case_of_office(form.case, office)
        action = _due(PURPOSE_DECISION, form, case.state, BUSINESSES[case.kind], "decision-not-due")
        filing = selectors.newest_filing(case)
        if filing.statement.statement_id != form.statement.hex():
            raise Refused("decision-mismatch")
        return next_move(case, action, action.target, filing.version, form.decision, form.text)

    def is_about(self, form: Decision, number: str, filing: str | None) -> bool:  # noqa: ARG002
        return form.statement.hex() == filing


_FILING = _Filing()
EFFECTS: dict[tuple[str, str], Effect[Any]] = {
    (PURPOSE_COUNTERSIGN, COUNTERSIGN): _Countersignature(),
    (PURPOSE_DECISION, DECISION): _Decision(),
}


def effect_of(purpose: str, form: Form) -> Effect[Any]:
    """The effect of a form that was signed for ``purpose``.

    Filings of every business have the same effect.  Raises KeyError for a form that changes no
    case.
    """
    if purpose == PURPOSE_FILING:
        return _FILING
    return EFFECTS[purpose, row_of(form).form_type]


def business_of(filing_type: str) -> Business:
    """The business whose filings have this form type.  Raises Refused(schema-unknown)."""
    for business in BUSINESSES.values():
        if business.filing_type == filing_type:
            return business
    raise Refused("schema-unknown", schema=filing_type)


def action_for(purpose: str, form: Form, state: str, business: Business) -> Action | None:
    """The action of a form on a case of ``business`` in ``state``; None if not allowed there."""
    said = effect_of(purpose, form).says(form)
    action = business.actions.get(((purpose, row_of(form).form_type), said))
    return action if action is not None and state in action.sources else None


def _due(purpose: str, form: Form, state: str, business: Business, code: str) -> Action:
    """As ``action_for``, but raises Refused(code) when the form is not allowed."""
    action = action_for(purpose, form, state, business)
    if action is None:
        raise Refused(code)
    return action
