"""``biandun-office``: run the establishment office from a terminal.

``startup`` is imported first, because models can only be imported once Django is set up.  The
packages that the office needs are the extra ``office`` of the distribution; where it is not
installed, the program prints which extra is missing and exits.
"""

import os
import sys
from functools import partial
from typing import NoReturn

from biandun_office.cli import output
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import manual

__all__ = ["cli", "main", "startup"]

INTERRUPTED = 130


def _not_installed(module: str) -> None:
    """Print which extra is missing, and exit with the problem's exit status."""
    found = Problem("extra-missing", module=module, extra="office")
    _end(found, found.exit_status)


def _end(found: Problem, status: int) -> NoReturn:
    """Print a problem that arises before any command can be parsed, and exit with ``status``."""
    as_json, language = manual.asked(sys.argv[1:], os.environ.get("BIANDUN_LANG"))

    def say() -> int:
        output.show_problem(found, output.Plain(as_json, language))
        return status

    raise SystemExit(output.to_the_end(say))


try:
    from biandun_office.cli.main import cli, main
    from biandun_office.office import startup
except ModuleNotFoundError as missing:
    if missing.name is None or missing.name.startswith("biandun"):
        raise
    main = partial(_not_installed, missing.name)
except KeyboardInterrupt:
    _end(Problem("interrupted"), INTERRUPTED)
