"""The command trees of the three programs, for tests that walk them."""

from collections.abc import Iterator

import click

from biandun.cli.main import main as workstation
from biandun_office.cli.main import cli as office
from biandun_simulator.cli import cli as simulator

PROGRAMS: dict[str, click.Group] = {
    "biandun": workstation,
    "biandun-office": office,
    "biandun-sim": simulator,
}


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name, command in context.command.commands.items():
            yield from _below(click.Context(command, parent=context, info_name=name))


def contexts(program: str) -> list[click.Context]:
    """A context for every group and command of a program."""
    return list(_below(click.Context(PROGRAMS[program], info_name=program)))
