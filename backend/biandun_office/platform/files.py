"""Files written whole or not at all.

``write`` goes through a temporary sibling, fsync and rename, so that a power cut leaves the old
state or the new one.
"""

import errno
import os
import secrets
import sqlite3
import stat
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from django.db import DatabaseError

from biandun_office.platform.errors import (
    SERVER,
    FileProblem,
    OfficeBusy,
    OfficeProblem,
    StorageFull,
)
from biandun_protocol import jsontext, oserrors
from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

PRIVATE = 0o600
PUBLIC = 0o644


def write(path: Path, content: bytes, *, mode: int = PRIVATE, replace: bool = False) -> None:
    """Write ``content`` durably.

    Raises FileProblem: file-exists (unless ``replace``), file-unwritable.
    """
    if not replace and path.exists():
        raise FileProblem("file-exists", path=str(path))
    # a name that nobody can have put a link under
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
        temporary.replace(path)
        sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)  # also when somebody presses Ctrl-C
        if isinstance(error, OSError):
            raise unwritable(path, error) from None
        raise


def unwritable(path: Path | Phrase, error: OSError) -> FileProblem:
    """The problem that a file cannot be written, with the system's word for it: storage-full or
    file-unwritable.
    """
    named = path if isinstance(path, Phrase) else str(path)
    if oserrors.is_full(error):
        return StorageFull(named)
    return FileProblem("file-unwritable", path=named, detail=oserrors.reason(error))


def unreadable(error: OSError) -> FileProblem:
    """The problem that the file or folder that an error names cannot be read or looked at."""
    path = os.fsdecode(error.filename)
    return FileProblem("file-unreadable", path=path, detail=oserrors.reason(error))


@contextmanager
def writing(path: Path) -> Generator[None]:
    """Whatever runs out of room or may not be written inside is a problem of ``path``, also in a
    database or at the end of a file.

    Raises StorageFull, FileProblem(file-unwritable).
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None
    except (sqlite3.DatabaseError, DatabaseError) as error:
        problem = of_database(path, error)
        if problem is None:
            raise
        raise problem from None


def of_database(path: Path | None, error: Exception) -> OfficeProblem | None:
    """The problem behind what a database said about the file ``path``, None for those who are not
    to know any; None when it is a fault of ours.
    """
    text, named = str(error), SERVER if path is None else str(path)
    if "full" in text or "No space left" in text:
        return StorageFull(named)
    # what SQLite makes of a file that may not grow, or be written, or of a folder where it can make
    # none
    if "disk I/O error" in text or "readonly" in text or "unable to open database file" in text:
        return FileProblem("file-unwritable", path=named, detail=text)
    return OfficeBusy() if "locked" in text else None


@contextmanager
def delivering() -> Generator[Callable[[Path, bytes], None]]:
    """Files that exist only if the block comes to its end: what a commit that failed does not know
    of must not lie about.
    """
    written: list[Path] = []

    def deliver(path: Path, content: bytes) -> None:
        write(path, content, mode=PUBLIC)
        written.append(path)

    try:
        yield deliver
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def open_plain(path: Path) -> BinaryIO:
    """Open a file to be read, and nothing that is none: a pipe never ends, and what looking at a
    device does nobody knows.

    Raises OSError; FileProblem(file-special).
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise FileProblem("file-special", path=str(path))
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # it was exchanged since
        file.close()
        raise FileProblem("file-special", path=str(path))
    return file


def read(path: Path) -> bytes:
    """Read a whole file, which may be as long as an attachment.

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
    """Make the names in ``folder`` durable, not only the contents behind them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
