"""Keys that this account has met: serial number -> device key, root, unit.  A key that is suddenly another one is noticed.

One JSON file, readable by its owner only.  Nothing in it is secret; whoever can change it can make a key look known.
"""

import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import filelock
import platformdirs

from biandun import errors


@dataclass(frozen=True)
class Known:
    """What is remembered of one key; ``root`` is SHA-256 of the root's public point, ``since`` in seconds."""

    device_key: str
    root: str
    uscc: str
    unit_name: str
    since: int

    @property
    def fingerprint(self) -> str:
        """The device key in a form that people compare: SHA-256, the first 16 bytes in groups of four hex digits."""
        digest = sha256(bytes.fromhex(self.device_key)).hexdigest()[:32]
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def known(device_key: bytes, root: bytes, uscc: str, unit_name: str) -> Known:
    """What there is to remember of a key now."""
    return Known(device_key.hex(), sha256(root).hexdigest(), uscc, unit_name, int(time.time()))


class KnownKeys:
    """The file; ``path`` defaults to the account's own."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_state_path("biandun") / "known-keys.json"

    def get(self, serial: str) -> Known | None:
        """What is remembered of a key.  Raises FolderProblem(known-keys-unreadable): not knowing is not the same as new."""
        return self._read().get(serial)

    def remember(self, serial: str, key: Known) -> None:
        """Remember a key, in the place of what was remembered under its serial number."""
        with self._held() as rows:
            rows[serial] = key

    def forget(self, serial: str) -> bool:
        """Forget a key; was it known?"""
        with self._held() as rows:
            return rows.pop(serial, None) is not None

    def all(self) -> dict[str, Known]:
        """Every key that is remembered, by serial number."""
        return dict(sorted(self._read().items()))

    def _read(self) -> dict[str, Known]:
        try:
            rows = cast("dict[str, dict[str, Any]]", json.loads(self.path.read_text("utf-8")))
            return {serial: Known(**row) for serial, row in rows.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise errors.FolderProblem("known-keys-unreadable", path=str(self.path), detail=str(error)) from None

    @contextmanager
    def _held(self) -> Generator[dict[str, Known]]:
        """The rows, to be changed; nobody else changes them meanwhile."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with filelock.FileLock(self.path.with_suffix(".lock"), timeout=10):
            rows = self._read()
            yield rows
            aside = self.path.with_suffix(".new")
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump({serial: asdict(row) for serial, row in sorted(rows.items())}, file, ensure_ascii=False, indent=1)
            aside.replace(self.path)
