"""The boot of the unix board: which firmware runs, the newest of its two places on flash or the one that the board came with.

    micropython -m etoken.boards.boot SERIAL FLASH PRESENCE ENTROPY FAULT OTP IMAGES

IMAGES is the file of both places.  An image is a ROMFS with the modules of a key; it is mounted where it lies and nothing else can be
imported.  A board does the same with its own flash.  A firmware that cannot even be started ends the process; it was counted as a trial.
"""

import gc
import sys

from biandun_protocol.wire.flashmodel import NorFlash
from etoken.boards.filemedium import FileMedium
from etoken.store.images import Images

SECTOR = 4096
FLASH = 2 * 96 * SECTOR
OWN = ("etoken", "biandun_protocol")


def main(arguments: "list[str]") -> None:
    """Choose, mount, and hand over."""
    path = arguments[-1]
    flash = NorFlash(FLASH, SECTOR, FileMedium(path, FLASH, b"\xff"))
    images = Images(flash)
    slot = images.choose()
    place = -1
    if slot is not None:
        import vfs  # noqa: PLC0415  only a board with an image of its own has to mount one

        place = slot.place
        vfs.mount(vfs.VfsRom(memoryview(images.read(slot))), "/firmware")
        for name in list(sys.modules):
            if name.split(".")[0] in OWN:
                del sys.modules[name]
        sys.path[:] = ["/firmware"]  # of this firmware and no other
    gc.collect()
    from etoken.boards import unix  # noqa: PLC0415  the one that was chosen

    unix.main(arguments, place)


if __name__ == "__main__":
    main(sys.argv[1:])
