"""What the command groups share: settings of a run, options that choose a key, the Ui."""

import contextlib
import os
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, ParamSpec, TextIO, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from biandun import keys
from biandun.cli.forms import sections
from biandun.cli.output import note, say, screen_of, show_aside
from biandun.errors import FolderProblem
from biandun.files import read_file
from biandun.folders import open_plain
from biandun.keys import Key
from biandun_protocol import kinds, oserrors, pins
from biandun_protocol.address import office_address
from biandun_protocol.book import CODES
from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import TypedProblem
from biandun_protocol.forms.form import Form
from biandun_protocol.identifiers import in_capitals, in_small_letters
from biandun_protocol.kinds import Kind
from biandun_protocol.secret import Secret
from biandun_protocol.terminal.visible import visible
from biandun_protocol.terminal.wrap import fill_up, width

P = ParamSpec("P")
R = TypeVar("R")


class Address(click.ParamType[str]):
    """The URL of an office's server."""

    name = "URL"

    def convert(
        self,
        value: object,
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> str:
        """Return the URL in its normal form.  Raises AddressProblem."""
        return office_address(str(value))


class Code(click.ParamType[str]):
    """A serial number, a case number or the like, normalised by ``fold``.

    Full-width characters, as a Chinese input method produces them, become ASCII, and letters take
    the case that such codes are written in.
    """

    name = "text"

    def __init__(self, fold: Callable[[str], str]) -> None:
        self.fold = fold

    def convert(
        self,
        value: object,
        param: click.Parameter | None,  # noqa: ARG002
        ctx: click.Context | None,  # noqa: ARG002
    ) -> str:
        """Return the normalised code."""
        return self.fold(str(value))


ADDRESS = Address()
CODE = Code(in_capitals)
HEXADECIMAL = Code(in_small_letters)
DESCRIPTOR = click.IntRange(0, 2**31 - 1)  # a file descriptor
FILE = click.Path(dir_okay=False, path_type=Path)  # to be written
FOLDER = click.Path(file_okay=False, path_type=Path)


class Readable(click.Path):
    """The path of a file that will be read.

    A pipe or a device is refused before the command does anything else.
    """

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path.  Raises FolderProblem(file-special)."""
        path = cast("Path", super().convert(value, param, ctx))
        with contextlib.suppress(OSError):  # reported when the file is read
            open_plain(path).close()
        return path


class Given(Readable):
    """A file of one of our kinds, decoded."""

    def __init__(self, kind: Kind[Any]) -> None:
        super().__init__()
        self.kind = kind

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the decoded content.

        Raises FolderProblem, WrongFile, and the errors of the kind's decoder.
        """
        # read_file refuses special files itself
        path = cast("Path", click.Path.convert(self, value, param, ctx))
        return self.kind.read(read_file(path), str(path))


READABLE = Readable()
OFFICE = click.option(
    "--office",
    "url",
    envvar="BIANDUN_OFFICE",
    required=True,
    type=ADDRESS,
    metavar="URL",
    help="编办服务器地址 / the office's server",
)


@dataclass
class Settings:
    """Options of the whole program."""

    as_json: bool = False
    language: str = "zh"
    exit_status: int = 0
    ui: "Terminal" = field(init=False)

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None where lines are not broken."""
        return screen_of(sys.stdout).columns

    def __post_init__(self) -> None:
        self.ui = Terminal(self)


class Terminal:
    """The Ui of the command line: prompts on stderr, and progress if stderr is a terminal."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shown = ""
        self.pin_source: Callable[[], Secret] | None = None
        self.pin_given = False
        self._asked = False
        self.fingerprint: str | None = None

    def _say(self, words: tuple[str, str]) -> str:
        return words[1 if self._settings.language == "en" else 0]

    def progress(self, phase: str, done: int, total: int) -> None:
        """Show progress in a changing line, on a terminal only."""
        if self._settings.as_json or not sys.stderr.isatty():
            return
        doing = CODES.get(f"phase:{phase}", CODES["phase:working"])
        text = f"{self._say(doing)} {100 * done // max(total, 1)}%"
        if text != self._shown:
            note(f"\r{fill_up(text, width(self._shown))}", end="")
            self._shown = text
        if done >= total:
            self.end_line()

    def end_line(self) -> None:
        """End the line of progress, so that the next output begins on a new one."""
        if self._shown:
            self._shown = ""
            note("")

    def tell(self, words: tuple[str, str]) -> None:
        """Print a remark in the user's language, on a line of its own."""
        self.end_line()
        say(self._say(words))

    def need_pin(self, serial: str, slot: int, tries_left: int | None) -> Secret | None:
        """Return the PIN from the given file or descriptor, once; otherwise prompt for it.

        None if there is no terminal to prompt on, or the user does not risk the last try.
        """
        asked_before, self._asked = self._asked, True
        source, self.pin_source = self.pin_source, None
        if source is None and (self.pin_given or not someone_is_there()):
            return None
        if tries_left is not None:
            self._warn(tries_left, asked_before)
        if tries_left == 1 and someone_is_there() and not self._goes_on():
            return None
        if source is not None:
            return source()
        return prompt_secret(self._say(phrase("host.pin-of", serial=serial, slot=slot)))

    def _warn(self, tries_left: int, was_wrong: bool) -> None:
        """Warn before a PIN is used that a wrong one was entered, just now or earlier."""
        if self._settings.as_json:
            return  # the JSON answer has ``tries_left``
        self.tell(phrase("host.pin-wrong" if was_wrong else "host.pin-was-wrong", tries=tries_left))

    def _goes_on(self) -> bool:
        return confirm(self._say(phrase("host.last-try")))

    def new_key(self, serial: str, unit_name: str, fingerprint: str, root_known: bool) -> bool:
        """Show the identity of a new key and ask the person to confirm it.

        Without a person, the key is accepted if --fingerprint matches, or if its root is known.
        """
        if self.fingerprint is not None:
            return "".join(self.fingerprint.split()).lower() == fingerprint.replace(" ", "")
        self.tell(phrase("host.new-key", serial=serial, unit=unit_name, fingerprint=fingerprint))
        if not root_known:
            self.tell(phrase("host.new-office"))
        if self._settings.as_json or not someone_is_there():
            return root_known
        return confirm(self._say(phrase("host.right-key")))

    def about_to_sign(self, forms: Sequence[Form]) -> None:
        """Show what will be signed; not to a program, which can use ``filing show``."""
        if self._settings.as_json and not sys.stdin.isatty():
            return
        self.end_line()
        for form in forms:
            show_aside(sections(form, self._settings.language), self._settings)

    def need_presence(self, serial: str) -> None:
        """Ask the person to press the button."""
        if not self._settings.as_json:
            self.tell(phrase("host.press", serial=serial))


def someone_is_there() -> bool:
    """Is stdin a terminal?  A parent process may have closed it."""
    stream = cast("TextIO | None", sys.stdin)
    return stream is not None and stream.isatty()


@contextlib.contextmanager
def typing() -> Generator[None]:
    """A block in which a person types text.

    Raises TypedProblem when the terminal sends another encoding; nothing was sent to a key by then.
    """
    try:
        yield
    except UnicodeError:
        raise TypedProblem(place=phrase("typed.answer")) from None


def confirm(text: str) -> bool:
    """Ask a yes-or-no question.  Raises TypedProblem."""
    with typing():
        return click.confirm(text, err=True)


def read_secret(stream: BinaryIO) -> Secret:
    """The first line of a file, without its line end; at most 256 bytes."""
    raw = stream.readline(257)
    if raw.startswith(b"\xff\xfe"):
        raw += stream.read(1)  # in UTF-16-LE a line ends with 0A 00; readline() stops at 0A
    return Secret(pins.first_line(raw))


def in_language(words: tuple[str, str]) -> str:
    """The Chinese or the English text of a pair, in the language of the command that runs."""
    settings = click.get_current_context().find_object(Settings)
    return words[settings is not None and settings.language == "en"]


def prompt_secret(text: str, *, confirm: bool = False) -> Secret:
    """Prompt for a secret without echo.  Raises TypedProblem."""
    with typing():
        typed = click.prompt(visible(text), hide_input=True, confirmation_prompt=confirm, err=True)
        return Secret(typed.encode())


def secret_source(path: Path | None, descriptor: int | None) -> Callable[[], Secret] | None:
    """A function that reads a secret from a file or a file descriptor; None without either.

    Secrets are never arguments, because those end up in logs and process lists.
    """
    if path is not None:
        return lambda: Secret(kinds.PIN.read(read_file(path), str(path)))
    if descriptor is not None:

        def from_descriptor() -> Secret:
            try:
                with os.fdopen(descriptor, "rb", closefd=False) as stream:
                    return read_secret(stream)
            except OSError as error:
                raise FolderProblem(
                    "file-unreadable", path=f"fd {descriptor}", detail=oserrors.reason(error)
                ) from error

        return from_descriptor
    return None


def complete_serial(
    context: click.Context,  # noqa: ARG001
    parameter: click.Parameter,  # noqa: ARG001
    start: str,  # noqa: ARG001, RUF100
) -> list[CompletionItem]:
    """The serial numbers of plugged-in keys, for completion in the shell."""
    return [
        CompletionItem(port.serial)
        for port in keys.scan()
        if port.serial and port.serial.startswith(start)
    ]


pass_settings = click.make_pass_decorator(Settings, ensure=True)


def with_key(command: Callable[Concatenate[Key, P], R]) -> Callable[..., R]:
    """Give a command the options that choose a key, its user and the source of the PIN.

    The command is called with the open key.
    """

    @click.option(
        "--serial",
        type=CODE,
        metavar="SERIAL",
        shell_complete=complete_serial,
        help="密钥序列号，插有多把时使用 / serial number of the key, when several are plugged in",
    )
    @click.option(
        "--port",
        metavar="PORT",
        help="密钥的端口，不自动查找 / serial port of the key, instead of searching for it",
    )
    @click.option(
        "--user",
        metavar="SLOT",
        type=click.IntRange(0, 7),
        default=0,
        show_default=True,
        help="密钥的用户 / user of the key",
    )
    @click.option(
        "--pin-file", type=READABLE, help="首行为口令的文件 / file whose first line is the PIN"
    )
    @click.option(
        "--pin-fd",
        type=DESCRIPTOR,
        metavar="N",
        help="读取口令的文件描述符 / open file descriptor to read the PIN from",
    )
    @click.option(
        "--fingerprint",
        type=HEXADECIMAL,
        metavar="HEX",
        help="首次在本机使用的密钥的设备指纹，代替询问 / device fingerprint of a key that is new to this account, instead of a question",
    )
    @click.option(
        "--unsealed",
        is_flag=True,
        help="也使用没有认证设备密钥的密钥，其口令不加密传送 / allow a key without a certified device key: its PIN is sent unencrypted",
    )
    @pass_settings
    @wraps(command)
    def wrapped(
        settings: Settings,
        serial: str | None,
        port: str | None,
        user: int,
        pin_file: Path | None,
        pin_fd: int | None,
        fingerprint: str | None,
        unsealed: bool,
        *args: Any,
        **kwargs: Any,
    ) -> R:
        settings.ui.pin_source = secret_source(pin_file, pin_fd)
        settings.ui.fingerprint = fingerprint
        settings.ui.pin_given = settings.ui.pin_source is not None
        with keys.open(serial=serial, port=port, ui=settings.ui) as key:
            key.slot, key.pin_in_clear = user, unsealed
            return command(key, *args, **kwargs)

    return wrapped
