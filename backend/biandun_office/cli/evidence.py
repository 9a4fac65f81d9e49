"""Commands about the evidence: log-check, sweep-blobs."""

import re
import sys
from dataclasses import asdict

import click
from django.db import DatabaseError, connection

from biandun_office.cli.commands import Command
from biandun_office.cli.output import show_problem
from biandun_office.cli.session import Session, in_language, in_session
from biandun_office.evidence.services import sweep_blobs, sweepable_bytes
from biandun_office.office.identity import Office
from biandun_office.platform import files
from biandun_office.platform.errors import (
    ClockUntrusted,
    DatabaseFull,
    FileProblem,
    LogBroken,
    OfficeProblem,
    StorageFull,
)
from biandun_office.reception.log_check import LogReport, check_log
from biandun_office.timekeeping import guard
from biandun_protocol.catalogue import phrase

EXIT_BROKEN = LogBroken.exit_status
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_DAY = 86_400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[int]):
    """A number followed by s, m, h or d, such as ``24h``, in seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse ``24h``."""
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail(in_language(ctx, phrase("office.duration")), param, ctx)
        return int(match[1]) * _UNITS[match[2]]


@click.command("log-check", cls=Command)
@click.option(
    "--quick",
    is_flag=True,
    help="只查文件是否存在及大小，不读内容 / look for files and sizes only, read no contents",
)
@in_session
def log_check(session: Session, *, quick: bool) -> dict[str, object]:
    """从签名文件重建存证日志和业务状态，并与存储的内容和文件比对。 Rebuild log and cases from the
    statements, and check every file.

    逐一读取证据所依据的文件。有任何不符，或有文件缺失、被改动时，退出状态为 9；--json 在 damaged
    中列出。

    The exit status is 9 when something does not agree, or a file that the evidence needs is missing
    or altered; --json lists such files as `damaged`.  Every file is read.

    \b
    Example:  biandun-office --data office log-check
    """
    office = Office.load(session.open())
    label = phrase("office.files").of(session.language)
    with click.progressbar(
        length=0, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:

        def progress(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        report = check_log(office, contents=not quick, progress=progress)
    answer: dict[str, object] = {
        "size": report.size,
        "root": report.root.hex(),
        "unread": report.unread,
        "ok": not report.faults,
    }
    if report.faults:
        show_problem(_problem(report), session)
        answer["faults"] = report.faults
        if session.as_json:  # in text the faults already name them
            answer["damaged"] = [asdict(damage) for damage in report.damaged]
    return answer


def _problem(report: LogReport) -> LogBroken:
    if len(report.damaged) == len(report.faults):
        return LogBroken("files-lost", count=len(report.damaged), detail=report.faults[0])
    return LogBroken(detail=report.faults[0])


@click.command("sweep-blobs", cls=Command)
@click.option(
    "--older-than",
    type=Duration(),
    default="24h",
    show_default=True,
    help="早于多久 / uploaded longer ago than",
)
@in_session
def sweep(session: Session, *, older_than: int) -> dict[str, object]:
    """删除没有任何存证依据的旧文件。 Delete old uploads that no evidence refers to.

    \b
    Example:  biandun-office --data office sweep-blobs --older-than 24h
    """
    try:
        session.open()
        removed, size = sweep_blobs(older_than=guard.look() - older_than)
    except DatabaseError as error:
        folder = session.folder()
        if files.of_database(folder, error) is None or not files.has_no_room(folder):
            raise
        raise FileProblem("sweep-no-room", path=str(folder)) from None
    return {"removed": removed, "bytes": size}


def advised(found: OfficeProblem, session: Session) -> OfficeProblem:
    """Add the right next step to a problem of a full disk under the office's SQLite file.

    That is a sweep only if there is something to sweep and the database can be opened for it.  Any
    other problem is returned unchanged.
    """
    if type(found) is not StorageFull or session.data is None:
        return found
    connection.close()  # which also ends a transaction that has failed
    try:
        size = sweepable_bytes(older_than=guard.look() - _DAY)
    except DatabaseError:
        advice = phrase("full.shut")
    except ClockUntrusted:
        advice = phrase("full.elsewhere")
    else:
        advice = phrase("full.sweep", size=size) if size else phrase("full.elsewhere")
    return DatabaseFull(found.values["path"], advice)


COMMANDS = (log_check, sweep)
