"""Every family of exceptions that a port can raise, at every operation: that row says what is
wrong, the others are listed.
"""

import builtins
import errno
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import serial

from biandun import doctor, errors, keys
from biandun.cli.main import run
from biandun.key import ports, transport
from tests.firmware.conftest import Wire

termios = pytest.importorskip("termios", reason="another module tries what Windows has")


def kinds(root: type[BaseException]) -> list[type[BaseException]]:
    """A kind of exception of this interpreter and all below it."""
    known = {
        one for one in vars(builtins).values() if isinstance(one, type) and issubclass(one, root)
    }
    return sorted(known, key=lambda one: one.__name__)


NUMBERS: dict[str, Callable[[], BaseException]] = {
    f"errno {name}": lambda code=code: OSError(code, "said")
    for code, name in errno.errorcode.items()
}
FAMILIES: dict[str, Callable[[], BaseException]] = {
    **{
        f"errno {name}": NUMBERS[f"errno {name}"]
        for name in ("EIO", "EBUSY", "EACCES", "ENODEV", "ENXIO", "EBADF")
    },
    **{kind.__name__: lambda kind=kind: kind("said") for kind in kinds(OSError)},
    **{
        f"termios.error {code}": lambda code=code: termios.error(code, "said")
        for code in (errno.EIO, errno.ENOTTY, errno.ENXIO)
    },
    "termios.error": lambda: termios.error("said"),
    "SerialException": lambda: serial.SerialException(
        "device reports readiness to read but returned no data"
    ),
    "SerialException errno": lambda: serial.SerialException(errno.ENOENT, "could not open port"),
    "SerialTimeoutException": lambda: serial.SerialTimeoutException("Write timeout"),
    "PortNotOpenError": serial.PortNotOpenError,
    "Windows, missing": lambda: serial.SerialException(
        "could not open port 'COM3': FileNotFoundError(2, 'No', None, 2)"
    ),
    "Windows, in use": lambda: serial.SerialException(
        "could not open port 'COM3': PermissionError(13, 'Denied', None, 5)"
    ),
    "UnsupportedOperation": lambda: io.UnsupportedOperation("fileno"),
    "ValueError": lambda: ValueError("file descriptor cannot be a negative integer (-1)"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError(
        "gbk", b"\xff", 0, 1, "illegal multibyte sequence"
    ),
    "TypeError": lambda: TypeError("argument must be an int, or have a fileno() method."),
    "AttributeError": lambda: AttributeError("'NoneType' object has no attribute 'hEvent'"),
}
OPERATIONS = ("open", "fileno", "in_waiting", "read", "write", "close")
CODES = {
    "port-failed",
    "port-busy",
    "port-permission",
    "key-not-found",
    "unplugged",
    "link-timeout",
}


@dataclass
class Device:
    device: str
    serial_number: str
    product: str = "Biandun"


class Port:
    """pyserial's port, before a key of this process; the one called bad raises ``error`` at
    ``operation``.
    """

    operation = ""
    wires: dict[str, Wire] = {}  # noqa: RUF012
    error: Callable[[], BaseException] = OSError

    def __init__(self, port: str, *_: Any, **__: Any) -> None:
        self._bad = port == "bad"
        self._wire = Port.wires[port]
        self._answer = b""
        self._fail("open")

    def _fail(self, operation: str) -> None:
        if self._bad and operation == Port.operation:
            raise Port.error()

    def fileno(self) -> int:
        self._fail("fileno")
        raise io.UnsupportedOperation("fileno")

    @property
    def in_waiting(self) -> int:
        self._fail("in_waiting")
        self._answer += self._wire.read()
        return len(self._answer)

    def read(self, size: int) -> bytes:
        self._fail("read")
        answer, self._answer = self._answer[:size], self._answer[size:]
        return answer

    def write(self, data: bytes) -> None:
        self._fail("write")
        self._wire.write(data)

    def close(self) -> None:
        self._fail("close")


@pytest.fixture(autouse=True)
def _two_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "none"))
    monkeypatch.setattr(transport.serial, "Serial", Port)
    devices = [Device("bad", "BD-TEST-0000"), Device("good", "BD-TEST-0001")]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: devices)
    monkeypatch.setattr(Port, "operation", "")
    monkeypatch.setattr(Port, "wires", {"bad": Wire(), "good": Wire()})


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_port_that_raises_anything_is_a_row_and_the_others_are_listed(
    operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Port, "operation", operation)
    for name, error in FAMILIES.items():
        monkeypatch.setattr(Port, "error", staticmethod(error))
        bad, good = keys.list()
        assert (good.info is not None, good.problem) == (True, None), name
        if operation in ("fileno", "close"):  # what only keeps others out, and what only lets go
            assert bad.problem is None, name
        else:
            assert bad.problem is not None, name
            assert bad.problem.code in CODES, name
            assert bad.problem.next_step("zh"), name
    monkeypatch.setattr(Port, "operation", "")
    assert keys.list()[0].problem is None, "the port stays locked"


def test_ports_that_cannot_be_listed_are_a_row_and_simulated_keys_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        ports,
        "_simulated",
        lambda: iter([ports.PortInfo("simulated", "BD-TEST-0009", simulated=True)]),
    )
    for name, error in FAMILIES.items():

        def fails(error: Callable[[], BaseException] = error) -> list[Device]:
            raise error()

        monkeypatch.setattr(ports.list_ports, "comports", fails)
        found = ports.scan()
        assert [(one.port, one.problem is None) for one in found] == [
            ("USB", False),
            ("simulated", True),
        ], name


def test_what_could_not_be_looked_through_is_said_by_who_looks_for_one_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails() -> list[Device]:
        raise OSError(errno.EIO, "said")

    monkeypatch.setattr(ports.list_ports, "comports", fails)
    with pytest.raises(errors.PortFailed):
        keys.open(serial="BD-TEST-0001")


def test_list_and_doctor_print_the_row_that_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Port, "operation", "open")
    monkeypatch.setattr(Port, "error", lambda: termios.error(errno.EIO, "Input/output error"))
    assert run(["keys", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["problem"] for row in rows] == ["port-failed", None]
    assert run(["doctor", "--json"]) == 13
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert ("port-failed", "bad") in [(one["code"], one["port"]) for one in findings]
    assert "key-not-set-up" in [one["code"] for one in findings]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("termios.error 5", "port-failed"),
        ("errno EBUSY", "port-busy"),
        ("errno EACCES", "port-permission"),
        ("errno ENODEV", "key-not-found"),
        ("Windows, missing", "key-not-found"),
        ("Windows, in use", "port-busy"),
        ("SerialException errno", "key-not-found"),
        ("SerialTimeoutException", "link-timeout"),
    ],
)
def test_what_a_port_says_at_opening_has_its_name(name: str, code: str) -> None:
    error = FAMILIES[name]()
    assert isinstance(error, Exception)
    assert transport.named(error, "bad", opening=True).code == code


@pytest.mark.parametrize("opening", [True, False])
def test_every_number_of_the_system_has_a_name_and_words(opening: bool) -> None:
    for name, error in NUMBERS.items():
        made = error()
        assert isinstance(made, transport.PORT_ERRORS)
        problem = transport.named(made, "bad", opening=opening)
        assert problem.code in CODES, name
        assert problem.message("zh"), name


@pytest.mark.parametrize("port", ["with\0nul", "", "x" * 5000, "\udc80", "/", "loop/../" * 100])
def test_no_name_of_a_port_is_a_traceback(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(errors.HostProblem) as caught:
        keys.open_port(port)
    assert caught.value.code in CODES


def test_a_fault_of_our_own_is_not_hidden_as_one_of_the_port() -> None:
    assert not issubclass(KeyError, transport.PORT_ERRORS)
    assert not issubclass(errors.HostProblem, transport.PORT_ERRORS)


def test_the_doctor_names_what_kept_it_from_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> list[Device]:
        raise PermissionError(errno.EACCES, "said")

    monkeypatch.setattr(ports.list_ports, "comports", fails)
    assert [finding.problem.code for finding in doctor.examine().findings][:1] == ["port-failed"]
