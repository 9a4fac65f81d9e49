"""The errors of the workstation, with the exit status of each.

    Problem (biandun_protocol.errors)
    └── HostProblem                      exit
        ├── KeyNotFound                   3   no key, or not the one asked for
        ├── SeveralKeys                   3   more than one, and none was named
        ├── PortBusy                      4   another program uses it (retriable)
        ├── PortPermission                5
        ├── LinkProblem                  11   PortFailed, Unplugged, LinkTimeout (retriable), LinkGarbled
        ├── KeyRefused                  6,7   the key refused (6: because of a PIN); ``code`` is its error name
        ├── Declined                      7   the person did not confirm
        ├── OfficeUnreachable             9   offline: what is signed stays here (retriable), OfficeTimeout, OfficeAnswer
        ├── OfficeRefused                10   the office refused; ``code`` is its code
        └── FolderProblem                12   files and folders
Malformed or unverifiable bytes are ProtocolProblem, exit 8.  Usage errors are 2, success is 0.
"""  # noqa: E501

from datetime import UTC, datetime

from biandun_protocol.errors import Problem
from biandun_protocol.wire.numbers import ERROR_CLOCK_BEHIND, ERROR_NAMES, RETRIABLE_ERRORS


class HostProblem(Problem):
    """Base class of everything that this package raises by itself."""


class KeyNotFound(HostProblem):
    """No key is plugged in, or not the one that was asked for."""

    code = "key-not-found"
    exit_status = 3
    retriable = True


class SeveralKeys(HostProblem):
    """Several keys are plugged in and none was named."""

    code = "several-keys"
    exit_status = 3


class PortBusy(HostProblem):
    """Another program uses the serial port; nothing was sent."""

    code = "port-busy"
    exit_status = 4
    retriable = True


class PortPermission(HostProblem):
    """The operating system does not let this account open the port."""

    code = "port-permission"
    exit_status = 5


class LinkProblem(HostProblem):
    """The connection to the key failed; what was signed before is safe on the key."""

    code = "port-failed"
    exit_status = 11


class PortFailed(LinkProblem):
    """The port reported an error without a class of its own."""


class Unplugged(LinkProblem):
    """The key was unplugged while it was in use."""

    code = "unplugged"
    retriable = True


class LinkTimeout(LinkProblem):
    """The key did not answer in time."""

    code = "link-timeout"
    retriable = True


class LinkGarbled(LinkProblem):
    """Something answers on this port, but it is not a Biandun key."""

    code = "link-garbled"


class KeyChanged(LinkProblem):
    """Another key answers under a serial number that this account knows; no secret was sent."""

    code = "key-changed"
    exit_status = 7


class KeyNotGenuine(LinkProblem):
    """The device that answers does not have the certified device key; no secret was sent."""

    code = "key-not-genuine"
    exit_status = 7


class KeyUnknown(HostProblem):
    """The person did not accept a key that is new to this account; no secret was sent."""

    code = "key-unknown"
    exit_status = 7


class KeyRefused(HostProblem):
    """The key refused a command.

    ``number`` is the error number on the wire; unknown numbers are kept.
    """

    exit_status = 7

    def __init__(
        self,
        number: int,
        field: int | None = None,
        tries_left: int | None = None,
        wait_ms: int | None = None,
    ) -> None:
        wait = -(-(wait_ms or 0) // 1000)
        super().__init__(
            ERROR_NAMES.get(number, "key-error-unknown"),
            number=number,
            field=field,
            tries_left=tries_left,
            wait=wait,
        )
        self.number = number
        self.field = field
        self.tries_left = tries_left
        self.wait_ms = wait_ms
        self.retriable = number in RETRIABLE_ERRORS
        if self.code.startswith("pin-"):
            self.exit_status = 6

    def as_dict(self, language: str = "zh") -> dict[str, object]:
        """As ``Problem.as_dict``, with ``tries_left`` if a PIN was wrong."""
        more: dict[str, object] = {} if self.tries_left is None else {"tries_left": self.tries_left}
        return {**super().as_dict(language), **more}


class ClockBehind(KeyRefused):
    """The key's time floor is later than this computer's clock.

    The floor is the latest time that the key received from its office.  ``floor`` and ``computer``
    are in seconds since 1970.
    """

    def __init__(self, floor: int, computer: int) -> None:
        super().__init__(ERROR_CLOCK_BEHIND)
        self.values.update(floor=moment(floor), computer=moment(computer))


def moment(seconds: int) -> str:
    """A time for people, in UTC, as 2026-11-28 07:13Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%MZ")


class Declined(HostProblem):
    """The person did not confirm; nothing was changed."""

    code = "serial-mismatch"
    exit_status = 7


class OrderNeeded(HostProblem):
    """A key in service is reset only by an order of its office; nothing was changed."""

    code = "order-needed"
    exit_status = 7


class OfficeUnreachable(HostProblem):
    """No connection to the office's server."""

    code = "office-unreachable"
    exit_status = 9
    retriable = True


class OfficeTimeout(OfficeUnreachable):
    """The office's server did not answer in time."""

    code = "office-timeout"


class OfficeAnswer(OfficeUnreachable):
    """Something answered that is not a Biandun office."""

    code = "office-answer"
    retriable = False


class OfficeRefused(HostProblem):
    """The office refused; code, message and next step are those that it sent."""

    exit_status = 10

    def __init__(self, answer: dict[str, object]) -> None:
        super().__init__(
            str(answer.get("code", "office-answer")),
            **{k: v for k, v in answer.items() if k != "code"},
        )
        self.answer = answer
        self.retriable = answer.get("retriable") is True

    def message(self, language: str = "zh") -> str:
        """The office's own message, which is more specific than the catalogue's."""
        return str(
            self.answer.get("detail" if language == "en" else "title") or super().message(language)
        )

    def next_step(self, language: str = "zh") -> str:
        """The next step that the office sent."""
        return str(
            self.answer.get("next_en" if language == "en" else "next")
            or super().next_step(language)
        )


class FolderProblem(HostProblem):
    """A file or folder is not as it should be; nothing was changed."""

    code = "file-unreadable"
    exit_status = 12


class UsageProblem(HostProblem):
    """The command line is invalid."""

    code = "usage"
    exit_status = 2
