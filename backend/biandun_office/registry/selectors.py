"""Reads of the registry."""

from biandun_office.errors import Refused
from biandun_office.registry.models import Unit


def active_unit(uscc: str) -> Unit:
    """The unit that files under ``uscc``.  Raises Refused: unit-unknown, unit-inactive."""
    unit = Unit.objects.select_related("supervisor").filter(uscc=uscc).first()
    if unit is None:
        raise Refused("unit-unknown", uscc=uscc)
    if not unit.active:
        raise Refused("unit-inactive", uscc=uscc)
    return unit


def all_units() -> list[Unit]:
    """Every unit with its supervisor, by code."""
    return list(Unit.objects.select_related("supervisor"))
