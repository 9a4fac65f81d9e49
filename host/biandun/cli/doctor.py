"""biandun doctor and biandun install-udev: find problems, and install udev rules."""

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from biandun import doctor
from biandun.cli.commands import Command
from biandun.cli.shared import ADDRESS, Settings, pass_settings
from biandun.errors import UsageProblem
from biandun.files import write_file
from biandun.folders import unwritable
from biandun.office_client import Office
from biandun.results.computer import Examined, FindingRow, Healthy, RulesInstalled
from biandun_protocol.terminal.shown import Text

FOUND = 13  # exit status


@click.command("doctor", cls=Command)
@click.option(
    "--port", metavar="PORT", help="只检查该端口上的密钥 / check only the key on this port"
)
@click.option(
    "--office",
    "url",
    envvar="BIANDUN_OFFICE",
    type=ADDRESS,
    metavar="URL",
    help="同时与编办服务器比对时钟 / compare clocks with the office's server, too",
)
@pass_settings
def examine(
    settings: Settings, port: str | None, url: str | None
) -> Examined | list[FindingRow] | Healthy:
    """检查密钥、端口和本机的问题，并逐一说明如何处理；不作任何改动，不要求口令。

    用 --office 可指出密钥、本机、编办三者中谁的时钟不对。发现问题时退出状态为 13。

    Find problems with keys, ports and this computer, and say what to do about each.  Changes
    nothing, asks for no PIN.

    With --office it finds out whose clock is wrong: the key's, this computer's or the office's.

    The exit status is 13 when a problem was found.

    \b
    Examples:  biandun doctor
               biandun doctor --office http://127.0.0.1:8420 --json
    """
    with ExitStack() as stack:
        report = doctor.examine(port, office=stack.enter_context(Office(url)) if url else None)
    if report.findings:
        settings.exit_status = FOUND
    rows = [
        FindingRow(
            code=finding.problem.code,
            serial=finding.serial,
            port=finding.port,
            message=finding.problem.message(settings.language),
            fix=finding.problem.next_step(settings.language),
        )
        for finding in report.findings
    ]
    if settings.as_json:
        return Examined(keys=report.keys, findings=rows)
    return rows or Healthy(keys=", ".join(report.keys))


@click.command("install-udev", cls=Command)
@click.option(
    "--print",
    "only_print",
    is_flag=True,
    help="只输出规则，不安装 / print the rules instead of installing them",
)
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/"),
    help="安装到该文件夹之下，供打包使用 / install below this folder, for packages",
)
def install_udev(only_print: bool, root: Path) -> RulesInstalled | Text:
    """允许坐在本机前的用户使用密钥，并让 ModemManager 不占用端口（Linux，需 root）。

    Allow the users at this computer to use keys, and keep ModemManager off their ports (Linux, as
    root).

    \b
    Examples:  sudo biandun install-udev
               biandun install-udev --print
    """
    if only_print:
        return Text(doctor.RULE_TEXT)
    if sys.platform != "linux":
        raise UsageProblem(detail="udev is a part of Linux; other systems need no rules")
    path = root / doctor.RULE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    write_file(path, doctor.RULE_TEXT.encode(), replace=True)
    return RulesInstalled(file=path, reloaded=root == Path("/") and _reload())


def _reload() -> bool:
    """Have udev reload its rules and apply them to the ports."""
    program = shutil.which("udevadm")
    if program is None:
        return False
    commands = (
        ["control", "--reload"],
        ["trigger", "--subsystem-match=tty", "--subsystem-match=usb"],
    )
    return all(
        subprocess.run([program, *words], check=False, capture_output=True).returncode == 0  # noqa: S603
        for words in commands
    )
