"""Hand-written SQL for the few queries that every statement needs.

Django builds each query in Python, which takes several times as long as SQLite needs to run it;
here the text is made once and passed to the driver.  All other queries use the ORM.  The same text
works on both databases: %s for values, double quotes for names.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from django.db import connections, models
from django.db.models.base import ModelState


def rows(text: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a SELECT."""
    return _execute(text, values).fetchall()


def run(text: str, *values: object) -> int:
    """Execute an UPDATE; return the number of changed rows."""
    return _execute(text, values).rowcount


def insert_many(model: type[models.Model], many: Sequence[Sequence[object]]) -> None:
    """Insert rows with one INSERT.

    The values of each row are in the order of the model's columns, without an automatic primary
    key.
    """
    if many:
        _execute(_insertion(model, len(many)), [value for values in many for value in values])


def insert_numbered(
    model: type[models.Model], column: str, many: Sequence[Sequence[object]]
) -> dict[str, int]:
    """Insert rows with one INSERT; return their new primary keys by their value of ``column``.

    ``column`` is unique.
    """
    if not many:
        return {}
    text = f'{_insertion(model, len(many))} RETURNING "{column}", "id"'
    return dict(_execute(text, [value for values in many for value in values]).fetchall())


def instance(model: type[models.Model], names: Sequence[str], values: Sequence[object]) -> Any:
    """A model instance from some of its columns; others are loaded on first access.

    As ``Model.from_db``, but without signals, which nobody here uses.
    """
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, "default"
    made.__dict__.update(zip(names, values, strict=True))
    return made


def several(text: str, count: int) -> str:
    """``text`` with %l replaced by ``count`` placeholders: (%s, %s)."""
    return text.replace("%l", f"({', '.join(['%s'] * count)})")


def _execute(text: str, values: Sequence[object]) -> Any:
    """Execute ``text`` on the driver's connection, within Django's transaction.

    Errors are raised as Django's exceptions.
    """
    wrapper: Any = connections["default"]
    if not wrapper.in_atomic_block:  # as Django's cursor does: the server may have closed it
        wrapper.close_if_health_check_failed()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    driver: Any = wrapper.connection
    with wrapper.wrap_database_errors:
        if wrapper.vendor == "sqlite":
            return driver.execute(_question_marks(text), values)
        # Django's own cursor puts the values into the text; this one lets the server prepare each
        # text once per connection
        return _server_cursor()(driver).execute(text, values)


@lru_cache(256)
def _question_marks(text: str) -> str:
    return text.replace("%s", "?")


@cache
def _server_cursor() -> Any:
    from psycopg import Cursor  # noqa: PLC0415

    return Cursor


@lru_cache(256)
def _insertion(model: type[models.Model], count: int) -> str:
    meta = model._meta
    columns = [
        field.column for field in meta.concrete_fields if not isinstance(field, models.AutoField)
    ]
    # a composite key is no column of its own
    columns = [column for column in columns if column is not None]
    names = ", ".join(f'"{column}"' for column in columns)
    places = "(" + ", ".join(["%s"] * len(columns)) + ")"
    return f'INSERT INTO "{meta.db_table}" ({names}) VALUES {", ".join([places] * count)}'  # noqa: S608
