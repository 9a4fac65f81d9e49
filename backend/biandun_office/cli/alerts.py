"""Commands for what a person must decide: alerts, resume, revoke."""

from collections.abc import Callable
from datetime import UTC, datetime

import click

from biandun_office import clock
from biandun_office.cli.session import Session, in_session
from biandun_office.evidence import chain, forks
from biandun_office.issuance.models import Certificate

REMIND_AFTER_DAYS = 30
_DAY = 86_400


@click.command()
@in_session
def alerts(session: Session) -> list[dict[str, object]]:
    """列出待处理的警报，以及 30 天以上未补齐的空缺。 List what needs a person, and gaps that are open for long.

    A gap is a reminder only: it blocks nothing, and closes with the lost package or with the key's export of links.

    \b
    Example:  biandun-office --data office alerts
    """
    session.open()
    now = clock.now()
    rows = [
        _row(alert.kind, str(alert.get_kind_display()), alert.certificate, alert.detail, alert.raised)
        for alert in forks.open_alerts()
    ]
    for gap, first in chain.open_gaps():
        if now - gap.opened > REMIND_AFTER_DAYS * _DAY:
            rows.append(
                _row("GAP", "密钥链有空缺，请单位补交材料或链接清单", gap.certificate, f"seq {first}-{gap.seq}", gap.opened)
            )
    return rows


@click.command()
@click.option("--serial", required=True, help="密钥序列号 / the key's serial number")
@click.option("--reason", required=True, help="原因，留存备查 / why; it is kept")
@in_session
def resume(session: Session, *, serial: str, reason: str) -> dict[str, object]:
    """查明原因后恢复被暂停的密钥。 Let a suspended key go on, after a person has looked into it.

    \b
    Example:  biandun-office --data office resume --serial BD-0001 --reason "unit called, restored an old image"
    """
    return _decide(session, forks.resume, serial, reason)


@click.command()
@click.option("--serial", required=True, help="密钥序列号 / the key's serial number")
@click.option("--reason", required=True, help="原因，留存备查 / why; it is kept")
@in_session
def revoke(session: Session, *, serial: str, reason: str) -> dict[str, object]:
    """吊销密钥的证书，不可撤回。 End a key's certificate for good.

    \b
    Example:  biandun-office --data office revoke --serial BD-0001 --reason "key lost"
    """
    return _decide(session, forks.revoke, serial, reason)


def _decide(session: Session, decide: Callable[..., Certificate], serial: str, reason: str) -> dict[str, object]:
    session.open()
    certificate = decide(serial=serial, reason=reason, now=clock.now())
    return {"serial": serial, "unit_name": certificate.unit_name, "state": certificate.state}


def _row(kind: str, name: str, certificate: Certificate, detail: str, since: int) -> dict[str, object]:
    return {
        "kind": kind,
        "name": name,
        "serial": certificate.device.serial,
        "uscc": certificate.uscc,
        "unit_name": certificate.unit_name,
        "detail": detail,
        "since": datetime.fromtimestamp(since, UTC).isoformat(),
    }


COMMANDS = (alerts, resume, revoke)
