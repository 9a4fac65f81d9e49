"""The program ``biandun``: commands return values, this module prints them and turns problems into exit statuses."""

import contextlib
import sys
from pathlib import Path
from typing import Any, TextIO, cast

import click
from click.shell_completion import get_completion_class

from biandun import logs
from biandun.cli import doctor, filing, firmware, keys, office, outbox
from biandun.cli.output import Text, show, show_problem
from biandun.cli.shared import Settings
from biandun.errors import FolderProblem, HostProblem, UsageProblem
from biandun_protocol.errors import Problem

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; problems as JSON on stderr.")
@click.option(
    "--lang", "language", type=click.Choice(["zh", "en"]), envvar="BIANDUN_LANG", default="zh", show_default=True, help="Language."
)
@click.option(
    "--log",
    "log",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BIANDUN_LOG",
    help="Append what was done to a file, as JSON lines.",
)
@click.version_option(
    package_name="biandun",
    message="%(prog)s %(version)s\n仅用于非涉密数据；不是经认证的商用密码产品。\nUnclassified data only; not a certified cryptographic product.",
)
@click.pass_context
def main(context: click.Context, as_json: bool, language: str, log: Path | None) -> None:
    """Biandun 编盾: the electronic establishment certificate at the workstation.

    For unclassified data only; not a certified cryptographic product.  Exit status: 0 done, 2 usage, 3 no key, 4 port busy,
    5 no permission, 7 the key refused, 8 invalid file or signature, 9 office not reached, 10 the office refused, 11 link
    failed, 12 files, 13 the doctor found something.

    \b
    Examples:  biandun keys list
               biandun filing sign 用编申请
               biandun --json keys info --serial BD-000001
               biandun doctor
    """
    settings = cast("Settings", context.obj)
    settings.as_json, settings.language = settings.as_json or as_json, language
    if log is not None:
        try:
            context.with_resource(logs.to_file(log))
        except OSError as error:
            raise FolderProblem("file-unwritable", path=str(log), detail=error.strerror) from error


@main.result_callback()
@click.pass_obj
def _print(settings: Settings, value: object, **_: Any) -> None:
    show(value, as_json=settings.as_json, language=settings.language)


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> Text:
    """Print the completion script for a shell.

    \b
    Example:  biandun completion bash >> ~/.bashrc
    """
    script = get_completion_class(shell)
    if script is None:
        raise UsageProblem
    return Text(script(main, {}, "biandun", "_BIANDUN_COMPLETE").source())


for _command in (keys.group, filing.group, outbox.group, firmware.group, office.group, doctor.examine, doctor.install_udev):
    main.add_command(_command)


def _console_can_print(stream: TextIO) -> None:
    """A console that lacks a character shows a question mark instead of ending the program."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        with contextlib.suppress(ValueError, OSError):
            reconfigure(errors="replace")


def run(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    words = sys.argv[1:] if arguments is None else arguments
    # --json and --lang are understood anywhere on the line
    settings = Settings(as_json="--json" in words)
    words = [word for word in words if word != "--json"]
    try:
        main.main(args=words, prog_name="biandun", standalone_mode=False, obj=settings)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 2
    except click.UsageError as error:
        if settings.as_json:
            show_problem(UsageProblem(detail=error.format_message()), as_json=True, language=settings.language)
        else:
            error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        show_problem(HostProblem("interrupted"), as_json=settings.as_json, language=settings.language)
        return INTERRUPTED
    except click.exceptions.Exit as done:
        return done.exit_code
    except Problem as problem:
        show_problem(problem, as_json=settings.as_json, language=settings.language)
        return problem.exit_status
    return settings.exit_status


def entry() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        _console_can_print(stream)
    raise SystemExit(run())
