"""What a second user of the computer tries against the first one's keys, office and files; each
attempt is a function.

    python attacks.py PLAN        tries, and prints {name: what it gained, or why it gained nothing}

PLAN is JSON: ports, pids, url, files, folders, private (files), sockets, and ``only``, the names of
the attempts.  An attempt that gains something returns True or what it got; one that is kept out
raises OSError, or returns False.
"""

import fcntl
import json
import os
import signal
import socket
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

Attempt = Callable[[Any], object]
ATTEMPTS: dict[str, Attempt] = {}


def attempt(function: Attempt) -> Attempt:
    ATTEMPTS[function.__name__] = function
    return function


def _each(paths: list[Path], work: Callable[[Path], object]) -> object:
    """What ``work`` gains at any of the paths, of which there must be some."""
    gained: list[str] = []
    for path in paths:
        try:
            if work(path):
                gained.append(str(path))
        except OSError:
            continue
    return gained


@attempt
def opens_the_serial_port(plan: Any) -> object:
    return _each(
        [Path(port) for port in plan["ports"]],
        lambda port: os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK),
    )


@attempt
def writes_to_the_serial_port(plan: Any) -> object:
    return _each(
        [Path(port) for port in plan["ports"]],
        lambda port: os.open(port, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK),
    )


@attempt
def keeps_others_from_the_serial_port(plan: Any) -> object:
    def hold(port: Path) -> bool:
        line = os.open(port, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
        fcntl.ioctl(line, termios.TIOCEXCL)
        fcntl.flock(line, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True

    return _each([Path(port) for port in plan["ports"]], hold)


@attempt
def reads_what_is_private(plan: Any) -> object:
    return _each([Path(path) for path in plan["private"]], lambda path: path.read_bytes())


@attempt
def changes_what_is_not_its_own(plan: Any) -> object:
    def change(path: Path) -> bool:
        with path.open("r+b") as file:
            file.write(b"attacked")
        return True

    return _each([Path(path) for path in plan["files"]], change)


@attempt
def exchanges_files(plan: Any) -> object:
    def swap(path: Path) -> bool:
        path.rename(path.with_name("gone"))
        path.write_text("{}")
        return True

    return _each([Path(path) for path in plan["files"]], swap)


@attempt
def puts_something_into_folders(plan: Any) -> object:
    def put(folder: Path) -> bool:
        (folder / "BD-000666.json").write_text('{"port": "/dev/null", "pid": 1}')
        return True

    return _each([Path(path) for path in plan["folders"]], put)


@attempt
def takes_locks(plan: Any) -> object:
    def lock(path: Path) -> bool:
        fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True

    return _each([Path(path) for path in plan["private"]], lock)


@attempt
def connects_to_the_simulator(plan: Any) -> object:
    def connect(path: Path) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(b'{"do": "unplug", "serial": "BD-000001"}\n')
            return bool(line.recv(100))

    return _each([Path(path) for path in plan["sockets"]], connect)


@attempt
def stops_processes(plan: Any) -> object:
    return _each(
        [Path(str(pid)) for pid in plan["pids"]],
        lambda pid: os.kill(int(pid.name), signal.SIGKILL) is None,
    )


@attempt
def looks_into_processes(plan: Any) -> object:
    return _each(
        [Path(f"/proc/{pid}/{name}") for pid in plan["pids"] for name in ("environ", "mem")],
        lambda path: path.open("rb"),
    )


@attempt
def takes_the_offices_port(plan: Any) -> object:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", int(plan["url"].rsplit(":", 1)[1])))
    return True


@attempt
def resets_connections_to_the_office(plan: Any) -> object:
    """It may connect like anybody; breaking off must stop nothing, which the journey shows
    afterwards.
    """
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", int(plan["url"].rsplit(":", 1)[1]))) as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            line.sendall(b"POST /statements HTTP/1.1\r\nContent-Length: 100\r\n\r\nx")
    return False


def main(plan: Any) -> dict[str, object]:
    """Try what the plan names."""
    said: dict[str, object] = {}
    for name in plan["only"]:
        try:
            said[name] = ATTEMPTS[name](plan) or "nothing"
        except OSError as error:
            said[name] = "nothing" if error.errno is not None else repr(error)
    return said


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
