"""What every command shares: where the office is, in which language, and how results and problems are shown.

Commands return values; ``Session.show`` and ``Session.show_problem`` are the only places that print.
"""

import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from biandun_office import files, startup
from biandun_office.cli.words import label
from biandun_office.database import require_current
from biandun_office.errors import FileProblem, PassphraseProblem
from biandun_office.keystore import Passphrase
from biandun_protocol.errors import Problem

F = TypeVar("F", bound=Callable[..., Any])


class Document(dict[str, object]):
    """A result that is JSON for people too."""


@dataclass
class Session:
    """The options before the command's name."""

    data: Path | None = None
    database: str | None = None
    as_json: bool = False
    language: str = "zh"

    def folder(self) -> Path:
        """The office's data folder.  Raises click.UsageError when it was not given."""
        if self.data is None:
            raise click.UsageError("--data DIR (BIANDUN_OFFICE_DATA) 未指定 is missing")
        return self.data

    def open(self, *, older: bool = False) -> Path:
        """The folder, with Django pointed at it; ``older``: also one whose tables an older program made.

        Raises OfficeStateProblem as ``startup.use_office``; office-older, office-newer.
        """
        startup.use_office(self.folder(), self.database)
        if not older:
            require_current()
        return self.folder()

    def show(self, result: object) -> None:
        """Print what a command returned."""
        if result is None:
            return
        if self.as_json or isinstance(result, Document):
            click.echo(json.dumps(result, ensure_ascii=False, indent=2 if isinstance(result, Document) else None))
        elif isinstance(result, list):
            for row in cast("list[Mapping[str, object]]", result):
                click.echo("  ".join(str(value) for value in row.values() if value is not None))
        else:
            for name, value in cast("Mapping[str, object]", result).items():
                click.echo(f"{label(name, self.language)}: {_plain(value, self.language)}")

    def show_problem(self, problem: Problem) -> None:
        """Print what went wrong, and what to do about it, to stderr."""
        if self.as_json:
            click.echo(json.dumps({"error": problem.as_dict(self.language)}, ensure_ascii=False), err=True)
        else:
            click.echo(problem.message(self.language), err=True)
            click.echo(problem.next_step(self.language), err=True)


def _plain(value: object, language: str) -> str:
    if value is None:
        return "无" if language == "zh" else "none"
    if isinstance(value, bool):
        return {"zh": ("否", "是"), "en": ("no", "yes")}[language][value]
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return ", ".join(f"{label(name, language)} {_plain(content, language)}" for name, content in fields.items())
    if isinstance(value, list):
        return "; ".join(str(item) for item in cast("list[object]", value))
    return str(value)


in_session = click.make_pass_decorator(Session)


def with_passphrase(command: F) -> F:
    """Give a command the keyword ``passphrase``, from a file, a descriptor, or a prompt at a terminal; never from argv."""

    @click.option("--passphrase-file", type=click.Path(path_type=Path), help="口令文件 / file that holds the passphrase")
    @click.option("--passphrase-fd", type=int, help="口令的文件描述符 / descriptor to read the passphrase from")
    def wrapper(*args: Any, passphrase_file: Path | None, passphrase_fd: int | None, **kwargs: Any) -> Any:
        return command(*args, passphrase=_passphrase(passphrase_file, passphrase_fd), **kwargs)

    return cast("F", update_wrapper(wrapper, command))


def _passphrase(path: Path | None, descriptor: int | None) -> Passphrase:
    if path is not None:
        raw = files.read(path)
    elif descriptor is not None:
        raw = _drain(descriptor)
    elif sys.stdin.isatty():
        raw = getpass.getpass("口令 passphrase: ").encode()
    else:
        raise PassphraseProblem("passphrase-missing")
    try:
        secret = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise PassphraseProblem("passphrase-wrong") from None
    if not secret:
        raise PassphraseProblem("passphrase-missing")
    return Passphrase(secret)


def _drain(descriptor: int) -> bytes:
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        raise FileProblem("file-unreadable", path=f"fd {descriptor}", detail=error.strerror) from None
