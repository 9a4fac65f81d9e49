"""Reads and writes files that a person names.

Reading has a limit and refuses special files; a file is written completely or not at all.  The
program's own files are in folders of its own (``folders``).
"""

import contextlib
import errno
import os
import secrets
from pathlib import Path
from typing import cast

from biandun.errors import FolderProblem
from biandun.folders import open_plain, unwritable
from biandun_protocol import jsontext, oserrors
from biandun_protocol.catalogue import phrase
from biandun_protocol.jsontext import Places
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT


def read_file(path: Path, *, at_most: int | None = None) -> bytes:
    """Read a file, or its first ``at_most`` bytes.

    Without ``at_most`` it may be as long as an attachment.

    Raises FolderProblem: file-missing, file-unreadable, file-special, file-too-large.
    """
    try:
        with open_plain(path) as file:
            content = file.read(LIMIT_ATTACHMENT + 1 if at_most is None else at_most)
    except FileNotFoundError:
        raise FolderProblem("file-missing", path=str(path)) from None
    except OSError as error:
        raise FolderProblem(
            "file-unreadable", path=str(path), detail=oserrors.reason(error)
        ) from error
    if at_most is None and len(content) > LIMIT_ATTACHMENT:
        raise FolderProblem("file-too-large", path=str(path))
    return content


def write_file(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file completely or not at all.

    Without ``replace`` an existing file with other content is left unchanged:
    FolderProblem(file-exists).  A device or the like is never replaced:
    FolderProblem(file-unwritable).
    """
    # a short random name: the file's own name plus a suffix could be too long
    aside = path.parent / f".{secrets.token_hex(6)}"
    try:
        if not path.name:  # the empty name is that of the folder itself
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        if not replace and path.exists():
            if path.read_bytes() == content:
                return
            raise FolderProblem("file-exists", path=str(path))
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)  # also when somebody presses Ctrl-C
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


def read_json(path: Path) -> dict[str, object]:
    """Read a JSON object.  Raises FolderProblem: file-missing, file-unreadable, and the codes of
    ``jsontext.read``.
    """
    return read_placed_json(path)[0]


def read_placed_json(path: Path) -> tuple[dict[str, object], Places]:
    """As ``read_json``, and the position in the file of each value."""
    try:
        value, places = jsontext.read_placed(read_file(path, at_most=jsontext.LIMIT_FILE + 1))
    except jsontext.JsonFault as fault:
        raise FolderProblem(fault.code, path=str(path), **fault.values) from None
    if not isinstance(value, dict):
        group = phrase("json.group")
        raise FolderProblem("file-not-json", path=str(path), line=1, column=1, detail=group)
    return cast("dict[str, object]", value), places
