"""The keys that this account has met: serial number -> device key, root, unit.

With it the program notices that another key answers under a known serial number.  It is one JSON
file that only its owner can read.  Nothing in it is secret, but whoever can change it can make a
key look known.
"""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import filelock

from biandun import errors
from biandun.folders import own, read_file, replace_file, state_folder, unwritable
from biandun_protocol import jsontext


@dataclass(frozen=True)
class Known:
    """What is stored of one key.

    ``device_key`` is its point in hexadecimal, ``root`` the SHA-256 of the root's point; ``since``
    is in seconds since 1970.
    """

    device_key: str
    root: str
    uscc: str
    unit_name: str
    since: int

    @property
    def fingerprint(self) -> str:
        """The device key in a form that people can compare.

        The first 16 bytes of its SHA-256, in groups of four hexadecimal digits.
        """
        digest = sha256(bytes.fromhex(self.device_key)).hexdigest()[:32]
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def identity(device_key: bytes, root: bytes, uscc: str, unit_name: str) -> Known:
    """Return what to store of a key that is met now.

    ``device_key`` and ``root`` are uncompressed points (65 bytes).
    """
    return Known(device_key.hex(), sha256(root).hexdigest(), uscc, unit_name, int(time.time()))


class KnownKeys:
    """The file of known keys; ``path`` defaults to the account's own."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_folder() / "known-keys.json"

    def get(self, serial: str) -> Known | None:
        """Return what is stored of a key, None for one that was never met.

        Raises FolderProblem if the file cannot be read: the key may be known all the same.
        """
        return self._read().get(serial)

    def remember(self, serial: str, key: Known) -> None:
        """Store a key, replacing what was stored under its serial number.

        Raises FolderProblem.
        """
        with self._held() as rows:
            rows[serial] = key

    def forget(self, serial: str) -> bool:
        """Delete what is stored of a key; return whether it was known.  Raises FolderProblem."""
        with self._held() as rows:
            return rows.pop(serial, None) is not None

    def all(self) -> dict[str, Known]:
        """Return all stored keys by serial number.  Raises FolderProblem."""
        return dict(sorted(self._read().items()))

    def _read(self) -> dict[str, Known]:
        try:
            raw = read_file(self.path)
            rows = {} if raw is None else cast("dict[str, dict[str, Any]]", jsontext.read(raw))
            return {serial: Known(**row) for serial, row in rows.items()}
        except errors.FolderProblem as problem:
            if problem.code != "file-unreadable":
                raise
            detail = str(problem.values["detail"])
        except (ValueError, TypeError, AttributeError) as error:
            detail = str(error)
        raise errors.FolderProblem("known-keys-unreadable", path=str(self.path), detail=detail)

    @contextmanager
    def _held(self) -> Generator[dict[str, Known]]:
        """Yield the rows to be changed, under a lock, then write them.  Raises FolderProblem."""
        lock = filelock.FileLock(own(self.path.parent) / self.path.with_suffix(".lock").name)
        try:
            lock.acquire(timeout=10)
        except OSError as error:
            raise unwritable(self.path, error) from None
        try:
            rows = self._read()
            yield rows
            content = {serial: asdict(row) for serial, row in sorted(rows.items())}
            replace_file(self.path, json.dumps(content, ensure_ascii=False, indent=1).encode())
        finally:
            lock.release()
