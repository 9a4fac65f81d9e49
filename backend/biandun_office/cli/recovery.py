"""Commands for unblocking keys: officer, officers, name-officers, shares, unblock-code."""

from functools import partial
from pathlib import Path

import click

from biandun_office.cli.commands import Command
from biandun_office.cli.output import day
from biandun_office.cli.session import CODE, PERSON, Given, Session, in_session, with_passphrase
from biandun_office.issuance import recovery
from biandun_office.issuance.services import IssuingKey
from biandun_office.office.identity import Office
from biandun_office.office.keystore import Cost, Passphrase
from biandun_office.platform import files
from biandun_office.timekeeping import guard
from biandun_protocol import kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.recovery import decode_ask
from biandun_protocol.terminal.words import label
from biandun_protocol.wire.messages import UnblockAsk
from biandun_protocol.wire.numbers import LIMIT_USER_SLOTS, SCHEMA_UNBLOCK_ASK


@click.command(cls=Command)
@click.argument("name", type=PERSON)
@with_passphrase
@in_session
def officer(session: Session, *, passphrase: Passphrase, name: str) -> dict[str, object]:
    """为一位解锁人员建立密钥，口令由其本人设定和保管。 Create an unblocking officer's key, under
    their own passphrase.

    两位解锁人员合作才能让被锁定的密钥重新可用；任何一位单独不能，编办的签发密钥也不能。

    It takes two officers to unblock a key; neither can alone, nor can the office's issuing key.

    \b
    Example:  biandun-office --data office officer 测试员甲 --passphrase-file own-secret.txt
    """
    algorithm = Office.load(session.open()).algorithm
    made = recovery.make_officer(
        name=name, algorithm=algorithm, passphrase=passphrase, cost=Cost(), now=guard.now()
    )
    return {"officer": made.name, "made": day(made.made_at)}


@click.command(cls=Command)
@in_session
def officers(session: Session) -> list[dict[str, object]]:
    """列出解锁人员，以及当前指定的两位。 List the unblocking officers, and which two are appointed.

    \b
    Example:  biandun-office --data office officers
    """
    session.open()
    words = label("in_force", session.language)
    return [
        {
            "officer": one.name,
            "made": day(one.made_at),
            "in_force": named if session.as_json else words if named else None,
        }
        for one, named in recovery.all_officers()
    ]


@click.command("name-officers", cls=Command)
@click.argument("first", type=PERSON)
@click.argument("second", type=PERSON)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="交给已启用密钥的文件 / a file for keys that are in service",
)
@with_passphrase
@in_session
def name_officers(
    session: Session, *, passphrase: Passphrase, first: str, second: str, out: Path | None
) -> dict[str, object]:
    """指定两位解锁人员；此后启用的密钥自动带上。 Appoint the two officers that keys seal their
    unblocking shares to.

    此后启用的密钥从启用文件得知；在用的密钥从该文件得知（biandun keys
    officers）。口令是编办签发密钥的口令。

    New keys get their names from the offer, keys in service from the file (`biandun keys
    officers`).  The passphrase is that of the office's issuing key.

    \b
    Example:  biandun-office --data office name-officers 测试员甲 测试员乙 --out officers.bd --passphrase-file secret.txt
    """
    authority = IssuingKey.unlock(session.open(), passphrase)
    with files.delivering() as deliver:
        pair = recovery.name_officers(
            signer=authority.signer(),
            first=first,
            second=second,
            now=guard.now(),
            deliver=partial(deliver, out) if out is not None else None,
        )
    return {
        "first": pair.first.name,
        "second": pair.second.name,
        "version": pair.version,
        "file": str(out) if out else None,
    }


@click.command(cls=Command)
@click.argument("export", type=Given(kinds.SHARES))
@in_session
def shares(session: Session, *, export: bytes) -> dict[str, object]:
    """录入密钥导出的解锁份额（biandun keys shares）。 Store the unblocking shares that a key exported.

    \b
    Example:  biandun-office --data office shares shares.bd
    """
    algorithm = Office.load(session.open()).algorithm
    kept = recovery.receive_shares(raw=export, algorithm=algorithm, now=guard.now())
    return {
        "serial": kept.device.serial,
        "number": kept.number,
        "first": kept.pair.first.name,
        "second": kept.pair.second.name,
    }


@click.command("unblock-code", cls=Command)
@click.option(
    "--request",
    type=Given(kinds.ASK),
    help="单位的解锁申请文件，代替以下四项 / the unit's request file, instead of the next four",
)
@click.option("--serial", type=CODE, help="密钥序列号 / the key's serial number")
@click.option(
    "--user",
    "slot",
    type=click.IntRange(0, LIMIT_USER_SLOTS - 1),
    default=0,
    show_default=True,
    help="用户 / user",
)
@click.option("--number", type=click.IntRange(1, 2**31 - 1), help="份额编号 / number of the shares")
@click.option("--check", type=CODE, help="四位校验码 / check code, four characters")
@click.option(
    "--officer", "name", type=PERSON, required=True, help="解锁人员姓名 / name of the officer"
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="写入文件而不显示 / write the code to a file instead of showing it",
)
@with_passphrase
@in_session
def unblock_code(
    session: Session,
    *,
    passphrase: Passphrase,
    request: bytes | None,
    serial: str | None,
    slot: int,
    number: int | None,
    check: str | None,
    name: str,
    out: Path | None,
) -> dict[str, object]:
    """由一位解锁人员给出自己的解锁码，须由两位各自操作。 Give one officer's code, of the two that
    unblock a key.

    念出解锁码之前，请按备案号码回拨单位：来电者可能是任何人。口令是解锁人员本人的口令。解锁码只对一把密钥、一个用户的一次新口令有效。

    Call the unit back on the number on file before you read the code out: the caller may be
    anybody.  The passphrase is the officer's own.  A code works once, for one key and one user's
    new PIN.

    \b
    Example:  biandun-office --data office unblock-code --serial BD-0001 --number 1 --check 7QX2 --officer 测试员甲
              biandun-office --data office unblock-code --request ask.bd --officer 测试员乙 --out code-b.txt
    """
    algorithm = Office.load(session.open()).algorithm
    if request is not None:
        ask = decode_ask(request)
    elif serial is not None and number is not None and check is not None:
        ask = UnblockAsk(SCHEMA_UNBLOCK_ASK, serial, slot, number, check)
    else:
        wanted = phrase("office.request-or-parts")
        raise click.UsageError(wanted.of(session.language))
    secret, certificate = recovery.give_code(
        ask=ask, officer=name, algorithm=algorithm, passphrase=passphrase, now=guard.now()
    )
    if out is None:
        shown = {"code": secret.reveal().decode()}
    else:
        files.write(out, secret.reveal() + b"\n")
        shown = {"file": str(out)}
    return {
        "serial": ask.serial,
        "unit_name": certificate.unit_name,
        "user": ask.slot,
        "number": ask.number,
        "officer": name,
        **shown,
    }


COMMANDS = (officer, officers, name_officers, shares, unblock_code)
