"""Words for what commands return: names of fields, codes, moments; Chinese first, English second.

A command returns codes, seconds and ISO dates, which is what ``--json`` prints; people read them
from here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

Labels = Mapping[str, tuple[str, str]]

LABELS: dict[str, tuple[str, str]] = {
    "post_category": ("岗位类别", "kind of post"),
    "prepared_by": ("经办人", "prepared by"),
    "prepared_on": ("填写日期", "prepared on"),
    "presence": ("按钮", "button"),
    "plugged": ("已插入", "plugged in"),
    "missing": ("缺少", "missing"),
    "known": ("已有记录", "known"),
    "verdict": ("核验结论", "outcome"),
    "part": ("所在子文件夹", "part"),
    "finding": ("核验情况", "finding"),
    "files": ("文件", "files"),
    "by": ("依据", "by"),
    "readable": ("仍可读出", "can still be read"),
    "action": ("动作", "action"),
    "active": ("有效", "active"),
    "again": ("此前已答复过", "answered before"),
    "algorithms": ("算法", "algorithms"),
    "application_document": ("用编申请文件", "application document"),
    "approved": ("编办已批准", "approved by the office"),
    "attachments": ("附件", "attachments"),
    "backup": ("备份", "backup"),
    "blobs_needed": ("另需拷贝的附件文件数", "blobs to copy besides"),
    "boots": ("启动次数", "boot"),
    "bytes": ("字节数", "bytes"),
    "card_version": ("单位卡版本", "card version"),
    "case": ("业务编号", "case"),
    "cases": ("业务", "cases"),
    "certificate": ("证书", "certificate"),
    "challenge": ("申请文件", "challenge file"),
    "check": ("校验码", "check"),
    "closed": ("已补齐", "closed"),
    "code": ("代码", "code"),
    "complete": ("完整", "complete"),
    "count": ("数量", "count"),
    "countersign": ("主管部门意见", "countersignature"),
    "data": ("数据目录", "data folder"),
    "database": ("数据库", "database"),
    "decision": ("编办意见", "decision"),
    "detail": ("说明", "detail"),
    "digest": ("摘要（SHA-256）", "digest (SHA-256)"),
    "doc_no": ("文号", "document no."),
    "document": ("用编申请文件", "application document"),
    "duties": ("岗位职责", "duties"),
    "entry_method": ("进人方式", "way of entry"),
    "event": ("事件", "event"),
    "event_no": ("序号", "no."),
    "expires": ("登录有效期至", "login valid until"),
    "faults": ("故障次数", "faults"),
    "file": ("文件", "file"),
    "findings": ("发现的问题", "findings"),
    "fingerprint": ("设备指纹", "device fingerprint"),
    "firmware": ("固件版本", "firmware"),
    "first": ("起始序号", "first"),
    "fix": ("处理办法", "what to do"),
    "floor": ("此后允许的最低编号", "least number after it"),
    "folder": ("业务文件夹", "folder"),
    "forgotten": ("被遗忘的口令尝试", "attempts forgotten"),
    "forgotten_key": ("已忘记", "forgotten"),
    "found": ("发现", "found"),
    "from": ("原状态", "from"),
    "funding_form": ("经费形式", "funding"),
    "generation": ("重置次数", "generation"),
    "good": ("结论", "verdict"),
    "hardware_class": ("硬件类别", "hardware class"),
    "head": ("链头", "chain head"),
    "history": ("办理过程", "history"),
    "idempotency_key": ("业务标识", "idempotency key"),
    "in_force": ("当前指定", "in force"),
    "form_reason": ("申请理由", "reasons given"),
    "issued": ("签发日期", "issued"),
    "issued_on": ("成文日期", "date of the document"),
    "issuer": ("发文机关", "issued by"),
    "item": ("事项", "item"),
    "items": ("用编事项", "items"),
    "keys": ("密钥", "keys"),
    "kid": ("密钥标识", "key id"),
    "kind": ("类别", "kind"),
    "last_fault": ("最近一次故障", "last fault"),
    "leaf_index": ("存证序号", "leaf"),
    "links": ("链接清单", "links"),
    "log_root": ("存证日志根", "log root"),
    "log_size": ("存证日志条数", "log size"),
    "lost": ("缺失事件数", "events lost"),
    "made": ("建立日期", "made"),
    "manifest": ("材料摘要", "manifest digest"),
    "message": ("问题", "what is wrong"),
    "name": ("名称", "name"),
    "new": ("首次受理", "first time"),
    "next": ("下一步", "next"),
    "not_after": ("证书有效期至", "valid until"),
    "number": ("编号", "number"),
    "office": ("编办服务器", "office"),
    "office_id": ("编办", "office id"),
    "office_name": ("编办名称", "office name"),
    "officer": ("解锁人员", "officer"),
    "ok": ("一致", "consistent"),
    "open": ("仍缺", "still open"),
    "opened": ("开始时间", "opened"),
    "opinion": ("意见", "opinion"),
    "decisions": ("编办意见", "decisions"),
    "opinions": ("主管部门意见", "opinions"),
    "order": ("指令", "order"),
    "outbox_free": ("发件箱剩余字节", "outbox bytes free"),
    "page": ("页", "page"),
    "pages": ("总页数", "pages"),
    "parcels": ("发件箱件数", "parcels in the outbox"),
    "path": ("路径", "path"),
    "pid": ("进程号", "process"),
    "places": ("名额", "places"),
    "port": ("端口", "port"),
    "problem": ("问题", "problem"),
    "public_key": ("公钥", "public key"),
    "purpose": ("用途", "purpose"),
    "purposes": ("签署权限", "purposes"),
    "quota_type": ("编制类别", "kind of quota"),
    "reason": ("原因", "reason"),
    "receipt": ("回执", "receipt"),
    "receipt_verified_by_key": ("密钥已核验回执", "receipt verified by the key"),
    "receipted": ("已有回执的序号", "receipted up to"),
    "received": ("收到时间", "received"),
    "recoverable": ("口令可由解锁人员找回", "PIN can be set anew by officers"),
    "region": ("行政区划", "region"),
    "reloaded": ("已重新加载", "reloaded"),
    "removed": ("删除文件数", "files removed"),
    "request": ("申请文件", "request file"),
    "restored": ("试恢复成功", "trial restore succeeded"),
    "role": ("角色", "role"),
    "roles": ("角色", "roles"),
    "root": ("根证书指纹", "root fingerprint"),
    "root_fingerprint": ("根证书指纹（SHA-256）", "root certificate fingerprint (SHA-256)"),
    "sealed": ("口令加密传送", "PIN is sealed"),
    "second": ("第二位解锁人员", "second officer"),
    "sections": ("分段数", "sections"),
    "seq": ("序号", "sequence number"),
    "serial": ("密钥序列号", "serial"),
    "serials": ("序列号", "serials"),
    "sha256": ("SHA-256", "SHA-256"),
    "shares": ("份额文件，请交编办", "shares, for the office"),
    "simulated": ("模拟密钥", "simulated"),
    "since": ("首次使用", "first met"),
    "size": ("大小", "size"),
    "standing": ("签署资格", "standing"),
    "standing_since": ("自", "since"),
    "state": ("状态", "state"),
    "state_name": ("状态名称", "state name"),
    "statement": ("签名文件", "statement"),
    "statement_id": ("签名编号", "statement id"),
    "statements": ("申报版本", "versions"),
    "step": ("步骤", "step"),
    "steps": ("核验步骤", "steps"),
    "suite": ("算法套件", "suite"),
    "supervisor": ("主管部门", "supervisor"),
    "supervisor_uscc": ("主管部门统一社会信用代码", "supervisor's USCC"),
    "target": ("适用型号", "made for"),
    "text": ("意见内容", "text"),
    "title": ("标题", "title"),
    "time_floor": ("已核验的最近时间", "latest verified time"),
    "to": ("新状态", "to"),
    "total": ("总数", "total"),
    "unit_code": ("机构编码", "unit code"),
    "unit_name": ("单位名称", "unit"),
    "units": ("登记单位数", "units"),
    "unread": ("缺少的材料清单数", "manifests not in the data folder"),
    "uscc": ("统一社会信用代码", "USCC"),
    "user": ("用户", "user"),
    "users": ("已设口令的用户", "users with a PIN"),
    "version": ("版本", "version"),
    "waiting": ("尚无回执的份数", "without a receipt"),
    "warning": ("注意", "warning"),
}
WORDS: dict[str, tuple[str, str]] = {
    "presence:accept": ("一直按住", "held"),
    "presence:reject": ("拒绝", "refuses"),
    "presence:wait": ("等待按键", "waits"),
    "presence:press": ("按一次", "pressed once"),
    "quota_type:ADM": ("行政编制", "administrative"),
    "quota_type:ADM_PL": ("政法专项编制", "political and legal affairs"),
    "quota_type:SUP": ("机关工勤编制", "organ's support staff"),
    "quota_type:ADM_OTH": ("机关其他编制", "other of organs"),
    "quota_type:INS": ("事业编制", "public institution"),
    "quota_type:INS_CS": ("参公事业编制", "institution under civil service rules"),
    "quota_type:REV": ("周转编制", "rotating"),
    "quota_type:SPC": ("专项编制", "special"),
    "funding_form:FULL": ("全额拨款", "fully funded"),
    "funding_form:PARTIAL": ("差额补贴", "partly funded"),
    "funding_form:SELF": ("自收自支", "self-financing"),
    "funding_form:ENT": ("企业化管理", "run as an enterprise"),
    "entry_method:CS_EXAM": ("公务员考录", "civil service examination"),
    "entry_method:INST_RECRUIT": ("公开招聘", "open recruitment"),
    "entry_method:TALENT": ("人才引进", "recruitment of talent"),
    "entry_method:TRANSFER_IN": ("调入", "transfer"),
    "entry_method:ROTATE_IN": ("转任", "rotation"),
    "entry_method:APPOINT_IN": ("调任", "appointment from outside"),
    "entry_method:MIL_OFFICER": ("军转干部安置", "demobilised officer"),
    "entry_method:MIL_SOLDIER": ("退役士兵安置", "demobilised soldier"),
    "entry_method:SELECTED_GRAD": ("选调生", "selected graduate"),
    "entry_method:SUPPORT_PROG": ("三支一扶", "support programme"),
    "entry_method:SPECIAL_TEACHER": ("特岗教师", "special-post teacher"),
    "entry_method:ORG_MOVE": ("机构划转", "move of an organisation"),
    "post_category:MGMT": ("管理岗位", "management"),
    "post_category:PROF": ("专业技术岗位", "professional and technical"),
    "post_category:SKILL": ("工勤技能岗位", "skilled work"),
    "post_category:SPECIAL": ("特设岗位", "special post"),
    "role:application_document": ("用编申请文件", "application document"),
    "role:minutes": ("会议纪要", "minutes of a meeting"),
    "role:other": ("其他材料", "other material"),
    "reference": ("所针对的正是本申报", "it is about this filing"),
    "incomplete": ("部分文件未核验", "not everything was looked at"),
    "bad": ("未通过", "does not hold"),
    "good": ("通过", "holds"),
    "verified": ("已核验", "verified"),
    "same": ("与已核验文件一致", "says what a verified file says"),
    "note": ("本程序的记录，不是证据", "a note of this program, no evidence"),
    "changed": ("被改动", "changed"),
    "unchecked": ("未能核验", "could not be verified"),
    "missing": ("缺少", "missing"),
    "unknown": ("未核验", "not looked at"),
    "refused": ("链接或特殊文件，未打开", "a link or special file, not opened"),
    "ACCEPTED": ("已受理", "accepted for review"),
    "ACTIVE": ("有效", "in force"),
    "FORK": ("密钥链分叉", "fork of a key's chain"),
    "GAP": ("密钥链有空缺", "gap in a key's chain"),
    "HB": ("编制使用核准", "use approval"),
    "INSTITUTION": ("事业单位", "institution"),
    "OFFICER": ("编办工作人员", "office's officer"),
    "ORGAN": ("机关", "organ"),
    "PENDING_SUPERVISOR": ("待主管部门审核", "waits for its supervisor"),
    "RETURNED_BY_OFFICE": ("编办退回", "returned by the office"),
    "RETURNED_BY_SUP": ("主管部门退回", "returned by its supervisor"),
    "REVOKED": ("已吊销", "revoked"),
    "ROLLBACK": ("编办日志被回退", "the office's log was set back"),
    "SUBMITTED": ("已提交", "submitted"),
    "SUPERSEDED": ("已被替换", "replaced"),
    "SUPERVISOR": ("主管部门", "supervisor"),
    "SUSPENDED": ("已暂停", "suspended"),
    "UNIT": ("单位", "unit"),
    "accept": ("受理", "accepted for review"),
    "active": ("可以签署", "may sign"),
    "agree": ("同意", "agrees"),
    "anchored": ("已装入信任根", "anchored"),
    "batch-confirmed": ("批量确认", "batch confirmed"),
    "damaged": ("已损坏", "damaged"),
    "statements": ("已签署的材料", "what it signed"),
    "unit-card": ("单位卡", "unit card"),
    "certificate": ("证书", "certificate"),
    "audit": ("事件记录", "record of events"),
    "blank": ("空白", "blank"),
    "card": ("单位卡", "unit card"),
    "card-in-force": ("单位卡生效", "unit card in force"),
    "checkpoint": ("日志检查点", "checkpoint"),
    "countersign": ("主管部门审核", "countersignature"),
    "decision": ("编办决定", "decision"),
    "entropy-failed": ("随机数来源故障", "source of randomness failed"),
    "filing": ("申报", "filing"),
    "flow.use_approval.accepted": ("编办受理", "office accepted it"),
    "flow.use_approval.agreed": ("主管部门同意", "supervisor agreed"),
    "flow.use_approval.filed": ("申报", "filed"),
    "flow.use_approval.resubmitted": ("重新申报", "filed again"),
    "flow.use_approval.returned_by_office": ("编办退回", "office returned it"),
    "flow.use_approval.returned_by_supervisor": ("主管部门退回", "supervisor returned it"),
    "issuer": ("编办签发密钥", "issuer"),
    "key-administrator": ("密钥管理员", "key administrator"),
    "keyed": ("已生成密钥，待授权", "keyed, waiting for its grant"),
    "link": ("链接清单", "list of links"),
    "login": ("登录", "login"),
    "material": ("材料与附件未被改动", "manifest and attachments are unchanged"),
    "office_key": ("根证书认可编办签发密钥", "the root names the office's key"),
    "office_receipt": ("编办存证日志已收录", "the office has it in its log"),
    "officer": ("编办工作人员", "office's officer"),
    "officers-set": ("设置解锁人员", "unblocking officers set"),
    "partner": ("协同部门", "partner"),
    "personalised": ("已启用", "personalised"),
    "pin-changed": ("更改口令", "PIN changed"),
    "pin-locked": ("口令输错次数过多，已锁定", "PIN locked"),
    "pin-set": ("设置口令", "PIN set"),
    "possession": ("证明持有", "proof of possession"),
    "production": ("生产级", "production"),
    "profile": ("单位证书", "profile"),
    "receipt": ("回执", "receipt"),
    "receipt-ack": ("确认回执", "receipt acknowledgement"),
    "reinstate": ("继续签署", "go on"),
    "set-time": ("改正时间", "set the time"),
    "time-set": ("按编办指令改正时间", "time set by order of the office"),
    "reinstated": ("按编办指令继续签署", "goes on by order of the office"),
    "release": ("固件发布", "release"),
    "renewed": ("换发证书", "certificate renewed"),
    "reset": ("按编办指令重置", "reset by order of the office"),
    "return": ("退回修改", "returned for correction"),
    "revoked": ("已吊销", "revoked"),
    "root-from-folder": (
        "根证书取自该文件夹本身，请与编办公布的指纹核对",
        "the root is the folder's own: compare its fingerprint with the one that the office published",
    ),
    "seal-keeper": ("印章保管人", "seal keeper"),
    "secret-invalid": ("私钥损坏", "private key damaged"),
    "set-back": ("发现存储被恢复成旧数据", "found set back"),
    "signature": ("单位密钥签署了本材料", "the unit's key signed this manifest"),
    "signature-fault": ("新签名复核不符", "fresh signature was wrong"),
    "simulated": ("模拟（仅供测试）", "simulated (tests only)"),
    "status": ("状态通知", "status"),
    "status-taken": ("收到编办的状态通知", "heard of its standing"),
    "succeeded": ("更换密钥对", "new key pair"),
    "succession": ("更换密钥对", "new key pair"),
    "supervisor": ("主管部门", "supervisor"),
    "suspended": ("已暂停", "suspended"),
    "training": ("训练级", "training"),
    "unblock": ("解锁", "unblock"),
    "unblock-wrong": ("解锁码不正确", "wrong codes"),
    "unblocked": ("凭解锁码重设口令", "PIN set anew with two codes"),
    "unit": ("单位", "unit"),
    "unit_certificate": ("编办认可单位密钥", "the office names the unit's key"),
    "updated": ("更新固件", "firmware updated"),
    "user-removed": ("删除用户", "user removed"),
}
# Fields whose values are codes, some only inside another field; a text that happens to read like
# one stays as it is.
CODED = frozenset(
    {
        "action",
        "by",
        "decision",
        "entry_method",
        "event",
        "finding",
        "from",
        "funding_form",
        "hardware_class",
        "kind",
        "last_fault",
        "opinion",
        "order",
        "post_category",
        "presence",
        "purpose",
        "purposes",
        "quota_type",
        "role",
        "roles",
        "standing",
        "state",
        "steps.name",
        "to",
        "verdict",
        "warning",
    }
)
MOMENTS = frozenset({"expires", "opened", "raised", "received", "since", "time_floor"})
DAYS = frozenset({"issued", "issued_on", "made", "not_after", "prepared_on", "standing_since"})
# the beginning tells one from another; --json has all of it
SHORTENED = frozenset({"statement", "sha256"})
_FINDINGS = (
    (re.compile(r"^(\d+) attachments$"), r"\1 个附件"),
    (re.compile(r"^an earlier version$"), "此前版本"),
    (re.compile(r"^a copy of this filing$"), "本申报的副本"),
    (re.compile(r"^seq (\d+) "), r"序号 \1，签名编号 "),
    (re.compile(r"^leaf (\d+) of (\d+), received "), r"存证序号 \1，共 \2 条，收到时间 "),
)
_RECEIVED = re.compile(r"(?<=received )\d+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def label(name: str, language: str, own: Labels | None = None) -> str:
    """What a field is called; ``own`` are a program's names that differ from the common ones."""
    pair = (own or {}).get(name) or LABELS.get(name, (name, name))
    return pair[language == "en"]


def word(name: str, code: str, language: str) -> str:
    """What a code means in the field ``name``; itself where it has no words."""
    pair = WORDS.get(f"{name}:{code}") or WORDS.get(code)
    return code if pair is None else pair[language == "en"]


def day(value: date, language: str) -> str:
    """A date in words: 2026年11月24日, 24 Nov 2026."""
    if language == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def moment(value: datetime, language: str) -> str:
    """A date and the time of day where the reader is."""
    here = value.astimezone()
    return f"{day(here, language)} {here:%H:%M}"


def when(value: object, language: str) -> str | None:
    """Seconds since 1970, or an ISO date with or without a time, in words; None for what is
    neither.
    """
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return moment(datetime.fromtimestamp(value, UTC), language)
        text = str(value)
        if text.isdigit():
            return moment(datetime.fromtimestamp(int(text), UTC), language)
        if len(text) == len("2026-11-24"):
            return day(date.fromisoformat(text), language)
        return moment(datetime.fromisoformat(text), language)
    except (ValueError, OverflowError, OSError):
        return None


def _found(text: str, language: str) -> str:
    """What a step of a verification found; its moment is a date, and its few English words have
    Chinese ones.
    """
    text = _RECEIVED.sub(lambda seconds: when(seconds[0], language) or seconds[0], text)
    for english, chinese in () if language == "en" else _FINDINGS:
        text = english.sub(chinese, text)
    return text


def said(name: str, value: object, language: str, inside: str = "") -> str:
    """The value of a field as people read it; ``inside`` is the field that it is a part of."""
    english = language == "en"
    if value is None or value in ("", []):
        return "—"
    if name == "good":
        return ("✓ 通过", "✓ holds")[english] if value else ("✗ 未通过", "✗ fails")[english]
    if isinstance(value, bool):
        return (("否", "是"), ("no", "yes"))[english][value]
    if isinstance(value, Mapping):
        return "；".join(
            f"{label(str(key), language)} {said(str(key), one, language, name)}"
            for key, one in cast("Mapping[object, object]", value).items()
        )
    if isinstance(value, list | tuple):
        return ("、", ", ")[english].join(
            said(name, one, language, inside) for one in cast("Sequence[object]", value)
        )
    if name in MOMENTS or name in DAYS:
        return when(value, language) or str(value)
    if name == "found":
        return _found(str(value), language)
    if name in SHORTENED:
        return str(value)[:16]
    return word(name, str(value), language) if CODED & {name, f"{inside}.{name}"} else str(value)
