"""Somebody who types at a terminal what a page says: a real bash on a pseudo-terminal, line by
line, as a person would.

Lines that ask something (a PIN, a confirmation) are answered from a table.  A line that ends with
``&`` is followed by the program's own line that says that it is ready.  The first line that fails
ends it.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import pexpect

PROMPT = re.compile(r"<<(\d+)>> ")
READY = re.compile(r"\{[^\n]*\}\r?\n")
SECONDS = 90
# what is asked, in either language, and what a person answers
ANSWERS: tuple[tuple[str, str], ...] = (
    (r"(解锁码|code of)[^\n]*[:：] ?$", "code"),
    (r"(口令|PIN|passphrase|Repeat|确认)[^\n]*[:：] ?$", "pin"),
    (r"\[y/N\][:：] ?$", "yes"),
)


class LineFailed(AssertionError):
    """A line ended with another status than 0; the message shows what was on the screen."""


class Typist:
    """A terminal in ``folder`` with an environment of its own: ``environment`` is all that the
    shell knows at first.

    ``uid`` is whose terminal it is, None for oneself; ``answers`` are by what is asked: pin, yes,
    code.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        answers: Mapping[str, str],
        uid: int | None = None,
    ) -> None:
        self.folder = folder
        self.answers = dict(answers)
        self.screen = ""
        clean = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TERM": "dumb", "LANG": "C.UTF-8"}

        def become() -> None:
            if uid is not None:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)

        self._bash: Any = pexpect.spawn(  # pexpect is not typed
            "bash",
            ["--norc", "--noprofile", "-i"],
            cwd=str(folder),
            env={**clean, **environment, "PS1": "<<$?>> ", "PS2": "", "PROMPT_COMMAND": ""},
            encoding="utf-8",
            echo=False,
            dimensions=(50, 160),
            timeout=SECONDS,
            preexec_fn=become,
        )
        self._wait("a prompt")
        self._send("bind 'set enable-bracketed-paste off'; set +m")

    def __enter__(self) -> "Typist":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the terminal, as somebody who goes home: what runs in it gets the hang-up and
        ends.
        """
        for line in ("kill $(jobs -p)", "wait"):
            self._bash.sendline(line)
            self._bash.expect(PROMPT)
        self._bash.close(force=True)

    def write(self, name: str, content: str) -> None:
        """Save a file in the folder, as with an editor."""
        (self.folder / name).write_text(content, "utf-8")

    def type(self, line: str) -> str:
        """Type one line, answer what is asked, and return what was printed.  Raises LineFailed."""
        return self._send(line)

    def _send(self, line: str) -> str:
        self._bash.sendline(line)
        shown = self._wait(line)
        if without_comment(line).endswith("&"):
            self._ready(line)
        return shown

    def _wait(self, line: str) -> str:
        """Read up to the next prompt; answer questions on the way."""
        shown = ""
        patterns: list[Any] = [
            PROMPT,
            *(re.compile(question, re.MULTILINE) for question, _ in ANSWERS),
        ]
        while True:
            which = self._bash.expect([*patterns, pexpect.EOF, pexpect.TIMEOUT])
            shown += self._bash.before if isinstance(self._bash.before, str) else ""
            if which == 0:
                self.screen += shown
                status = int(self._bash.match[1])
                if status:
                    raise LineFailed(f"{line}\n-> {status}\n{shown}")
                return shown
            if which > len(ANSWERS):
                raise LineFailed(f"{line}\n-> no prompt within {SECONDS} s\n{shown}")
            shown += self._bash.after
            self._bash.sendline(self.answers[ANSWERS[which - 1][1]])

    def _ready(self, line: str) -> None:
        if self._bash.expect([READY, pexpect.TIMEOUT, pexpect.EOF]):
            raise LineFailed(f"{line}\n-> never said that it is ready\n{self._bash.before}")


def without_comment(line: str) -> str:
    """The line as the shell reads it, without a comment at its end."""
    return re.sub(r"\s+#\s.*$", "", line).rstrip()


def blocks(page: str, language: str) -> list[list[str]]:
    """The fenced blocks of a page in ``language``, each a list of lines; a line that ends with a
    backslash goes on.
    """
    found = re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [list(_joined(block.splitlines())) for block in found]


def _joined(lines: list[str]) -> Iterator[str]:
    held = ""
    for line in lines:
        if line.endswith("\\"):
            held += line[:-1].rstrip() + " "
            continue
        if (held + line).strip():
            yield held + line.lstrip() if held else line
        held = ""
