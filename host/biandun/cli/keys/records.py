"""The content of a key: its chain, its statements, its audit ring, the unit card."""

from pathlib import Path

import click

from biandun.cli.commands import Command
from biandun.cli.shared import FILE, Given, with_key
from biandun.descriptions import day, describe_chain
from biandun.errors import KeyRefused
from biandun.files import write_file
from biandun.folders import unwritable
from biandun.keys import Key
from biandun.results.keys import AuditEvent, CardState, ChainState, ExportedLinks, KeptStatement
from biandun_protocol import kinds
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.audit import verify_audit
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    ERROR_SESSION_UNAVAILABLE,
    LIMIT_LINK_EXPORT,
    LIMIT_SEQ,
)


@click.command("chain", cls=Command)
@with_key
def chain(key: Key) -> ChainState:
    """查看密钥的签名链和它所知的编办日志走到哪里。

    Show the state of the key's chain of statements, and of the office's log as the key knows it.

    \b
    Example:  biandun keys chain --json
    """
    return describe_chain(key)


@click.command("last", cls=Command)
@click.option(
    "--seq",
    type=click.IntRange(1, LIMIT_SEQ),
    help="指定序号，代替最近一份 / sequence number, instead of the last one",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="写入 statement.cose 和 receipt.cbor 的文件夹 / folder to write statement.cose and receipt.cbor to",
)
@with_key
def last(key: Key, seq: int | None, out: Path | None) -> KeptStatement:
    """显示密钥最近签署的文件及其保存的回执。

    Show the last statement that the key signed, and its receipt if the key has it.

    \b
    Example:  biandun keys last --out copy/
    """
    kept = key.fetch(seq=seq or key.chain().seq)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(out, error) from error
        write_file(out / "statement.cose", kept.statement)
        if kept.receipt is not None:
            write_file(out / "receipt.cbor", kept.receipt.encode())
    return KeptStatement(
        serial=key.info.serial,
        seq=kept.seq,
        idempotency_key=kept.idempotency_key,
        statement=kept.statement,
        receipt=kept.receipt.encode() if kept.receipt else None,
        receipt_verified_by_key=kept.receipt is not None,
    )


@click.command("export-links", cls=Command)
@click.option(
    "--first",
    type=click.IntRange(1, LIMIT_SEQ),
    required=True,
    help="第一条链接的序号 / sequence number of the first link",
)
@click.option(
    "--count",
    type=click.IntRange(1, LIMIT_LINK_EXPORT),
    default=1,
    show_default=True,
    help="链接条数 / number of links",
)
@click.option("--out", type=FILE, required=True, help="写入的文件 / where to write them")
@with_key
def export_links(key: Key, first: int, count: int, out: Path) -> ExportedLinks:
    """导出未送达编办的签名文件的链接清单，供编办补齐空缺。

    Write the signed ids of statements that never reached the office, so that it can close the gap.

    \b
    Example:  biandun keys export-links --first 3 --count 2 --out links.bd
    """
    signed = key.export_links(first, count)
    write_file(out, signed.encode())
    return ExportedLinks(serial=key.info.serial, first=first, count=count, links=out)


@click.command("audit", cls=Command)
@click.option("--out", type=FILE, help="写入文件，交给编办 / where to write it for the office")
@with_key
def audit(key: Key, out: Path | None) -> list[AuditEvent]:
    """查看密钥的经历：设置、更改、锁定口令，单位卡，批量确认，重置；不需要口令。

    Show the key's audit log: PINs set, changed and locked, cards, batches, resets.  Needs no PIN.

    \b
    Examples:  biandun keys audit
               biandun keys audit --out audit.bd
    """
    export = key.audit()
    device_key = key.profile().device_key
    if device_key is None:
        raise KeyRefused(ERROR_SESSION_UNAVAILABLE)
    ring = verify_audit(export, PublicKey(key.algorithm, device_key))
    if out is not None:
        write_file(out, codec.encode(export), replace=True)
    return [
        AuditEvent(
            event_no=event.count,
            event=event.name,
            detail=event.detail,
            boots=event.boots,
            seq=event.seq,
        )
        for event in ring.events
    ]


@click.command("card", cls=Command)
@click.option(
    "--put",
    "new",
    type=Given(kinds.CARD),
    help="编办签发的更新的单位卡，装入密钥 / a newer unit card from the office, to store on the key",
)
@click.option(
    "--out", type=FILE, help="写入单位卡及其分段 / where to write the card, with its sections"
)
@with_key
def card(key: Key, new: UnitCard | None, out: Path | None) -> CardState:
    """查看密钥中的单位卡，装入更新的单位卡，或写入文件。

    Show the unit card on the key, store a newer one, or write it to a file.

    \b
    Examples:  biandun keys card --put card.bd
               biandun keys card --out card.bd
    """
    if new is not None:
        key.card.put(new)
    held = key.card.read() if out is not None else key.card.head()
    if out is not None:
        write_file(out, held.encode())
    manifest = held.read()
    return CardState(
        serial=key.info.serial,
        uscc=manifest.uscc,
        card_version=manifest.version,
        issued=day(manifest.issued),
        not_after=day(manifest.not_after),
        sections=len(manifest.sections),
        file=out,
    )
