"""The program ``biandun``: prints what commands return, and turns problems into exit statuses."""

import stat
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.shell_completion import get_completion_class

from biandun import logs
from biandun.cli import doctor, filing, firmware, office, outbox
from biandun.cli.commands import Group
from biandun.cli.keys import group as keys
from biandun.cli.output import show, write
from biandun.cli.program import run_program
from biandun.cli.shared import Settings
from biandun.errors import FolderProblem, UsageProblem
from biandun.folders import unwritable
from biandun_protocol.catalogue import phrase
from biandun_protocol.terminal import manual
from biandun_protocol.terminal.shown import Text


def _show_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:  # noqa: ARG001
    if asked and not context.resilient_parsing:
        warning = phrase("host.not-certified")
        write(f"biandun {version('biandun')}\n{warning.zh}")
        write(warning.en)
        context.exit()


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--log",
    "log",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="BIANDUN_LOG",
    help="把所做的操作记入文件，每行一个 JSON / append a log of operations to a file, as JSON lines",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help=manual.VERSION_HELP,
)
@click.pass_context
def main(context: click.Context, log: Path | None) -> None:
    """编盾工作站：使用电子编制管理证。

    仅用于非涉密数据，不是经认证的商用密码产品。退出状态：0 完成，2 用法不正确，3 没有密钥，4
    端口被占用，5 没有权限，6 口令有误，7 密钥拒绝， 8 文件或签名无效，9 连不上编办，10 编办拒绝，11
    与密钥通信失败，12 文件问题，13 检查发现问题，141 输出被对方关闭。

    Biandun: the electronic establishment certificate at the workstation.

    For unclassified data only; not a certified cryptographic product.  Exit status: 0 done, 2
    usage, 3 no key, 4 port busy, 5 no permission, 6 wrong PIN, 7 the key refused, 8 invalid file or
    signature, 9 office unreachable, 10 the office refused, 11 connection to the key failed, 12
    files, 13 the doctor found a problem, 141 the output was closed.

    \b
    Examples:  biandun keys list
               biandun filing sign 用编申请
               biandun --json keys info --serial BD-000001
               biandun doctor
    """
    if log is not None:
        try:
            if log.exists() and stat.S_ISFIFO(log.stat().st_mode):  # open() would block
                raise FolderProblem("file-special", path=str(log))
            context.with_resource(logs.to_file(log))
        except OSError as error:
            raise unwritable(log, error) from error


@main.result_callback()
@click.pass_obj
def _print(settings: Settings, value: object, **_: Any) -> None:
    show(value, settings)


@main.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> Text:
    """输出命令补全脚本。 Print the completion script for a shell.

    \b
    Example:  biandun completion bash >> ~/.bashrc
    """
    script = get_completion_class(shell)
    if script is None:
        raise UsageProblem(detail=shell)
    return Text(script(main, {}, "biandun", "_BIANDUN_COMPLETE").source())


for _command in (
    keys.group,
    filing.group,
    outbox.group,
    firmware.group,
    office.group,
    doctor.examine,
    doctor.install_udev,
):
    main.add_command(_command)


def run(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    return run_program(main, "biandun", sys.argv[1:] if arguments is None else arguments)
