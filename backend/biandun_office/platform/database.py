"""The office's database: a SQLite file in its data folder, or PostgreSQL by URL in office.json.

A URL never contains a password: libpq takes it from PGPASSWORD or a password file.  On either
database only one transaction writes at a time, so that no two statements get the same place in the
log: SQLite locks the file when a transaction begins, PostgreSQL takes an advisory lock that ends
with the transaction.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import closing, contextmanager
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
# "bdoffice" in ASCII: the number of the advisory lock of writers
_WRITERS = 0x6264_6F66_6669_6365
# "bdchange" in ASCII: the number of the advisory lock for creating and altering tables
_CHANGING = 0x6264_6368_616E_6765
_PATIENCE = 20  # seconds that a writer waits for the lock
_turn = RLock()


def check_url(url: str) -> str:
    """Return ``url`` if it names a PostgreSQL database; an empty one means the SQLite file.

    Raises OfficeStateProblem: database-url, database-password.  Messages do not contain the URL,
    because it may have a password.
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
    """Django's settings for the database of the office in ``folder``.

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
                # take the write lock at BEGIN: a lock that is upgraded later fails at once
                "transaction_mode": "IMMEDIATE",
                "timeout": _PATIENCE,
                # fewer checkpoints: each waits for the disk twice more
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
            "prepare_threshold": 2,  # the queries of sql.py, which recur, are prepared
            **parts,
            # a receipt may only be sent once the statement is on disk
            "options": f"{parts.get('options', '')} -c synchronous_commit=on -c lock_timeout={_PATIENCE}s".strip(),  # noqa: E501
        },
    }


def require_reachable() -> None:
    """Connect once, and close.  Raises OfficeStateProblem(database-unreachable)."""
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise OfficeStateProblem(
            "database-unreachable", detail=str(error).strip().splitlines()[-1]
        ) from None
    finally:
        connections.close_all()


def pending() -> list[str]:
    """The migrations that the tables of an older program version still need.

    Raises OfficeStateProblem: office-newer; database-lost for a database without tables.
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
    """Check that the tables are those of this program version.

    Raises OfficeStateProblem: office-older, office-newer, database-lost.
    """
    if pending():
        raise OfficeStateProblem("office-older")


def require_empty() -> None:
    """Raise OfficeStateProblem(database-not-empty) if the database has any table.

    They may be another office's.
    """
    if connection.introspection.table_names():
        raise OfficeStateProblem("database-not-empty")


def remove_tables() -> None:
    """Undo a founding that failed: drop the tables that migrations made.

    The database must have been empty before.
    """
    if connection.vendor != "postgresql":
        return  # the file is deleted with its folder
    tables = [model._meta.db_table for model in apps.get_models()] + ["django_migrations"]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'DROP TABLE IF EXISTS "{table}" CASCADE')
        cursor.execute("DROP FUNCTION IF EXISTS biandun_append_only()")


@contextmanager
def serving(folder: Path) -> Generator[None]:
    """Hold a shared lock on the office in ``folder``, so that no process alters its tables.

    Raises OfficeStateProblem(office-changing) while one does.
    """
    with _held(folder, fcntl.LOCK_SH, "office-changing"):
        yield


@contextmanager
def changing(folder: Path) -> Generator[None]:
    """Hold an exclusive lock on the office in ``folder``, in order to alter its tables.

    No process of this computer may serve it, and no other may alter the tables.

    Raises OfficeStateProblem: office-serving, office-changing.
    """
    with _held(folder, fcntl.LOCK_EX, "office-serving"), alone():
        yield


@contextmanager
def alone() -> Generator[None]:
    """Lock the PostgreSQL database of this process against creating and altering tables elsewhere.

    The lock also excludes other computers.  It belongs to a connection of its own, so PostgreSQL
    releases it when the process ends.  With SQLite nothing is done: the folder is locked instead.
    Raises OfficeStateProblem: office-changing, database-unreachable.
    """
    wrapper: Any = connections["default"]  # the stubs know the wrapper of no database
    if wrapper.vendor != "postgresql":
        yield
        return
    require_reachable()
    parameters = wrapper.get_connection_params()
    with wrapper.wrap_database_errors:
        connected = wrapper.Database.connect(**parameters, autocommit=True)
    with closing(connected) as held:
        if held.execute("SELECT pg_try_advisory_lock(%s)", [_CHANGING]).fetchone() != (True,):
            raise OfficeStateProblem("office-changing")
        yield


@contextmanager
def _held(folder: Path, how: int, taken: str) -> Generator[None]:
    """Lock the folder itself, which leaves no file behind and ends with the process.

    Raises OfficeStateProblem: ``taken`` while others hold it, office-changing if they alter the
    tables.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, how, taken)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, how: int, taken: str) -> None:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        return
    try:  # find out who holds it: servers (shared), or a process that alters the tables
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OfficeStateProblem("office-changing") from None
    raise OfficeStateProblem(taken)


@contextmanager
def writing() -> Generator[None]:
    """A transaction under the write lock: what it reads stays true until it ends.

    Raises OperationalError when the lock cannot be had within _PATIENCE seconds.
    """
    wrapper = connections["default"]
    if wrapper.vendor == "postgresql":
        with transaction.atomic():
            with wrapper.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITERS])
            yield
        return
    # SQLite's own lock is polled with sleeps in between; threads of one process wait for each
    # other here instead, and are woken at once
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
