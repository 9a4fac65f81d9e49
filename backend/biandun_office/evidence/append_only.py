"""Triggers that let a table grow and nothing else; migrations install them.

SQLite's REPLACE deletes rows without firing DELETE triggers, so an INSERT that meets an existing key is refused too.
A later migration that alters such a table makes SQLite build it anew, without triggers: it must end with ``protect`` again
(a test looks for every trigger after all migrations).
"""

from collections.abc import Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import RunPython
from django.db.migrations.state import StateApps
from django.db.utils import NotSupportedError


def protect(table: str, *keys: Sequence[str]) -> RunPython:
    """A migration operation: make ``table`` append-only; ``keys`` are its primary and unique keys, as columns."""

    def install(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        for statement in _statements(editor.connection.vendor, table, keys):
            editor.execute(statement)

    def remove(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:  # noqa: ARG001
        for name in trigger_names(table):
            editor.execute(f"DROP TRIGGER {name}")

    return RunPython(install, remove)


def trigger_names(table: str) -> tuple[str, str, str]:
    """The names of a table's triggers."""
    return f"{table}_no_update", f"{table}_no_delete", f"{table}_no_replace"


def _statements(vendor: str, table: str, keys: Sequence[Sequence[str]]) -> list[str]:
    if vendor != "sqlite":
        raise NotSupportedError(f"append-only triggers are not written for {vendor}; {table} would be unprotected")
    update, delete, replace = trigger_names(table)
    same = " OR ".join("(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")" for key in keys)
    present = f'EXISTS (SELECT 1 FROM "{table}" WHERE {same})'  # noqa: S608 - names come from migrations, never from a request
    refuse = f"SELECT RAISE(ABORT, '{table} is append-only')"
    return [
        f'CREATE TRIGGER {update} BEFORE UPDATE ON "{table}" BEGIN {refuse}; END',
        f'CREATE TRIGGER {delete} BEFORE DELETE ON "{table}" BEGIN {refuse}; END',
        f'CREATE TRIGGER {replace} BEFORE INSERT ON "{table}" WHEN {present} BEGIN {refuse}; END',
    ]
