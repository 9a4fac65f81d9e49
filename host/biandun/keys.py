"""Find keys, list them, open one.

    keys.scan()          ports that seem to have a key; opens none of them
    keys.list()          asks each key for its info; a busy or broken one is a row, not an exception
    keys.open(serial=…)  the key to work with, as a context manager

The names shadow builtins on purpose: they are meant to be used with the module's name.
"""

from dataclasses import dataclass

from biandun import errors
from biandun.key.access import pin_slots
from biandun.key.connection import Connection
from biandun.key.ports import PortInfo, scan
from biandun.key.session import Key
from biandun.key.transport import SerialTransport
from biandun.known_keys import KnownKeys
from biandun.ui import Ui
from biandun_protocol.errors import Problem
from biandun_protocol.wire.messages import InfoReply
from biandun_protocol.wire.numbers import ERROR_PIN_LOCKED, ERROR_STORE_DAMAGED

__all__ = [
    "Key",
    "PortInfo",
    "Row",
    "blocking_problem",
    "list",
    "open",
    "open_port",
    "pin_slots",
    "scan",
]


@dataclass(frozen=True)
class Row:
    """A port and what was found there: the key's info, or an error."""

    port: PortInfo
    info: InfoReply | None
    problem: Problem | None

    @property
    def is_damaged(self) -> bool:
        """Is the key's flash damaged?  Then the state that it reports is not reliable."""
        return self.problem is not None and self.problem.code == "store-damaged"


def open_port(port: str, ui: Ui | None = None) -> Key:
    """Open the key on a port.

    Raises PortBusy, PortPermission, KeyNotFound, LinkTimeout, LinkGarbled.
    """
    transport = SerialTransport(port)
    try:
        return Key(Connection(transport), ui, KnownKeys())
    except BaseException:
        transport.close()
        raise


def blocking_problem(key: Key) -> Problem | None:
    """Return why an open key cannot be used: damaged flash, or a locked user; None if it can.

    Raises LinkProblem.
    """
    condition = key.condition()
    if condition.damaged:
        return errors.KeyRefused(ERROR_STORE_DAMAGED)
    if condition.locked:
        return errors.KeyRefused(ERROR_PIN_LOCKED, tries_left=0)
    return None


def _ask(port: PortInfo) -> Row:
    if port.problem is not None:
        return Row(port, None, port.problem)
    try:
        with open_port(port.port) as key:
            return Row(port, key.info, blocking_problem(key))
    except Problem as problem:
        return Row(port, None, problem)


def list() -> tuple[Row, ...]:
    """Ask every key for its info, one after the other."""
    return tuple(_ask(port) for port in scan())


def open(serial: str | None = None, port: str | None = None, ui: Ui | None = None) -> Key:
    """Open the only key, or the one with this serial number or on this port.

    Raises KeyNotFound, SeveralKeys, an error that prevented the search, and the errors of
    ``open_port``.
    """
    if port is None:
        found = scan()
        ports = [one for one in found if one.problem is None and serial in (None, one.serial)]
        if not ports:
            for one in found:
                if one.problem is not None:
                    raise one.problem  # the key may be in this place, which could not be searched
            raise errors.KeyNotFound(serial=f" {serial}" if serial else "")
        if len(ports) > 1:
            raise errors.SeveralKeys(serials=", ".join(one.serial or one.port for one in ports))
        port = ports[0].port
    key = open_port(port, ui)
    if serial is not None and key.info.serial != serial:
        key.close()
        raise errors.KeyNotFound(serial=f" {serial}")
    return key
