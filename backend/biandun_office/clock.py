"""The office's clock, in one place so that a test can hold it."""

import time


def now() -> int:
    """Seconds since 1970, whole."""
    return int(time.time())
