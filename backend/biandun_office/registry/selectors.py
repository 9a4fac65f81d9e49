"""Reads of the registry."""

from collections.abc import Sequence

from biandun_office.platform import sql
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Office, Unit

_COLUMNS = ("id", "uscc", "code", "name", "region", "kind", "supervisor_id", "active", "office_id")
_UNITS = f"SELECT {', '.join(_COLUMNS)} FROM registry_unit WHERE uscc IN %l"  # noqa: S608


def units_of(usccs: Sequence[str]) -> dict[str, Unit]:
    """The units with these social credit codes, active or not; unknown codes are left out."""
    found: list[Unit] = [
        sql.instance(Unit, _COLUMNS, row)
        for row in sql.rows(sql.several(_UNITS, len(usccs)), *usccs)
    ]
    return {unit.uscc: unit for unit in found}


def active_unit(uscc: str) -> Unit:
    """The active unit with code ``uscc``.  Raises Refused: unit-unknown, unit-inactive."""
    return require_active(units_of([uscc]).get(uscc), uscc)


def require_active(unit: Unit | None, uscc: str) -> Unit:
    """Return ``unit``, which was looked up by ``uscc``, if it exists and is active.

    Raises Refused: unit-unknown, unit-inactive.
    """
    if unit is None:
        raise Refused("unit-unknown", uscc=uscc)
    if not unit.active:
        raise Refused("unit-inactive", uscc=uscc)
    return unit


def all_units() -> list[Unit]:
    """Every unit with its supervisor, by code."""
    return list(Unit.objects.select_related("supervisor"))


def office_of(unit: Unit) -> Office | None:
    """The office that this unit is; None for any other unit."""
    return Office.objects.filter(unit=unit).first()
