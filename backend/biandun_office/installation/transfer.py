"""Copies all rows of one database into another, of either kind.

This is how an office on PostgreSQL is backed up and restored.  The copy is an ordinary office
database with its own triggers, made by the same migrations.  So the backup of a PostgreSQL database
is a SQLite file, which can be checked and used without PostgreSQL, and restored into either.
"""

from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, transaction

from biandun_office.platform import database

_OTHER = "other"
_BATCH = 500


def to_file(path: Path) -> None:
    """Copy the office's tables, as they are at one moment, into a new SQLite file."""
    with _other(path):
        call_command("migrate", database=_OTHER, verbosity=0, interactive=False)
        _copy("default", _OTHER)
        with connections[_OTHER].cursor() as cursor:
            # a single file: no -wal file that could be left behind
            cursor.execute("PRAGMA journal_mode=DELETE")


def from_file(path: Path) -> None:
    """Copy a SQLite file into the office's tables, which must be new and empty."""
    with _other(path):
        # the file may have been written by an older program version
        call_command("migrate", database=_OTHER, verbosity=0, interactive=False)
        _copy(_OTHER, "default")


@contextmanager
def _other(path: Path) -> Generator[None]:
    settings = database.configuration(path.parent, "") | {"NAME": str(path)}
    connections.settings[_OTHER] = {**connections.settings["default"], **settings}
    try:
        yield
    finally:
        connections[_OTHER].close()
        del connections[_OTHER]
        del connections.settings[_OTHER]


def _copy(source: str, target: str) -> None:
    with transaction.atomic(using=source), transaction.atomic(using=target):
        if connections[source].vendor == "postgresql":
            with connections[source].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for model in apps.get_models():  # in any order: foreign keys are checked at the end
            rows = model._base_manager.using(source).order_by("pk").iterator(chunk_size=_BATCH)
            while batch := list(islice(rows, _BATCH)):
                model._base_manager.using(target).bulk_create(batch)
        # sequences continue after the copied primary keys
        with connections[target].cursor() as cursor:
            for statement in connections[target].ops.sequence_reset_sql(
                no_style(), apps.get_models()
            ):
                cursor.execute(statement)
