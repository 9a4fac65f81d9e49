"""Reads of cases."""

from biandun_office.errors import Refused
from biandun_office.flow.models import Case


def case_by_number(number: str) -> Case:
    """The case with its unit.  Raises Refused(case-not-found)."""
    case = Case.objects.select_related("unit").filter(number=number).first()
    if case is None:
        raise Refused("case-not-found")
    return case


def case_of_unit(number: str, uscc: str) -> Case:
    """The case, if it is that unit's.  Raises Refused(case-not-found): another unit's case is not there for this one."""
    case = case_by_number(number)
    if case.unit.uscc != uscc:
        raise Refused("case-not-found")
    return case
