"""Reads of cases."""

from django.db.models import Q, QuerySet

from biandun_office.access.roles import OFFICER, SUPERVISOR, UNIT
from biandun_office.access.selectors import Reader
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.flow.table import filing_actions
from biandun_office.platform import sql
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Office

_NUMBER = (
    "SELECT flow_case.number FROM flow_caseevent JOIN flow_case ON flow_case.id = flow_caseevent.case_id"  # noqa: E501
    " WHERE flow_caseevent.statement_id = %s"
)


def case_by_number(number: str) -> Case:
    """The case with its unit.  Raises Refused(case-not-found)."""
    case = Case.objects.select_related("unit").filter(number=number).first()
    if case is None:
        raise Refused("case-not-found")
    return case


def case_of_unit(number: str, uscc: str) -> Case:
    """The case, if it is one of that unit.

    Raises Refused(case-not-found), also for another unit's case.
    """
    case = case_by_number(number)
    if case.unit.uscc != uscc:
        raise Refused("case-not-found")
    return case


def case_of_office(number: str, office: Office) -> Case:
    """The case, if its unit is governed by the office.  Raises Refused(case-not-found)."""
    case = case_by_number(number)
    if case.unit.office_id != office.pk:
        raise Refused("case-not-found")
    return case


def newest_filing(case: Case) -> CaseEvent:
    """The event of the newest version of the case's filing, with its statement."""
    return (
        case.events.select_related("statement").filter(action__in=filing_actions()).latest("step")
    )


def case_number_of(leaf_index: int) -> str:
    """The number of the case that log entry ``leaf_index`` opened or changed; empty if none."""
    found = sql.rows(_NUMBER, leaf_index)
    return found[0][0] if found else ""


def event_of(leaf_index: int) -> CaseEvent | None:
    """The step that log entry ``leaf_index`` made, with case and unit; None if it made none."""
    return CaseEvent.objects.select_related("case__unit").filter(statement=leaf_index).first()


def filing_event(statement_id: str) -> CaseEvent:
    """The event of the filing ``statement_id``, with case and unit.

    Raises Refused(statement-not-found).
    """
    found = (
        CaseEvent.objects.select_related("case__unit")
        .filter(statement__statement_id=statement_id, action__in=filing_actions())
        .first()
    )
    if found is None:
        raise Refused("statement-not-found")
    return found


def visible_cases(reader: Reader) -> QuerySet[Case]:
    """The cases that a reader may see, newest first.

    An officer sees those of the units that the office governs, a supervisor those of its
    subordinates and its own, a unit its own.
    """
    cases = Case.objects.select_related("unit").order_by("-opened_at", "-pk")
    return cases.filter(_scope(reader, "unit"))


def visible_case(reader: Reader, number: str) -> Case:
    """The case, if the reader may see it.

    Raises Refused(case-not-found), also for a case that the reader may not see.
    """
    found = visible_cases(reader).filter(number=number)
    case = found.first() if number.isprintable() else None  # PostgreSQL fails on a null character
    if case is None:
        raise Refused("case-not-found")
    return case


def may_read(reader: Reader, case: Case) -> bool:
    """May the reader see this case?"""
    return visible_cases(reader).filter(pk=case.pk).exists()


def may_read_blob(reader: Reader, digest: str) -> bool:
    """May the reader see a case that the blob belongs to, as its manifest or an attachment?"""
    events = CaseEvent.objects.filter(
        Q(statement__digest=digest) | Q(statement__attached__sha256=digest)
    )
    return events.filter(_scope(reader, "case__unit")).exists()


def _scope(reader: Reader, unit: str) -> Q:
    scope = Q(pk__in=[])
    if OFFICER in reader.roles:
        scope |= Q(**{f"{unit}__office": reader.office})
    if UNIT in reader.roles or SUPERVISOR in reader.roles:
        scope |= Q(**{unit: reader.unit})
    if SUPERVISOR in reader.roles:
        scope |= Q(**{f"{unit}__supervisor": reader.unit})
    return scope
