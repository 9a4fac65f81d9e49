"""The command group, and the one place where results and problems leave the program."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from django.db import connections

from biandun_office.cli import alerts, evidence, forks, keys, offices, recovery, releases
from biandun_office.cli.session import Session
from biandun_protocol.errors import Problem

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", type=click.Path(path_type=Path), envvar="BIANDUN_OFFICE_DATA", help="数据目录 / the office's data folder")
@click.option("--database", envvar="BIANDUN_OFFICE_DATABASE", help="PostgreSQL 地址，不含口令 / postgresql://USER@HOST/NAME")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", envvar="BIANDUN_LANG", help="语言 / language")
@click.pass_obj
def cli(session: Session, data: Path | None, database: str | None, as_json: bool, lang: str) -> None:
    """编盾编办服务：密钥签发、业务受理、电子存证（虚构数据）。

    The establishment office: certifies keys, takes filings in, keeps the evidence.  Fictitious data only.

    \b
    Example:  biandun-office --data office init --passphrase-file secret.txt --backup office.backup
    """
    session.data, session.database, session.as_json, session.language = data, database, as_json, lang


for command in (
    *offices.COMMANDS,
    *keys.COMMANDS,
    *recovery.COMMANDS,
    *releases.COMMANDS,
    *evidence.COMMANDS,
    *alerts.COMMANDS,
    *forks.COMMANDS,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and end the process with its exit status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status: 0, 2 for wrong usage, or the problem's own."""
    session = Session(as_json="--json" in arguments)  # until the options are parsed, which may fail
    try:
        result = cli.main(list(arguments), prog_name="biandun-office", standalone_mode=False, obj=session)
    except Problem as problem:
        session.show_problem(problem)
        return problem.exit_status
    except click.Abort:
        session.show_problem(Problem("interrupted"))
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        return _show_usage(session, error)
    finally:
        connections.close_all()
    if isinstance(result, int):  # --help and --version end with a status of their own
        return result
    session.show(result)
    return evidence.EXIT_BROKEN if isinstance(result, dict) and result.get("ok") is False else 0


def _show_usage(session: Session, error: click.ClickException) -> int:
    if session.as_json:
        session.show_problem(Problem("usage", detail=error.format_message()))
    else:
        error.show()
    return EXIT_USAGE
