"""The two places for firmware of a simulated board: a file as flash."""

from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import LIMIT_IMAGE
from etoken.boards.filemedium import FileMedium
from etoken.store.images import SLOTS, Images

SECTOR = 4096
FLASH = SLOTS * (SECTOR + LIMIT_IMAGE)


def images_in(path: str) -> Images:
    """Both places in the file, which is made when it is not there."""
    return Images(NorFlash(FLASH, SECTOR, FileMedium(path, FLASH, b"\xff")))
