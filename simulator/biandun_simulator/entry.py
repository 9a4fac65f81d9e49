"""The console script ``biandun-sim``: it handles signals before it imports the program."""

from __future__ import annotations

from biandun import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run the program and end the process."""
    signals.run(_program)


def _program() -> Callable[[], int]:
    from biandun.cli.output import to_the_end  # noqa: PLC0415
    from biandun_simulator.cli import run  # noqa: PLC0415

    return lambda: to_the_end(run)
