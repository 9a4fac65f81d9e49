"""Converts results (dataclasses of ``biandun.results``) to mappings with JSON values."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from biandun.results import NAME, OMITTED


def plain(value: object) -> object:
    """A result ready to be shown.

    A dataclass becomes a mapping, several become mappings with the same fields; anything else is
    returned unchanged.
    """
    if is_dataclass(value):
        return _mapping(value, ())
    if isinstance(value, (list, tuple)):
        return _sequence(cast("Iterable[object]", value))
    return value


def _sequence(rows: Iterable[object]) -> list[object]:
    """The rows of a table: a field that one of them has, all of them have."""
    rows = list(rows)
    wanted = {
        field.name
        for row in rows
        if is_dataclass(row)
        for field in fields(row)
        if getattr(row, field.name) is not None
    }
    return [_mapping(row, wanted) if is_dataclass(row) else row for row in rows]


def _mapping(value: Any, wanted: Iterable[str]) -> Mapping[str, object]:
    shown: dict[str, object] = {}
    for field in cast("tuple[Field[object], ...]", fields(value)):
        content = getattr(value, field.name)
        if content is None and OMITTED in field.metadata and field.name not in wanted:
            continue
        shown[str(field.metadata.get(NAME, field.name))] = _value(content)
    return shown


def _value(content: object) -> object:
    if isinstance(content, bytes):
        return content.hex()
    if isinstance(content, date):  # a datetime, too
        return content.isoformat()
    if isinstance(content, Path):
        return str(content)
    if isinstance(content, (list, tuple)):
        return [_value(one) for one in _sequence(cast("Iterable[object]", content))]
    return plain(content)
