"""Command classes of ``biandun`` and ``biandun-sim``, with --json, --lang and bilingual help."""

from typing import Any

import click

from biandun.cli.output import write
from biandun_protocol.terminal import manual
from biandun_protocol.terminal.commands import Bilingual


def _shared() -> list[click.Parameter]:
    """The options of every command.

    ``manual.asked`` has read their values before click parses the command line.
    """
    return [
        click.Option(["--json", "_json"], is_flag=True, expose_value=False, help=manual.JSON_HELP),
        click.Option(
            ["--lang", "_lang"],
            type=click.Choice(manual.LANGUAGES),
            expose_value=False,
            help=manual.LANG_HELP,
        ),
    ]


class Command(Bilingual, click.Command):
    """A command."""

    def __init__(
        self, name: str | None, *, params: list[click.Parameter] | None = None, **rest: Any
    ) -> None:
        super().__init__(name, params=[*(params or []), *_shared()], **rest)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Click's help option, explained in both languages and printed through ``output.write``."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help, option.callback = manual.HELP_HELP, _show_help
        return option


def _show_help(context: click.Context, parameter: click.Parameter, asked: bool) -> None:  # noqa: ARG001
    if asked and not context.resilient_parsing:
        write(context.get_help())
        context.exit()


class Group(Command, click.Group):
    """A group of commands; a command or group defined in it has the classes of this module."""

    command_class = Command
    group_class = type
