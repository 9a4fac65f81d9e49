"""biandun outbox: filings that are carried on the key, for units without a network."""

from pathlib import Path

import click

from biandun import key_status, outbox
from biandun.cli.commands import Group
from biandun.cli.shared import (
    ADDRESS,
    CODE,
    FOLDER,
    HEXADECIMAL,
    OFFICE,
    Settings,
    pass_settings,
    with_key,
)
from biandun.errors import KeyRefused, UsageProblem
from biandun.filings.folder import Folder
from biandun.keys import Key
from biandun.office_client import Office
from biandun.results.travel import (
    ParcelDropped,
    ParcelPut,
    ParcelRow,
    ParcelSubmitted,
    ReceiptCollected,
)
from biandun_protocol.wire.numbers import (
    ERROR_NOT_FOUND,
    LIMIT_IDEMPOTENCY_KEY,
    LIMIT_OUTBOX,
    LIMIT_PIECE,
)


@click.group("outbox", cls=Group)
def group() -> None:
    """随密钥携带的材料：装入，在别处提交，把回执带回。

    最多八份，合计 32 KiB；较大的附件请另行传送。

    Filings carried on the key: put them in, submit them elsewhere, bring the receipts back.

    There is room for eight filings, 32 KiB in total; carry larger attachments separately.

    \b
    Examples:  biandun outbox put 用编申请
               biandun outbox list
               biandun outbox submit --office http://127.0.0.1:8420
               biandun outbox collect 用编申请
    """


@group.command("put")
@click.argument("folder", type=FOLDER)
@with_key
def put(key: Key, folder: Path) -> ParcelPut:
    """把 FOLDER 中已签署的材料装入密钥的发件箱；中断后再次执行即继续。

    Put the signed filing in FOLDER into the key's outbox; repeat it after an interruption.

    \b
    Example:  biandun outbox put 用编申请
    """
    size = outbox.put(key, Folder(folder))
    used = sum(entry.length for entry in key.outbox.entries())
    return ParcelPut(
        serial=key.info.serial, folder=folder, size=size, outbox_free=LIMIT_OUTBOX - used
    )


@group.command("list")
@with_key
def list_parcels(key: Key) -> list[ParcelRow]:
    """列出密钥发件箱中的材料；不需要口令，也不显示内容。

    List what is in the key's outbox; needs no PIN and shows no content.

    \b
    Example:  biandun outbox list --json
    """
    return [
        ParcelRow(
            name=entry.name,
            seq=_seq(key, entry.name),
            size=entry.length,
            complete=entry.next * LIMIT_PIECE >= entry.length,
        )
        for entry in key.outbox.entries()
    ]


def _seq(key: Key, name: bytes) -> int | None:
    try:
        return key.fetch(idempotency_key=name).seq
    except KeyRefused as refusal:
        if refusal.number != ERROR_NOT_FOUND:
            raise
        return None  # the key has dropped the statement to make room


@group.command("submit")
@OFFICE
@with_key
@pass_settings
def submit(settings: Settings, key: Key, url: str) -> list[ParcelSubmitted]:
    """原样提交密钥发件箱中的材料，密钥保存回执。重复执行不会重复申报。

    Submit the filings in the key's outbox unchanged; the key stores the receipts.  Repeating the
    command never files twice.

    \b
    Example:  biandun outbox submit --office http://127.0.0.1:8420
    """
    with Office(url) as office:
        handed = outbox.submit(key, office, settings.ui)
        if any(one.problem and one.problem.code in key_status.REFUSALS.values() for one in handed):
            key_status.refresh_if_possible(key, office)
        else:
            key_status.refresh_if_stopped(key, office)
    if any(one.problem for one in handed):
        settings.exit_status = 10
    return [
        ParcelSubmitted(
            name=one.name,
            case=one.case,
            statement_id=one.statement_id,
            problem=one.problem.code if one.problem else None,
        )
        for one in handed
    ]


@group.command("collect")
@click.argument("folder", type=FOLDER)
@click.option(
    "--case",
    type=CODE,
    metavar="NUMBER",
    default="",
    help="提交时显示的业务编号 / the case number that outbox submit showed",
)
@click.option(
    "--office",
    "url",
    type=ADDRESS,
    metavar="URL",
    help="向编办查询业务编号和证书 / ask the office for case number and certificates, too",
)
@with_key
@pass_settings
def collect(
    settings: Settings, key: Key, folder: Path, case: str, url: str | None
) -> ReceiptCollected:
    """把密钥带回的回执取入 FOLDER。

    密钥只带签了名的内容；业务编号没有签名，请用 --case 给出，或用 --office 向编办查询。

    Copy the receipt from the key into FOLDER.

    The key carries only what is signed.  The case number is not, so give it with --case, or fetch
    it with --office.

    \b
    Examples:  biandun outbox collect 用编申请 --case 629900HB2026000001
               biandun outbox collect 用编申请 --office http://127.0.0.1:8420
    """
    opened = Folder(folder)
    seq = outbox.collect(key, opened, case)
    if url is not None:
        with Office(url) as office:
            opened.submit(office, settings.ui)  # idempotent: the office has it and only answers
    return ReceiptCollected(serial=key.info.serial, folder=folder, seq=seq, case=opened.state.case)


@group.command("drop")
@click.argument("name", type=HEXADECIMAL)
@with_key
def drop(key: Key, name: str) -> ParcelDropped:
    """从发件箱中取出不再携带的材料；NAME 见 `biandun outbox list`。材料本身仍在其文件夹中。

    Delete a filing from the outbox; NAME as `list` shows it.  The filing itself stays in its
    folder.

    \b
    Example:  biandun outbox drop 0123456789abcdef0123456789abcdef
    """
    try:
        raw = bytes.fromhex(name)
    except ValueError:
        raw = b""
    if len(raw) != LIMIT_IDEMPOTENCY_KEY:
        raise UsageProblem(detail=name)
    key.outbox.drop(raw)
    return ParcelDropped(serial=key.info.serial, name=name)
