"""The boot of the unix board: select the firmware that runs.

    micropython -m etoken.boards.boot SERIAL FLASH PRESENCE ENTROPY FAULT OTP IMAGES

It is the newest usable image of the two slots on flash, or the firmware that the board came with.
IMAGES is the file with both slots.  An image is a ROMFS with the modules of a key; it is mounted in
place and nothing else can be imported.  A hardware board does the same with its own flash.
Firmware that cannot even be started ends the process; the start was counted as a trial.
"""

import gc
import sys

from etoken.boards.imagefile import images_in

OWN = ("etoken", "biandun_protocol")


def main(arguments: "list[str]") -> None:
    """Select the image, mount it and run its unix board."""
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
        sys.path[:] = ["/firmware"]  # import from this firmware only
    gc.collect()
    from etoken.boards import unix  # noqa: PLC0415

    unix.main(arguments, place)


if __name__ == "__main__":
    main(sys.argv[1:])
