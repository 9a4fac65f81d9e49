"""Controlling a running ``biandun-sim run`` from another terminal or a test: unplug, plug, press.

Each running simulator listens on a Unix socket in its user's runtime folder, which nobody else can
enter; connections of other users are refused as well.  A request and its reply are one line of JSON
each:

    {"do": "unplug" | "plug" | "press" | "hold" | "reject" | "release" | "show", "serial": "BD-000001"}
    {"serial": …, "port": …, "plugged": …, "presence": …}      or {"error": {"code": …, "values": …}}, or {} for another's key
"""  # noqa: E501

import contextlib
import json
import os
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from biandun.errors import HostProblem
from biandun.folders import own, runtime_folder
from biandun.key.ports import announcements
from biandun_protocol.errors import Problem
from biandun_simulator.simulated_key import Presence, SimulatedKey

FINGERS: dict[str, Presence] = {
    "press": "press",
    "hold": "accept",
    "reject": "reject",
    "release": "wait",
}
MOST = 4096  # bytes of a line at most
PATIENCE = 30.0  # seconds; ``plug`` replies only after the key has answered


class Unanswered(HostProblem):
    """No simulator of this user runs that key."""

    code = "simulator-unanswered"


def state_of(key: SimulatedKey) -> dict[str, object]:
    """Return the state of a running or unplugged key."""
    return {"serial": key.serial, "port": key.port, "plugged": key.alive, "presence": key.presence}


def _folder() -> Path:
    """Return the folder of sockets of simulators that announce their keys in the same place.

    Raises FolderProblem.
    """
    place = sha256(os.fsencode(announcements().absolute())).hexdigest()[:16]
    return own(runtime_folder() / "simulators" / place)


def _caller(connection: socket.socket) -> int:
    """Return the user id at the other end of a connection.

    Where the system does not tell, it is this user's, since nobody else can enter the folder.
    """
    if sys.platform != "linux":
        return os.geteuid()
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]


class _Asked(socketserver.StreamRequestHandler):
    timeout = PATIENCE

    def handle(self) -> None:
        """Answer one line."""
        if _caller(self.connection) not in (0, os.geteuid()):
            return
        try:
            asked = cast("dict[str, object]", json.loads(self.rfile.readline(MOST)))
            answer = cast("_Listener", self.server).answer(str(asked["do"]), str(asked["serial"]))
        except Problem as problem:
            answer = {
                "error": {
                    "code": problem.code,
                    "values": {name: str(value) for name, value in problem.values.items()},
                }
            }
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return  # not a valid request, or the connection is closed
        with contextlib.suppress(OSError):
            self.wfile.write(json.dumps(answer).encode() + b"\n")


class _Listener(socketserver.UnixStreamServer):
    """Serves one connection after the other, so that concurrent requests cannot interfere."""

    def __init__(self, name: str, keys: Mapping[str, SimulatedKey]) -> None:
        self._keys = keys
        super().__init__(name, _Asked)

    def answer(self, do: str, serial: str) -> dict[str, object]:
        """Carry out one request.  Raises what ``SimulatedKey.plug`` raises."""
        key = self._keys.get(serial)
        if key is None:
            return {}
        if do in FINGERS:
            key.presence = FINGERS[do]
        elif do == "unplug":
            key.unplug()
        elif do == "plug":
            key.plug()
        return state_of(key)


@contextlib.contextmanager
def listening(keys: Mapping[str, SimulatedKey]) -> Generator[None]:
    """Make these keys controllable while the block runs.  Raises FolderProblem, OSError."""
    folder = _folder()
    name = f"{os.getpid()}.sock"
    (folder / name).unlink(missing_ok=True)  # left by a killed process that had the same id
    # a socket's path is limited to about a hundred characters: use its name alone
    with contextlib.chdir(folder):
        server = _Listener(name, keys)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        (folder / name).unlink(missing_ok=True)


def request(do: str, serial: str) -> dict[str, object]:
    """Send a request to the simulator that runs the key ``serial``; return the key's state.

    Raises Unanswered, FolderProblem, and the simulator's own problem.
    """
    for answer in _answers({"do": do, "serial": serial}):
        if "error" in answer:
            error = cast("dict[str, Any]", answer["error"])
            raise HostProblem(str(error["code"]), **error["values"])
        if answer:
            return answer
    raise Unanswered(serial=f" {serial}")


def _answers(asked: dict[str, object]) -> Iterator[dict[str, object]]:
    folder = _folder()
    for path in sorted(folder.glob("*.sock")):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(PATIENCE)
            try:
                with contextlib.chdir(folder):
                    line.connect(path.name)
                line.sendall(json.dumps(asked).encode() + b"\n")
                with line.makefile("rb") as answer:
                    yield cast("dict[str, object]", json.loads(answer.readline(MOST)))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)  # its process has ended
            except (OSError, ValueError):
                continue  # it is just ending
