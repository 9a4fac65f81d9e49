"""biandun-sim: keys without hardware, for trying things out and for tests."""

import re
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from biandun import signals
from biandun.cli.commands import Group
from biandun.cli.output import show, write
from biandun.cli.program import run_program
from biandun.cli.shared import CODE, Settings, in_language
from biandun.files import write_file
from biandun.folders import state_folder, unwritable
from biandun_protocol.catalogue import phrase
from biandun_protocol.release import Described
from biandun_protocol.terminal.visible import json_text
from biandun_simulator import control
from biandun_simulator import release as releases
from biandun_simulator.simulated_key import SerialTaken, SimulatedKey, holder_of
from etoken.boards.vendor import TARGET

VERSION = re.compile(r"[0-9A-Za-z.+-]{1,24}")


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """运行模拟密钥：固件是真的，只是没有硬件。仅限非涉密的虚构数据。

    Run simulated keys: the real firmware, no hardware.  Unclassified, fictitious data only.

    \b
    Example:  biandun-sim run --count 2
    """


@cli.result_callback()
@click.pass_obj
def _print(settings: Settings, value: object) -> None:
    show(value, settings)


def run(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status."""
    return run_program(cli, "biandun-sim", sys.argv[1:] if arguments is None else arguments)


@cli.command("run")
@click.option(
    "--count",
    default=1,
    show_default=True,
    type=click.IntRange(1, 500),
    help="插入多少把密钥 / how many keys to plug in",
)
@click.option(
    "--first",
    type=click.IntRange(1, 999999),
    help="第一把的编号，1 即 BD-000001，默认为尚未使用的第一个 / number of the first serial, 1 is BD-000001; default: the first that no running key has",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=state_folder() / "simulator",
    show_default=True,
    help="存放密钥闪存的文件夹，沿用同一文件夹即沿用同一批密钥 / where the keys keep their flash; the same folder continues the same keys",
)
@click.option(
    "--presence",
    type=click.Choice(["accept", "reject", "wait"]),
    default="accept",
    show_default=True,
    help="按钮的应答，以后可改 STATE/SERIAL.presence / what the button says; change it later in STATE/SERIAL.presence",
)
@click.option(
    "--entropy",
    type=click.Choice(["ok", "stall", "repeat", "short"]),
    default="ok",
    show_default=True,
    help="随机数来源的表现，以后可改 STATE/SERIAL.entropy / how the source of randomness behaves; change it later in STATE/SERIAL.entropy",
)
@click.option(
    "--otp",
    is_flag=True,
    help="带一次性可编程存储，同生产级，密钥会保持 / with one-time-programmable memory, as the production class; a key keeps it",
)
@click.option(
    "--updatable",
    is_flag=True,
    help="带两份固件位置，可以更新，密钥会保持 / with two places for firmware, so that it can be updated; a key keeps them",
)
def run_keys(
    count: int,
    first: int | None,
    state: Path,
    presence: str,
    entropy: str,
    otp: bool,
    updatable: bool,
) -> None:
    """插入密钥并保持，直到按 Ctrl-C。全部就绪后输出一行 JSON，列出密钥及其端口。

    Plug in keys and keep them plugged in until Ctrl-C.

    When all are ready one JSON line names them and their ports.

    \b
    Examples:  biandun-sim run --count 3 --presence wait
               biandun-sim run --entropy repeat
               biandun-sim run --otp
               biandun-sim run --updatable
    """
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stop.set()

    signals.on_each(on_signal)
    keys: list[SimulatedKey] = []

    def plug_in(serials: list[str]) -> None:
        for serial in serials:
            keys.append(
                SimulatedKey(
                    serial,
                    state,
                    presence=presence,  # type: ignore[arg-type]
                    entropy=entropy,  # type: ignore[arg-type]
                    otp=otp,
                    updatable=updatable,
                )
            )
            keys[-1].plug()

    try:
        try:
            plug_in(_serials(first, count))
        except SerialTaken:
            if first is not None:
                raise
            while keys:  # another program may have taken the number at the same moment
                keys.pop().unplug()
            plug_in(_serials(first, count))
        with control.listening({key.serial: key for key in keys}):
            write(
                json_text(
                    {
                        "keys": [
                            {"serial": key.serial, "port": key.port, "pid": key.pid} for key in keys
                        ]
                    }
                )
            )
            stop.wait()
    except OSError as error:
        raise unwritable(Path(error.filename or state), error) from None
    finally:
        for key in keys:
            key.unplug()


def _serials(first: int | None, count: int) -> list[str]:
    """Return consecutive serial numbers.

    Without a first one: the lowest that no running key has.

    Raises FolderProblem.
    """
    start = first or 1
    while True:
        serials = [f"BD-{number:06d}" for number in range(start, start + count)]
        taken = [
            at
            for at, serial in enumerate(serials)
            if first is None and holder_of(serial) is not None
        ]
        if not taken:
            return serials
        start += taken[-1] + 1


SERIAL = click.option(
    "--serial",
    type=CODE,
    default="BD-000001",
    show_default=True,
    help="哪一把正在运行的密钥 / which of the running keys",
)


@cli.command()
@SERIAL
def unplug(serial: str) -> dict[str, object]:
    """拔出正在运行的密钥，不论它正在做什么；存储内容不变。

    Pull a running key out, in the middle of whatever it does; its memory stays as it is.

    \b
    Example:  biandun-sim unplug --serial BD-000001
    """
    return control.request("unplug", serial)


@cli.command()
@SERIAL
def plug(serial: str) -> dict[str, object]:
    """重新插入 `biandun-sim run` 中已拔出或固件已停止的密钥。

    Plug a key in again that `biandun-sim run` has and that was unplugged, or whose firmware has
    ended.

    \b
    Example:  biandun-sim plug --serial BD-000001
    """
    return control.request("plug", serial)


@cli.command()
@SERIAL
@click.option(
    "--hold",
    "finger",
    flag_value="hold",
    help="一直按住，凡有询问都确认 / keep the button pressed: whatever is asked is confirmed",
)
@click.option(
    "--reject", "finger", flag_value="reject", help="凡有询问都拒绝 / refuse whatever is asked"
)
@click.option(
    "--release",
    "finger",
    flag_value="release",
    help="松开，密钥等待按键 / take the finger away: the key waits for it",
)
def press(serial: str, finger: str | None) -> dict[str, object]:
    """按一次正在运行的密钥的按钮：确认当前或下一个询问，之后恢复等待。

    Press the button of a running key once: it confirms what it asks for now or next, and then waits
    again.

    \b
    Examples:  biandun-sim run --presence wait
               biandun-sim press --serial BD-000001
               biandun-sim press --hold
    """
    return control.request(finger or "press", serial)


class Version(click.ParamType[str]):
    """A release's version for people.

    It is written into the release's source, and a key stores it.
    """

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Check the version."""
        text = str(value)
        if not VERSION.fullmatch(text):
            wanted = phrase("simulator.version", text=repr(text))
            self.fail(in_language(wanted), param, ctx)
        return text


@cli.command()
@click.option(
    "--version",
    type=Version(),
    required=True,
    help="版本名，例如 0.2.0 / what people call it, such as 0.2.0",
)
@click.option(
    "--number",
    type=click.IntRange(1, 2**31 - 1),
    required=True,
    help="编号，须大于上一版 / its number, higher than that of the release before",
)
@click.option(
    "--floor",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="此后密钥接受的最低编号 / the least number that keys take after it",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="固件发布文件 / the release to write",
)
def release(version: str, number: int, floor: int, out: Path) -> dict[str, object]:
    """用已安装的源代码制作模拟密钥的固件发布文件，由公开的厂商测试密钥签名。编办还要签名（biandun-office
    approve-release），再用 biandun firmware update 安装到密钥。

    Make a firmware release for simulated keys out of the installed sources, signed by their
    published vendor key.

    An office signs it as well (`biandun-office approve-release`); `biandun firmware update` then
    brings it to a key.

    \b
    Example:  biandun-sim release --version 0.2.0 --number 2 --out firmware.bd
    """
    made = releases.make(Described(TARGET, version, number, floor))
    write_file(out, made.encode(), replace=True)
    return {"version": version, "number": number, "bytes": len(made.image), "file": str(out)}
