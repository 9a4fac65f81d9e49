"""Files of the office by their digest: DATA/blobs/ab/abcd…, complete or absent.

A file is stored under the digest by which the evidence refers to it: an attachment under its
SHA-256, as manifests do; a manifest under the digest in its statement, which is SM3 in the SM2
suite.

An upload goes to DATA/blobs/incoming, is hashed while it is written, and is renamed only when the
digest matches.  This module does not use the database; ``services`` records which blobs are
referenced.
"""

import errno
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings

from biandun_office.office.identity import BLOBS, INCOMING, SHELVES
from biandun_office.platform.errors import SERVER, Refused
from biandun_office.platform.files import sync_folder, unwritable
from biandun_protocol.algorithms import Algorithm
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT, LIMIT_MANIFEST

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 16
# seconds that an upload which is whole may wait for its turn at the database
UNDER_WAY = 60


class Stream(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; empty at the end."""
        ...


def folder() -> Path:
    """The folder that holds all blobs."""
    return Path(settings.DATA_DIR) / BLOBS


def incoming_folder() -> Path:
    """The folder for uploads that are not complete; created if absent."""
    place = folder() / INCOMING
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def check_digest(text: str) -> str:
    """Return ``text`` if it is 64 lower-case hexadecimal characters.

    Raises Refused(digest-malformed).
    """
    if not _HEX_DIGEST.fullmatch(text):
        raise Refused("digest-malformed")
    return text


def path_of(digest: str) -> Path:
    """The path of a blob, whether it is stored or not."""
    return folder() / digest[:2] / digest


def _name_of(digest: str) -> str:
    """``path_of`` as a string.

    Every statement looks up several blobs, and building a Path takes longer than the look-up.
    """
    return f"{settings.DATA_DIR}/{BLOBS}/{digest[:2]}/{digest}"


def size_of(digest: str) -> int | None:
    """The size of a blob in bytes, or None when it is not stored.

    A link or a pipe in its place does not count as stored.
    """
    try:
        found = os.lstat(_name_of(digest))
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def is_whole(digest: str) -> bool:
    """Does the content of a stored attachment still match its name, its SHA-256?"""
    return digest_on_disk(path_of(digest)) == digest


def digest_on_disk(path: Path) -> str:
    """The SHA-256 of a file's current content."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def opened(path: Path) -> BufferedReader:
    """Open a stored file for reading.

    Raises FileNotFoundError, also for anything but a regular file: a link may lead out of the
    folder, a pipe may never end.
    """
    return os.fdopen(_descriptor(str(path)), "rb")


def read(digest: str, most: int) -> bytes | None:
    """The first ``most`` bytes of a blob, or None when it is not stored."""
    try:
        descriptor = _descriptor(_name_of(digest))
    except FileNotFoundError:
        return None
    try:
        return os.read(descriptor, min(most, os.fstat(descriptor).st_size))
    finally:
        os.close(descriptor)


def _descriptor(name: str) -> int:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return descriptor


@contextmanager
def incoming(digest: str, stream: Stream, algorithm: Algorithm) -> Generator[tuple[Path, int]]:
    """Receive an upload into a temporary file and yield its path and size in bytes.

    The file is deleted at the end of the block unless it was moved.  ``digest`` is its SHA-256, or
    the hash of ``algorithm`` if the file is no larger than a manifest may be.

    Raises Refused: blob-too-large, blob-mismatch (also for a body that breaks off); FileProblem:
    storage-full, file-unwritable.
    """
    with _room():
        handle, name = tempfile.mkstemp(dir=incoming_folder(), prefix=digest[:8])
    temporary = Path(name)
    try:
        # on a full disk close() writes the rest of the buffer, and fails a second time
        with _room(), os.fdopen(handle, "wb") as file:
            size, genuine = _receive(digest, stream, file)
            file.flush()
            os.fsync(file.fileno())
        if not genuine and (
            size > LIMIT_MANIFEST or algorithm.digest(temporary.read_bytes()).hex() != digest
        ):
            raise Refused("blob-mismatch")
        yield temporary, size
    finally:
        temporary.unlink(missing_ok=True)


def adopt(temporary: Path, digest: str) -> None:
    """Move a received file to its final name, durably (with fsync).

    Raises FileProblem: storage-full, file-unwritable.
    """
    final = path_of(digest)
    with _room():
        if not final.parent.is_dir():
            final.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(folder())
        temporary.replace(final)
        sync_folder(final.parent)


def remove(digest: str) -> None:
    """Delete a blob if it is there."""
    path_of(digest).unlink(missing_ok=True)


def files_older_than(moment: int) -> Iterator[tuple[Path, int]]:
    """Path and size of the blobs and uploads last written before ``moment`` (seconds since 1970).

    Only the folders that this module makes are listed.  Links are not followed: a link or a pipe in
    the place of a file is yielded itself.  Folders in there are left alone.
    """
    for shelf in SHELVES:
        last = moment - UNDER_WAY if shelf == INCOMING else moment
        for path in _listed(folder() / shelf):
            try:
                found = path.lstat()
            except FileNotFoundError:  # somebody else's upload just ended
                continue
            if found.st_mtime < last and not stat.S_ISDIR(found.st_mode):
                yield path, found.st_size


def _listed(place: Path) -> list[Path]:
    try:
        return [] if place.is_symlink() else list(place.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _receive(digest: str, stream: Stream, file: IO[bytes]) -> tuple[int, bool]:
    running, size = sha256(), 0
    while chunk := _read(stream):
        size += len(chunk)
        if size > LIMIT_ATTACHMENT:
            raise Refused("blob-too-large")
        running.update(chunk)
        file.write(chunk)
    return size, running.hexdigest() == digest


def _read(stream: Stream) -> bytes:
    try:
        return stream.read(_CHUNK)
    except OSError:  # the client went away in the middle
        raise Refused("blob-mismatch") from None


@contextmanager
def _room() -> Generator[None]:
    """Turn OSError into a problem that does not disclose the office's paths.

    Raises FileProblem: storage-full, file-unwritable.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(SERVER, error) from None
