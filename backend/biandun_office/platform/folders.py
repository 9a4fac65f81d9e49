"""Checks that the data folder and its content belong to the office's operator alone.

There must be no link, nothing that another account owns, and nothing that others may write.
Whoever can write there can replace the database and the keys, so nothing is read from such a folder
either.  A link leads out of the folder: writing through one changes somebody else's file, sweeping
below one deletes it, and a database with two names loses its journal under one of them
(https://sqlite.org/howtocorrupt.html, 2.4).
"""

import os
import pwd
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from biandun_office.platform.errors import FileProblem
from biandun_protocol import oserrors
from biandun_protocol.catalogue import Phrase, phrase


def require_own(folder: Path) -> None:
    """Check that ``folder`` belongs to this account alone, if it exists.

    Raises FileProblem: folder-link, folder-foreign, folder-open; file-unreadable when it cannot be
    examined.
    """
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileProblem(
            "file-unreadable", path=str(folder), detail=oserrors.reason(error)
        ) from None
    if stat.S_ISLNK(found.st_mode):
        raise FileProblem("folder-link", path=str(folder))
    if found.st_uid != os.geteuid():
        raise FileProblem("folder-foreign", path=str(folder), owner=_name(found.st_uid))
    if stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH:
        raise FileProblem("folder-open", path=str(folder))


def require_plain_files(paths: Iterable[Path]) -> None:
    """Check that each path is a regular file of this account, or absent.

    It must have no further hard link, and others must not be able to write it.  Raises
    FileProblem(office-entry).
    """
    for path in paths:
        found = _look(path)
        if found is None:
            continue
        if not stat.S_ISREG(found.st_mode):
            raise _strange(path, phrase("entry.special"))
        if found.st_nlink > 1:
            raise _strange(path, phrase("entry.names"))


def require_plain_folders(paths: Iterable[Path]) -> None:
    """Check that each path is a folder of this account, or absent.

    It must be no link, and others must not be able to write it; another disk may be mounted there.
    Raises FileProblem(office-entry).
    """
    for path in paths:
        found = _look(path)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            raise _strange(path, phrase("entry.no-folder"))


def _look(path: Path) -> os.stat_result | None:
    """The status of ``path`` itself (lstat); None if absent.

    Raises FileProblem: office-entry for a link, and for what others own or may write;
    file-unreadable.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileProblem(
            "file-unreadable", path=str(path), detail=oserrors.reason(error)
        ) from None
    if stat.S_ISLNK(found.st_mode):
        raise _strange(path, phrase("entry.link"))
    if found.st_uid not in (os.geteuid(), 0):  # root may do anything anyway
        raise _strange(path, phrase("entry.owner", owner=_name(found.st_uid)))
    if found.st_mode & stat.S_IWOTH:
        raise _strange(path, phrase("entry.open"))
    return found


def _strange(path: Path, detail: Phrase) -> FileProblem:
    return FileProblem("office-entry", path=str(path), detail=detail)


def _name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)
