"""Reads files, and writes them completely or not at all.

``write`` uses a temporary file in the same folder, fsync and rename, so that a power cut leaves the
old file or the new one.
"""

import errno
import os
import secrets
import shutil
import sqlite3
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.db import DatabaseError, InterfaceError

from biandun_office.platform.errors import (
    SERVER,
    DatabaseFull,
    FileProblem,
    OfficeBusy,
    OfficeProblem,
    OfficeStateProblem,
    StorageFull,
)
from biandun_protocol import jsontext, oserrors
from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

ROOM_TO_OPEN = 1 << 20  # bytes: with so much free disk a database can be opened and can delete rows
# SQLSTATEs of PostgreSQL or their first characters (its manual, appendix A): disk full;
_FULL = "53100"
# insufficient privilege, read-only transaction;
_REFUSED = ("42501", "25006")
# lock not available, query cancelled, transaction rolled back, insufficient resources;
_WAITED = ("55P03", "57014", "40", "53")
# connection lost, server shutting down or starting
_GONE = ("08", "57P")
_OF_CONNECTIONS = ("OperationalError", "InterfaceError", "ConnectionTimeout")
# the errors of a file system without hard links
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
PRIVATE = 0o600
PUBLIC = 0o644


def write(path: Path, content: bytes, *, mode: int = PRIVATE, replace: bool = False) -> None:
    """Write ``content`` to ``path`` durably.

    Raises FileProblem: file-exists (unless ``replace``), file-unwritable; StorageFull.
    """
    if not replace and os.path.lexists(path):
        raise FileProblem("file-exists", path=str(path))
    # a random name, so that nobody can have put a link in its place
    temporary = path.parent / f".{secrets.token_hex(8)}.part"
    try:
        if not path.name:  # the empty name is that of the folder itself
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with os.fdopen(
            os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
        ) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            give_name(temporary, path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)  # also when somebody presses Ctrl-C
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise


def give_name(temporary: Path, path: Path) -> None:
    """Move a finished file to a name that must not exist yet; only one of two programs succeeds.

    Raises OSError; FileProblem(file-exists), which leaves both files unchanged.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise FileProblem("file-exists", path=str(path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # without hard links, as on a USB stick, check and rename are the best that is possible
        if os.path.lexists(path):
            raise FileProblem("file-exists", path=str(path)) from None
        temporary.rename(path)
    else:
        temporary.unlink()


def inode(path: Path) -> tuple[int, int] | None:
    """Device and inode number, which a file keeps under a new name; None for what is not there."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def unwritable(path: Path | Phrase, error: OSError) -> FileProblem:
    """The problem for a file that cannot be written: storage-full or file-unwritable.

    ``detail`` is the operating system's message.
    """
    named = path if isinstance(path, Phrase) else str(path)
    if oserrors.is_full(error):
        return StorageFull(named)
    return FileProblem("file-unwritable", path=named, detail=oserrors.reason(error))


def unreadable(error: OSError) -> FileProblem:
    """The problem for a file or folder that cannot be read; ``error`` names its path."""
    path = os.fsdecode(error.filename)
    return FileProblem("file-unreadable", path=path, detail=oserrors.reason(error))


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Turn errors of writing in the block, to disk or database, into problems that name ``path``.

    Raises StorageFull, FileProblem(file-unwritable), OfficeBusy.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None
    except (sqlite3.DatabaseError, DatabaseError, InterfaceError) as error:
        problem = of_database(path, error)
        if problem is None:
            raise
        raise problem from None


def of_database(path: Path | None, error: Exception) -> OfficeProblem | None:
    """The problem that matches a database error; None for an internal error.

    ``path`` is the database file, or None if the client must not learn it.
    """
    behind = _of_psycopg(error)
    if behind is not None:
        return _of_server(behind, is_ours=path is not None)
    text, named = str(error), SERVER if path is None else str(path)
    if "full" in text or "No space left" in text:
        return StorageFull(named)
    # SQLite's messages for a file that cannot grow or is read-only, and for a folder that is
    if "disk I/O error" in text or "readonly" in text or "unable to open database file" in text:
        if path is not None and has_no_room(path):
            return StorageFull(named)
        return FileProblem("file-unwritable", path=named, detail=text)
    return OfficeBusy() if "locked" in text else None


def has_no_room(path: Path) -> bool:
    """Is less space than ROOM_TO_OPEN free on the disk of ``path``?

    If ``path`` does not exist, the nearest existing folder above it counts.
    """
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free < ROOM_TO_OPEN


def _of_psycopg(error: BaseException | None) -> BaseException | None:
    """The error of PostgreSQL's driver that caused ``error``, or None."""
    while error is not None and not type(error).__module__.startswith("psycopg"):
        error = error.__cause__ or error.__context__
    return error


def _of_server(error: BaseException, *, is_ours: bool) -> OfficeProblem | None:
    """The problem that matches an error of PostgreSQL, by its SQLSTATE; None for an internal one.

    ``is_ours`` is true for the office's operator, false for an HTTP client.
    """
    state: str = getattr(error, "sqlstate", None) or ""
    detail = (str(error).strip().splitlines() or [""])[0]
    if state == _FULL:
        advice = phrase("full.server")
        return DatabaseFull(phrase("plain.database"), advice) if is_ours else StorageFull(SERVER)
    if state.startswith(_REFUSED):
        return OfficeStateProblem("database-refused", detail=detail) if is_ours else None
    if state.startswith(_WAITED):
        return OfficeBusy()
    if state.startswith(_GONE) or (not state and type(error).__name__ in _OF_CONNECTIONS):
        if is_ours:
            return OfficeStateProblem("database-unreachable", detail=detail)
        return OfficeBusy()
    return None


@contextmanager
def delivering() -> Generator[Callable[[Path, bytes], None]]:
    """Yield a function that writes files; they are deleted again if the block raises.

    So no file is left behind that a failed transaction does not know about.
    """
    written: list[Path] = []

    def deliver(path: Path, content: bytes) -> None:
        if not path.exists():  # else ``write`` refuses, and it is not ours to delete
            written.append(path)
        write(path, content, mode=PUBLIC)

    try:
        yield deliver
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def open_plain(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    A pipe might never end, and opening a device can have side effects.

    Raises OSError; FileProblem(file-special).
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise FileProblem("file-special", path=str(path))
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # replaced since stat()
        file.close()
        raise FileProblem("file-special", path=str(path))
    return file


def read(path: Path) -> bytes:
    """Read a whole file, at most as long as an attachment may be.

    Raises FileProblem: file-missing, file-unreadable, file-special, file-too-large.
    """
    try:
        with open_plain(path) as file:
            content = file.read(LIMIT_ATTACHMENT + 1)
    except FileNotFoundError:
        raise FileProblem("file-missing", path=str(path)) from None
    except OSError as error:
        raise FileProblem(
            "file-unreadable", path=str(path), detail=oserrors.reason(error)
        ) from None
    if len(content) > LIMIT_ATTACHMENT:
        raise FileProblem("file-too-large", path=str(path))
    return content


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises FileProblem: file-missing, file-unreadable, and the codes of ``jsontext.read``.
    """
    try:
        value = jsontext.read(read(path))
    except jsontext.JsonFault as fault:
        raise FileProblem(fault.code, path=str(path), **fault.values) from None
    if not isinstance(value, dict):
        group = phrase("json.group")
        raise FileProblem("file-not-json", path=str(path), line=1, column=1, detail=group)
    return cast("dict[str, Any]", value)


def sync_folder(folder: Path) -> None:
    """Make new names in ``folder`` durable: fsync of a file does not cover its name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
