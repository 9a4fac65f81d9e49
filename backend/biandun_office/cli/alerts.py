"""Commands about keys and alerts that a person must decide on.

alerts, suspend, resume, revoke, status, close-gap, order, audit
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.session import (
    CODE,
    REASON,
    Given,
    Session,
    Text,
    in_session,
    with_passphrase,
)
from biandun_office.evidence import audits, chain, forks
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificates_to_come, status_of
from biandun_office.issuance.services import IssuingKey
from biandun_office.keylife import orders
from biandun_office.keylife import services as keylife
from biandun_office.office.identity import Office
from biandun_office.office.keystore import Passphrase
from biandun_office.platform import clock, files
from biandun_office.timekeeping import guard
from biandun_protocol import kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.orders import ORDERS
from biandun_protocol.wire.numbers import LIMIT_SEQ, STANDING_NAMES

REMIND_AFTER_DAYS = 30
GAP_REASON = Text(64)
_DAY = 86_400


@click.command(cls=Command)
@in_session
def alerts(session: Session) -> list[dict[str, object]]:
    """列出待处理的警报，以及 30 天以上未补齐的空缺。 List open alerts, and gaps that are older than
    30 days.

    空缺只是提醒，不影响受理；补交遗失的材料，或提交密钥的链接清单后消除。

    A gap is only a reminder and blocks nothing.  It is closed when the lost statement or the key's
    export of links is submitted.

    \b
    Example:  biandun-office --data office alerts
    """
    session.open()
    now = clock.now()
    language = session.language
    rows = _of_the_clock(now, language)
    rows += [
        _row(alert.kind, language, alert.certificate, alert.detail, alert.raised)
        for alert in forks.open_alerts()
    ]
    for gap, first in chain.open_gaps():
        if now - gap.opened > REMIND_AFTER_DAYS * _DAY:
            rows.append(
                _row(
                    "GAP",
                    language,
                    gap.certificate,
                    f"seq {first}-{gap.seq}",
                    gap.opened,
                )
            )
    return rows


@click.command(cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--reason", type=REASON, required=True, help="原因，留存备查 / reason, kept on record"
)
@in_session
def suspend(session: Session, *, serial: str, reason: str) -> dict[str, object]:
    """暂停密钥：此后不受理其签署的材料，可用 resume 恢复。 Suspend a key, such as a missing one,
    until `resume`.

    时钟存疑时也可执行，所记时间为可以确定的最晚时间。

    No statement of a suspended key is accepted.  The command also works while the office doubts its
    clock; then it records the latest time that is certain.

    \b
    Example:  biandun-office --data office suspend --serial BD-0001 --reason "unit reports it missing"
    """
    return _stop(session, keylife.suspend, serial, reason)


@click.command(cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--reason", type=REASON, required=True, help="原因，留存备查 / reason, kept on record"
)
@in_session
def resume(session: Session, *, serial: str, reason: str) -> dict[str, object]:
    """查明原因后恢复被暂停的密钥。 Resume a suspended key, once the cause has been found.

    \b
    Example:  biandun-office --data office resume --serial BD-0001 --reason "unit called, restored an old image"
    """
    session.open()
    return _decided(keylife.resume(serial=serial, reason=reason, now=guard.now()))


@click.command(cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--reason", type=REASON, required=True, help="原因，留存备查 / reason, kept on record"
)
@in_session
def revoke(session: Session, *, serial: str, reason: str) -> dict[str, object]:
    """吊销密钥的证书，不可撤回。 Revoke a key's certificate; this cannot be undone.

    时钟存疑时也可执行，所记时间为可以确定的最晚时间。

    The command also works while the office doubts its clock; then it records the latest time that
    is certain.

    \b
    Example:  biandun-office --data office revoke --serial BD-0001 --reason "key lost"
    """
    return _stop(session, keylife.revoke, serial, reason)


@click.command(cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="状态文件 / the status file to write",
)
@with_passphrase
@in_session
def status(
    session: Session, *, passphrase: Passphrase, serial: str, out: Path
) -> dict[str, object]:
    """签发密钥状态文件，供不联网的密钥导入（biandun keys status 文件）。 Write a key's signed
    status, for a key without a network.

    能连上编办服务器的计算机会自行查询。被暂停的密钥存入恢复后的新状态，即可再次签署。

    A computer that can reach the office's server fetches the status by itself.  A key that has
    received the status "suspended" signs again once it has received a newer one.

    \b
    Example:  biandun-office --data office status --serial BD-0001 --out status.bd
    """
    signer = IssuingKey.unlock(session.open(), passphrase).signer()
    manifest = status_of(serial)
    files.write(out, signer.status(manifest).encode(), mode=files.PUBLIC)
    return {
        "file": str(out),
        "serial": serial,
        "standing": STANDING_NAMES[manifest.standing],
        "since": datetime.fromtimestamp(manifest.since, UTC).isoformat(),
    }


@click.command(cls=Command)
@click.argument("export", type=Given(kinds.AUDIT))
@in_session
def audit(session: Session, *, export: bytes) -> dict[str, object]:
    """核验并保存密钥的审计记录（biandun keys audit --out）。 Verify and store a key's audit ring,
    and show its new events.

    \b
    Example:  biandun-office --data office audit audit.bd
    """
    folder = session.open()
    taken = audits.receive(raw=export, algorithm=Office.load(folder).algorithm, now=guard.now())
    return {
        "serial": taken.certificate.device.serial,
        "unit_name": taken.certificate.unit_name,
        "new": [
            f"{event.count} {event.name} {event.detail} (boot {event.boots}, seq {event.seq})"
            for event in taken.new
        ],
        "lost": taken.lost,
    }


@click.command("close-gap", cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--seq",
    type=click.IntRange(1, LIMIT_SEQ),
    required=True,
    help="空缺的最后一个序号 / the last number of the gap",
)
@click.option(
    "--reason", type=GAP_REASON, required=True, help="原因，留存备查 / reason, kept on record"
)
@in_session
def close_gap(session: Session, *, serial: str, seq: int, reason: str) -> dict[str, object]:
    """确认空缺的材料不会再来，不再提醒。 Close a gap whose statements will never arrive.

    日后仍然送来的，照常受理。

    If one arrives all the same, it is accepted as usual.

    \b
    Example:  biandun-office --data office close-gap --serial BD-0001 --seq 67 --reason "numbers left free by an order"
    """
    session.open()
    gap = chain.close_gap(serial=serial, seq=seq, reason=reason, now=guard.now())
    return {"serial": serial, "seq": gap.seq, "reason": gap.closed_by}


@click.command(cls=Command)
@click.argument("challenge", type=Given(kinds.CHALLENGE))
@click.option(
    "--do",
    "purpose",
    type=click.Choice(ORDERS),
    required=True,
    help="清除密钥并吊销证书，让存储被恢复成旧数据的密钥继续签署，或改正密钥所知的编办时间 / what the key is to do",
)
@click.option(
    "--reason", type=REASON, required=True, help="原因，留存备查 / reason, kept on record"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="指令文件 / the order file to write",
)
@click.option(
    "--spare",
    type=click.IntRange(0, orders.MOST_SPARE),
    default=orders.SPARE,
    show_default=True,
    help="为仍在途中的材料预留的序号数 / numbers left free for statements that are still on their way",
)
@with_passphrase
@in_session
def order(
    session: Session,
    *,
    passphrase: Passphrase,
    challenge: bytes,
    purpose: str,
    reason: str,
    out: Path,
    spare: int,
) -> dict[str, object]:
    """对密钥的申请文件签发指令：重置、继续签署或改正时间。 Answer a key's challenge with an order,
    which can be used once.

    重置会立即吊销证书。被恢复成旧数据的密钥，从它与编办所知的最大序号之后继续，并空出 --spare
    个序号：空得少于在途材料，在途材料会 显得像分叉。被暂停的密钥还需要
    resume。编办时钟曾经超前的，校准并确认（clock confirm）之后， 用 set-time
    改正密钥所知的时间。对同一申请再次执行，得到同一份指令。

    A reset revokes the certificate at once.  A key whose storage was restored from an old image
    continues after the highest number that it or the office knows, with --spare numbers left free;
    if more statements are still on their way, they will look like a fork.  A suspended key also
    needs `resume`.  A key that received a wrong time from the office needs set-time, once the
    office's clock has been corrected and confirmed (`clock confirm`).  The same challenge gets the
    same order again.

    \b
    Example:  biandun-office --data office order challenge.bd --do reinstate --reason "restored by mistake" --out order.bd
              biandun-office --data office order challenge.bd --do reset --reason "handed on" --out order.bd
              biandun-office --data office order challenge.bd --do set-time --reason "clock was ahead" --out order.bd
    """
    folder = session.open()
    authority = IssuingKey.unlock(folder, passphrase)
    with files.delivering() as deliver:
        given = orders.issue_order(
            authority=authority,
            challenge=challenge,
            purpose=purpose,
            spare=spare,
            reason=reason,
            now=guard.now(),
            deliver=lambda raw: deliver(out, raw),
        )
    certificate = given.row.certificate
    return {
        "file": str(out),
        "serial": certificate.device.serial,
        "order": purpose,
        "seq": given.seq,
        "state": certificate.state,
    }


def _stop(
    session: Session, stop: Callable[..., Certificate], serial: str, reason: str
) -> dict[str, object]:
    """Suspend or revoke a key; ``stop`` is the function that does it.

    It also works while the office doubts its clock: then the latest time that is certain is
    recorded, and shown together with the time that the clock claims.
    """
    session.open()
    moment, doubted = guard.certain()
    answer = _decided(stop(serial=serial, reason=reason, now=moment, doubted=doubted))
    if doubted is not None:
        answer |= {"not_before": clock.iso(moment), "doubted": clock.iso(doubted)}
    return answer


def _decided(certificate: Certificate) -> dict[str, object]:
    return {
        "serial": certificate.device.serial,
        "unit_name": certificate.unit_name,
        "state": certificate.state,
    }


def _of_the_clock(now: int, language: str) -> list[dict[str, object]]:
    """Alerts about the clock: why the office signs nothing, and certificates not valid yet."""
    wrong = guard.problem()
    rows: list[dict[str, object]] = (
        [
            {
                "kind": "CLOCK",
                "name": wrong.message(language),
                "detail": wrong.next_step(language),
            }
        ]
        if wrong
        else []
    )
    early = certificates_to_come(now + guard.BEHIND)
    return rows + [
        _row(
            "NOT_YET",
            language,
            one,
            f"not before {clock.iso(one.not_before)}",
            now,
        )
        for one in early
    ]


_NAMES = {
    "FORK": "alert.fork",
    "ROLLBACK": "alert.rollback",
    "GAP": "alert.gap",
    "NOT_YET": "alert.not-yet",
}


def _row(
    kind: str, language: str, certificate: Certificate, detail: str, since: int
) -> dict[str, object]:
    return {
        "kind": kind,
        "name": phrase(_NAMES[kind]).of(language),
        "serial": certificate.device.serial,
        "uscc": certificate.uscc,
        "unit_name": certificate.unit_name,
        "detail": detail,
        "since": datetime.fromtimestamp(since, UTC).isoformat(),
    }


COMMANDS = (alerts, suspend, resume, revoke, status, close_gap, order, audit)
