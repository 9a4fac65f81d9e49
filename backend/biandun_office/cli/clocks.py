"""Commands about the office's clock: clock show, clock confirm."""

from datetime import datetime

import click
from django.db import connection

from biandun_office.cli.commands import Group
from biandun_office.cli.session import Session, Text, in_language, in_session
from biandun_office.office.identity import Office
from biandun_office.platform import clock, sql
from biandun_office.timekeeping import guard, selectors, services
from biandun_protocol.catalogue import phrase


class Moment(click.ParamType[int]):
    """A date and time with its offset, such as 2026-11-28T09:30:00+08:00, in seconds since 1970."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse it; a time without an offset is ambiguous and fails."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(in_language(ctx, phrase("office.moment")), param, ctx)
        return int(moment.timestamp())


@click.group("clock", cls=Group)
def group() -> None:
    """本机时钟：查看，或用第二个时间来源确认。时钟与已记录的时间矛盾时，编办暂停签发和受理。

    Show the office's clock, or confirm it with a second source.  The office signs nothing while its
    clock contradicts what it has recorded.

    \b
    Examples:  biandun-office --data office clock show
               biandun-office --data office clock confirm --at 2026-11-28T09:30:00+08:00 --source "radio clock in the hall"
    """


@group.command("show")
@in_session
def show(session: Session) -> dict[str, object]:
    """显示时钟与已记录的时间。

    Show the clock and the times that the office has recorded.

    \b
    Example:  biandun-office --data office clock show
    """
    office = Office.load(session.open())
    known, wrong = selectors.known(), guard.problem()
    return {
        "clock": clock.iso(clock.now()),
        "recorded": clock.iso(known.moment) if known.moment else None,
        "database_clock": _database_clock(),
        "office_since": clock.iso(office.issuer_manifest.not_before),
        "trusted": wrong is None,
        "problem": wrong.message(session.language) if wrong else None,
        "corrections": [
            {
                "at": clock.iso(one.at),
                "last": clock.iso(one.last),
                "entry": one.log_size,
                "source": one.source,
            }
            for one in selectors.corrections()
        ],
    }


@group.command("confirm")
@click.option(
    "--at",
    type=Moment(),
    required=True,
    help="第二来源显示的时间 / what the other clock shows, with its offset",
)
@click.option(
    "--source",
    type=Text(200),
    required=True,
    help="时间来源，留存备查 / name of the other clock, kept on record",
)
@in_session
def confirm(session: Session, *, at: int, source: str) -> dict[str, object]:
    """用第二个时间来源确认本机时钟，恢复签发。请先校准本机时钟；已记录而尚未到来的时间将被收回。

    Confirm this computer's clock with another one, so that the office signs again.

    Set the computer's clock first.  Recorded times that are still in the future are taken back: the
    log continues from the true time, and keys that received such times need `order --do set-time`.

    \b
    Example:  biandun-office --data office clock confirm --at 2026-11-28T09:30:00+08:00 --source "radio clock in the hall"
    """
    session.open()
    check = services.confirm(at=at, source=source)
    corrected = check.last > check.at
    return {
        "clock": clock.iso(check.at),
        "source": check.source,
        "corrected": corrected,
        "taken_back": clock.iso(check.last) if corrected else None,
        "entry": check.log_size,
    }


def _database_clock() -> str | None:
    """The clock of the PostgreSQL server, which may be another machine's; None with SQLite."""
    if connection.vendor != "postgresql":
        return None
    return clock.iso(sql.rows("SELECT EXTRACT(EPOCH FROM clock_timestamp())::bigint")[0][0])


COMMANDS = (group,)
