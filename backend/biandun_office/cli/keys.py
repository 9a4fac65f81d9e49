"""Commands about units and their keys: units, offer, issue, renew, succeed."""

from collections.abc import Callable
from pathlib import Path

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.output import day
from biandun_office.cli.session import CODE, F, Given, Session, in_session, with_passphrase
from biandun_office.issuance import services
from biandun_office.issuance.services import CERTIFICATE_DAYS, OVERLAP_DAYS, IssuingKey, Term
from biandun_office.keylife import successions
from biandun_office.office.identity import Office
from biandun_office.office.keystore import Passphrase
from biandun_office.platform import files
from biandun_office.registry.selectors import all_units
from biandun_office.timekeeping import guard
from biandun_protocol import kinds
from biandun_protocol.wire.numbers import CHAINED_PURPOSES, PURPOSE_LINK, PURPOSE_LOGIN, ROLES

_PURPOSES = (*CHAINED_PURPOSES, PURPOSE_LOGIN, PURPOSE_LINK)
_DAYS = click.option(
    "--days",
    type=click.IntRange(1, 3653),
    default=CERTIFICATE_DAYS,
    show_default=True,
    help="有效天数 / valid for",
)


def _overlap_days(*, help: str) -> Callable[[F], F]:
    return click.option(
        "--overlap-days",
        type=click.IntRange(0, 365),
        default=OVERLAP_DAYS,
        show_default=True,
        help=help,
    )


@click.command(cls=Command)
@in_session
def units(session: Session) -> list[dict[str, object]]:
    """列出登记的单位。 List the registered units.

    \b
    Example:  biandun-office --data office units
    """
    session.open()
    return [
        {
            "uscc": unit.uscc,
            "code": unit.code,
            "region": unit.region,
            "kind": unit.kind,
            "name": unit.name,
            "supervisor": unit.supervisor.uscc if unit.supervisor else None,
            "active": unit.active,
        }
        for unit in all_units()
    ]


@click.command(cls=Command)
@click.option(
    "--unit",
    "uscc",
    type=CODE,
    required=True,
    help="统一社会信用代码 / the unit's unified social credit code",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="启用文件 / the offer file to write",
)
@in_session
def offer(session: Session, *, uscc: str, out: Path) -> dict[str, object]:
    """为单位生成密钥启用文件（一次有效，30 天）。 Invite a unit to enrol one key.

    \b
    Example:  biandun-office --data office offer --unit 12629900MB00000274 --out offer.bd
    """
    folder = session.open()
    row, content = services.make_offer(office=Office.load(folder), uscc=uscc, now=guard.now())
    files.write(out, content, mode=files.PUBLIC)
    return {
        "file": str(out),
        "uscc": uscc,
        "unit_name": row.unit.name,
        "expires": day(row.expires_at),
    }


@click.command(cls=Command)
@click.argument("request", type=Given(kinds.REQUEST))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="授权文件 / the grant file to write",
)
@click.option(
    "--role",
    type=click.Choice(list(ROLES)),
    help="角色，默认 unit / what the key is for; default: unit",
)
@click.option(
    "--purpose",
    "purposes",
    type=click.Choice(_PURPOSES),
    multiple=True,
    help="用途，限定角色或代替角色 / purpose to allow: some of the role's, or without a role",
)
@_DAYS
@with_passphrase
@in_session
def issue(
    session: Session,
    *,
    passphrase: Passphrase,
    request: bytes,
    out: Path,
    role: str | None,
    purposes: tuple[str, ...],
    days: int,
) -> dict[str, object]:
    """为提出请求的密钥签发证书。 Certify the key that made a request.

    单位申报；主管部门还可审核；编办工作人员作决定。编办工作人员、印章保管人、密钥管理员只限编办自己的密钥。

    A unit files; a supervisor also countersigns; an officer decides.  Officer, seal keeper and key
    administrator are for keys of the office's own unit only.

    \b
    Example:  biandun-office --data office issue request.bd --out grant.bd --role unit --passphrase-file secret.txt
    """
    if role is None and not purposes:
        role = "unit"
    allowed = purposes or ROLES[role or ""]
    folder = session.open()
    authority = IssuingKey.unlock(folder, passphrase)
    with files.delivering() as deliver:
        issued = services.issue(
            authority=authority,
            request=request,
            purposes=allowed,
            role=role,
            days=days,
            now=guard.now(),
            deliver=lambda grant: deliver(out, grant),
        )
    certificate = issued.certificate
    return {
        "file": str(out),
        "serial": certificate.device.serial,
        "unit_name": certificate.unit_name,
        "uscc": certificate.uscc,
        "kid": certificate.kid,
        "role": role,
        "purposes": list(allowed),
        "recoverable": issued.recoverable,
        "not_after": day(certificate.not_after),
    }


@click.command(cls=Command)
@click.option("--serial", type=CODE, required=True, help="密钥序列号 / the key's serial number")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="授权文件 / the grant file to write",
)
@_DAYS
@_overlap_days(
    help="旧证书签署的材料继续受理的天数 / days for which the old certificate's statements are accepted"
)
@with_passphrase
@in_session
def renew(
    session: Session,
    *,
    passphrase: Passphrase,
    serial: str,
    out: Path,
    days: int,
    overlap_days: int,
) -> dict[str, object]:
    """为在用密钥换发证书：密钥对、角色和签名链不变。 Renew a key's certificate; key pair, role and
    chain stay.

    单位用 `biandun keys personalise` 装入密钥。

    The unit installs it with `biandun keys personalise`.

    \b
    Example:  biandun-office --data office renew --serial BD-0001 --out grant.bd --passphrase-file secret.txt
    """
    authority = IssuingKey.unlock(session.open(), passphrase)
    with files.delivering() as deliver:
        issued = services.renew(
            authority=authority,
            serial=serial,
            days=days,
            overlap_days=overlap_days,
            now=guard.now(),
            deliver=lambda grant: deliver(out, grant),
        )
    certificate = issued.certificate
    return {
        "file": str(out),
        "serial": serial,
        "unit_name": certificate.unit_name,
        "version": certificate.version,
        "not_after": day(certificate.not_after),
    }


@click.command(cls=Command)
@click.argument("request", type=Given(kinds.SUCCESSION))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="答复文件 / the answer file to write",
)
@_DAYS
@_overlap_days(
    help="旧密钥对签署的材料继续受理的天数 / days for which the old pair's statements are accepted"
)
@with_passphrase
@in_session
def succeed(
    session: Session,
    *,
    passphrase: Passphrase,
    request: bytes,
    out: Path,
    days: int,
    overlap_days: int,
) -> dict[str, object]:
    """为在用密钥的新密钥对签发证书：签名链延续。 Certify the new key pair of a key in service; its
    chain continues.

    REQUEST 由 `biandun keys succeed` 生成；单位用 `biandun keys personalise`
    装入答复。请先致电单位：谁持有密钥和口令，谁就能提出申请。 --overlap-days 为 0
    时，旧密钥对签署的不再受理。

    REQUEST is the file that `biandun keys succeed` wrote; the unit installs the answer with `biandun
    keys personalise`.  Call the unit first: whoever has the key and its PIN can make a request.
    With --overlap-days 0 no statement of the old pair is accepted any more.

    \b
    Example:  biandun-office --data office succeed request.bd --out answer.bd --passphrase-file secret.txt
    """
    authority = IssuingKey.unlock(session.open(), passphrase)
    with files.delivering() as deliver:
        succeeded = successions.issue_successor(
            authority=authority,
            request=request,
            term=Term(days, overlap_days, guard.now()),
            deliver=lambda answer: deliver(out, answer),
        )
    certificate = succeeded.certificate
    return {
        "file": str(out),
        "serial": certificate.device.serial,
        "unit_name": certificate.unit_name,
        "kid": certificate.kid,
        "version": certificate.version,
        "not_after": day(certificate.not_after),
        "again": succeeded.repeated,
    }


COMMANDS = (units, offer, issue, renew, succeed)
