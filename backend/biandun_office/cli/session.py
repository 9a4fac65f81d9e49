"""What every command shares: the office's data folder, the language of output, the passphrase.

Commands return values; ``output`` prints them.
"""

import contextlib
import getpass
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import update_wrapper
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

import click

from biandun_office.cli.output import screen_of
from biandun_office.office import startup
from biandun_office.office.keystore import Passphrase
from biandun_office.platform import files
from biandun_office.platform.database import require_current
from biandun_office.platform.errors import FileProblem, PassphraseProblem
from biandun_protocol import kinds, oserrors, pins
from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import TypedProblem
from biandun_protocol.identifiers import folded, in_capitals, in_small_letters
from biandun_protocol.kinds import Kind
from biandun_protocol.terminal.visible import is_visible
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

_REGION = re.compile(r"[0-9]{6}")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Session:
    """The options of the program itself, which precede the command's name."""

    data: Path | None = None
    database: str | None = None
    as_json: bool = False
    language: str = "zh"

    def folder(self) -> Path:
        """The office's data folder.  Raises click.UsageError when it was not given."""
        if self.data is None:
            raise click.UsageError(phrase("office.no-data").of(self.language))
        return self.data

    def open(self, *, older: bool = False) -> Path:
        """Point Django at the data folder and return it.

        With ``older`` tables of an older program version are accepted, too.  Raises
        OfficeStateProblem: those of ``startup.use_office``; office-older, office-newer,
        database-lost.
        """
        startup.use_office(self.folder(), self.database)
        if not older:
            require_current()
        return self.folder()

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None where lines are not broken."""
        return screen_of(sys.stdout).columns


def in_language(context: click.Context | None, words: tuple[str, str]) -> str:
    """The Chinese or the English text of a pair, in the language of the command that runs."""
    session = context.find_object(Session) if context is not None else None
    return words[session is not None and session.language == "en"]


class Text(click.ParamType[str]):
    """Text that is stored or searched for: 1 to ``most`` visible characters.

    Neither control characters nor bytes that are not text are allowed.  SQLite would store them,
    and any length; PostgreSQL stores no more than the column's width.
    """

    name = "text"

    def __init__(self, most: int) -> None:
        self.most = most

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text; fail when it is empty, too long or not visible."""
        text = str(value)
        if not text.strip() or len(text) > self.most or not all(map(is_visible, text)):
            wanted = phrase("office.letters", limit=self.most)
            self.fail(in_language(ctx, wanted), param, ctx)
        return text


class Code(Text):
    """A unit's code, a serial number or the like, normalised by ``fold``.

    Full-width characters, as a Chinese input method produces them, become ASCII, and letters take
    the case that such codes are written in.
    """

    def __init__(self, fold: Callable[[str], str]) -> None:
        super().__init__(64)
        self.fold = fold

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the normalised code."""
        return self.fold(super().convert(value, param, ctx))


class Region(Code):
    """A region's code (GB/T 2260): six digits."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the code; fail when it is not six digits."""
        code = super().convert(value, param, ctx)
        if not _REGION.fullmatch(code):
            self.fail(in_language(ctx, phrase("office.six-digits")), param, ctx)
        return code


class Readable(click.Path):
    """The path of a file that will be read.

    A pipe or a device is refused before the command does anything else.
    """

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.  Raises FileProblem(file-special)."""
        path = cast("Path", super().convert(value, param, ctx))
        with contextlib.suppress(OSError):  # reported when the file is read
            files.open_plain(path).close()
        return path


class Given(Readable):
    """A file of one of our kinds, read into bytes once its kind has been checked."""

    def __init__(self, kind: Kind[Any]) -> None:
        super().__init__()
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the file's content.

        Raises FileProblem, WrongFile, and the errors of the kind's decoder.
        """
        # files.read refuses special files itself
        path = cast("Path", click.Path.convert(self, value, param, ctx))
        content = files.read(path)
        self.kind.read(content, str(path))
        return content


CODE = Code(in_capitals)
HEXADECIMAL = Code(in_small_letters)
OFFICE_ID = Code(folded)  # the case of letters is kept
REGION = Region(folded)
REASON = Text(390)  # the column has 400 characters: a prefix such as "revoked: " is added
PERSON = Text(20)
READABLE = Readable()
in_session = click.make_pass_decorator(Session)


def with_passphrase(command: F) -> F:
    """Give a command the keyword argument ``passphrase``.

    It is read from a file, from a file descriptor, or from a prompt at a terminal; never from argv.
    """

    @click.option(
        "--passphrase-file", type=READABLE, help="口令文件 / file that holds the passphrase"
    )
    @click.option(
        "--passphrase-fd",
        type=click.IntRange(0, 2**31 - 1),
        help="口令的文件描述符 / descriptor to read the passphrase from",
    )
    def wrapper(
        *args: Any, passphrase_file: Path | None, passphrase_fd: int | None, **kwargs: Any
    ) -> Any:
        return command(*args, passphrase=_passphrase(passphrase_file, passphrase_fd), **kwargs)

    return cast("F", update_wrapper(wrapper, command))


def _passphrase(path: Path | None, descriptor: int | None) -> Passphrase:
    if path is not None:
        return Passphrase(kinds.PASSPHRASE.read(files.read(path), str(path)))
    if descriptor is not None:
        raw = _drain(descriptor)
    elif _someone_is_there():
        raw = _typed(in_language(click.get_current_context(), phrase("office.passphrase")))
    else:
        raise PassphraseProblem("passphrase-missing")
    try:
        secret = pins.decoded(raw)
    except UnicodeDecodeError:
        raise PassphraseProblem("passphrase-wrong") from None
    if not secret:
        raise PassphraseProblem("passphrase-missing")
    return Passphrase(secret)


def _someone_is_there() -> bool:
    """Is stdin a terminal?  A parent process may have closed it."""
    stream = cast("TextIO | None", sys.stdin)
    return stream is not None and stream.isatty()


def _typed(prompt: str) -> bytes:
    """Read a line from the terminal without echo.

    Raises TypedProblem when the terminal sends another encoding.
    """
    try:
        return getpass.getpass(prompt).encode()
    except UnicodeError:
        raise TypedProblem(place=phrase("typed.answer")) from None


def _drain(descriptor: int) -> bytes:
    """Read an open file descriptor to its end; the limit is that of any other file.

    Raises FileProblem: file-unreadable, file-too-large.
    """
    try:
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(LIMIT_ATTACHMENT + 1)
    except OSError as error:
        raise FileProblem(
            "file-unreadable", path=f"fd {descriptor}", detail=oserrors.reason(error)
        ) from None
    if len(content) > LIMIT_ATTACHMENT:
        raise FileProblem("file-too-large", path=f"fd {descriptor}")
    return content
