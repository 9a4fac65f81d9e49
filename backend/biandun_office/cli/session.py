"""What every command shares: where the office is, in which language results and problems are shown, the passphrase.

Commands return values; ``output`` prints them.
"""

import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from biandun_office import files, startup
from biandun_office.cli.output import screen_of
from biandun_office.database import require_current
from biandun_office.errors import FileProblem, PassphraseProblem
from biandun_office.keystore import Passphrase
from biandun_protocol import oserrors, pins

F = TypeVar("F", bound=Callable[..., Any])


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
            raise click.UsageError(
                ("未指定 --data DIR（BIANDUN_OFFICE_DATA）", "--data DIR (BIANDUN_OFFICE_DATA) is missing")[self.language == "en"]
            )
        return self.data

    def open(self, *, older: bool = False) -> Path:
        """The folder, with Django pointed at it; ``older``: also one whose tables an older program made.

        Raises OfficeStateProblem as ``startup.use_office``; office-older, office-newer.
        """
        startup.use_office(self.folder(), self.database)
        if not older:
            require_current()
        return self.folder()

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None where lines are not broken."""
        return screen_of(sys.stdout).columns


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
        secret = pins.decoded(raw)
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
        raise FileProblem("file-unreadable", path=f"fd {descriptor}", detail=oserrors.reason(error)) from None
