"""``biandun-office``: run the establishment office from a terminal.

``startup`` comes first, because models can only be imported once Django is set up.
"""

from biandun_office import startup
from biandun_office.cli.main import cli, main

__all__ = ["cli", "main", "startup"]
