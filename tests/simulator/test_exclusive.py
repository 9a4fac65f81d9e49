"""A port is let go of when it is closed, and when its program is killed; also for an account that
is not root.
"""

import fcntl
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun import keys
from biandun.key import transport
from biandun.key.transport import SerialTransport
from biandun_simulator.simulated_key import SimulatedKey

HOLDS = """
import sys
from biandun import keys
with keys.open_port(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
TIOCGEXCL = 0x80045440


def flagged(port: str | int) -> bool:
    """Does the kernel refuse further openers of this line?"""
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY) if isinstance(port, str) else port
    try:
        return fcntl.ioctl(descriptor, TIOCGEXCL, bytes(4)) != bytes(4)
    finally:
        if isinstance(port, str):
            os.close(descriptor)


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A line that somebody else has open all the time, as ModemManager or a simulator has."""
    board, other = os.openpty()
    yield other, os.ttyname(other)
    os.close(board)
    os.close(other)


def test_the_flag_is_taken_back_when_the_port_is_closed(
    line: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_is_pseudo_terminal", lambda descriptor: False)
    port = SerialTransport(line[1])
    assert flagged(line[0])
    port.close()
    assert not flagged(line[0])


def test_a_port_that_could_not_be_opened_whole_is_not_left_flagged(
    line: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_is_pseudo_terminal", lambda descriptor: False)
    genuine = transport._keep_others_out

    def interrupted(port: object, *, out: bool) -> None:
        genuine(port, out=out)
        if out:
            raise KeyboardInterrupt

    monkeypatch.setattr(transport, "_keep_others_out", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SerialTransport(line[1])
    assert not flagged(line[0])


def test_a_simulated_line_is_never_flagged_since_nobody_could_take_that_back(
    line: tuple[int, str],
) -> None:
    port = SerialTransport(line[1])
    assert not flagged(line[0])
    port.close()


def test_a_key_whose_program_was_killed_can_be_opened_again(simulated_key: SimulatedKey) -> None:
    command = [sys.executable, "-c", HOLDS, simulated_key.port]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    assert not flagged(simulated_key.port)
    with keys.open(port=simulated_key.port) as key:
        assert key.info.serial == "BD-000001"


def test_the_line_of_a_simulated_key_is_its_owners_alone(simulated_key: SimulatedKey) -> None:
    found = Path(simulated_key.port).stat()
    assert (found.st_uid, found.st_mode & 0o777) == (os.geteuid(), 0o600)


def test_the_flag_has_the_number_that_the_kernel_uses() -> None:
    assert (termios.TIOCEXCL, termios.TIOCNXCL) == (0x540C, 0x540D) or sys.platform != "linux"
