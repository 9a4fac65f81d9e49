"""What only the office's results are called; all other names and words are those of
``biandun_protocol.terminal.words``.
"""

from datetime import UTC, datetime

LABELS = {
    "statements": ("签名文件数", "statements"),
    "root": ("日志根散列", "log root"),
    "since": ("自", "since"),
    "faults": ("问题", "faults"),
    "expires": ("有效期至", "expires"),
    "seq": ("续签序列号", "goes on after number"),
    "new": ("新事件", "new events"),
    "first": ("第一位解锁人员", "first officer"),
    "steps": ("已执行的更新", "steps taken"),
    "code": ("解锁码（只念给回拨核实的本人）", "code (read it out on a call-back only)"),
    "clock": ("本机时钟", "clock"),
    "recorded": ("已记录的最晚时间", "latest time recorded"),
    "database_clock": ("数据库服务器时钟", "clock of the database server"),
    "office_since": ("编办建立于", "office founded"),
    "trusted": ("可以签发", "may sign"),
    "problem": ("问题", "problem"),
    "corrections": ("时间更正", "corrections"),
    "source": ("时间来源", "source"),
    "corrected": ("已更正", "corrected"),
    "taken_back": ("收回此前至此的时间", "times taken back, up to"),
    "not_before": ("不早于", "not before"),
    "doubted": ("存疑的本机时钟", "the clock, which is in doubt"),
    "entry": ("自日志条目", "from log entry"),
    "at": ("更正为", "corrected to"),
    "last": ("此前最晚时间", "latest time before"),
    "bytes": ("释放字节数", "bytes freed"),
    "missing": ("缺少的文件", "missing files"),
    "files": ("文件数", "files"),
    "name": ("编号", "name"),
}


def day(seconds: int) -> str:
    """The day (UTC) of a moment, as 2026-11-24."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
