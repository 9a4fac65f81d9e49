"""Django, set up on import, and the one function that points it at an office's data folder.

The command line imports this first.  A server points once; a command and a test point at whatever folder they are given.
"""

import os
from pathlib import Path

import django
from django.conf import settings
from django.db import connections

from biandun_office.errors import OfficeStateProblem

DATABASE = "office.sqlite3"
IDENTITY = "office.json"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "biandun_office.settings")
django.setup()


def point_at(folder: Path) -> None:
    """Use ``folder`` from now on, in every thread that has no connection open yet."""
    connections.close_all()
    settings.DATA_DIR = folder
    connections.settings["default"]["NAME"] = str(folder / DATABASE)


def use_office(folder: Path) -> None:
    """Use the office in ``folder``.  Raises OfficeStateProblem(office-not-initialised)."""
    if not (folder / IDENTITY).is_file():
        raise OfficeStateProblem("office-not-initialised")
    point_at(folder)
