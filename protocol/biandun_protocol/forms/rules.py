"""The rules that a form's field can break, with what to do about it in both languages.

``zh`` and ``en`` say what is wrong; they fill the message of ``form-invalid``.  ``do_zh`` and
``do_en`` follow where all mistakes of a form are listed.
"""

from collections.abc import Iterable
from typing import NamedTuple

from biandun_protocol.catalogue import Phrase


class Rule(NamedTuple):
    """A rule that was broken: what is wrong, and what to do."""

    zh: str
    en: str
    do_zh: str = "请改正"
    do_en: str = "correct it"

    @property
    def wrong(self) -> Phrase:
        """What is wrong."""
        return Phrase(self.zh, self.en)

    @property
    def todo(self) -> Phrase:
        """What to do about it."""
        return Phrase(self.do_zh, self.do_en)


MISSING = Rule("没有填写", "missing", "请补填这一项", "fill it in")
UNKNOWN = Rule("没有这一项", "no such field", "请核对名称，或删去", "check its name, or delete it")
TEXT = Rule("应为文字", "text", "请写成双引号括起的文字", "write it in double quotes")
WHOLE = Rule("应为整数", "a whole number", "请写成不带引号的整数", "write digits without quotes")
OCTETS = Rule("应为字节串", "bytes")
GROUP = Rule("应为一组内容", "a group of fields", "请写成 { } 括起的一组", "write a group in { }")
LIST = Rule("应为列表", "a list", "请写成 [ ] 括起的列表", "write a list in [ ]")
BLANK = Rule(
    "不能为空，前后不能有空格",
    "blank or with blanks around it",
    "请填写内容，并删去前后的空格",
    "fill it in, without blanks around it",
)
LINE_END = Rule(
    "行尾不能有空格", "blanks at the end of a line", "请删去行尾的空格", "delete the blanks"
)
CONTROL = Rule(
    "含有控制字符",
    "control characters",
    "请删去看不见的字符，重新输入这一项",
    "type it again, without invisible characters",
)
FILE_NAME = Rule(
    "含有文件名不能使用的字符",
    "characters that a file name cannot have",
    "请给文件改名",
    "rename the file",
)
DATE = Rule(
    "应为日期，例如 2026-11-24",
    "not a date like 2026-11-24",
    "请按“年-月-日”填写实际存在的日期",
    "write a date that exists, as year-month-day",
)
USCC = Rule(
    "不是统一社会信用代码",
    "not a unified social credit code",
    "请对照证书填写 18 位代码，字母大写",
    "copy the 18 characters from the certificate, in capitals",
)
SIX_DIGITS = Rule(
    "应为六位数字", "six digits", "请填写行政区划代码", "write the code of the region"
)
SAME_NAME = Rule("有两个同名", "two with one name", "请给其中一个改名", "rename one of them")


def too_long(most: int) -> Rule:
    """A text of more than ``most`` characters."""
    return Rule(f"超过 {most} 个字", f"longer than {most} characters", "请缩短", "make it shorter")


def too_many_bytes(most: int) -> Rule:
    """A text of more than ``most`` bytes of UTF-8."""
    return Rule(
        f"超过 {most} 字节",
        f"longer than {most} bytes",
        "请缩短，一个汉字占 3 字节",
        "make it shorter",
    )


def bounds(low: int, high: int, unit: Phrase) -> Rule:
    """A number outside of its bounds."""
    return Rule(f"应为 {low} 至 {high} {unit.zh}", f"{low} to {high} {unit.en}")


def count(low: int, high: int) -> Rule:
    """A list with too few or too many items."""
    if low == 0:
        return Rule(f"最多 {high} 个", f"at most {high}", "请减少", "leave some out")
    return Rule(f"应有 {low} 至 {high} 项", f"{low} to {high} items")


def length(octets: int) -> Rule:
    """A byte string of another length."""
    return Rule(f"应为 {octets} 字节", f"{octets} bytes")


def one_of(codes: Iterable[str]) -> Rule:
    """A code that is not in its table."""
    listed = ", ".join(codes)
    return Rule(
        f"应为以下之一：{listed}",
        f"one of {listed}",
        "请从中选一个，照样填写",
        "choose one of them, spelled like this",
    )
