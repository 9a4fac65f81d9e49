"""The command group, and the one place where results and problems leave the program."""

import os
from collections.abc import Sequence
from pathlib import Path

import click
from django.db import DatabaseError, InterfaceError, connections

from biandun_office.cli import alerts, clocks, evidence, forks, keys, offices, recovery, releases
from biandun_office.cli.commands import Group
from biandun_office.cli.output import NO_READER, NoReader, note, show, show_problem
from biandun_office.cli.session import Session
from biandun_office.platform import files
from biandun_protocol.errors import Problem
from biandun_protocol.terminal import manual, usage
from biandun_protocol.terminal.visible import visible

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="BIANDUN_OFFICE_DATA",
    help="数据目录 / the office's data folder",
)
@click.option(
    "--database",
    envvar="BIANDUN_OFFICE_DATABASE",
    help="PostgreSQL 地址，不含口令 / postgresql://USER@HOST/NAME",
)
@click.pass_obj
def cli(session: Session, data: Path | None, database: str | None) -> None:
    """编盾编办服务：签发密钥，受理业务，保存电子证据。仅限虚构数据。

    The establishment office: certify keys, receive filings, keep evidence.  Fictitious data only.

    \b
    Example:  biandun-office --data office init --passphrase-file secret.txt --backup office.backup
    """
    session.data, session.database = data, database


for command in (
    *offices.COMMANDS,
    *keys.COMMANDS,
    *recovery.COMMANDS,
    *releases.COMMANDS,
    *evidence.COMMANDS,
    *alerts.COMMANDS,
    *forks.COMMANDS,
    *clocks.COMMANDS,
):
    cli.add_command(command)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status: 0, 2 for wrong usage, or the problem's own."""
    as_json, language = manual.asked(arguments, os.environ.get("BIANDUN_LANG"))
    session = Session(as_json=as_json, language=language)
    try:
        return _carry_out(arguments, session)
    except NoReader:
        return NO_READER
    except click.exceptions.NoArgsIsHelpError as error:
        note(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        return _wrongly_used(session, error)
    except (click.Abort, KeyboardInterrupt):
        show_problem(Problem("interrupted"), session)
        return EXIT_INTERRUPTED
    except Problem as problem:
        show_problem(problem, session)
        return problem.exit_status
    except OSError as error:
        return _of_the_system(error, session)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("biandun"):
            raise
        lacking = Problem("extra-missing", module=missing.name, extra="office")
        show_problem(lacking, session)
        return lacking.exit_status
    except (DatabaseError, InterfaceError) as error:
        found = files.of_database(session.data, error)
        if found is None:
            raise
        advised = evidence.advised(found, session)
        show_problem(advised, session)
        return advised.exit_status
    finally:
        connections.close_all()


def _carry_out(arguments: Sequence[str], session: Session) -> int:
    result = cli.main(
        list(arguments), prog_name="biandun-office", standalone_mode=False, obj=session
    )
    if isinstance(result, int):  # --help ends with a status of its own
        return result
    show(result, session)
    return evidence.EXIT_BROKEN if isinstance(result, dict) and result.get("ok") is False else 0


def _of_the_system(error: OSError, session: Session) -> int:
    """Print an error of the operating system as a problem and return its exit status; raise one
    that is an internal error.
    """
    if isinstance(error.__context__, KeyboardInterrupt | EOFError):
        return EXIT_INTERRUPTED  # click wrote a line feed to a terminal that is gone
    if error.filename is None:
        raise error
    # stat() of a path failed: its name is too long, or its folder may not be searched
    closed = files.unreadable(error)
    show_problem(closed, session)
    return closed.exit_status


def _wrongly_used(session: Session, error: click.ClickException) -> int:
    context = getattr(error, "ctx", None)
    if context is not None and not session.as_json:
        note(
            visible(
                f"{manual.heading('usage', session.language)}: {context.command.get_usage_line(context)}"
            )
        )
    show_problem(
        Problem("usage", detail=usage.sentence(error.format_message(), session.language)), session
    )
    return EXIT_USAGE
