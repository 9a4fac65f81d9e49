"""Commands about the evidence: log-check, sweep-blobs."""

import re

import click

from biandun_office import clock
from biandun_office.cli.session import Session, in_session
from biandun_office.errors import LogBroken
from biandun_office.evidence.audit import check_log
from biandun_office.evidence.services import sweep_blobs
from biandun_office.office import Office

EXIT_BROKEN = LogBroken.exit_status
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Duration(click.ParamType[int]):
    """A number with s, m, h or d behind it, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse ``24h``."""
        match = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if match is None:
            self.fail("例如 for example 24h, 7d", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


@click.command("log-check")
@in_session
def log_check(session: Session) -> dict[str, object]:
    """从签名文件重建存证日志和业务状态，并与存储的内容比对。 Rebuild log and cases from the statements and compare.

    Ends with status 9 when something does not agree.

    \b
    Example:  biandun-office --data office log-check
    """
    folder = session.open()
    report = check_log(Office.load(folder))
    answer: dict[str, object] = {"size": report.size, "root": report.root.hex(), "unread": report.unread, "ok": not report.faults}
    if report.faults:
        session.show_problem(LogBroken(detail=report.faults[0]))
        answer["faults"] = report.faults
    return answer


@click.command("sweep-blobs")
@click.option("--older-than", type=Duration(), default="24h", show_default=True, help="早于多久 / uploaded longer ago than")
@in_session
def sweep(session: Session, *, older_than: int) -> dict[str, object]:
    """删除没有被任何受理材料引用的旧文件。 Delete old uploads that no accepted statement names.

    \b
    Example:  biandun-office --data office sweep-blobs --older-than 24h
    """
    session.open()
    removed, size = sweep_blobs(older_than=clock.now() - older_than)
    return {"removed": removed, "bytes": size}


COMMANDS = (log_check, sweep)
