"""What the system says of a file, in words of both languages, and whether it says that there is no
room.
"""

import errno

from biandun_protocol.book import SYSTEM
from biandun_protocol.catalogue import Phrase

_CHINESE = {getattr(errno, name): chinese for name, chinese in SYSTEM.items()}
# EDQUOT: a quota is used up; EFBIG: the file may not become larger.  Windows has no EDQUOT in every
# version of Python.
_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def reason(error: OSError) -> Phrase:
    """The system's words for an error, and ours where we have them."""
    return of_number(error.errno, error.strerror or str(error))


def of_number(number: int | None, english: str) -> Phrase:
    """The same for an error number that came by itself; ``english`` is what there is to say of one
    without words of ours.
    """
    return Phrase(_CHINESE.get(number or 0, english), english)


def is_full(error: OSError) -> bool:
    """Does it say that there is no room left?"""
    return error.errno in _FULL
