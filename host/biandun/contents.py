"""The entries of a folder that may come from others: listed without following links.

Only regular files are opened, and read up to a limit: a link may lead out of the folder, a pipe may
never end.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from biandun.errors import FolderProblem
from biandun.folders import open_plain
from biandun_protocol import oserrors
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT

PLAIN, LINK, SPECIAL = "file", "link", "special"


class Contents:
    """All files in a folder and its subfolders.

    ``entries`` maps each relative name, with slashes, to PLAIN, LINK or SPECIAL; folders are not
    entries of their own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.entries = dict(sorted(_walk(path, "")))
        except FileNotFoundError as error:
            raise FolderProblem("file-missing", path=error.filename or str(path)) from None
        except NotADirectoryError:
            raise FolderProblem("folder-not-filing", path=str(path)) from None
        except OSError as error:
            raise FolderProblem(
                "file-unreadable", path=error.filename or str(path), detail=oserrors.reason(error)
            ) from error

    def read(self, name: str) -> bytes:
        """Return the content of a regular file.

        Raises FolderProblem: file-missing, file-link for a link or a special file, file-unreadable,
        file-too-large.
        """
        path = str(self.path / name)
        kind = self.entries.get(name)
        if kind is None:
            raise FolderProblem("file-missing", path=path)
        if kind != PLAIN:
            raise FolderProblem("file-link", path=path)
        try:
            with open_plain(self.path / name, follow=False) as file:
                content = file.read(LIMIT_ATTACHMENT + 1)
        except OSError as error:
            raise FolderProblem(
                "file-unreadable", path=path, detail=oserrors.reason(error)
            ) from error
        if len(content) > LIMIT_ATTACHMENT:
            raise FolderProblem("file-too-large", path=path)
        return content

    def get(self, name: str) -> bytes | None:
        """Return the content of a regular file, None if absent.  Raises as ``read``."""
        return self.read(name) if name in self.entries else None


def _walk(path: Path, inside: str) -> Iterator[tuple[str, str]]:
    with os.scandir(path) as entries:
        for entry in entries:
            name = inside + entry.name
            found = entry.stat(follow_symlinks=False)
            # a Windows junction is a folder with a reparse tag
            if stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0):
                yield name, LINK
            elif stat.S_ISDIR(found.st_mode):
                yield from _walk(path / entry.name, f"{name}/")
            else:
                yield name, PLAIN if stat.S_ISREG(found.st_mode) else SPECIAL
