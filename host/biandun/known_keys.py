"""Keys that this account has met: serial number -> device key, root, unit.

It notices when another key answers under a known serial number.

One JSON file, readable by its owner only.  Nothing in it is secret; whoever can change it can make
a key look known.
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
    """What is remembered of one key; ``root`` is SHA-256 of the root's public point, ``since`` in
    seconds.
    """

    device_key: str
    root: str
    uscc: str
    unit_name: str
    since: int

    @property
    def fingerprint(self) -> str:
        """The device key in a form that people compare: SHA-256, the first 16 bytes in groups of
        four hex digits.
        """
        digest = sha256(bytes.fromhex(self.device_key)).hexdigest()[:32]
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def identity(device_key: bytes, root: bytes, uscc: str, unit_name: str) -> Known:
    """Return what to remember of a key that is met now.

    ``device_key`` and ``root`` are uncompressed points (65 bytes).
    """
    return Known(device_key.hex(), sha256(root).hexdigest(), uscc, unit_name, int(time.time()))


class KnownKeys:
    """The file; ``path`` defaults to the account's own."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or state_folder() / "known-keys.json"

    def get(self, serial: str) -> Known | None:
        """Return what is remembered of a key, None for one that was never met.

        Raises FolderProblem when the file cannot be read: the key may be known all the same.
        """
        return self._read().get(serial)

    def remember(self, serial: str, key: Known) -> None:
        """Remember a key, and forget what was remembered under its serial number.

        Raises FolderProblem.
        """
        with self._held() as rows:
            rows[serial] = key

    def forget(self, serial: str) -> bool:
        """Forget a key; return whether it was known.  Raises FolderProblem."""
        with self._held() as rows:
            return rows.pop(serial, None) is not None

    def all(self) -> dict[str, Known]:
        """Return all remembered keys, by serial number.  Raises FolderProblem."""
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
        """The rows, to be changed; nobody else changes them meanwhile.  Raises FolderProblem."""
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
