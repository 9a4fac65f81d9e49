"""The program's own folders, and the checks that nobody but the user can write into them.

    runtime_folder()   for the session: locks of ports, announcements of simulated keys
    state_folder()     permanent: known keys, logins, simulated keys
    cache_folder()     can be made again: compiled firmware for the simulator

Other users of the computer may be able to write into the folders above (such as the one for
temporary files).  So every folder is used through ``own``: it is made with mode 0700, is a real
folder and not a link, belongs to the user, and is in a place where nobody else can replace it.
Nobody else can have put a file into such a folder.
"""

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
    """The user's folder for the session, or one in the state folder if the system has none.

    Without a session, platformdirs returns ``runtime-UID`` in the folder for temporary files.  Any
    user could create that first and so block the program, so it is never used.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns of its choice, which is not used
            chosen = platformdirs.user_runtime_path(PROGRAM)
    except OSError:
        return state_folder() / "runtime"
    return state_folder() / "runtime" if _SHARED_RUNTIME.fullmatch(chosen.parent.name) else chosen


def state_folder() -> Path:
    """The folder for what the user's programs store permanently."""
    return platformdirs.user_state_path(PROGRAM)


def cache_folder() -> Path:
    """The folder for what can be made again."""
    return platformdirs.user_cache_path(PROGRAM)


def own(folder: Path) -> Path:
    """Create ``folder`` if necessary, and return it if it is safe to write into.

    Checked are: the folder itself; if it is below one of the three above, every folder on the path
    from there; and that nobody else can replace the topmost of these in its parent.  Folders below
    the three that others can read are closed to them (mode 0700).

    Raises FolderProblem: folder-foreign, folder-link, folder-open, file-unwritable, storage-full.
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
    """The problem for a file or folder that cannot be written: storage-full or file-unwritable.

    ``detail`` is the operating system's message.
    """
    if oserrors.is_full(error):
        return FolderProblem("storage-full", path=str(path))
    return FolderProblem("file-unwritable", path=str(path), detail=oserrors.reason(error))


def unreadable(error: OSError) -> FolderProblem:
    """The problem for a file or folder that cannot be read; ``error`` names its path."""
    path = os.fsdecode(error.filename)
    return FolderProblem("file-unreadable", path=path, detail=oserrors.reason(error))


def replace_file(path: Path, content: bytes) -> None:
    """Replace the file ``path`` completely or not at all; only its owner can read it.

    If ``path`` is a link, the link itself is replaced.  The folder is made as by ``own``.  Raises
    FolderProblem as ``own``.
    """
    aside = own(path.parent) / f".{secrets.token_hex(8)}"
    try:
        try:
            binary: int = getattr(os, "O_BINARY", 0)  # else Windows changes line ends
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
    """Open a regular file for reading.

    A pipe might never end, and opening a device can have side effects.  Unless ``follow``, a link
    is refused, too.

    Raises OSError; FolderProblem(file-special).
    """
    mode = (path.stat() if follow else path.lstat()).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise FolderProblem("file-special", path=str(path))
    file = os.fdopen(os.open(path, _PLAIN | (0 if follow else _NO_LINK)), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # replaced since stat()
        file.close()
        raise FolderProblem("file-special", path=str(path))
    return file


def read_file(path: Path) -> bytes | None:
    """Read a file that ``replace_file`` wrote; None if absent.

    Its folder is checked as by ``own``, because whoever can write there could forge the content.

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
    # on Windows the access list of the user's profile keeps others out, not owner and mode
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
    """Open a folder, without following a link that replaced it after the check."""
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
    """Check that only this user and root can replace what is in ``parent``.

    Raises FolderProblem: folder-foreign, folder-open.
    """
    if sys.platform == "win32":
        return
    found = parent.stat()
    if found.st_uid not in (0, os.geteuid()):
        raise FolderProblem("folder-foreign", path=str(parent), owner=owner_name(found.st_uid))
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        raise FolderProblem("folder-open", path=str(parent))


def owner_name(uid: int) -> str:
    """The name of a user, or the number of one without a name."""
    if sys.platform != "win32":
        import pwd  # noqa: PLC0415

        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)
