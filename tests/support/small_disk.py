"""A disk that fills, for an ordinary user: no file may grow over a number of bytes (RLIMIT_FSIZE),
whoever writes it.
"""

import resource
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def room_for(size: int) -> Generator[None]:
    """Let no file of this process become larger than ``size`` bytes; a write beyond that ends as on
    a full disk.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores the signal that comes with it
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
