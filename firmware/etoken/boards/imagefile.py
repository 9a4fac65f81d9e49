"""The two firmware slots of a simulated board, in a file that serves as flash."""

from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import LIMIT_IMAGE
from etoken.boards.filemedium import FileMedium
from etoken.store.images import SLOTS, Images

SECTOR = 4096
FLASH = SLOTS * (SECTOR + LIMIT_IMAGE)


def images_in(path: str) -> Images:
    """Return both slots in the file ``path``, which is created when it does not exist."""
    return Images(NorFlash(FLASH, SECTOR, FileMedium(path, FLASH, b"\xff")))
