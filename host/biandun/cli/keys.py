"""biandun keys: what is plugged in, who it is, and its enrolment."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from biandun import keys, standing
from biandun.cli.commands import Group
from biandun.cli.output import say
from biandun.cli.shared import (
    ADDRESS,
    CODE,
    DESCRIPTOR,
    FILE,
    READABLE,
    Given,
    Settings,
    in_language,
    pass_settings,
    prompt_secret,
    secret_source,
    typing,
    with_key,
)
from biandun.errors import Declined, KeyRefused, OfficeUnreachable, OrderNeeded, UsageProblem
from biandun.filings import keep_receipt, write_file
from biandun.folders import unwritable
from biandun.key import succession
from biandun.keys import Key
from biandun.known_keys import KnownKeys
from biandun.office_client import Office
from biandun_protocol import enrolment, kinds, orders
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.audit import verify_audit
from biandun_protocol.catalogue import Phrase
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.recovery import Officers, read_shares
from biandun_protocol.secret import Secret
from biandun_protocol.succession import Granted
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    Grant,
    InfoReply,
    Offer,
    StatusReply,
    StatusRequest,
    UnblockAsk,
)
from biandun_protocol.wire.numbers import (
    CLASS_NAMES,
    ERROR_NAMES,
    ERROR_PIN_LOCKED,
    ERROR_PIN_REQUIRED,
    ERROR_SESSION_UNAVAILABLE,
    LIMIT_LINK_EXPORT,
    LIMIT_PIN_TRIES,
    LIMIT_SEQ,
    LIMIT_USER_SLOTS,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    STANDING_NAMES,
    STATE_NAMES,
)

CODES = 2  # of two officers
DAMAGED = "damaged"  # in the place of the state of a key whose flash contradicts itself


@click.group("keys", cls=Group)
def group() -> None:
    """密钥：列出、启用、查看签署情况。

    口令在提示下隐藏输入，或用 --pin-file、--pin-fd
    读取，从不写在命令行上；口令加密传送，只交给编办认可、 且本账户认得的那把密钥。

    Keys: list them, set one up, ask what it signed.

    The PIN is asked for by a hidden prompt, or read with --pin-file or --pin-fd; never given on the
    command line.  It crosses the cable sealed, to the very key that the office certified and that
    this account knows.

    \b
    Examples:  biandun keys list
               biandun keys info --serial BD-000001
               biandun keys enroll offer.bd --out request.bd
               biandun keys set-pin
    """


def _day(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _faults(info: InfoReply | None) -> dict[str, object]:
    """How often the key found itself faulty, and how at last; nothing for a key that never did."""
    if info is None or not info.faults:
        return {}
    return {
        "faults": info.faults,
        "last_fault": ERROR_NAMES.get(info.last_fault or 0, str(info.last_fault)),
    }


def describe(info: InfoReply) -> dict[str, object]:
    """An info reply as plain words."""
    return {
        "serial": info.serial,
        "state": STATE_NAMES.get(info.state, str(info.state)),
        "unit_name": info.unit_name,
        "uscc": info.uscc,
        "unit_code": info.unit_code,
        "region": info.region,
        "purposes": info.purposes or [],
        "not_after": _day(info.not_after),
        "office_id": info.office_id,
        "firmware": info.firmware,
        "hardware_class": CLASS_NAMES.get(info.hardware_class, str(info.hardware_class)),
        "generation": info.generation,
        "users": list(keys.pin_slots(info)),
        "suite": info.suite,
        "algorithms": info.algorithms,
        "public_key": info.public_key.hex() if info.public_key else None,
        **_faults(info),
    }


@group.command("list")
@pass_settings
def list_keys(settings: Settings) -> list[dict[str, object]]:
    """列出所有已插入的密钥；被占用或出错的密钥也列出并说明问题，发生过故障的注明最近一次。

    List all keys that are plugged in; a busy or broken one is shown with its problem, a faulty one
    with its last fault.

    \b
    Example:  biandun keys list --json
    """
    rows: list[dict[str, object]] = []
    for row in keys.list():
        info = row.info
        rows.append(
            {
                "serial": info.serial if info else row.port.serial,
                "port": row.port.port,
                "state": DAMAGED
                if row.is_damaged
                else STATE_NAMES.get(info.state)
                if info
                else None,
                "unit_name": info.unit_name if info else None,
                "suite": info.suite if info else None,
                "simulated": row.port.simulated,
                "problem": row.problem.code if row.problem else None,
                **({"fix": row.problem.next_step(settings.language)} if row.problem else {}),
                **_faults(info),
            }
        )
    if not rows and not settings.as_json:
        settings.ui.tell(
            (
                "请插入密钥；插入后仍未列出时请运行 biandun doctor。",
                "Plug a key in; if it is not listed then, run `biandun doctor`.",
            )
        )
    columns = [name for name in ("fix", "faults", "last_fault") if any(name in row for row in rows)]
    return [{**row, **{name: row.get(name) for name in columns}} for row in rows]


@group.command("known")
def known() -> list[dict[str, object]]:
    """列出本账户用过的密钥及其设备指纹。

    List the keys that this account has met, with the fingerprints of their device keys.

    \b
    Example:  biandun keys known --json
    """
    return [
        {
            "serial": serial,
            "unit_name": row.unit_name,
            "uscc": row.uscc,
            "fingerprint": row.fingerprint,
            "since": _day(row.since),
        }
        for serial, row in KnownKeys().all().items()
    ]


@group.command("forget")
@click.argument("serial", type=CODE)
def forget(serial: str) -> dict[str, object]:
    """忘记一把经正当手续更换的密钥：下一把同序列号的密钥按首次使用处理。

    Forget a key that was exchanged rightly: the next one with that serial number is met as new.

    \b
    Example:  biandun keys forget BD-000001
    """
    return {"serial": serial, "forgotten_key": KnownKeys().forget(serial)}


@group.command("info")
@with_key
@pass_settings
def info(settings: Settings, key: Key) -> dict[str, object]:
    """查看密钥属于哪个单位、可以签署什么。

    Show who the key is and what it may sign.

    \b
    Example:  biandun keys info --serial BD-000001
    """
    shown, ailing = describe(key.info), keys.ailment(key)
    if ailing is not None:
        shown |= {"problem": ailing.code, "fix": ailing.next_step(settings.language)}
        if ailing.code == "store-damaged":
            return shown | {"state": DAMAGED, "readable": _readable(key)}
    if not key.info.uscc:
        return shown
    profile = key.profile()
    said = standing.known(key)
    return {
        **shown,
        "role": profile.role,
        "sealed": profile.device_key is not None,
        "standing": STANDING_NAMES[said.standing] if said else None,
    }


def _readable(key: Key) -> list[str]:
    """What a damaged key still gives back."""
    found: list[str] = []
    asks: dict[str, Callable[[], object]] = {
        "certificate": key.certificate,
        "statements": lambda: key.fetch(seq=key.chain().seq),
        "unit-card": key.card.head,
        "audit": key.audit,
    }
    for name, ask in asks.items():
        with contextlib.suppress(KeyRefused, ProtocolProblem):
            ask()
            found.append(name)
    return found


@group.command("enroll")
@click.argument("offer", type=Given(kinds.OFFER))
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the request for the office",
)
@with_key
def enroll(key: Key, offer: tuple[Offer, Officers | None], out: Path) -> dict[str, object]:
    """答复编办的启用文件
    OFFER：装入编办信任根，生成密钥对，证明持有私钥。申请文件交出之前，可用同一启用文件重复执行。

    Answer the office's OFFER: install its root of trust, make the key pair, prove possession.

    May be repeated with the same offer until the request was handed in.

    \b
    Example:  biandun keys enroll offer.bd --out request.bd
    """
    invited, officers = offer
    request = key.answer_offer(invited, officers)
    shares = key.recovery.shares() if officers is not None else None
    write_file(out, enrolment.encode_request(request, shares), replace=True)
    return {"serial": key.info.serial, "state": STATE_NAMES[key.info.state], "request": str(out)}


@group.command("succeed")
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the request for the office",
)
@with_key
def succeed(key: Key, out: Path) -> dict[str, object]:
    """在用的密钥生成新密钥对，请编办签发证书；需要 0 号用户的口令并按按钮。

    在用 `biandun keys personalise` 装入编办的答复之前，旧密钥对继续签署。口令、用户和签名链不变；
    可重复执行，密钥对只生成一次。

    Make a new key pair on a key in service, and ask the office to certify it; needs user 0's PIN
    and the button.

    The old pair signs on until the office's answer is taken in with `biandun keys personalise`.
    PINs, users and the chain of statements stay.  May be repeated: the pair is made once.

    \b
    Example:  biandun keys succeed --out request.bd
    """
    asked = succession.ask(key)
    write_file(out, asked.encode(), replace=True)
    return {"serial": key.info.serial, "seq": key.chain().seq, "request": str(out)}


@group.command("personalise")
@click.argument("grant", type=Given(kinds.CERTIFICATE))
@click.option(
    "--url",
    type=ADDRESS,
    metavar="URL",
    help="密钥在申请之后见过更长的日志时，向该编办取回执 / office to ask for the receipt when the key has seen a longer log since it asked for a new pair",
)
@with_key
def personalise(key: Key, grant: Grant | Granted, url: str | None) -> dict[str, object]:
    """把编办签发的证书（GRANT 文件）装入密钥：首次、换发，或新密钥对的证书。

    Give the key the certificate that the office issued in GRANT: its first, a renewed one, or that
    of a new key pair.

    \b
    Examples:  biandun keys personalise grant.bd
               biandun keys personalise answer.bd --url https://office.example
    """
    if isinstance(grant, Grant):  # an answer to `enroll` or a renewal
        key.personalise(grant)
        return describe(key.info)
    try:
        seq = succession.take(key, grant)
    except KeyRefused as refusal:
        if url is None or not refusal.code.startswith("receipt-"):
            raise
        with Office(url) as office:
            seq = keep_receipt(key, grant.receipt, grant.receipt.read().statement_id.hex(), office)
    return {**describe(key.info), "seq": seq, "receipt_verified_by_key": True}


def _new_pin(path: Path | None, descriptor: int | None) -> Secret:
    source = secret_source(path, descriptor)
    return (
        source()
        if source
        else prompt_secret(
            in_language(("新口令（6 至 32 位）", "New PIN (6 to 32 characters)")), confirm=True
        )
    )


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


@group.command("set-pin")
@NEW_PIN[0]
@NEW_PIN[1]
@with_key
def set_pin(key: Key, new_pin_file: Path | None, new_pin_fd: int | None) -> dict[str, object]:
    """为密钥的用户设置第一个口令；0 号用户需按按钮，其他用户需 0 号用户的口令。

    Give a user of the key a first PIN; user 0 needs the button, others need user 0's PIN.

    \b
    Examples:  biandun keys set-pin
               biandun keys set-pin --user 1 --new-pin-file new.txt
    """
    slot, pin = key.slot, _new_pin(new_pin_file, new_pin_fd)
    if slot != 0:
        key.unlock(slot=0)
    key.set_pin(pin, slot)
    return {"serial": key.info.serial, "user": slot, "users": list(key.pin_slots)}


@group.command("change-pin")
@NEW_PIN[0]
@NEW_PIN[1]
@with_key
def change_pin(key: Key, new_pin_file: Path | None, new_pin_fd: int | None) -> dict[str, object]:
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
    return {"serial": key.info.serial, "user": key.slot}


@group.command("remove-user")
@click.argument("slot", type=click.IntRange(1, LIMIT_USER_SLOTS - 1))
@with_key
def remove_user(key: Key, slot: int) -> dict[str, object]:
    """删除用户 SLOT 的口令；需要 0 号用户的口令并按按钮。该用户已签署的内容不变。

    Take the PIN of user SLOT away; needs user 0's PIN and the button.  What that user signed stays.

    \b
    Example:  biandun keys remove-user 1
    """
    key.unlock(slot=0)
    key.remove_user(slot)
    return {"serial": key.info.serial, "user": slot, "users": list(key.pin_slots)}


@group.command("officers")
@click.argument("officers", type=Given(kinds.OFFICERS))
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的份额文件 / where to write the key's shares for the office",
)
@with_key
def name_officers(key: Key, officers: Officers, out: Path) -> dict[str, object]:
    """告诉在用的密钥本编办的两位解锁人员是谁；需要 0 号用户的口令。

    编办事先已指定的，密钥在启用时即已知道。生成的份额文件请交编办。

    Tell a key in service who the two unblocking OFFICERS of its office are; needs user 0's PIN.

    Keys learn it at enrolment where the office has named them by then.  Hand the file of shares to
    the office.

    \b
    Example:  biandun keys officers officers.bd --out shares.bd
    """
    number = key.recovery.name_officers(officers)
    write_file(out, codec.encode(key.recovery.shares()), replace=True)
    return {"serial": key.info.serial, "number": number, "shares": str(out)}


@group.command("shares")
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的份额文件 / where to write the key's shares for the office",
)
@with_key
def shares(key: Key, out: Path) -> dict[str, object]:
    """导出封装给两位解锁人员的份额，交编办保存；不需要口令。

    Write the key's shares, sealed to the two officers, for the office to keep; needs no PIN.

    \b
    Example:  biandun keys shares --out shares.bd
    """
    export = key.recovery.shares()
    write_file(out, codec.encode(export), replace=True)
    return {"serial": key.info.serial, "number": read_shares(export).number, "shares": str(out)}


@group.command("unblock-request")
@click.option(
    "--out",
    type=FILE,
    help="写入文件，用于无法致电时 / where to write it, for officers who cannot be called",
)
@with_key
def unblock_request(key: Key, out: Path | None) -> dict[str, object]:
    """显示向两位解锁人员报读的内容：序列号、用户、编号、校验码。

    Show what the two officers need to hear to give their codes: serial, user, number, check.

    \b
    Examples:  biandun keys unblock-request
               biandun keys unblock-request --user 1 --out ask.bd
    """
    ask = key.recovery.ask(key.slot)
    if out is not None:
        write_file(out, codec.encode(ask), replace=True)
    return {**_asked(ask), "request": str(out) if out else None}


@group.command("unblock")
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
) -> dict[str, object]:
    """凭两位解锁人员的解锁码，重设忘记或锁定的口令；密钥、证书和签名链不变。

    把显示的内容报给两位解锁人员，等对方回拨，再依次输入解锁码，先后不限。解锁码用过即失效；新的份额文件务必交编办，
    否则下次无法解锁。

    Set a forgotten or locked PIN anew with the codes of both officers; key, certificate and chain
    stay.

    Read out what is shown, have both officers call you back, and enter their codes, in either
    order.  The codes are used up; hand the new shares to the office, or the next time nobody can
    help.

    \b
    Examples:  biandun keys unblock --shares shares.bd
               biandun keys unblock --user 1 --code-file a.txt --code-file b.txt --new-pin-file pin.txt --shares shares.bd
    """
    if code_files and len(code_files) != CODES:
        raise UsageProblem(
            detail=Phrase("--code-file 要给出两次", "--code-file must be given twice")
        )
    asked = _asked(key.recovery.ask(key.slot))
    sources = [secret_source(path, None) for path in code_files]
    if not sources:
        say(
            in_language(
                (
                    "请把以下各项告诉两位解锁人员，并等对方回拨：",
                    "Read this out to both officers, and wait for their call:",
                )
            )
        )
        chinese = "  密钥 {serial}   用户 {user}   编号 {number}   校验码 {check}"
        english = "  key {serial}   user {user}   number {number}   check {check}"
        say(in_language((chinese, english)).format(**asked))
    first, second = (
        [source() for source in sources if source]
        if sources
        else [
            prompt_secret(
                in_language((f"第 {place} 位解锁人员的解锁码", f"Code of officer {place}"))
            )
            for place in (1, 2)
        ]
    )
    number = key.recovery.unblock(key.slot, (first, second), _new_pin(new_pin_file, new_pin_fd))
    write_file(shares, codec.encode(key.recovery.shares()), replace=True)
    return {
        "serial": key.info.serial,
        "user": key.slot,
        "users": list(key.pin_slots),
        "number": number,
        "shares": str(shares),
    }


def _asked(ask: UnblockAsk) -> dict[str, object]:
    return {"serial": ask.serial, "user": ask.slot, "number": ask.number, "check": ask.check}


@group.command("export-links")
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
    help="链接条数 / how many links",
)
@click.option("--out", type=FILE, required=True, help="写入的文件 / where to write them")
@with_key
def export_links(key: Key, first: int, count: int, out: Path) -> dict[str, object]:
    """导出未送达编办的签名文件的链接清单，供编办补齐空缺。

    Write the signed names of statements that never reached the office, so that it can close the
    gap.

    \b
    Example:  biandun keys export-links --first 3 --count 2 --out links.bd
    """
    signed = key.export_links(first, count)
    write_file(out, signed.encode())
    return {"serial": key.info.serial, "first": first, "count": count, "links": str(out)}


@group.command("chain")
@with_key
def chain(key: Key) -> dict[str, object]:
    """查看密钥的签名链和它所知的编办日志走到哪里。

    Show where the key's chain of statements and its view of the office's log stand.

    \b
    Example:  biandun keys chain --json
    """
    state = key.chain()
    return {
        "serial": key.info.serial,
        "seq": state.seq,
        "head": state.head.hex(),
        "receipted": state.receipted,
        "waiting": state.waiting,
        "log_size": state.log_size,
        "log_root": state.log_root.hex(),
        "forgotten": state.forgotten or 0,
        "card_version": state.card_version,
        "parcels": state.parcels or 0,
        "time_floor": datetime.fromtimestamp(state.time_floor, UTC).isoformat()
        if state.time_floor
        else None,
    }


@group.command("last")
@click.option(
    "--seq",
    type=click.IntRange(1, LIMIT_SEQ),
    help="指定序号，代替最近一份 / another sequence number than the last",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="写入 statement.cose 和 receipt.cbor 的文件夹 / folder to write statement.cose and receipt.cbor to",
)
@with_key
def last(key: Key, seq: int | None, out: Path | None) -> dict[str, object]:
    """显示密钥最近签署的文件及其保存的回执。

    Show the last statement that the key signed and the receipt that it keeps.

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
    return {
        "serial": key.info.serial,
        "seq": kept.seq,
        "idempotency_key": kept.idempotency_key.hex(),
        "statement": kept.statement.hex(),
        "receipt": kept.receipt.encode().hex() if kept.receipt else None,
        "receipt_verified_by_key": kept.receipt is not None,
    }


@group.command("challenge")
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="交给编办的申请文件 / where to write the challenge for the office",
)
@with_key
def challenge(key: Key, out: Path) -> dict[str, object]:
    """生成申请文件，供编办签发指令：重置密钥，在存储被恢复成旧数据后继续签署，或改正密钥所知的编办时间。

    Write what the office needs to give this key an order: to reset itself, to go on after it was
    set back, or to set its time.

    \b
    Example:  biandun keys challenge --out challenge.bd
    """
    asked = key.challenge()
    write_file(out, codec.encode(asked), replace=True)
    return {
        "serial": asked.serial,
        "unit_name": key.info.unit_name,
        "seq": asked.seq,
        "forgotten": asked.forgotten or 0,
        "challenge": str(out),
    }


@group.command("carry-out")
@click.argument("order", type=Given(kinds.ORDER))
@click.option(
    "--yes",
    "confirmed",
    type=CODE,
    metavar="SERIAL",
    help="再次给出序列号，代替询问 / the serial number once more, instead of being asked for it",
)
@with_key
def carry_out(key: Key, order: orders.Order, confirmed: str | None) -> dict[str, object]:
    """让密钥执行编办签发的指令 ORDER。

    重置会清除密钥对、证书、口令、单位卡、发件箱和全部签名文件，按钮须按住十秒。

    Let the key carry out the ORDER that its office gave it.

    A reset destroys key pair, certificate, PINs, card, outbox and all statements; the button is
    held for ten seconds.

    \b
    Example:  biandun keys carry-out order.bd
    """
    if order.purpose == PURPOSE_RESET:
        _confirm(key, confirmed)
        return {
            "serial": key.info.serial,
            "generation": key.carry_out(order),
            "state": STATE_NAMES[key.info.state],
        }
    if order.purpose == PURPOSE_SET_TIME:
        return {
            "serial": key.info.serial,
            "time_floor": datetime.fromtimestamp(key.carry_out(order), UTC).isoformat(),
        }
    return {"serial": key.info.serial, "seq": key.carry_out(order)}


@group.command("status")
@click.argument("status", type=Given(kinds.STATUS), required=False)
@click.option(
    "--office",
    "url",
    envvar="BIANDUN_OFFICE",
    type=ADDRESS,
    metavar="URL",
    help="向该编办服务器询问 / ask the office's server for it",
)
@with_key
def status(key: Key, status: Signed | None, url: str | None) -> dict[str, object]:
    """先让密钥听取编办今天的说法（编办服务器，或状态文件 STATUS），再显示它能否签署。

    两者都没有，或 BIANDUN_OFFICE 所指的服务器连不上时，显示密钥最近一次听到的状态。

    Show whether the key may sign, after letting it hear what the office says of it today: its
    server, or a STATUS file.

    Without either, and when the server that BIANDUN_OFFICE names is out of reach, it is what the
    key has heard last.

    \b
    Examples:  biandun keys status --office http://127.0.0.1:8420
               biandun keys status status.bd
    """
    usual = click.get_current_context().get_parameter_source("url") is ParameterSource.ENVIRONMENT
    if status is not None and url is not None and not usual:
        raise UsageProblem(detail="STATUS, --office")
    heard = None
    if status is not None:
        heard = standing.tell(key, status)
    elif url is not None:
        try:
            with Office(url) as office:
                heard = standing.ask(key, office)
        except OfficeUnreachable:
            if not usual:
                raise
    if heard is None:
        heard = key.call(StatusRequest(), StatusReply)
    return {
        "serial": key.info.serial,
        "unit_name": key.info.unit_name,
        "standing": STANDING_NAMES[heard.standing],
        "standing_since": _day(heard.since or None),
    }


@group.command("audit")
@click.option("--out", type=FILE, help="写入文件，交给编办 / where to write it for the office")
@with_key
def audit(key: Key, out: Path | None) -> list[dict[str, object]]:
    """查看密钥的经历：设置、更改、锁定口令，单位卡，批量确认，重置；不需要口令。

    Show what happened to the key: PINs set, changed and locked, cards, batches, resets.  Needs no
    PIN.

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
        {
            "event_no": event.count,
            "event": event.name,
            "detail": event.detail,
            "boots": event.boots,
            "seq": event.seq,
        }
        for event in ring.events
    ]


@group.command("card")
@click.option(
    "--put",
    "new",
    type=Given(kinds.CARD),
    help="编办签发的更新的单位卡，装入密钥 / a newer unit card from the office, to be kept on the key",
)
@click.option(
    "--out", type=FILE, help="写入单位卡及其分段 / where to write the card, with its sections"
)
@with_key
def card(key: Key, new: UnitCard | None, out: Path | None) -> dict[str, object]:
    """查看密钥中的单位卡，装入更新的单位卡，或写入文件。

    Show the unit card on the key, put a newer one there, or write it to a file.

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
    return {
        "serial": key.info.serial,
        "uscc": manifest.uscc,
        "card_version": manifest.version,
        "issued": _day(manifest.issued),
        "not_after": _day(manifest.not_after),
        "sections": len(manifest.sections),
        "file": str(out) if out else None,
    }


def _confirm(key: Key, confirmed: str | None) -> None:
    """Ask for the serial number of the key that is about to lose everything.  Raises Declined."""
    waiting = key.chain().waiting if key.info.uscc else 0
    if confirmed is None:
        serial, unit = key.info.serial, key.info.unit_name
        chinese = (
            f"将永久清除密钥 {serial}（{unit or '未启用'}），其中 {waiting} 份签名文件尚无回执。"
        )
        english = f"Key {serial} ({unit or 'not in service'}) is about to be wiped for good; {waiting} of its statements have no receipt."
        say(in_language((chinese, english)))
        with typing():
            confirmed = click.prompt(
                in_language(("请再次输入密钥序列号确认", "Type the serial number to confirm")),
                err=True,
            )
    if confirmed != key.info.serial:
        raise Declined


@group.command("wipe")
@click.option(
    "--yes",
    "confirmed",
    type=CODE,
    metavar="SERIAL",
    help="再次给出序列号，代替询问 / the serial number once more, instead of being asked for it",
)
@with_key
def wipe(key: Key, confirmed: str | None) -> dict[str, object]:
    """清除尚无证书的密钥的密钥对，重新启用。

    已启用的密钥只能凭编办指令重置，见 `biandun keys challenge`。

    Destroy the key pair of a key that has no certificate yet, so that its enrolment begins again.

    A key in service is reset on its office's order only: see `biandun keys challenge`.

    \b
    Example:  biandun keys wipe --serial BD-000001
    """
    if key.info.uscc:
        raise OrderNeeded
    _confirm(key, confirmed)
    return {
        "serial": key.info.serial,
        "generation": key.wipe(),
        "state": STATE_NAMES[key.info.state],
    }
