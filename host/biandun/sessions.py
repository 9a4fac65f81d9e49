"""Logins that outlive one command: the token of each office, in a file that only this account can read."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import cast

import platformdirs

from biandun_protocol.secret import Secret


def _path(url: str) -> Path:
    return platformdirs.user_state_path("biandun") / "sessions" / f"{sha256(url.encode()).hexdigest()[:16]}.json"


def remember(url: str, token: Secret) -> None:
    """Keep the token of an office."""
    path = _path(url)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"url": url, "token": token.reveal().decode()}, file)
    aside.replace(path)


def recall(url: str) -> Secret | None:
    """The token of an office, if there is one."""
    try:
        note = cast("dict[str, object]", json.loads(_path(url).read_text("utf-8")))
        return Secret(str(note["token"]).encode()) if note["url"] == url else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(url: str) -> None:
    """Drop the token of an office."""
    _path(url).unlink(missing_ok=True)
