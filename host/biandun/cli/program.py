"""Runs a program's command line, for ``biandun`` and ``biandun-sim``; returns its exit status."""

import os
from collections.abc import Sequence

import click

from biandun.cli.output import NO_READER, NoReader, note, show_problem
from biandun.cli.shared import Settings
from biandun.errors import HostProblem, UsageProblem
from biandun.folders import unreadable
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import manual, usage
from biandun_protocol.terminal.visible import visible

INTERRUPTED = 130


def run_program(command: click.Command, name: str, words: Sequence[str]) -> int:
    """Run a command line and return its exit status; errors are shown in its language."""
    as_json, language = manual.asked(words, os.environ.get("BIANDUN_LANG"))
    settings = Settings(as_json=as_json, language=language)
    try:
        command.main(args=list(words), prog_name=name, standalone_mode=False, obj=settings)
    except NoReader:
        return NO_READER
    except click.exceptions.NoArgsIsHelpError as error:
        if as_json:
            show_problem(
                UsageProblem(detail=usage.sentence("Missing command.", language)), settings
            )
        else:
            note(error.format_message())
        return UsageProblem.exit_status
    except click.ClickException as error:
        return _wrongly_used(error, settings)
    except (click.Abort, KeyboardInterrupt):
        settings.ui.end_line()
        show_problem(HostProblem("interrupted"), settings)
        return INTERRUPTED
    except click.exceptions.Exit as done:
        return done.exit_code
    except Problem as problem:
        settings.ui.end_line()
        show_problem(problem, settings)
        return problem.exit_status
    except OSError as error:
        if isinstance(error.__context__, KeyboardInterrupt | EOFError):
            return INTERRUPTED  # click wrote a line feed to a terminal that is gone
        if error.filename is None:
            raise  # an internal error
        # stat() of a path failed: its name is too long, or its folder may not be searched
        settings.ui.end_line()
        found = unreadable(error)
        show_problem(found, settings)
        return found.exit_status
    return settings.exit_status


def _wrongly_used(error: click.ClickException, settings: Settings) -> int:
    context = getattr(error, "ctx", None)
    if context is not None and not settings.as_json:
        note(
            visible(
                f"{manual.heading('usage', settings.language)}: {context.command.get_usage_line(context)}"
            )
        )
    show_problem(
        UsageProblem(detail=usage.sentence(error.format_message(), settings.language)), settings
    )
    return UsageProblem.exit_status
