"""Writes to cases.  They run inside the transaction that takes a statement in, and without it they would be half of one."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from biandun_office.evidence.models import Statement
from biandun_office.flow.models import Case, CaseStatement
from biandun_office.flow.selectors import case_of_unit
from biandun_office.registry.models import Unit


@transaction.atomic(savepoint=False)
def open_case(*, unit: Unit, statement: Statement) -> Case:
    """Open a case with its first statement, under the next number of the unit's region and year of reception (in China)."""
    year = datetime.fromtimestamp(statement.received, timezone.get_default_timezone()).year
    series = Case.objects.filter(region=unit.region, kind=Case.Kind.USE_APPROVAL, year=year)
    sequence = (series.aggregate(last=Max("sequence"))["last"] or 0) + 1
    case = Case.objects.create(
        number=f"{unit.region}{Case.Kind.USE_APPROVAL.value}{year}{sequence:06d}",
        kind=Case.Kind.USE_APPROVAL,
        region=unit.region,
        year=year,
        sequence=sequence,
        unit=unit,
        state=_first_state(unit),
        opened_at=statement.received,
    )
    CaseStatement.objects.create(case=case, version=1, statement=statement)
    return case


@transaction.atomic(savepoint=False)
def continue_case(*, number: str, statement: Statement) -> Case:
    """Make ``statement`` the next version of its unit's case, which starts its way again.  Raises Refused(case-not-found)."""
    case = case_of_unit(number, statement.uscc)
    case.state = _first_state(case.unit)
    case.save(update_fields=["state"])
    last = case.entries.aggregate(last=Max("version"))["last"] or 0
    CaseStatement.objects.create(case=case, version=last + 1, statement=statement)
    return case


def _first_state(unit: Unit) -> str:
    return Case.State.SUBMITTED if unit.supervisor_id is None else Case.State.PENDING_SUPERVISOR
