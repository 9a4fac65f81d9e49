"""Everything the office refuses or fails at, as problems with a code, an exit status and an HTTP
status.

    OfficeProblem          exit 1
    ├── Refused                 3   a rule of the office says no; most of them reach a client over HTTP
    ├── OfficeStateProblem      4   the data folder is not in the state that the command needs
    ├── PassphraseProblem       5
    ├── BackupProblem           6
    ├── FileProblem             7   a file cannot be read or written
    └── LogBroken               9   the evidence log does not add up

Broken bytes, signatures and forms are ``ProtocolProblem`` (exit 8).  ``http_status`` gives the
status of any of them.
"""  # noqa: E501

from typing import ClassVar

from biandun_protocol.catalogue import phrase
from biandun_protocol.errors import Problem


class OfficeProblem(Problem):
    """Something that the office cannot or will not do."""


class Refused(OfficeProblem):
    """A rule of the office says no; nothing was changed."""

    exit_status: ClassVar[int] = 3


class OfficeStateProblem(OfficeProblem):
    """The data folder holds no office, or one already."""

    exit_status: ClassVar[int] = 4


class PassphraseProblem(OfficeProblem):
    """No passphrase, a weak one, or the wrong one."""

    code = "passphrase-missing"
    exit_status: ClassVar[int] = 5


class BackupProblem(OfficeProblem):
    """A backup that does not restore."""

    code = "backup-invalid"
    exit_status: ClassVar[int] = 6


class FileProblem(OfficeProblem):
    """A file or folder that cannot be read or written."""

    code = "file-unreadable"
    exit_status: ClassVar[int] = 7


class LogBroken(OfficeProblem):
    """The stored log contradicts itself or its newest receipt."""

    code = "log-broken"
    exit_status: ClassVar[int] = 9


# in the place of a path, for those who are not to know any
SERVER = phrase("plain.server")


class StorageFull(FileProblem):
    """There is no room for another file; ``path`` is the one that was not written, for a client the
    office's server.
    """

    code = "storage-full"
    retriable = True

    def __init__(self, path: object = SERVER) -> None:
        super().__init__(path=path)


class OfficeBusy(OfficeProblem):
    """The database did not let us in within its time-out."""

    code = "office-busy"
    retriable = True


class ClockUntrusted(Refused):
    """The office's clock contradicts what it has recorded: nothing is signed until it is right, or
    a person has confirmed it.
    """

    code = "office-clock-behind"
    retriable = True


class TooManyFailures(Refused):
    """This client has to wait; ``seconds`` says how long."""

    code = "too-many-failures"
    retriable = True


# 422 for every code that is not here: the bytes are understood, and wrong
_STATUS: dict[str, int] = {
    "statement-malformed": 400,
    "digest-malformed": 400,
    "request-invalid": 400,
    "request-broken": 400,
    "login-required": 401,
    "certificate-unknown": 403,
    "certificate-revoked": 403,
    "certificate-superseded": 403,
    "key-suspended": 403,
    "not-supervisor": 403,
    "not-officer": 403,
    "origin-unknown": 403,
    "login-replayed": 403,
    "login-expired": 403,
    "certificate-not-yet": 403,
    "certificate-expired": 403,
    "purpose-refused": 403,
    "unit-unknown": 403,
    "unit-inactive": 403,
    "route-not-found": 404,
    "blob-not-found": 404,
    "statement-not-found": 404,
    "case-not-found": 404,
    "fork-not-found": 404,
    "serial-unknown": 404,
    "method-not-allowed": 405,
    "request-timeout": 408,
    "blob-missing": 409,
    "chain-fork": 409,
    "chain-broken": 409,
    "case-not-open": 409,
    "countersign-not-due": 409,
    "decision-not-due": 409,
    "decision-mismatch": 409,
    "blob-too-large": 413,
    "statement-too-large": 413,
    "media-type": 415,
    "too-many-failures": 429,
    "too-many-signatures": 429,
    "request-headers-too-large": 431,
    "internal": 500,
    "file-unwritable": 500,
    "office-busy": 503,
    "office-clock-ahead": 503,
    "office-clock-behind": 503,
    "storage-full": 507,
}


def http_status(code: str) -> int:
    """The HTTP status that answers a problem of ``code``."""
    return _STATUS.get(code, 422)
