"""The life cycle of a key: enrolment, certificates, orders of its office, wiping."""

from pathlib import Path

import click

from biandun.cli.commands import Command
from biandun.cli.output import say
from biandun.cli.shared import ADDRESS, CODE, FILE, Given, in_language, typing, with_key
from biandun.descriptions import describe, moment
from biandun.errors import Declined, KeyRefused, OrderNeeded
from biandun.files import write_file
from biandun.filings.receipts import keep_receipt
from biandun.key import succession
from biandun.keys import Key
from biandun.office_client import Office
from biandun.results.keys import (
    Challenged,
    Emptied,
    Enrolled,
    PairRequested,
    Personalised,
    Reinstated,
    TimeSet,
)
from biandun_protocol import enrolment, kinds, orders
from biandun_protocol.catalogue import phrase
from biandun_protocol.identifiers import in_capitals
from biandun_protocol.recovery import Officers
from biandun_protocol.succession import Granted
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, Offer
from biandun_protocol.wire.numbers import PURPOSE_RESET, PURPOSE_SET_TIME, STATE_NAMES


@click.command("enroll", cls=Command)
@click.argument("offer", type=Given(kinds.OFFER))
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the request for the office",
)
@with_key
def enroll(key: Key, offer: tuple[Offer, Officers | None], out: Path) -> Enrolled:
    """答复编办的启用文件
    OFFER：装入编办信任根，生成密钥对，证明持有私钥。申请文件交出之前，可用同一启用文件重复执行。

    Answer the office's OFFER: install its root of trust, make the key pair, prove possession.

    May be repeated with the same offer until the request was submitted.

    \b
    Example:  biandun keys enroll offer.bd --out request.bd
    """
    invited, officers = offer
    request = key.answer_offer(invited, officers)
    shares = key.recovery.shares() if officers is not None else None
    write_file(out, enrolment.encode_request(request, shares), replace=True)
    return Enrolled(serial=key.info.serial, state=STATE_NAMES[key.info.state], request=out)


@click.command("succeed", cls=Command)
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the request for the office",
)
@with_key
def succeed(key: Key, out: Path) -> PairRequested:
    """在用的密钥生成新密钥对，请编办签发证书；需要 0 号用户的口令并按按钮。

    在用 `biandun keys personalise` 装入编办的答复之前，旧密钥对继续签署。口令、用户和签名链不变；
    可重复执行，密钥对只生成一次。

    Make a new key pair on a key in service, and ask the office to certify it; needs user 0's PIN
    and the button.

    The old pair signs until the office's answer is installed with `biandun keys personalise`.
    PINs, users and the chain of statements stay.  May be repeated: the pair is made only once.

    \b
    Example:  biandun keys succeed --out request.bd
    """
    asked = succession.ask(key)
    write_file(out, asked.encode(), replace=True)
    return PairRequested(serial=key.info.serial, seq=key.chain().seq, request=out)


@click.command("personalise", cls=Command)
@click.argument("grant", type=Given(kinds.CERTIFICATE))
@click.option(
    "--url",
    type=ADDRESS,
    metavar="URL",
    help="密钥在申请之后见过更长的日志时，向该编办取回执 / office to fetch a newer receipt from, if the key has seen a longer log since its request",
)
@with_key
def personalise(key: Key, grant: Grant | Granted, url: str | None) -> Personalised:
    """把编办签发的证书（GRANT 文件）装入密钥：首次、换发，或新密钥对的证书。

    Install the certificate that the office issued in GRANT: the first, a renewed one, or that of a
    new key pair.

    \b
    Examples:  biandun keys personalise grant.bd
               biandun keys personalise answer.bd --url https://office.example
    """
    if isinstance(grant, Grant):  # an answer to `enroll` or a renewal
        key.personalise(grant)
        return Personalised(**vars(describe(key.info)))
    try:
        seq = succession.install(key, grant)
    except KeyRefused as refusal:
        if url is None or not refusal.code.startswith("receipt-"):
            raise
        with Office(url) as office:
            seq = keep_receipt(key, grant.receipt, grant.receipt.read().statement_id.hex(), office)
    return Personalised(**vars(describe(key.info)), seq=seq, receipt_verified_by_key=True)


@click.command("challenge", cls=Command)
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the challenge for the office",
)
@with_key
def challenge(key: Key, out: Path) -> Challenged:
    """生成申请文件，供编办签发指令：重置密钥，在存储被恢复成旧数据后继续签署，或改正密钥所知的编办时间。

    Write the file that the office needs to issue an order to this key: to reset it, to continue
    after an old image was restored, or to correct its time.

    \b
    Example:  biandun keys challenge --out challenge.bd
    """
    asked = key.challenge()
    write_file(out, codec.encode(asked), replace=True)
    return Challenged(
        serial=asked.serial,
        unit_name=key.info.unit_name,
        seq=asked.seq,
        forgotten=asked.forgotten or 0,
        challenge=out,
    )


@click.command("carry-out", cls=Command)
@click.argument("order", type=Given(kinds.ORDER))
@click.option(
    "--yes",
    "confirmed",
    type=CODE,
    metavar="SERIAL",
    help="再次给出序列号，代替询问 / the serial number again, instead of a prompt",
)
@with_key
def carry_out(
    key: Key, order: orders.Order, confirmed: str | None
) -> Emptied | TimeSet | Reinstated:
    """让密钥执行编办签发的指令 ORDER。

    重置会清除密钥对、证书、口令、单位卡、发件箱和全部签名文件，按钮须按住十秒。

    Let the key carry out the ORDER that its office issued.

    A reset erases key pair, certificate, PINs, unit card, outbox and all statements; hold the
    button for ten seconds.

    \b
    Example:  biandun keys carry-out order.bd
    """
    if order.purpose == PURPOSE_RESET:
        _confirm(key, confirmed)
        return _emptied(key, key.carry_out(order))
    if order.purpose == PURPOSE_SET_TIME:
        return TimeSet(serial=key.info.serial, time_floor=moment(key.carry_out(order)))
    return Reinstated(serial=key.info.serial, seq=key.carry_out(order))


@click.command("wipe", cls=Command)
@click.option(
    "--yes",
    "confirmed",
    type=CODE,
    metavar="SERIAL",
    help="再次给出序列号，代替询问 / the serial number again, instead of a prompt",
)
@with_key
def wipe(key: Key, confirmed: str | None) -> Emptied:
    """清除尚无证书的密钥的密钥对，重新启用。

    已启用的密钥只能凭编办指令重置，见 `biandun keys challenge`。

    Erase the key pair of a key that has no certificate yet, so that enrolment can start again.

    A key in service is reset only by an order of its office: see `biandun keys challenge`.

    \b
    Example:  biandun keys wipe --serial BD-000001
    """
    if key.info.uscc:
        raise OrderNeeded
    _confirm(key, confirmed)
    return _emptied(key, key.wipe())


def _emptied(key: Key, generation: int) -> Emptied:
    return Emptied(serial=key.info.serial, generation=generation, state=STATE_NAMES[key.info.state])


def _confirm(key: Key, confirmed: str | None) -> None:
    """Ask for the serial number of the key that will be erased.  Raises Declined."""
    waiting = key.chain().waiting if key.info.uscc else 0
    if confirmed is None:
        unit = key.info.unit_name or phrase("host.no-unit")
        about = phrase("host.about-to-wipe", serial=key.info.serial, unit=unit, count=waiting)
        say(in_language(about))
        with typing():
            confirmed = click.prompt(in_language(phrase("host.confirm-serial")), err=True)
    if in_capitals(confirmed) != key.info.serial:
        raise Declined
