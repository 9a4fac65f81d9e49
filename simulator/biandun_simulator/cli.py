"""biandun-sim: keys without hardware, for trying things out and for tests."""

import json
import signal
import threading
from pathlib import Path
from types import FrameType

import click
import platformdirs

from biandun_protocol.errors import Problem
from biandun_protocol.release import Described
from biandun_simulator import release as releases
from biandun_simulator.simulated_key import SimulatedKey
from etoken.boards.vendor import TARGET


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run simulated keys: the real firmware, no hardware.

    Unclassified, fictitious data only.

    \b
    Example:  biandun-sim run --count 2
    """


def _ended_by(problem: Problem) -> SystemExit:
    """Say what is wrong in both languages; what to end with."""
    click.echo(f"{problem.message('zh')}{problem.next_step('zh')}\n{problem.message('en')} {problem.next_step('en')}", err=True)
    return SystemExit(problem.exit_status)


@main.command()
@click.option("--count", default=1, show_default=True, type=click.IntRange(1, 500), help="How many keys to plug in.")
@click.option(
    "--first", default=1, show_default=True, type=click.IntRange(1, 999999), help="Number of the first serial, BD-000001."
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=platformdirs.user_state_path("biandun") / "simulator",
    show_default=True,
    help="Where the keys keep their flash; the same folder continues the same keys.",
)
@click.option(
    "--presence",
    type=click.Choice(["accept", "reject", "wait"]),
    default="accept",
    show_default=True,
    help="What the button says; change it later in STATE/SERIAL.presence.",
)
@click.option(
    "--entropy",
    type=click.Choice(["ok", "stall", "repeat", "short"]),
    default="ok",
    show_default=True,
    help="How the source of randomness behaves; change it later in STATE/SERIAL.entropy.",
)
@click.option("--otp", is_flag=True, help="With one-time-programmable memory, as the production class; a key keeps it.")
@click.option("--updatable", is_flag=True, help="With two places for firmware, so that it can be updated; a key keeps them.")
def run(count: int, first: int, state: Path, presence: str, entropy: str, otp: bool, updatable: bool) -> None:
    """Plug in keys and keep them plugged in until Ctrl-C.

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

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    serials = [f"BD-{number:06d}" for number in range(first, first + count)]
    keys = [
        SimulatedKey(serial, state, presence=presence, entropy=entropy, otp=otp, updatable=updatable)  # type: ignore[arg-type]
        for serial in serials
    ]
    try:
        for key in keys:
            key.plug()
        click.echo(json.dumps({"keys": [{"serial": key.serial, "port": key.port, "pid": key.pid} for key in keys]}))
        stop.wait()
    except Problem as problem:
        raise _ended_by(problem) from None
    finally:
        for key in keys:
            key.unplug()


@main.command()
@click.option("--version", required=True, help="What people call it, such as 0.2.0.")
@click.option("--number", type=click.IntRange(1), required=True, help="Its number, higher than that of the release before.")
@click.option("--floor", type=click.IntRange(0), default=0, show_default=True, help="The least number that keys take after it.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write the release.")
def release(version: str, number: int, floor: int, out: Path) -> None:
    """Make a firmware release for simulated keys out of the installed sources, signed by their published vendor key.

    An office signs it as well (`biandun-office approve-release`); `biandun firmware update` then brings it to a key.

    \b
    Example:  biandun-sim release --version 0.2.0 --number 2 --out firmware.bd
    """
    try:
        made = releases.make(Described(TARGET, version, number, floor))
    except Problem as problem:
        raise _ended_by(problem) from None
    out.write_bytes(made.encode())
    click.echo(json.dumps({"version": version, "number": number, "bytes": len(made.image), "file": str(out)}))
