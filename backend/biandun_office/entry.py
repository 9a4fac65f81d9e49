"""The console script ``biandun-office``: it sets up signals before it imports the program.

The packages that the office needs are the extra ``office`` of the distribution; where it is not
installed, the program prints which extra is missing and exits.
"""

from __future__ import annotations

from biandun_office.platform import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run the program and end the process."""
    signals.run(_program)


def _program() -> Callable[[], int]:
    import sys  # noqa: PLC0415

    from biandun_office.cli.output import to_the_end  # noqa: PLC0415

    words = sys.argv[1:]
    try:
        from biandun_office.cli.main import run  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("biandun"):
            raise
        module = missing.name
        return lambda: to_the_end(lambda: _not_installed(module, words))
    return lambda: to_the_end(lambda: run(words))


def _not_installed(module: str, words: list[str]) -> int:
    """Print which extra is missing, before any command is parsed; return the exit status."""
    import os  # noqa: PLC0415

    from biandun_office.cli import output  # noqa: PLC0415
    from biandun_protocol.errors import Problem  # noqa: PLC0415
    from biandun_protocol.terminal import manual  # noqa: PLC0415

    found = Problem("extra-missing", module=module, extra="office")
    as_json, language = manual.asked(words, os.environ.get("BIANDUN_LANG"))
    output.show_problem(found, output.Plain(as_json, language))
    return found.exit_status
