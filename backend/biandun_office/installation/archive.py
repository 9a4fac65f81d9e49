"""An encrypted archive: what a backup is written in.

    archive = magic "BIANDUN-BACKUP" 00 01 | log2N r p (1 byte each) | salt (16) | prefix (7) | chunks
    chunk   = AES-256-GCM(key, prefix | number (4, big-endian) | last (1), up to 1 MiB of a tar file, AAD = all before the chunks)

The key is scrypt of the passphrase.  Chunks are numbered and the last one is marked, so that they
cannot be dropped, swapped or cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
Vizár, 2015).  Version 1 is the byte after the zero.
"""  # noqa: E501

import io
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from biandun_office.office.keystore import Cost, Passphrase
from biandun_office.platform.errors import BackupProblem, PassphraseProblem
from biandun_protocol.catalogue import phrase

MAGIC = b"BIANDUN-BACKUP\x00\x01"
_CHUNK = 1 << 20
_TAG = 16
_HEADER = len(MAGIC) + 3 + 16 + 7


def pack(
    folder: Path, names: list[str], out: IO[bytes], passphrase: Passphrase, cost: Cost
) -> None:
    """Write the files ``names`` of ``folder`` to ``out`` as an archive."""
    header = MAGIC + bytes((cost.log2n, cost.r, cost.p)) + secrets.token_bytes(16 + 7)
    out.write(header)
    writer = _Writer(out, header, cost.derive(passphrase, header[-23:-7]))
    with tarfile.open(fileobj=writer, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = (folder / name).stat().st_size
            info.mode = 0o600
            with (folder / name).open("rb") as file:
                tar.addfile(info, file)
    writer.finish()


def unpack(archive: IO[bytes], folder: Path, names: list[str], passphrase: Passphrase) -> None:
    """Write the archive's files into ``folder``; they must be exactly ``names``.

    Raises PassphraseProblem(passphrase-wrong), BackupProblem(backup-invalid).
    """
    header = archive.read(_HEADER)
    if len(header) != _HEADER or not header.startswith(MAGIC):
        raise BackupProblem(detail=phrase("backup.not-one"))
    key = Cost(*header[len(MAGIC) : len(MAGIC) + 3]).derive(passphrase, header[-23:-7])
    reader = io.BufferedReader(_Reader(_open_chunks(archive, header, key)))
    found: list[str] = []
    try:
        with tarfile.open(fileobj=reader, mode="r|") as tar:
            for member in tar:
                if member.name not in names or member.name in found or not member.isreg():
                    raise BackupProblem(detail=phrase("backup.stranger", name=member.name))
                found.append(member.name)
                _extract(tar, member, folder / member.name)
        while reader.read(_CHUNK):  # read to the end, so that the last chunk is authenticated, too
            pass
    except (tarfile.TarError, EOFError) as error:
        raise BackupProblem(detail=str(error)) from None
    if sorted(found) != sorted(names):
        lacking = ", ".join(sorted(set(names) - set(found)))
        raise BackupProblem(detail=phrase("backup.lacks", names=lacking))


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Write the content of one regular file of the archive to ``path``.

    ``TarFile.extract`` is not used: it has no safe filter before Python 3.11.4.
    """
    content = tar.extractfile(member)
    if content is None:
        raise BackupProblem(detail=phrase("backup.stranger", name=member.name))
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)


def _nonce(header: bytes, number: int, last: bool) -> bytes:
    return header[-7:] + number.to_bytes(4, "big") + (b"\1" if last else b"\0")


class _Writer:
    """A file-like object for tarfile that encrypts what is written to it."""

    def __init__(self, out: IO[bytes], header: bytes, key: bytes) -> None:
        self._out, self._header, self._cipher = out, header, AESGCM(key)
        self._buffer, self._number = bytearray(), 0

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) > _CHUNK:  # at least one byte stays for the last chunk
            self._emit(bytes(self._buffer[:_CHUNK]), last=False)
            del self._buffer[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        self._emit(bytes(self._buffer), last=True)

    def _emit(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(
            self._cipher.encrypt(_nonce(self._header, self._number, last), chunk, self._header)
        )
        self._number += 1


def _open_chunks(archive: IO[bytes], header: bytes, key: bytes) -> Iterator[bytes]:
    cipher, number = AESGCM(key), 0
    chunk = archive.read(_CHUNK + _TAG)
    while True:
        following = archive.read(_CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(header, number, not following), chunk, header)
        except InvalidTag:
            if number == 0:  # a wrong passphrase and a damaged first chunk look the same
                raise PassphraseProblem("passphrase-wrong") from None
            raise BackupProblem(detail=phrase("backup.chunk", number=number)) from None
        if not following:
            return
        chunk, number = following, number + 1


class _Reader(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            following = next(self._chunks, None)
            if following is None:
                return 0
            self._rest = following
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
