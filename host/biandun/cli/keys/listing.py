"""Which keys there are, and their identity and revocation status."""

import click
from click.core import ParameterSource

from biandun import descriptions, key_status, keys
from biandun.cli.commands import Command
from biandun.cli.shared import ADDRESS, CODE, Given, Settings, pass_settings, with_key
from biandun.errors import OfficeUnreachable, UsageProblem
from biandun.keys import Key
from biandun.known_keys import KnownKeys
from biandun.office_client import Office
from biandun.results.keys import ForgottenKey, KeyInfo, KeyRow, KeyStatus, MetKey
from biandun_protocol import kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.certificate import Signed
from biandun_protocol.wire.messages import StatusReply, StatusRequest
from biandun_protocol.wire.numbers import STANDING_NAMES


@click.command("list", cls=Command)
@pass_settings
def list_keys(settings: Settings) -> list[KeyRow]:
    """列出所有已插入的密钥；被占用或出错的密钥也列出并说明问题，发生过故障的注明最近一次。

    List all keys that are plugged in; a busy or broken one is shown with its problem, a faulty one
    with its last fault.

    \b
    Example:  biandun keys list --json
    """
    rows = [descriptions.describe_port(row, settings.language) for row in keys.list()]
    if not rows and not settings.as_json:
        settings.ui.tell(phrase("host.plug-in"))
    return rows


@click.command("known", cls=Command)
def known() -> list[MetKey]:
    """列出本账户用过的密钥及其设备指纹。

    List the keys that this account has used, with the fingerprints of their device keys.

    \b
    Example:  biandun keys known --json
    """
    return [
        MetKey(
            serial=serial,
            unit_name=row.unit_name,
            uscc=row.uscc,
            fingerprint=row.fingerprint,
            since=descriptions.day(row.since),
        )
        for serial, row in KnownKeys().all().items()
    ]


@click.command("forget", cls=Command)
@click.argument("serial", type=CODE)
def forget(serial: str) -> ForgottenKey:
    """忘记一把经正当手续更换的密钥：下一把同序列号的密钥按首次使用处理。

    Forget a key that was legitimately replaced: the next one with its serial number counts as new.

    \b
    Example:  biandun keys forget BD-000001
    """
    return ForgottenKey(serial=serial, forgotten_key=KnownKeys().forget(serial))


@click.command("info", cls=Command)
@with_key
@pass_settings
def info(settings: Settings, key: Key) -> KeyInfo:
    """查看密钥属于哪个单位、可以签署什么。

    Show the unit that the key belongs to and what it may sign.

    \b
    Example:  biandun keys info --serial BD-000001
    """
    return descriptions.describe_key(key, settings.language)


@click.command("status", cls=Command)
@click.argument("status", type=Given(kinds.STATUS), required=False)
@click.option(
    "--office",
    "url",
    envvar="BIANDUN_OFFICE",
    type=ADDRESS,
    metavar="URL",
    help="向该编办服务器询问 / fetch the status from the office's server",
)
@with_key
def status(key: Key, status: Signed | None, url: str | None) -> KeyStatus:
    """先把编办签发的最新状态（取自编办服务器或状态文件 STATUS）存入密钥，再显示它能否签署。

    两者都没有，或 BIANDUN_OFFICE 所指的服务器连不上时，显示密钥中最近一次存入的状态。

    Show whether the key may sign, after storing the office's current status on it, from the server
    or a STATUS file.

    Without either, or if the server in BIANDUN_OFFICE cannot be reached, the status that the key
    stored last is shown.

    \b
    Examples:  biandun keys status --office http://127.0.0.1:8420
               biandun keys status status.bd
    """
    usual = click.get_current_context().get_parameter_source("url") is ParameterSource.ENVIRONMENT
    if status is not None and url is not None and not usual:
        raise UsageProblem(detail="STATUS, --office")
    current = None
    if status is not None:
        current = key_status.store(key, status)
    elif url is not None:
        try:
            with Office(url) as office:
                current = key_status.refresh(key, office)
        except OfficeUnreachable:
            if not usual:
                raise
    if current is None:
        current = key.call(StatusRequest(), StatusReply)
    return KeyStatus(
        serial=key.info.serial,
        unit_name=key.info.unit_name,
        status=STANDING_NAMES[current.standing],
        since=descriptions.day(current.since or None),
    )
