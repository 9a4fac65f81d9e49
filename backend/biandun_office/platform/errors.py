"""The office's errors: each has a code, an exit status and an HTTP status.

    OfficeProblem          exit 1
    ├── Refused                 3   a rule of the office forbids it; most are answered over HTTP
    ├── OfficeStateProblem      4   the data folder is not in the state that the command needs
    ├── PassphraseProblem       5
    ├── BackupProblem           6
    ├── FileProblem             7   a file cannot be read or written
    └── LogBroken               9   the stored evidence log contradicts itself

Malformed bytes, invalid signatures and forms are ``ProtocolProblem`` (exit 8).  ``http_status``
returns the HTTP status of any code.
"""

from typing import ClassVar

from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.errors import Problem


class OfficeProblem(Problem):
    """Base of everything that the office cannot or may not do."""


class Refused(OfficeProblem):
    """A rule of the office forbids it; nothing was changed."""

    exit_status: ClassVar[int] = 3


class OfficeStateProblem(OfficeProblem):
    """The data folder or its database is not in the state that the command needs."""

    exit_status: ClassVar[int] = 4


class PassphraseProblem(OfficeProblem):
    """No passphrase, a weak one, or the wrong one."""

    code = "passphrase-missing"
    exit_status: ClassVar[int] = 5


class BackupProblem(OfficeProblem):
    """A backup that cannot be restored."""

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


# named instead of a path to HTTP clients, which must not learn paths
SERVER = phrase("plain.server")


class StorageFull(FileProblem):
    """There is no room on the disk for another file.

    ``path`` is the file that was not written; for HTTP clients it is SERVER.
    """

    code = "storage-full"
    retriable = True

    def __init__(self, path: object = SERVER) -> None:
        super().__init__(path=path)


class DatabaseFull(StorageFull):
    """The office's own database is full; ``advice`` says how to make room for it."""

    def __init__(self, path: object, advice: Phrase) -> None:
        super().__init__(path)
        self._advice = advice

    def next_step(self, language: str = "zh") -> str:
        """How to make room."""
        return self._advice.of(language)


class OfficeBusy(OfficeProblem):
    """The database was locked for longer than its timeout."""

    code = "office-busy"
    retriable = True


class ClockUntrusted(Refused):
    """The office's clock contradicts what it has recorded.

    Nothing is signed until the clock is right or a person has confirmed it.
    """

    code = "office-clock-behind"
    retriable = True


class TooManyFailures(Refused):
    """This client has to wait for ``seconds``."""

    code = "too-many-failures"
    retriable = True


# any other code is answered 422: the content is well-formed but not acceptable
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
    "expectation-unknown": 417,
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
