"""SQL by hand for the few reads and inserts that every statement passes through.

Django builds each query anew in Python, which costs several times what SQLite takes to run it; here
the text is made once and goes to the driver as it is.  Everything that is not on that path uses the
ORM.  Both databases read the same text: %s for values, double quotes for names.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

from django.db import connections, models
from django.db.models.base import ModelState


def rows(text: str, *values: object) -> list[tuple[Any, ...]]:
    """What a SELECT gives."""
    return _execute(text, values).fetchall()


def run(text: str, *values: object) -> int:
    """How many rows an UPDATE changed."""
    return _execute(text, values).rowcount


def insert_many(model: type[models.Model], many: Sequence[Sequence[object]]) -> None:
    """Insert rows with one statement: their values are those of the model's columns, without a key
    that the database gives.
    """
    if many:
        _execute(_insertion(model, len(many)), [value for values in many for value in values])


def insert_numbered(
    model: type[models.Model], column: str, many: Sequence[Sequence[object]]
) -> dict[str, int]:
    """Insert several rows and return the keys that the database gave them, by what stands in their
    unique ``column``.
    """
    if not many:
        return {}
    text = f'{_insertion(model, len(many))} RETURNING "{column}", "id"'
    return dict(_execute(text, [value for values in many for value in values]).fetchall())


def instance(model: type[models.Model], names: Sequence[str], values: Sequence[object]) -> Any:
    """An instance from some of a model's columns; the others are read when they are asked for.

    It is what ``Model.from_db`` makes, without the signals that nobody here listens to.
    """
    made = model.__new__(model)
    made._state = ModelState()
    made._state.adding, made._state.db = False, "default"
    made.__dict__.update(zip(names, values, strict=True))
    return made


def several(text: str, count: int) -> str:
    """``text`` with its ``%l`` as a list of ``count`` values: (%s, %s)."""
    return text.replace("%l", f"({', '.join(['%s'] * count)})")


def _execute(text: str, values: Sequence[object]) -> Any:
    """Run ``text`` on the driver's own connection, inside Django's transaction and with Django's
    exceptions.
    """
    wrapper: Any = connections["default"]
    if not wrapper.in_atomic_block:  # as Django's own cursor does: the server may have closed it
        wrapper.close_if_health_check_failed()
    if wrapper.connection is None:
        wrapper.ensure_connection()
    driver: Any = wrapper.connection
    with wrapper.wrap_database_errors:
        if wrapper.vendor == "sqlite":
            return driver.execute(_question_marks(text), values)
        # Django's own cursor writes the values into the text; here the server parses and plans a
        # text once a connection
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
