"""Backup and restore of an office; every new backup is restored once before it counts.

A backup holds keys (still encrypted under their own passphrase), certificates, identity and a
consistent copy of the database, always as a SQLite file (transfer.py).  It does not hold blobs:
those are plain files that are never rewritten, so an ordinary copying tool can back them up.
``restore`` reports how many are needed.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from django.db import connection

from biandun_office.evidence.selectors import CONTENTS
from biandun_office.installation import archive, transfer
from biandun_office.installation.founding import new_tables, require_empty, settle, sibling
from biandun_office.office import startup
from biandun_office.office.identity import (
    BLOBS,
    IDENTITY,
    ISSUER_MANIFEST,
    ISSUER_STATEMENT,
    ISSUING_CERTIFICATE,
    ISSUING_KEY,
    ROOT_CERTIFICATE,
    ROOT_KEY,
    Office,
    load_key,
)
from biandun_office.office.keystore import Cost, Passphrase
from biandun_office.platform import database, files
from biandun_office.platform.errors import BackupProblem, FileProblem
from biandun_protocol import oserrors
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.catalogue import Phrase, phrase
from biandun_protocol.certificate import verify_issuer
from biandun_protocol.errors import CertificateProblem, ManifestProblem, ProtocolProblem
from biandun_protocol.kinds import Kind

_KEPT = [
    IDENTITY,
    ROOT_CERTIFICATE,
    ISSUING_CERTIFICATE,
    ISSUER_STATEMENT,
    ISSUER_MANIFEST,
    ROOT_KEY,
    ISSUING_KEY,
    startup.DATABASE,
]


_HEAD = 4096  # bytes: enough to recognise the kind of a file


def _check_head(raw: bytes) -> None:
    if not raw.startswith(archive.MAGIC):
        raise ManifestProblem


KIND: Kind[None] = Kind(phrase("file.backup"), _check_head)


@dataclass(frozen=True)
class Tried:
    """What a trial restore found: the office's id, and the numbers of statements and needed blobs.

    ``size`` is the size of the backup in bytes.
    """

    office_id: str
    statements: int
    blobs_needed: int
    size: int


def make(
    folder: Path,
    out: Path,
    passphrase: Passphrase,
    cost: Cost,
    before_name: Callable[[Path], object] = lambda _: None,
) -> Tried:
    """Write a backup of the office in ``folder`` to ``out``, and restore it as a trial.

    ``passphrase`` must be the one of the office's keys.  ``before_name`` is called with the
    finished file just before it gets the name ``out``.

    Raises FileProblem: file-exists, file-unwritable, storage-full;
    PassphraseProblem(passphrase-wrong), BackupProblem.
    """
    if os.path.lexists(out):
        raise FileProblem("file-exists", path=str(out))
    # first, because a backup under a mistyped passphrase would be useless
    _check_keys(folder, passphrase)
    with sibling(out) as work, files.writing(out):
        for name in _KEPT:
            if name != startup.DATABASE:
                shutil.copyfile(folder / name, work / name)
        _copy_database(work / startup.DATABASE)
        part = work / "backup"
        with part.open("wb") as file:
            archive.pack(work, _KEPT, file, passphrase, cost)
            file.flush()
            os.fsync(file.fileno())
        tried = try_restore(part, passphrase)
        part.chmod(files.PRIVATE)
        before_name(part)
        files.give_name(part, out)
        files.sync_folder(out.parent)
    return tried


def try_restore(backup: Path, passphrase: Passphrase) -> Tried:
    """Restore into a temporary folder and check everything.  Raises as ``restore``."""
    with sibling(backup) as work:
        return _restore_into(work, backup, passphrase)


def restore(backup: Path, into: Path, passphrase: Passphrase, url: str = "") -> Tried:
    """Restore ``backup`` into the folder ``into``, which must be absent or empty.

    The tables go to the PostgreSQL database ``url``, or into a SQLite file when it is empty.

    Raises OfficeStateProblem: office-initialised and those of the database; FileProblem,
    PassphraseProblem(passphrase-wrong), BackupProblem, WrongFile.
    """
    database.check_url(url)
    require_empty(into)
    with sibling(into) as work, files.writing(into):
        tried = _restore_into(work, backup, passphrase)
        (work / BLOBS).mkdir(mode=0o700)
        identity = replace(Office.load(work).identity, database=url)
        files.write(work / IDENTITY, identity.encode(), replace=True)
        if url:
            _restore_tables(work, into, url)
        else:
            settle(work, into)
    return tried


def _restore_tables(work: Path, into: Path, url: str) -> None:
    with new_tables(work, url):
        transfer.from_file(work / startup.DATABASE)
        (work / startup.DATABASE).unlink()
        startup.point_at(into, url)
        settle(work, into)


def _restore_into(work: Path, backup: Path, passphrase: Passphrase) -> Tried:
    try:
        file = files.open_plain(backup)
    except FileNotFoundError:
        raise FileProblem("file-missing", path=str(backup)) from None
    except OSError as error:
        raise FileProblem(
            "file-unreadable", path=str(backup), detail=oserrors.reason(error)
        ) from None
    with file:
        KIND.read(file.read(_HEAD), str(backup))
        file.seek(0)
        archive.unpack(file, work, _KEPT, passphrase)
    try:
        restored = _check_keys(work, passphrase)
    except ProtocolProblem as problem:
        raise BackupProblem(detail=Phrase(problem.message("zh"), problem.message("en"))) from None
    statements, blobs = _check_database(work / startup.DATABASE)
    return Tried(restored.identity.office_id, statements, blobs, backup.stat().st_size)


def _check_keys(folder: Path, passphrase: Passphrase) -> Office:
    """Load both keys, compare them with their certificates, and verify a test signature of each."""
    loaded = Office.load(folder)
    verify_issuer(loaded.issuer, loaded.root_key)
    for name, certificate in ((ROOT_KEY, loaded.root), (ISSUING_KEY, loaded.issuing)):
        key = load_key(folder, name, certificate, passphrase)
        PublicKey.of(key).verify(b"probe", key.sign(b"probe"))
    if (
        loaded.issuer_manifest.public_key != loaded.issuing_key.point
        or loaded.issuer_manifest.x5t != loaded.x5t
    ):
        raise CertificateProblem("certificate-invalid", field=ISSUER_MANIFEST)
    return loaded


def _copy_database(target: Path) -> None:
    if connection.vendor != "sqlite":
        transfer.to_file(target)
        return
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        connection.connection.backup(copy)  # consistent even while the server writes
        # a single file: no -wal file that could be left behind
        copy.execute("PRAGMA journal_mode=DELETE")


def _check_database(path: Path) -> tuple[int, int]:
    """Check the copy's integrity; return its number of statements and of the blobs they need."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            answer = copy.execute("PRAGMA integrity_check").fetchone()[0]
            dangling = copy.execute("PRAGMA foreign_key_check").fetchone()
            statements, blobs = copy.execute(CONTENTS).fetchone()
    except sqlite3.Error as error:
        raise BackupProblem(detail=str(error)) from None
    if answer != "ok" or dangling is not None:
        raise BackupProblem(detail=answer if dangling is None else f"{dangling[0]} {dangling[1]}")
    return statements, blobs
