"""The rules of a form in Chinese; in the code, and in English, a rule is its own sentence."""

import re

from biandun_protocol.catalogue import Phrase

# A rule as the forms write it (a regular expression, whole) and its Chinese; a test fails for a
# rule that has none.
_WRITTEN: tuple[tuple[str, str], ...] = (
    (r"(\d+) to (\d+) items", "应有 {0} 至 {1} 项"),
    (r"(\d+) to (\d+) places", "应为 {0} 至 {1} 名"),
    (r"(\d+) to (\d+) bytes", "应为 {0} 至 {1} 字节"),
    (r"(\d+) bytes", "应为 {0} 字节"),
    (r"at most (\d+)", "最多 {0} 个"),
    (r"longer than (\d+) bytes", "超过 {0} 字节"),
    (r"longer than (\d+) characters", "超过 {0} 个字"),
    (r"(?:ROLE is )?one of (.+)", "应为以下之一：{0}"),
    (r"a group of fields", "应为一组内容"),
    (r"a list", "应为列表"),
    (r"a whole number", "应为整数"),
    (r"bytes", "应为字节串"),
    (r"text", "应为文字"),
    (r"blank or with blanks around it", "不能为空，前后不能有空格"),
    (r"blanks at the end of a line", "行尾不能有空格"),
    (r"characters that a file name cannot have", "含有文件名不能使用的字符"),
    (r"control characters", "含有控制字符"),
    (r"missing", "没有填写"),
    (r"no such field", "没有这一项"),
    (r"not a date like (\S+)", "应为日期，例如 {0}"),
    (r"not a unified social credit code", "不是统一社会信用代码"),
    (r"six digits", "应为六位数字"),
    (r"the application document goes with an agreement", "同意时应附用编申请文件，退回时不附"),
    (r"the unit itself", "不能是本单位"),
    (r"two with one name", "有两个同名"),
)
_RULES = tuple((re.compile(rule), chinese) for rule, chinese in _WRITTEN)


def in_words(rule: str) -> Phrase:
    """A rule in both languages; in English only where it has no Chinese."""
    for pattern, chinese in _RULES:
        found = pattern.fullmatch(rule)
        if found:
            return Phrase(chinese.format(*found.groups()), rule)
    return Phrase(rule, rule)
