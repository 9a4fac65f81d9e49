"""Where the office's tables are: a SQLite file in its data folder, or a PostgreSQL database that
office.json names by URL.

A URL never holds a password: libpq takes it from PGPASSWORD or a password file.  Writers are one
after another on either database, so that no two statements get one place in the log: SQLite locks
the file when a transaction begins, PostgreSQL takes a lock that ends with the transaction.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from django.apps import apps
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from biandun_office.platform.errors import OfficeStateProblem

FILE = "office.sqlite3"
SCHEMES = ("postgresql://", "postgres://")
# "bdoffice": the advisory lock that writers take one after another
_WRITERS = 0x6264_6F66_6669_6365
_PATIENCE = 20  # seconds that a writer waits for the others
_turn = RLock()


def check_url(url: str) -> str:
    """Return ``url`` if it names a PostgreSQL database; an empty one stands for the SQLite file.

    Raises OfficeStateProblem: database-url, database-password.  The URL is not in the words: it may
    hold a password.
    """
    if url and not url.startswith(SCHEMES):
        raise OfficeStateProblem("database-url", detail="postgresql://…")
    parts = _parts(url) if url else {"dbname": FILE}
    if "password" in parts or "sslpassword" in parts:
        raise OfficeStateProblem("database-password")
    if "dbname" not in parts:
        raise OfficeStateProblem("database-url", detail="postgresql://…/NAME")
    return url


def configuration(folder: Path, url: str) -> dict[str, Any]:
    """What Django must know of the database of the office in ``folder``.

    Raises as ``check_url``.
    """
    if not check_url(url):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(folder / FILE),
            "USER": "",
            "HOST": "",
            "PORT": "",
            "CONN_MAX_AGE": None,  # threads live as long as the server
            "CONN_HEALTH_CHECKS": False,
            "OPTIONS": {
                # take the write lock first: a lock upgraded later fails instead of waiting
                "transaction_mode": "IMMEDIATE",
                "timeout": _PATIENCE,
                # a larger journal between checkpoints: each one waits for the disk twice more
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=8000;",  # noqa: E501
            },
        }
    parts = _parts(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 10,
            "application_name": "biandun-office",
            "prepare_threshold": 2,  # what sql.py says again and again is prepared
            **parts,
            # a receipt promises that the statement is on disk
            "options": f"{parts.get('options', '')} -c synchronous_commit=on -c lock_timeout={_PATIENCE}s".strip(),  # noqa: E501
        },
    }


def require_reachable() -> None:
    """Connect once.  Raises OfficeStateProblem(database-unreachable)."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise OfficeStateProblem(
            "database-unreachable", detail=str(error).strip().splitlines()[-1]
        ) from None
    finally:
        connections.close_all()


def pending() -> list[str]:
    """The steps that bring the tables of an older program to what this one needs.

    Raises OfficeStateProblem: office-newer; database-lost for one without any tables.
    """
    executor = MigrationExecutor(connection)
    loader = executor.loader
    if not loader.applied_migrations:
        raise OfficeStateProblem("database-lost")
    if set(loader.applied_migrations) - set(loader.disk_migrations):
        raise OfficeStateProblem("office-newer")
    plan = executor.migration_plan(loader.graph.leaf_nodes())
    return [f"{migration.app_label} {migration.name}" for migration, _ in plan]


def require_current() -> None:
    """Raise OfficeStateProblem: office-older, office-newer, database-lost, unless the tables are
    those of this program.
    """
    if pending():
        raise OfficeStateProblem("office-older")


def require_empty() -> None:
    """Raise OfficeStateProblem(database-not-empty) when there are tables already: they may be
    another office's.
    """
    if connection.introspection.table_names():
        raise OfficeStateProblem("database-not-empty")


def remove_tables() -> None:
    """Undo a founding that failed: drop the tables that migrations made in a database that was
    empty before.
    """
    if connection.vendor != "postgresql":
        return  # the file goes with its folder
    tables = [model._meta.db_table for model in apps.get_models()] + ["django_migrations"]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
        cursor.execute("DROP FUNCTION IF EXISTS biandun_append_only()")


@contextmanager
def writing() -> Generator[None]:
    """A transaction that no other writer overlaps: what it reads stays true until it ends.

    Raises OperationalError when the lock is not given in time.
    """
    wrapper = connections["default"]
    if wrapper.vendor == "postgresql":
        with transaction.atomic():
            with wrapper.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITERS])
            yield
        return
    # whoever waits for SQLite's own lock asks, sleeps and asks again: threads of one process wake
    # each other instead
    if not _turn.acquire(timeout=wrapper.settings_dict["OPTIONS"]["timeout"]):
        raise OperationalError("database is locked")
    try:
        with transaction.atomic():
            yield
    finally:
        _turn.release()


def _parts(url: str) -> dict[str, Any]:
    try:
        from psycopg import ProgrammingError, conninfo  # noqa: PLC0415
    except ImportError:
        raise OfficeStateProblem("database-url", detail="pip install 'biandun[office]'") from None
    try:
        parts: dict[str, Any] = conninfo.conninfo_to_dict(url)
    except ProgrammingError:
        raise OfficeStateProblem("database-url", detail="libpq") from None
    return parts
