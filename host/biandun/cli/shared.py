"""What the command groups share: the settings of one run, the options that choose a key, the terminal as a Ui."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from biandun import keys
from biandun.filings import read_file
from biandun.keys import Key
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.wire import codec

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=codec.Message)

PHASES = {
    "sending": ("正在传送材料", "sending"),
    "working": ("密钥正在处理", "the key is working"),
    "signing": ("密钥正在签名", "signing"),
    "writing": ("密钥正在写入", "writing"),
    "verifying": ("密钥正在核验", "verifying"),
    "uploading": ("正在上传", "uploading"),
}


@dataclass
class Settings:
    """Options of the whole program."""

    as_json: bool = False
    language: str = "zh"
    exit_status: int = 0
    ui: "Terminal" = field(init=False)

    def __post_init__(self) -> None:
        self.ui = Terminal(self)


class Terminal:
    """The Ui of the command line: progress and prompts on stderr, progress only where a person watches."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown = ""

    def _say(self, words: tuple[str, str]) -> str:
        return words[1 if self._settings.language == "en" else 0]

    def progress(self, phase: str, done: int, total: int) -> None:
        """Show a changing line, on a terminal only."""
        if self._settings.as_json or not sys.stderr.isatty():
            return
        text = f"{self._say(PHASES.get(phase, PHASES['working']))} {100 * done // max(total, 1)}%"
        if text != self._shown:
            self._shown = text
            click.echo(f"\r{text}   ", nl=done >= total, err=True)

    def need_presence(self, serial: str) -> None:
        """Ask for the button."""
        if not self._settings.as_json:
            click.echo(self._say((f"请按下密钥 {serial} 上的按钮确认…", f"Press the button on key {serial}…")), err=True)


pass_settings = click.make_pass_decorator(Settings, ensure=True)


def with_key(command: Callable[Concatenate[Key, P], R]) -> Callable[..., R]:
    """Give a command the options --serial and --port and the open key that they choose."""

    @click.option("--serial", metavar="SERIAL", help="Serial number of the key, when several are plugged in.")
    @click.option("--port", metavar="PORT", help="Serial port of the key, instead of looking for it.")
    @pass_settings
    @wraps(command)
    def wrapped(settings: Settings, serial: str | None, port: str | None, *args: Any, **kwargs: Any) -> R:
        with keys.open(serial=serial, port=port, ui=settings.ui) as key:
            return command(key, *args, **kwargs)

    return wrapped


def read_record(path: Path, kind: type[M]) -> M:
    """Read a file that is one record of the protocol.  Raises FolderProblem, ManifestProblem(manifest-malformed)."""
    try:
        return codec.decode(kind, read_file(path))
    except codec.MessageError as error:
        raise ManifestProblem("manifest-malformed", field=error.field, detail=path.name) from None
