"""Database triggers that make a table append-only, for SQLite and PostgreSQL.

Migrations install them.  SQLite's REPLACE deletes rows without firing DELETE triggers, so an INSERT
of an existing key is refused, too.  In PostgreSQL, TRUNCATE fires no DELETE trigger, so it has one
of its own; and the triggers are enabled ALWAYS, so that a session with the role of a replica does
not skip them.

A later migration that alters such a table makes SQLite rebuild it without triggers.  It must end
with ``protect`` again, which is idempotent; a test checks every trigger after all migrations.
"""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps
from django.db.utils import NotSupportedError

_FUNCTION = "biandun_append_only"


def protect(table: str, *keys: Sequence[str]) -> RunPython:
    """A migration operation that makes ``table`` append-only.

    ``keys`` are the columns of its primary key and of each unique constraint.
    """

    def install(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        vendor = editor.connection.vendor
        for statement in [*removal(vendor, table), *_statements(vendor, table, keys)]:
            editor.execute(statement, params=None)

    def remove(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        for statement in removal(editor.connection.vendor, table):
            editor.execute(statement, params=None)

    return RunPython(install, remove)


def trigger_names(vendor: str, table: str) -> tuple[str, str, str]:
    """The names of a table's triggers."""
    third = "no_replace" if vendor == "sqlite" else "no_truncate"
    return f"{table}_no_update", f"{table}_no_delete", f"{table}_{third}"


def removal(vendor: str, table: str) -> list[str]:
    """SQL that drops the triggers if they exist."""
    place = "" if vendor == "sqlite" else f' ON "{table}"'
    return [f"DROP TRIGGER IF EXISTS {name}{place}" for name in trigger_names(vendor, table)]


def _statements(vendor: str, table: str, keys: Sequence[Sequence[str]]) -> list[str]:
    if vendor == "sqlite":
        return _for_sqlite(table, keys)
    if vendor == "postgresql":
        return _for_postgresql(table)
    raise NotSupportedError(
        f"append-only triggers are not written for {vendor}; {table} would be unprotected"
    )


def _for_sqlite(table: str, keys: Sequence[Sequence[str]]) -> list[str]:
    update, delete, replace = trigger_names("sqlite", table)
    same = " OR ".join(
        "(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")" for key in keys
    )
    present = f'EXISTS (SELECT 1 FROM "{table}" WHERE {same})'  # noqa: S608
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    return [
        f'CREATE TRIGGER {update} BEFORE UPDATE ON "{table}" BEGIN {refuse}; END',
        f'CREATE TRIGGER {delete} BEFORE DELETE ON "{table}" BEGIN {refuse}; END',
        f'CREATE TRIGGER {replace} BEFORE INSERT ON "{table}" WHEN {present} BEGIN {refuse}; END',
    ]


def _for_postgresql(table: str) -> list[str]:
    body = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
    statements = [
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
    ]
    for name, event, each in zip(
        trigger_names("postgresql", table),
        ("UPDATE", "DELETE", "TRUNCATE"),
        ("ROW", "ROW", "STATEMENT"),
        strict=True,
    ):
        statements += [
            f'CREATE TRIGGER {name} BEFORE {event} ON "{table}" FOR EACH {each} EXECUTE FUNCTION {_FUNCTION}()',  # noqa: E501
            f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER {name}',
        ]
    return statements
