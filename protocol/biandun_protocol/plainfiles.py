"""Opening a file that a person names: a plain file, and nothing else that has a name in a folder."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)


def plain_file(path: Path, refusal: Exception, *, follow: bool = True) -> BinaryIO:
    """Open a file to be read, and nothing that is none: a pipe never ends, and what looking at a device does nobody knows.

    Raises OSError; ``refusal``, the caller's own word for a pipe, a device or another special file.
    """
    mode = (path.stat() if follow else path.lstat()).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        raise refusal
    file = os.fdopen(os.open(path, _READING | (0 if follow else _NO_LINK)), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # it was exchanged since
        file.close()
        raise refusal
    return file
