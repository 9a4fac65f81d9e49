"""The stored seed for the next boot's random generator, and a count of boots.

Only a boot that needs randomness counts and writes: 48 bytes of journal each, so a bank of 256 KiB
takes 5461 of them before it is compacted.  The record survives a wipe: it belongs to the device,
and a wiped key must not repeat its sequence of seeds.  Neighbours: only ``entropy`` reads and
replaces it.
"""

from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

SIZE = 32
COUNT = 4  # bytes


class Seed:
    """The stored seed (32 bytes, zeros on a new key) and how many boots have used one."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    @property
    def boots(self) -> int:
        """How many boots have seeded the generator; this boot counts once it has."""
        raw = self._journal.peek(records.SEED, 0, COUNT)
        return int.from_bytes(raw, "big") if raw else 0

    def read(self) -> bytes:
        """Return the seed (32 bytes) that the last boot stored."""
        raw = self._journal.get(records.SEED)
        return raw[COUNT:] if raw else bytes(SIZE)

    def replace(self, seed: bytes, boots: int) -> None:
        """Replace the seed.

        Raises StoreFull, StoreDamaged; then the old one stays.
        """
        self._journal.put(records.SEED, 0, boots.to_bytes(COUNT, "big") + seed)
