"""Converts results (dataclasses of ``biandun.results``) to mappings with JSON values and texts."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

from biandun.cli.forms import body, sections
from biandun.results.naming import BESIDE, BODY, NAME, OMITTED
from biandun_protocol.forms.form import Form


def plain(value: object, language: str) -> object:
    """A result ready to be shown to a reader of ``language``: a dataclass as a mapping, several as
    mappings with the same fields; anything else as it is.
    """
    return _Reader(language).plain(value)


class _Reader:
    """One reader of results."""

    def __init__(self, language: str) -> None:
        self._language = language

    def plain(self, value: object) -> object:
        """See ``plain`` of this module."""
        if is_dataclass(value):
            return self._mapping(value, ())
        if isinstance(value, (list, tuple)):
            return self._sequence(cast("Iterable[object]", value))
        return value

    def _sequence(self, rows: Iterable[object]) -> list[object]:
        """Rows that make a table: a field that one of them has, the others have, too."""
        rows = list(rows)
        wanted = {
            field.name
            for row in rows
            if is_dataclass(row)
            for field in fields(row)
            if getattr(row, field.name) is not None
        }
        return [self._mapping(row, wanted) if is_dataclass(row) else row for row in rows]

    def _mapping(self, value: Any, wanted: Iterable[str]) -> Mapping[str, object]:
        shown: dict[str, object] = {}
        for field in cast("tuple[Field[object], ...]", fields(value)):
            content = getattr(value, field.name)
            if content is None and OMITTED in field.metadata and field.name not in wanted:
                continue
            if BESIDE in field.metadata:
                shown |= self._among(content)
                continue
            shown[str(field.metadata.get(NAME, field.name))] = self._value(content)
            if BODY in field.metadata:
                shown[field.metadata[BODY]] = body(cast("Form", content))
        return shown

    def _among(self, content: Any) -> Mapping[str, object]:
        """The fields of a result, or the entries of a mapping."""
        if is_dataclass(content):
            return self._mapping(content, ())
        return {name: self._value(one) for name, one in content.items()}

    def _value(self, content: object) -> object:
        if isinstance(content, Form):
            return sections(content, self._language)
        if isinstance(content, bytes):
            return content.hex()
        if isinstance(content, date):  # a datetime, too
            return content.isoformat()
        if isinstance(content, Path):
            return str(content)
        if isinstance(content, (list, tuple)):
            return [self._value(one) for one in self._sequence(cast("Iterable[object]", content))]
        return self.plain(content)
