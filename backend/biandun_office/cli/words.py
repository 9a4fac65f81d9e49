"""Results as people read them: names of fields, days."""

from datetime import UTC, datetime

_LABELS = {
    "office_id": ("编办标识", "office id"),
    "office_name": ("编办名称", "office name"),
    "region": ("区划代码", "region"),
    "suite": ("算法套件", "suite"),
    "data": ("数据目录", "data folder"),
    "database": ("数据库", "database"),
    "root_fingerprint": ("根证书指纹（SHA-256）", "root certificate fingerprint (SHA-256)"),
    "units": ("登记单位数", "units"),
    "backup": ("备份", "backup"),
    "file": ("文件", "file"),
    "restored": ("试恢复成功", "trial restore succeeded"),
    "statements": ("签名文件数", "statements"),
    "blobs_needed": ("另需拷贝的附件文件数", "blobs to copy besides"),
    "size": ("大小", "size"),
    "root": ("日志根散列", "log root"),
    "unread": ("缺少的材料清单数", "manifests not in the data folder"),
    "state": ("状态", "state"),
    "standing": ("签署资格", "standing"),
    "since": ("自", "since"),
    "ok": ("一致", "consistent"),
    "missing": ("缺少的文件", "missing files"),
    "files": ("文件数", "files"),
    "name": ("编号", "name"),
    "faults": ("问题", "faults"),
    "unit_name": ("单位名称", "unit"),
    "uscc": ("统一社会信用代码", "unified social credit code"),
    "expires": ("有效期至", "expires"),
    "serial": ("密钥序列号", "key serial"),
    "kid": ("密钥标识", "key id"),
    "order": ("指令", "order"),
    "seq": ("续签序列号", "goes on after number"),
    "new": ("新事件", "new events"),
    "lost": ("缺失事件数", "events lost"),
    "role": ("角色", "role"),
    "purposes": ("用途", "purposes"),
    "not_after": ("证书有效期至", "certificate valid until"),
    "recoverable": ("口令可由解锁人员找回", "PIN can be set anew by officers"),
    "officer": ("解锁人员", "officer"),
    "first": ("第一位解锁人员", "first officer"),
    "second": ("第二位解锁人员", "second officer"),
    "number": ("编号", "number"),
    "floor": ("此后允许的最低编号", "least number after it"),
    "target": ("适用型号", "made for"),
    "digest": ("摘要（SHA-256）", "digest (SHA-256)"),
    "version": ("版本", "version"),
    "steps": ("已执行的更新", "steps taken"),
    "again": ("此前已答复过", "answered before"),
    "user": ("用户", "user"),
    "code": ("解锁码（只念给回拨核实的本人）", "code (read it out on a call-back only)"),
    "made": ("建立日期", "made"),
    "removed": ("删除文件数", "files removed"),
    "bytes": ("释放字节数", "bytes freed"),
}


def day(seconds: int) -> str:
    """The day (UTC) of a moment, as 2026-11-24."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def label(name: str, language: str) -> str:
    """The field's name in ``zh`` or ``en``."""
    zh, en = _LABELS.get(name, (name, name))
    return zh if language == "zh" else en
