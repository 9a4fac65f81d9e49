"""Flash with a meter, so that ``dispatch`` can compare a command's writes with its budget.

Flash wears out, so a command that writes more than it should is faulty even when it works.  Reading
is not counted.  Neighbours: ``token`` puts it between the board's flash and the vault.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash


class MeteredFlash:
    """The board's flash, counting bytes ``programmed`` and sectors ``erased`` since ``reset``."""

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self.size = flash.size
        self.sector = flash.sector
        self.read = flash.read
        self.read_into = flash.read_into
        self.reset()

    def reset(self) -> None:
        """Set both counts to zero."""
        self.programmed = self.erased = 0

    def program(self, offset: int, data: bytes) -> None:
        """Program bytes and count them, also those of a write that fails."""
        self.programmed += len(data)
        self._flash.program(offset, data)

    def erase(self, offset: int) -> None:
        """Erase the sector at ``offset`` and count it."""
        self.erased += 1
        self._flash.erase(offset)
