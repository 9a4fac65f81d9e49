"""Stores logins between commands: the token of each office, readable by this account only."""

import json
from hashlib import sha256
from pathlib import Path
from typing import cast

from biandun.folders import read_file, replace_file, state_folder, unwritable
from biandun_protocol import jsontext
from biandun_protocol.secret import Secret


def _path(url: str) -> Path:
    return state_folder() / "sessions" / f"{sha256(url.encode()).hexdigest()[:16]}.json"


def remember(url: str, token: Secret) -> None:
    """Store the login token of the office at ``url``.  Raises FolderProblem."""
    replace_file(_path(url), json.dumps({"url": url, "token": token.reveal().decode()}).encode())


def recall(url: str) -> Secret | None:
    """Return the stored token of the office at ``url``, None without one.  Raises FolderProblem."""
    raw = read_file(_path(url))
    if raw is None:
        return None
    try:
        note = cast("dict[str, object]", jsontext.read(raw))
        return Secret(str(note["token"]).encode()) if note["url"] == url else None
    except (ValueError, KeyError, TypeError):
        return None


def forget(url: str) -> None:
    """Delete the stored token of an office.  Raises FolderProblem when it cannot be deleted."""
    path = _path(url)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from None
