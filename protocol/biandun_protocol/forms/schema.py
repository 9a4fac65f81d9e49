"""A form as JSON Schema (draft 2020-12), for editors and other programs that help to fill it in.

It accepts more than the rules: check characters, dates after today and rules about several fields
are checked only by ``reading``.
"""

from typing import Any

from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms.fields import described, group_name, group_of
from biandun_protocol.forms.registry import Row


def json_schema(row: Row) -> dict[str, object]:
    """Return the schema of the form of a row."""
    groups: dict[str, object] = {}
    whole = _group(row.form, groups)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": _both(row.title),
        **whole,
        "$defs": groups,
    }


def _group(kind: type[Any], groups: dict[str, object]) -> dict[str, object]:
    properties: dict[str, object] = {}
    for field in described(kind).values():
        below = group_of(field.kind)
        if below is not None and group_name(below) not in groups:
            groups[group_name(below)] = _group(below, groups)
        about = {"title": _both(field.field.label)}
        if field.field.help.zh:
            about["description"] = _both(field.field.help)
        properties[field.name] = {**about, **field.kind.json_schema()}
    return {
        "type": "object",
        "properties": properties,
        "required": [field.name for field in described(kind).values() if field.required],
        "additionalProperties": False,
    }


def _both(words: Phrase) -> str:
    return f"{words.zh} / {words.en}"
