"""The boot of the unix board: which firmware runs, the newest of its two places on flash or the one
that the board came with.

    micropython -m etoken.boards.boot SERIAL FLASH PRESENCE ENTROPY FAULT OTP IMAGES

IMAGES is the file of both places.  An image is a ROMFS with the modules of a key; it is mounted
where it lies and nothing else can be imported.  A board does the same with its own flash.  A
firmware that cannot even be started ends the process; it was counted as a trial.
"""

import gc
import sys

from etoken.boards.imagefile import images_in

OWN = ("etoken", "biandun_protocol")


def main(arguments: "list[str]") -> None:
    """Choose, mount, and hand over."""
    images = images_in(arguments[-1])
    slot = images.choose()
    place = -1
    if slot is not None:
        import vfs  # noqa: PLC0415

        place = slot.place
        vfs.mount(vfs.VfsRom(memoryview(images.read(slot))), "/firmware")
        for name in list(sys.modules):
            if name.split(".")[0] in OWN:
                del sys.modules[name]
        sys.path[:] = ["/firmware"]  # of this firmware and no other
    gc.collect()
    from etoken.boards import unix  # noqa: PLC0415

    unix.main(arguments, place)


if __name__ == "__main__":
    main(sys.argv[1:])
