"""Reads of the registry."""

from biandun_office import sql
from biandun_office.errors import Refused
from biandun_office.registry.models import Unit

_COLUMNS = ("id", "uscc", "code", "name", "region", "kind", "supervisor_id", "active", "own_office")
_UNIT = f"SELECT {', '.join(_COLUMNS)} FROM registry_unit WHERE uscc = %s"  # noqa: S608 - names of our columns


def active_unit(uscc: str) -> Unit:
    """The unit that files under ``uscc``.  Raises Refused: unit-unknown, unit-inactive."""
    found = sql.rows(_UNIT, uscc)
    if not found:
        raise Refused("unit-unknown", uscc=uscc)
    unit: Unit = sql.instance(Unit, _COLUMNS, found[0])
    if not unit.active:
        raise Refused("unit-inactive", uscc=uscc)
    return unit


def all_units() -> list[Unit]:
    """Every unit with its supervisor, by code."""
    return list(Unit.objects.select_related("supervisor"))
