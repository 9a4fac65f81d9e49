"""The rules of a form in Chinese; in the code, and in English, a rule is its own sentence."""

import re

from biandun_protocol.catalogue import Phrase

# A rule as the forms write it (a regular expression, whole) and its Chinese; a test fails for a rule that has none.
_RULES: tuple[tuple[str, str], ...] = (
    (r"(\d+) to (\d+) items", r"应有 \1 至 \2 项"),
    (r"(\d+) to (\d+) places", r"应为 \1 至 \2 名"),
    (r"(\d+) to (\d+) bytes", r"应为 \1 至 \2 字节"),
    (r"(\d+) bytes", r"应为 \1 字节"),
    (r"at most (\d+)", r"最多 \1 个"),
    (r"longer than (\d+) bytes", r"超过 \1 字节"),
    (r"longer than (\d+) characters", r"超过 \1 个字"),
    (r"(?:ROLE is )?one of (.+)", r"应为以下之一：\1"),
    (r"a group of fields", r"应为一组内容"),
    (r"a list", r"应为列表"),
    (r"a whole number", r"应为整数"),
    (r"bytes", r"应为字节串"),
    (r"text", r"应为文字"),
    (r"blank or with blanks around it", r"不能为空，前后不能有空格"),
    (r"blanks at the end of a line", r"行尾不能有空格"),
    (r"characters that a file name cannot have", r"含有文件名不能使用的字符"),
    (r"control characters", r"含有控制字符"),
    (r"missing", r"没有填写"),
    (r"no such field", r"没有这一项"),
    (r"not a date like (\S+)", r"应为日期，例如 \1"),
    (r"not a unified social credit code", r"不是统一社会信用代码"),
    (r"six digits", r"应为六位数字"),
    (r"the application document goes with an agreement", r"同意时应附用编申请文件，退回时不附"),
    (r"the unit itself", r"不能是本单位"),
    (r"two with one name", r"有两个同名"),
)


def in_words(rule: str) -> Phrase:
    """A rule in both languages; in English only where it has no Chinese."""
    for pattern, chinese in _RULES:
        found = re.fullmatch(pattern, rule)
        if found:
            return Phrase(found.expand(chinese), rule)
    return Phrase(rule, rule)
