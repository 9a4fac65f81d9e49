"""biandun-sim: keys without hardware, for trying things out and for tests."""

import json
import signal
import threading
from pathlib import Path
from types import FrameType

import click

from biandun.folders import state_folder, unwritable
from biandun_protocol.errors import Problem
from biandun_protocol.release import Described
from biandun_simulator import control
from biandun_simulator import release as releases
from biandun_simulator.simulated_key import SerialTaken, SimulatedKey, holder_of
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
    "--first",
    type=click.IntRange(1, 999999),
    help="Number of the first serial, BD-000001.  [default: the first that no running key has]",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=state_folder() / "simulator",
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
def run(count: int, first: int | None, state: Path, presence: str, entropy: str, otp: bool, updatable: bool) -> None:
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
    keys: list[SimulatedKey] = []

    def plug_in(serials: list[str]) -> None:
        for serial in serials:
            keys.append(SimulatedKey(serial, state, presence=presence, entropy=entropy, otp=otp, updatable=updatable))  # type: ignore[arg-type]
            keys[-1].plug()

    try:
        try:
            plug_in(_serials(first, count))
        except SerialTaken:
            if first is not None:
                raise
            while keys:  # somebody who looked at the same moment was faster
                keys.pop().unplug()
            plug_in(_serials(first, count))
        with control.listening({key.serial: key for key in keys}):
            click.echo(json.dumps({"keys": [{"serial": key.serial, "port": key.port, "pid": key.pid} for key in keys]}))
            stop.wait()
    except Problem as problem:
        raise _ended_by(problem) from None
    except OSError as error:
        raise _ended_by(unwritable(Path(error.filename or state), error)) from None
    finally:
        for key in keys:
            key.unplug()


def _serials(first: int | None, count: int) -> list[str]:
    """Serial numbers in a row; without a first one, the lowest that no running key has.  Raises FolderProblem."""
    start = first or 1
    while True:
        serials = [f"BD-{number:06d}" for number in range(start, start + count)]
        taken = [at for at, serial in enumerate(serials) if first is None and holder_of(serial) is not None]
        if not taken:
            return serials
        start += taken[-1] + 1


def _one_key(do: str, serial: str, as_json: bool) -> None:
    try:
        told = control.tell(do, serial)
    except Problem as problem:
        raise _ended_by(problem) from None
    words = "plugged in" if told["plugged"] else "unplugged"
    click.echo(json.dumps(told) if as_json else f"{serial}: {words}, button {told['presence']}")


SERIAL = click.option("--serial", default="BD-000001", show_default=True, help="Which of the running keys.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@main.command()
@SERIAL
@AS_JSON
def unplug(serial: str, as_json: bool) -> None:
    """Pull a running key out, in the middle of whatever it does; its memory stays as it is.

    \b
    Example:  biandun-sim unplug --serial BD-000001
    """
    _one_key("unplug", serial, as_json)


@main.command()
@SERIAL
@AS_JSON
def plug(serial: str, as_json: bool) -> None:
    """Plug a key in again that `biandun-sim run` has and that was unplugged, or whose firmware has ended.

    \b
    Example:  biandun-sim plug --serial BD-000001
    """
    _one_key("plug", serial, as_json)


@main.command()
@SERIAL
@click.option("--hold", "finger", flag_value="hold", help="Keep the button pressed: whatever is asked is confirmed.")
@click.option("--reject", "finger", flag_value="reject", help="Refuse whatever is asked.")
@click.option("--release", "finger", flag_value="release", help="Take the finger away: the key waits for it.")
@AS_JSON
def press(serial: str, finger: str | None, as_json: bool) -> None:
    """Press the button of a running key once: it confirms what it asks for now or next, and then waits again.

    \b
    Examples:  biandun-sim run --presence wait
               biandun-sim press --serial BD-000001
               biandun-sim press --hold
    """
    _one_key(finger or "press", serial, as_json)


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
        out.write_bytes(made.encode())
    except Problem as problem:
        raise _ended_by(problem) from None
    except OSError as error:
        raise _ended_by(unwritable(out, error)) from None
    click.echo(json.dumps({"version": version, "number": number, "bytes": len(made.image), "file": str(out)}))
