"""The one place that prints: what commands return, and what went wrong.

Data goes to stdout, everything else to stderr.  With ``--json`` both are one JSON object a line.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import click
from rich.console import Console
from rich.table import Table

from biandun_protocol.errors import Problem

Fields = Mapping[str, object]

LABELS: dict[str, tuple[str, str]] = {
    "algorithms": ("算法", "algorithms"),
    "attachments": ("附件", "attachments"),
    "bytes": ("字节数", "bytes"),
    "card_version": ("单位卡版本", "card version"),
    "challenge": ("申请文件", "challenge file"),
    "complete": ("完整", "complete"),
    "fingerprint": ("设备指纹", "device fingerprint"),
    "forgotten_key": ("已忘记", "forgotten"),
    "since": ("首次使用", "first met"),
    "forgotten": ("被遗忘的口令尝试", "attempts forgotten"),
    "issued": ("签发日期", "issued"),
    "outbox_free": ("发件箱剩余字节", "outbox bytes free"),
    "parcels": ("发件箱件数", "parcels in the outbox"),
    "role": ("角色", "role"),
    "sealed": ("口令加密传送", "PIN is sealed"),
    "boots": ("启动次数", "boot"),
    "event": ("事件", "event"),
    "event_no": ("序号", "no."),
    "code": ("代码", "code"),
    "fix": ("处理办法", "what to do"),
    "message": ("问题", "what is wrong"),
    "reloaded": ("已重新加载", "reloaded"),
    "sections": ("分段数", "sections"),
    "check": ("校验码", "check"),
    "shares": ("份额文件，请交编办", "shares, for the office"),
    "case": ("业务编号", "case"),
    "certificate": ("证书", "certificate"),
    "detail": ("说明", "detail"),
    "faults": ("故障次数", "faults"),
    "firmware": ("固件版本", "firmware"),
    "folder": ("业务文件夹", "folder"),
    "generation": ("重置次数", "generation"),
    "good": ("结论", "verdict"),
    "hardware_class": ("硬件类别", "hardware class"),
    "head": ("链头", "chain head"),
    "idempotency_key": ("业务标识", "idempotency key"),
    "items": ("用编事项", "items"),
    "last_fault": ("最近一次故障", "last fault"),
    "log_root": ("存证日志根", "log root"),
    "log_size": ("存证日志条数", "log size"),
    "manifest": ("材料摘要", "manifest digest"),
    "new": ("首次受理", "first time"),
    "not_after": ("证书有效期至", "valid until"),
    "office": ("编办服务器", "office"),
    "office_id": ("编办", "office id"),
    "port": ("端口", "port"),
    "problem": ("问题", "problem"),
    "public_key": ("公钥", "public key"),
    "purposes": ("签署权限", "purposes"),
    "receipt": ("回执", "receipt"),
    "receipt_verified_by_key": ("密钥已核验回执", "receipt verified by the key"),
    "receipted": ("已有回执的序号", "receipted up to"),
    "region": ("行政区划", "region"),
    "request": ("申请文件", "request file"),
    "root": ("根证书指纹", "root fingerprint"),
    "seq": ("序号", "sequence number"),
    "serial": ("密钥序列号", "serial"),
    "simulated": ("模拟密钥", "simulated"),
    "state": ("状态", "state"),
    "standing": ("签署资格", "standing"),
    "standing_since": ("自", "since"),
    "statement": ("签名文件", "statement"),
    "statement_id": ("签名编号", "statement id"),
    "steps": ("核验步骤", "steps"),
    "time_floor": ("已核验的最近时间", "latest verified time"),
    "unit_code": ("机构编码", "unit code"),
    "unit_name": ("单位名称", "unit"),
    "action": ("动作", "action"),
    "found": ("发现", "found"),
    "from": ("原状态", "from"),
    "item": ("事项", "item"),
    "kind": ("类别", "kind"),
    "leaf_index": ("存证序号", "leaf"),
    "name": ("名称", "name"),
    "number": ("编号", "number"),
    "by": ("依据", "by"),
    "files": ("文件", "files"),
    "finding": ("核验情况", "finding"),
    "part": ("所在子文件夹", "part"),
    "verdict": ("核验结论", "outcome"),
    "opened": ("开始时间", "opened"),
    "purpose": ("用途", "purpose"),
    "received": ("收到时间", "received"),
    "sha256": ("SHA-256", "SHA-256"),
    "size": ("大小", "size"),
    "state_name": ("状态名称", "state name"),
    "statements": ("申报版本", "versions"),
    "step": ("步骤", "step"),
    "suite": ("算法套件", "suite"),
    "text": ("意见内容", "text"),
    "to": ("新状态", "to"),
    "version": ("版本", "version"),
    "cases": ("业务", "cases"),
    "closed": ("已补齐", "closed"),
    "count": ("数量", "count"),
    "countersign": ("主管部门意见", "countersignature"),
    "decision": ("编办意见", "decision"),
    "expires": ("登录有效期至", "login valid until"),
    "first": ("起始序号", "first"),
    "history": ("办理过程", "history"),
    "links": ("链接清单", "links"),
    "open": ("仍缺", "still open"),
    "opinion": ("意见", "opinion"),
    "roles": ("角色", "roles"),
    "user": ("用户", "user"),
    "users": ("已设口令的用户", "users with a PIN"),
    "uscc": ("统一社会信用代码", "USCC"),
    "waiting": ("尚无回执的份数", "without a receipt"),
    "warning": ("注意", "warning"),
}
WORDS: dict[str, tuple[str, str]] = {
    "blank": ("空白", "blank"),
    "anchored": ("已装入信任根", "anchored"),
    "keyed": ("已生成密钥，待授权", "keyed, waiting for its grant"),
    "personalised": ("已启用", "personalised"),
    "active": ("可以签署", "may sign"),
    "suspended": ("已暂停", "suspended"),
    "revoked": ("已吊销", "revoked"),
    "pin-set": ("设置口令", "PIN set"),
    "pin-changed": ("更改口令", "PIN changed"),
    "pin-locked": ("口令输错次数过多，已锁定", "PIN locked"),
    "card-in-force": ("单位卡生效", "unit card in force"),
    "batch-confirmed": ("批量确认", "batch confirmed"),
    "set-back": ("发现存储被恢复成旧数据", "found set back"),
    "reinstated": ("按编办指令继续签署", "goes on by order of the office"),
    "reset": ("按编办指令重置", "reset by order of the office"),
    "officers-set": ("设置解锁人员", "unblocking officers set"),
    "unblocked": ("凭解锁码重设口令", "PIN set anew with two codes"),
    "unblock-wrong": ("解锁码不正确", "wrong codes"),
    "user-removed": ("删除用户", "user removed"),
    "updated": ("更新固件", "firmware updated"),
    "renewed": ("换发证书", "certificate renewed"),
    "succeeded": ("更换密钥对", "new key pair"),
    "status-taken": ("收到编办的状态通知", "heard of its standing"),
    "simulated": ("模拟（仅供测试）", "simulated (tests only)"),
    "training": ("训练级", "training"),
    "production": ("生产级", "production"),
    "entropy-failed": ("随机数来源故障", "source of randomness failed"),
    "secret-invalid": ("私钥损坏", "private key damaged"),
    "signature-fault": ("新签名复核不符", "fresh signature was wrong"),
    "office_key": ("根证书认可编办签发密钥", "the root names the office's key"),
    "unit_certificate": ("编办认可单位密钥", "the office names the unit's key"),
    "material": ("材料与附件未被改动", "manifest and attachments are unchanged"),
    "signature": ("单位密钥签署了本材料", "the unit's key signed this manifest"),
    "office_receipt": ("编办存证日志已收录", "the office has it in its log"),
    "reference": ("所针对的正是本申报", "it is about this filing"),
    "incomplete": ("部分文件未核验", "not everything was looked at"),
    "bad": ("未通过", "does not hold"),
    "verified": ("已核验", "verified"),
    "same": ("与已核验文件一致", "says what a verified file says"),
    "note": ("本程序的记录，不是证据", "a note of this program, no evidence"),
    "changed": ("被改动", "changed"),
    "unchecked": ("未能核验", "could not be verified"),
    "missing": ("缺少", "missing"),
    "unknown": ("未核验", "not looked at"),
    "refused": ("链接或特殊文件，未打开", "a link or special file, not opened"),
    "root-from-folder": ("根证书取自文件夹本身", "the root is the folder's own"),
}
FICTITIOUS = ("【虚构数据 仅供测试】", "[fictitious data, tests only]")


class Document(dict[str, object]):
    """A mapping that is printed as it is, for a file: indented JSON, never a table."""


class Text(str):
    """Text that is printed as it is, for a file or a shell."""

    __slots__ = ()


def _column(language: str) -> int:
    return 1 if language == "en" else 0


def _label(name: str, language: str) -> str:
    return LABELS[name][_column(language)] if name in LABELS else name


def _word(value: object, language: str) -> str:
    if isinstance(value, bool):
        return (("是", "yes") if value else ("否", "no"))[_column(language)]
    if value is None or value == "":
        return "—"
    text = str(value)
    return WORDS[text][_column(language)] if text in WORDS else text


def show(value: object, *, as_json: bool, language: str) -> None:
    """Print what a command returned: a mapping, or a sequence of mappings; None prints nothing."""
    if value is None:
        return
    if as_json and not isinstance(value, Text):
        click.echo(json.dumps(value, ensure_ascii=False))
    elif isinstance(value, Text):
        click.echo(value)
    elif isinstance(value, Document):
        click.echo(json.dumps(value, ensure_ascii=False, indent=2))
    elif isinstance(value, Mapping):
        _show_fields(cast("Fields", value), language)
    else:
        _show_rows(cast("Sequence[Fields]", value), language)


def _show_fields(fields: Fields, language: str) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    below: list[tuple[str, Sequence[Fields]]] = []
    for name, content in fields.items():
        if name == "sentence":
            continue  # it sums up, so it comes last
        if isinstance(content, list) and content and isinstance(content[0], dict):
            below.append((name, cast("list[Fields]", content)))
        elif isinstance(content, list):
            table.add_row(_label(name, language), ", ".join(_word(item, language) for item in cast("list[object]", content)) or "—")
        else:
            table.add_row(_label(name, language), _word(content, language))
    console = _console()
    console.print(table)
    for name, rows in below:
        console.print(f"\n{_label(name, language)}", style="bold")
        _show_rows(rows, language)
    if "sentence" in fields:
        console.print(f"\n{fields['sentence']}", style="bold")
    if str(fields.get("region", "")).startswith("6299") or fields.get("hardware_class") == "simulated":
        console.print(FICTITIOUS[_column(language)], style="red")


def _show_rows(rows: Sequence[Fields], language: str) -> None:
    console = _console()
    if not rows:
        console.print(("没有可显示的内容。", "Nothing to show.")[_column(language)])
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(_label(name, language), overflow="fold")
    for row in rows:
        table.add_row(*[_cell(name, content, language) for name, content in row.items()])
    console.print(table)


def _cell(name: str, content: object, language: str) -> str:
    if name == "good":
        return "✓" if content else "✗"
    if name in ("received", "opened") and isinstance(content, int):
        return datetime.fromtimestamp(content, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    if name in ("statement", "sha256") and isinstance(content, str):
        return content[:16]  # the beginning is enough to tell one from another; --json has all of it
    return _word(content, language)


def _console() -> Console:
    width = None if sys.stdout.isatty() else 120
    return Console(highlight=False, width=width, markup=False)


def show_problem(problem: Problem, *, as_json: bool, language: str) -> None:
    """Print a problem to stderr: the sentence, the next step, the code."""
    if as_json:
        click.echo(json.dumps({"error": problem.as_dict(language)}, ensure_ascii=False), err=True)
        return
    click.echo(click.style(problem.message(language), fg="red"), err=True)
    click.echo(f"{problem.next_step(language)} [{problem.code}]", err=True)
