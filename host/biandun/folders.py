"""Where this program keeps things of its own, and how it makes sure that they are the user's own.

    runtime_folder()   what lives as long as the session: locks of ports, announcements of simulated keys
    state_folder()     what outlives it: known keys, logins, simulated keys
    cache_folder()     what can be made again: compiled firmware for the simulator

Other users of the computer may write into folders above ours (the one for temporary files, a shared
disk).  So every folder is used through ``own``: made with mode 0700, a real folder and not a link,
the user's own, in a place where nobody else can exchange it.  What lies inside such a folder nobody
else can have put there.
"""  # noqa: E501

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

import platformdirs

from biandun.errors import FolderProblem
from biandun_protocol import oserrors

PROGRAM = "biandun"
PRIVATE = 0o700
_PLAIN = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_SHARED_RUNTIME = re.compile(r"runtime-\d+")


def runtime_folder() -> Path:
    """The session's folder of this user, or one in the state folder where the system offers none.

    Without a session of its own platformdirs takes ``runtime-UID`` in the folder for temporary
    files.  Any user can make that before us, and could stop us so: it is never taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it speaks of its choice, which helps nobody
            chosen = platformdirs.user_runtime_path(PROGRAM)
    except OSError:
        return state_folder() / "runtime"
    return state_folder() / "runtime" if _SHARED_RUNTIME.fullmatch(chosen.parent.name) else chosen


def state_folder() -> Path:
    """The folder of what this user's programs remember."""
    return platformdirs.user_state_path(PROGRAM)


def cache_folder() -> Path:
    """The folder of what can be made again."""
    return platformdirs.user_cache_path(PROGRAM)


def own(folder: Path) -> Path:
    """Make ``folder`` if it is not there, and return it when it is safe to write into.

    Checked are the folder itself and, below one of the three above, every folder on the way to it;
    of the folder that holds the topmost one, that nobody else can exchange what is in it.  Those
    below the three that others may read are closed to them.  Raises FolderProblem: folder-foreign,
    folder-link, folder-open, file-unwritable.
    """
    tops = (runtime_folder(), state_folder(), cache_folder())
    top = next((top for top in tops if folder == top or top in folder.parents), None)
    first = top or folder
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        _check_above(first.parent)
        for path in reversed(
            [folder, *(one for one in folder.parents if first == one or first in one.parents)]
        ):
            _own_one(path, close=top is not None)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def unwritable(path: Path, error: OSError) -> FolderProblem:
    """The problem that a file or folder cannot be written, with the system's word for it:
    storage-full or file-unwritable.
    """
    if oserrors.is_full(error):
        return FolderProblem("storage-full", path=str(path))
    return FolderProblem("file-unwritable", path=str(path), detail=oserrors.reason(error))


def unreadable(error: OSError) -> FolderProblem:
    """The problem that the file or folder that an error names cannot be read or looked at."""
    path = os.fsdecode(error.filename)
    return FolderProblem("file-unreadable", path=path, detail=oserrors.reason(error))


def replace_file(path: Path, content: bytes) -> None:
    """Put a file that only its owner reads in the place of ``path``, whole or not at all; ``path``
    being a link, the link goes.

    Its folder is made as ``own`` does.  Raises FolderProblem as ``own``.
    """
    aside = own(path.parent) / f".{secrets.token_hex(8)}"
    try:
        try:
            binary: int = getattr(os, "O_BINARY", 0)  # or Windows changes the ends of lines
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            aside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise unwritable(path, error) from None


def open_plain(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a file to be read, and nothing that is none: a pipe never ends, and what looking at a
    device does nobody knows.

    Raises OSError; FolderProblem(file-special).
    """
    mode = (path.stat() if follow else path.lstat()).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise FolderProblem("file-special", path=str(path))
    file = os.fdopen(os.open(path, _PLAIN | (0 if follow else _NO_LINK)), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # it was exchanged since
        file.close()
        raise FolderProblem("file-special", path=str(path))
    return file


def read_file(path: Path) -> bytes | None:
    """What ``replace_file`` put there; None when nothing is.

    Whoever could write into its folder could say anything.

    Raises FolderProblem as ``own``; file-unreadable.
    """
    try:
        if not path.parent.exists():
            return None
        own(path.parent)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FolderProblem(
            "file-unreadable", path=str(path), detail=error.strerror or str(error)
        ) from None


def _own_one(path: Path, *, close: bool) -> None:
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=PRIVATE)
    if path.is_symlink():
        raise FolderProblem("folder-link", path=str(path))
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    # a profile's access list keeps others out; owners and modes say nothing there
    if sys.platform == "win32":
        return
    descriptor = _open(path)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():
            raise FolderProblem("folder-foreign", path=str(path), owner=owner_name(found.st_uid))
        if found.st_mode & stat.S_IWOTH:
            raise FolderProblem("folder-open", path=str(path))
        if close and stat.S_IMODE(found.st_mode) & 0o077:
            os.fchmod(descriptor, PRIVATE)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    """Open a folder, and nothing that was put in its place since it was looked at."""
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except PermissionError:
        found = path.lstat()
        if found.st_uid != os.geteuid():
            raise FolderProblem(
                "folder-foreign", path=str(path), owner=owner_name(found.st_uid)
            ) from None
        raise


def _check_above(parent: Path) -> None:
    """Raise FolderProblem when somebody else than this user and root can exchange what lies in
    ``parent``.
    """
    if sys.platform == "win32":
        return
    found = parent.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise FolderProblem("folder-foreign", path=str(parent), owner=owner_name(found.st_uid))
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise FolderProblem("folder-open", path=str(parent))


def owner_name(uid: int) -> str:
    """What to call a user: the name, or the number of one without a name."""
    if sys.platform != "win32":
        import pwd  # noqa: PLC0415

        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)
