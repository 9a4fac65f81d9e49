"""Sets up Django on import, and points it at an office's data folder.

The command line imports this module first.  A server calls ``point_at`` once; a command or a test
may call it for any folder.
"""

import os
from contextlib import suppress
from pathlib import Path

import django
from django.conf import settings
from django.db import connections

from biandun_office.office.identity import IDENTITY, require_plain
from biandun_office.platform import database, files, folders
from biandun_office.platform.errors import OfficeStateProblem

DATABASE = database.FILE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "biandun_office.settings")
django.setup()


def point_at(folder: Path, url: str | None = None) -> None:
    """Use the office in ``folder`` from now on, in every thread that has no open connection.

    The database is the one that office.json names; ``url`` names it for a folder without
    office.json.

    Raises OfficeStateProblem: database-url, database-password.
    """
    wanted = database.configuration(folder, database_of(folder) if url is None else url)
    connections.close_all()
    with suppress(AttributeError):  # not opened in this thread
        del connections["default"]
    settings.DATA_DIR = folder
    connections.settings["default"].update(wanted)


def database_of(folder: Path) -> str:
    """The URL of the office's PostgreSQL database; empty for the SQLite file in its folder."""
    return str(files.read_json(folder / IDENTITY).get("database", ""))


def use_office(folder: Path, url: str | None = None) -> None:
    """Use the office in ``folder``; a given ``url`` must be the one in its office.json.

    Raises OfficeStateProblem: office-not-initialised, database-mismatch, database-unreachable;
    FileProblem as ``folders.require_own`` and ``identity.require_plain``.
    """
    folders.require_own(folder)
    require_plain(folder)
    if not (folder / IDENTITY).is_file():
        raise OfficeStateProblem("office-not-initialised")
    stored = database_of(folder)
    if url is not None and url != stored:
        raise OfficeStateProblem("database-mismatch")
    point_at(folder, stored)
    if stored:
        database.require_reachable()
