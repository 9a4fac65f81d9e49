"""Flash with a meter: what one command programs and erases is counted, so that ``dispatch`` can
hold it to its budget.

Flash wears out, so a command that writes more than it should is a fault even when it works.
Reading passes by uncounted and at no cost.  Neighbours: ``token`` puts it between the board's flash
and the vault.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash


class MeteredFlash:
    """The board's flash; ``programmed`` bytes and ``erased`` sectors since ``reset``."""

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash
        self.size = flash.size
        self.sector = flash.sector
        self.read = flash.read
        self.read_into = flash.read_into
        self.reset()

    def reset(self) -> None:
        """Begin to count."""
        self.programmed = self.erased = 0

    def program(self, offset: int, data: bytes) -> None:
        """Program and count the bytes, also of a write that does not come to its end."""
        self.programmed += len(data)
        self._flash.program(offset, data)

    def erase(self, offset: int) -> None:
        """Erase and count the sector."""
        self.erased += 1
        self._flash.erase(offset)
