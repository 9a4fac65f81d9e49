"""What click says of a wrong command line, in Chinese.

click speaks English, with blanks filled in; each row turns one of its phrases, wherever it stands,
into ours.  A phrase that is missing here stays English: a test provokes every kind of mistake and
looks for leftovers.
"""

import re

_WRITTEN: tuple[tuple[str, str], ...] = (
    (r"No such option (.+?)\.(?=\s|$)", r"没有选项 \1。"),
    (r"No such command (.+?)\.(?=\s|$)", r"没有命令 \1。"),
    (r" ?Did you mean (.+?)\?", r"是不是 \1？"),
    (r" ?\(Did you mean one of: (.+?)\?\)", r"是不是其中之一：\1？"),
    (r"Missing command\.", "缺少命令。"),
    (r"Missing option (.+?)\.(?=\s|$)", r"缺少选项 \1。"),
    (r"Missing argument (.+?)\.(?=\s|$)", r"缺少参数 \1。"),
    (r" ?Choose from:\s*", "可选："),
    (r"Got unexpected extra arguments? \((.+?)\)", r"多出的参数：\1。"),
    (r"Option (.+?) requires an argument\.", r"选项 \1 后面缺少值。"),
    (r"Option (.+?) requires (\d+) arguments\.", r"选项 \1 后面要有 \2 个值。"),
    (r"Option (.+?) does not take a value\.", r"选项 \1 后面没有值。"),
    (r"Argument (.+?) takes (\d+) values\.", r"参数 \1 要有 \2 个值。"),
    (r"Invalid value for (.+?): ", r"\1 的值不正确："),
    (r"Invalid value: ", "值不正确："),
    (r"(\S+) is not in the range (.+?)\.(?=\s|$)", r"\1 不在 \2 范围内。"),
    (r"(.+?) is not a valid integer(?: range)?\.", r"\1 不是整数。"),
    (r"(.+?) is not one of (.+?)\.(?=\s|$)", r"\1 不是以下之一：\2。"),
    (r"(?:File|Path|Directory) (.+?) is a directory\.", r"\1 是文件夹，不是文件。"),
    (r"(?:File|Path|Directory) (.+?) is a file\.", r"\1 是文件，不是文件夹。"),
    (r"(?:File|Path|Directory) (.+?) does not exist\.", r"\1 不存在。"),
    (r"embedded null (?:byte|character)", "含有空字符"),
)
_PHRASES = tuple((re.compile(phrase), ours) for phrase, ours in _WRITTEN)
_NEW_LINE = re.compile(r"\s*\n\s*")


def sentence(english: str, language: str) -> str:
    """click's message in the reader's language, on one line."""
    said = _NEW_LINE.sub(" ", english.strip())
    if language != "en":
        for phrase, ours in _PHRASES:
            said = phrase.sub(ours, said)
    return said
