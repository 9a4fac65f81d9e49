"""The operating system's errors about files, in both languages."""

import errno

from biandun_protocol.book import SYSTEM
from biandun_protocol.catalogue import Phrase

_CHINESE = {getattr(errno, name): chinese for name, chinese in SYSTEM.items()}
# EDQUOT: a quota is used up; EFBIG: the file may not become larger.  Windows has no EDQUOT in every
# version of Python.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def reason(error: OSError) -> Phrase:
    """Return the text of an error: ours where there is one, else the system's."""
    return of_number(error.errno, error.strerror or str(error))


def of_number(number: int | None, english: str) -> Phrase:
    """Return the text for an error number; ``english`` is used for one without a text of ours."""
    return Phrase(_CHINESE.get(number or 0, english), english)


def is_full(error: OSError) -> bool:
    """Return whether the error means that there is no space left."""
    return error.errno in _FULL
