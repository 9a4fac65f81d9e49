"""Writes to the registry."""

from datetime import date
from typing import Any

from django.db import transaction

from biandun_office.office.identity import OWN_UNIT
from biandun_office.registry.models import Office, OfficeName, Unit
from biandun_protocol.identifiers import is_uscc

# 陇澜市 and these units are fictitious
FICTITIOUS_UNITS = (
    (OWN_UNIT, "629900-0000", "陇澜市委编办（虚构）", "629900", Unit.Kind.ORGAN, None),
    ("11629900MB0000019C", "629900-0001", "陇澜市教育局", "629900", Unit.Kind.ORGAN, None),
    (
        "12629900MB00000274",
        "629900-0002",
        "陇澜市第一中学",
        "629900",
        Unit.Kind.INSTITUTION,
        "11629900MB0000019C",
    ),
    ("126299214390001547", "629921-0001", "青屏县人民医院", "629921", Unit.Kind.INSTITUTION, None),
)
_NOBODY = 0  # no unit has this number


@transaction.atomic
def register_unit(
    *,
    uscc: str,
    code: str,
    name: str,
    region: str,
    kind: str,
    office: Office,
    supervisor: Unit | None = None,
) -> Unit:
    """Register a unit, which ``office`` governs.

    Raises ValueError for an invalid social credit code, IntegrityError for a unit that exists.
    """
    if not is_uscc(uscc):
        raise ValueError(uscc)
    return Unit.objects.create(
        uscc=uscc,
        code=code,
        name=name,
        region=region,
        kind=kind,
        supervisor=supervisor,
        office=office,
    )


@transaction.atomic
def register_office(
    *, unit: Unit, name: str, region: str, document_prefix: str = "", since: date | None = None
) -> Office:
    """Register a unit as an office.  Raises IntegrityError for a unit that is an office already."""
    return _register(unit.pk, region, name=name, document_prefix=document_prefix, since=since)


def _register(unit: int, region: str, **called: Any) -> Office:
    office = Office.objects.create(unit_id=unit, region=region, level=level_of(region))
    OfficeName.objects.create(office=office, **called)
    return office


def level_of(region: str) -> str:
    """The level of a region, which its code shows (GB/T 2260): two digits a level."""
    if region.endswith("0000"):
        return Office.Level.PROVINCE.value
    return (Office.Level.CITY if region.endswith("00") else Office.Level.COUNTY).value


@transaction.atomic
def register_fictitious_city(*, own: str, name: str, region: str) -> Office:
    """Register the units of the fictitious city, supervisors first, and the one with the social
    credit code ``own`` as the office that governs them all.  Raises ValueError if none has it.
    """
    if own not in (uscc for uscc, *_ in FICTITIOUS_UNITS):
        raise ValueError(own)
    # office and unit refer to each other: the database checks at the end of the transaction
    office = _register(_NOBODY, region, name=name)
    known: dict[str, Unit] = {}
    for uscc, code, called, place, kind, supervisor in FICTITIOUS_UNITS:
        known[uscc] = register_unit(
            uscc=uscc,
            code=code,
            name=called,
            region=place,
            kind=kind,
            office=office,
            supervisor=known[supervisor] if supervisor else None,
        )
    office.unit = known[own]
    office.save(update_fields=["unit"])
    return office
