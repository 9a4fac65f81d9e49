"""The languages of a command line program: a mixin for click's Command and Group.

The three programs cannot import one another, and this room does not import click: the mixin relies
on the shape of click's classes, and each program defines its two classes in a few lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from biandun_protocol.book import SHAPES, VALUES
from biandun_protocol.errors import TypedProblem
from biandun_protocol.terminal import manual

if TYPE_CHECKING:
    import click


class Reader(Protocol):
    """The reader's settings, carried as ``obj`` of a program's root context."""

    language: str

    @property
    def columns(self) -> int | None:
        """The width of the terminal; None where lines are not broken."""
        ...


def reader_of(context: click.Context) -> tuple[str, int]:
    """Return (language, columns) of a context's program.

    Chinese and 80 when the context has no settings, as in shell completion.
    """
    reader = cast("Reader | None", context.find_root().obj)
    return (
        (manual.LANGUAGES[0], 80)
        if reader is None
        else (reader.language, min(reader.columns or 80, 100))
    )


class Bilingual:
    """A command with help in the reader's language, whose arguments must be text.

    The help is made from its docstring and its options.
    """

    help: str | None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line.

        Bytes that are not text in the system's encoding could not be signed, stored or sent; only
        paths may contain them.

        Raises TypedProblem.
        """
        rest = cast("Any", super()).parse_args(ctx, args)
        for parameter in cast("Any", self).get_params(ctx):
            value: object = ctx.params.get(parameter.name)
            several = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
            for one in several:
                if isinstance(one, str) and not is_text(one):
                    place = parameter.get_error_hint(ctx).strip("'")
                    raise TypedProblem(place=place)
        return rest

    def get_help(self, ctx: click.Context) -> str:
        """Return the help page."""
        language, columns = reader_of(ctx)
        page = manual.Page(self.get_usage_line(ctx), self.texts())
        command = cast("Any", self)
        for parameter in cast("list[click.Parameter]", command.get_params(ctx)):
            record = parameter.get_help_record(ctx)
            if record is not None and parameter.param_type_name == "option":
                option = cast("click.Option", parameter)
                notes = [
                    (name, "" if name == "required" else str(value))
                    for name, value in option.get_help_extra(ctx).items()
                ]
                page.options.append((_names(record[0], language), option.help or "", notes))
        for name, child in cast("dict[str, click.Command]", getattr(self, "commands", {})).items():
            if not child.hidden:
                page.commands.append((name, manual.read(child.help or "")))
        return manual.page(page, language, columns)

    def texts(self) -> manual.Texts:
        """Return the texts of the docstring."""
        return manual.read(self.help or "")

    def get_usage_line(self, ctx: click.Context) -> str:
        """Return the command with its arguments, as it is typed."""
        pieces = " ".join(cast("Any", self).collect_usage_pieces(ctx))
        if reader_of(ctx)[0] != "en":
            for english, ours in SHAPES.items():
                pieces = pieces.replace(english, ours)
        return f"{ctx.command_path} {pieces}".rstrip()


def is_text(typed: str) -> bool:
    """Return whether an argument has no lone surrogates, Python's form of undecodable bytes."""
    return not any("\ud800" <= one <= "\udfff" for one in typed)


def _names(names: str, language: str) -> str:
    """Return an option such as ``--count INTEGER`` with the type of its value in the language."""
    option, _, kind = names.partition(" ")
    return f"{option} {VALUES[kind]}" if language != "en" and kind in VALUES else names
