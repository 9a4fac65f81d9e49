"""The office's data folder is its operator's own: no link, nobody else's, and nobody else writes
into it.

Whoever can write there can exchange the database and the keys, so nothing is read from such a
folder either.
"""

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from biandun_office.platform.errors import FileProblem
from biandun_protocol import oserrors


def require_own(folder: Path) -> None:
    """Raise FileProblem unless the office of this account may be in ``folder``: folder-link,
    folder-foreign, folder-open.

    A folder that is not there, or may not be looked at, is not decided here:
    FileProblem(file-unreadable) for the latter.
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


def _name(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)
