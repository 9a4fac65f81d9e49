"""What an office answers, as the results that stand for it: nothing that has another shape gets
further into a program.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from biandun.errors import OfficeAnswer
from biandun.results.naming import NAME

T = TypeVar("T")


def read(kind: type[T], answer: object, url: str) -> T:
    """The result of class ``kind`` that the office at ``url`` answered; fields that nobody asked
    for are left out.  Raises OfficeAnswer with the first field that is wrong.
    """
    return cast("T", _value(kind, answer, "answer", url))


def rows(kind: type[T], answer: object, url: str) -> list[T]:
    """The same of a list of them."""
    return cast("list[T]", _value(Sequence[kind], answer, "answer", url))


def _value(kind: Any, content: object, name: str, url: str) -> object:
    if get_origin(kind) is Sequence:
        if isinstance(content, list):
            (inner,) = get_args(kind)
            return [_value(inner, one, name, url) for one in cast("list[object]", content)]
    elif kind in (str, int):
        if type(content) is kind:  # in Python a yes or no is a number
            return content
    elif isinstance(content, dict):
        told, hints = cast("dict[str, object]", content), get_type_hints(kind)
        names = {field.name: field.metadata.get(NAME, field.name) for field in fields(kind)}
        return kind(
            **{own: _value(hints[own], told.get(name), name, url) for own, name in names.items()}
        )
    raise OfficeAnswer(url=url, detail=name)
