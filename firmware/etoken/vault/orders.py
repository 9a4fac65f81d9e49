"""What the office orders one key to do, and the nonce that makes such an order good once.

The nonce stays on flash until it is used: an order travels as a file, and the key is unplugged meanwhile.  With it stands the board's
tally.  An older image of the flash may bring an old nonce back, but not the tally: whoever has tried a PIN since, and nobody signs
without, has burned a bit of it, and the order that was given for that nonce is stale.
"""

from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.vault.users import Users
    from etoken.vault.vault import Random

NONCE = 16
COUNT = 4  # bytes of the tally


class Orders:
    """The challenge that is open."""

    def __init__(self, journal: "Journal", users: "Users") -> None:
        self._journal = journal
        self._users = users

    def challenge(self, random: "Random") -> bytes:
        """Return the nonce (16 bytes) that the next order has to name: the open one, or a new one."""
        nonce = self._open()
        if nonce is None:
            nonce = random.take(NONCE)
            self._journal.put(records.CHALLENGE, 0, nonce + self._users.tally().to_bytes(COUNT, "big"))
        return nonce

    def is_open(self, nonce: bytes) -> bool:
        """Is this the nonce that was given out last, and not used since?"""
        return nonce == self._open()

    def close(self) -> None:
        """The nonce is used."""
        self._journal.put(records.CHALLENGE, 0, b"")

    def _open(self) -> "bytes | None":
        raw = self._journal.get(records.CHALLENGE)
        if not raw or int.from_bytes(raw[NONCE:], "big") != self._users.tally():
            return None
        return raw[:NONCE]
