"""Where this program keeps things that live as long as the session: locks, and the announcements of simulated keys."""

import warnings
from pathlib import Path

import platformdirs


def runtime_folder() -> Path:
    """The per-user runtime folder; platformdirs picks one even where the system offers none, and its warning helps nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path("biandun")
