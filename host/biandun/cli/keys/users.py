"""Users of a key: their PINs, and unblocking."""

from pathlib import Path

import click

from biandun.cli.commands import Command
from biandun.cli.output import say
from biandun.cli.shared import (
    DESCRIPTOR,
    FILE,
    READABLE,
    Given,
    in_language,
    prompt_secret,
    secret_source,
    with_key,
)
from biandun.errors import KeyRefused, UsageProblem
from biandun.files import write_file
from biandun.keys import Key
from biandun.results.keys import (
    SharesWritten,
    Unblocked,
    UnblockRequested,
    UnblockWords,
    UserChanged,
)
from biandun_protocol import kinds
from biandun_protocol.catalogue import phrase
from biandun_protocol.recovery import Officers, read_shares
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import UnblockAsk
from biandun_protocol.wire.numbers import (
    ERROR_PIN_LOCKED,
    ERROR_PIN_REQUIRED,
    LIMIT_PIN_TRIES,
    LIMIT_USER_SLOTS,
)

CODES = 2  # one of each officer

NEW_PIN = (
    click.option(
        "--new-pin-file",
        type=READABLE,
        help="首行为新口令的文件 / file whose first line is the new PIN",
    ),
    click.option(
        "--new-pin-fd",
        type=DESCRIPTOR,
        metavar="N",
        help="读取新口令的文件描述符 / open file descriptor to read the new PIN from",
    ),
)


@click.command("set-pin", cls=Command)
@NEW_PIN[0]
@NEW_PIN[1]
@with_key
def set_pin(key: Key, new_pin_file: Path | None, new_pin_fd: int | None) -> UserChanged:
    """为密钥的用户设置第一个口令；0 号用户需按按钮，其他用户需 0 号用户的口令。

    Set a user's first PIN; user 0 needs the button, others need user 0's PIN.

    \b
    Examples:  biandun keys set-pin
               biandun keys set-pin --user 1 --new-pin-file new.txt
    """
    slot, pin = key.slot, _new_pin(new_pin_file, new_pin_fd)
    if slot != 0:
        key.unlock(slot=0)
    key.set_pin(pin, slot)
    return UserChanged(serial=key.info.serial, user=slot, users=key.pin_slots)


@click.command("change-pin", cls=Command)
@NEW_PIN[0]
@NEW_PIN[1]
@with_key
def change_pin(key: Key, new_pin_file: Path | None, new_pin_fd: int | None) -> UserChanged:
    """更换用户的口令，需要原口令。

    Replace a user's PIN; the old one is needed.

    \b
    Example:  biandun keys change-pin --user 1
    """
    left = key.tries_left(key.slot)
    if left == 0:
        raise KeyRefused(ERROR_PIN_LOCKED, tries_left=0)
    old = key.ui.need_pin(key.info.serial, key.slot, None if left == LIMIT_PIN_TRIES else left)
    if old is None:
        raise KeyRefused(ERROR_PIN_REQUIRED)
    key.change_pin(old, _new_pin(new_pin_file, new_pin_fd), key.slot)
    return UserChanged(serial=key.info.serial, user=key.slot)


@click.command("remove-user", cls=Command)
@click.argument("slot", type=click.IntRange(1, LIMIT_USER_SLOTS - 1))
@with_key
def remove_user(key: Key, slot: int) -> UserChanged:
    """删除用户 SLOT 的口令；需要 0 号用户的口令并按按钮。该用户已签署的内容不变。

    Delete the PIN of user SLOT; needs user 0's PIN and the button.  What that user signed stays.

    \b
    Example:  biandun keys remove-user 1
    """
    key.unlock(slot=0)
    key.remove_user(slot)
    return UserChanged(serial=key.info.serial, user=slot, users=key.pin_slots)


@click.command("officers", cls=Command)
@click.argument("officers", type=Given(kinds.OFFICERS))
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的份额文件 / where to write the key's shares for the office",
)
@with_key
def name_officers(key: Key, officers: Officers, out: Path) -> SharesWritten:
    """告诉在用的密钥本编办的两位解锁人员是谁；需要 0 号用户的口令。

    编办事先已指定的，密钥在启用时即已知道。生成的份额文件请交编办。

    Store the office's two unblocking OFFICERS on a key in service; needs user 0's PIN.

    Keys that are enrolled after the office has appointed them have them already.  Give the file of
    shares to the office.

    \b
    Example:  biandun keys officers officers.bd --out shares.bd
    """
    number = key.recovery.name_officers(officers)
    write_file(out, codec.encode(key.recovery.shares()), replace=True)
    return SharesWritten(serial=key.info.serial, number=number, shares=out)


@click.command("shares", cls=Command)
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的份额文件 / where to write the key's shares for the office",
)
@with_key
def shares(key: Key, out: Path) -> SharesWritten:
    """导出封装给两位解锁人员的份额，交编办保存；不需要口令。

    Write the key's shares, sealed to the two officers, for the office to store; needs no PIN.

    \b
    Example:  biandun keys shares --out shares.bd
    """
    export = key.recovery.shares()
    write_file(out, codec.encode(export), replace=True)
    return SharesWritten(serial=key.info.serial, number=read_shares(export).number, shares=out)


@click.command("unblock-request", cls=Command)
@click.option(
    "--out",
    type=FILE,
    help="写入文件，用于无法致电时 / where to write it, for officers who cannot be called",
)
@with_key
def unblock_request(key: Key, out: Path | None) -> UnblockRequested:
    """显示向两位解锁人员报读的内容：序列号、用户、编号、校验码。

    Show what the two officers need to give their codes: serial number, user, number, check code.

    \b
    Examples:  biandun keys unblock-request
               biandun keys unblock-request --user 1 --out ask.bd
    """
    ask = key.recovery.ask(key.slot)
    if out is not None:
        write_file(out, codec.encode(ask), replace=True)
    return UnblockRequested(**vars(_words(ask)), request=out)


@click.command("unblock", cls=Command)
@click.option(
    "--code-file",
    "code_files",
    type=READABLE,
    multiple=True,
    help="写有解锁码的文件，给出两次 / file with an officer's code; give it twice",
)
@click.option(
    "--shares",
    type=FILE,
    required=True,
    help="交给编办的新份额文件 / where to write the key's new shares for the office",
)
@NEW_PIN[0]
@NEW_PIN[1]
@with_key
def unblock(
    key: Key,
    code_files: tuple[Path, ...],
    shares: Path,
    new_pin_file: Path | None,
    new_pin_fd: int | None,
) -> Unblocked:
    """凭两位解锁人员的解锁码，重设忘记或锁定的口令；密钥、证书和签名链不变。

    把显示的内容报给两位解锁人员，等对方回拨，再依次输入解锁码，先后不限。解锁码用过即失效；新的份额文件务必交编办，
    否则下次无法解锁。

    Set a new PIN for a forgotten or locked one with the codes of both officers; key, certificate
    and chain stay.

    Read out what is shown, have both officers call you back, and enter their codes, in either
    order.  A code works only once; give the new shares to the office, or the key cannot be
    unblocked next time.

    \b
    Examples:  biandun keys unblock --shares shares.bd
               biandun keys unblock --user 1 --code-file a.txt --code-file b.txt --new-pin-file pin.txt --shares shares.bd
    """
    if code_files and len(code_files) != CODES:
        raise UsageProblem(detail=phrase("host.two-codes"))
    words = _words(key.recovery.ask(key.slot))
    sources = [secret_source(path, None) for path in code_files]
    if not sources:
        say(in_language(phrase("host.read-out")))
        asked = phrase(
            "host.words",
            serial=words.serial,
            user=words.user,
            number=words.number,
            check=words.check,
        )
        say(in_language(asked))
    first, second = (
        [source() for source in sources if source]
        if sources
        else [prompt_secret(in_language(phrase("host.code-of", place=place))) for place in (1, 2)]
    )
    number = key.recovery.unblock(key.slot, (first, second), _new_pin(new_pin_file, new_pin_fd))
    write_file(shares, codec.encode(key.recovery.shares()), replace=True)
    return Unblocked(
        serial=key.info.serial,
        user=key.slot,
        users=key.pin_slots,
        number=number,
        shares=shares,
    )


def _words(ask: UnblockAsk) -> UnblockWords:
    return UnblockWords(serial=ask.serial, user=ask.slot, number=ask.number, check=ask.check)


def _new_pin(path: Path | None, descriptor: int | None) -> Secret:
    source = secret_source(path, descriptor)
    return source() if source else prompt_secret(in_language(phrase("host.new-pin")), confirm=True)
