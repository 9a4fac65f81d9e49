"""What the office orders one key to do, and the nonce that makes such an order good once.

The nonce stays on flash until it is used: an order travels as a file, and the key is unplugged
meanwhile.  With it stands the board's tally.  An older image of the flash may bring an old nonce
back, but not the tally: whoever has tried a PIN since, and nobody signs without, has burned a bit
of it, and the order that was given for that nonce is stale.

And the time floor: an order that sets it is about that very time, and is stale when the key has
heard a later one since.
"""

from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.crypto.envelope import Random
    from etoken.store.journal import Journal
    from etoken.vault.statements import Statements
    from etoken.vault.users import Users

NONCE = 16
COUNT = 4  # bytes of the tally
TIME = 8  # bytes of the time floor


class Orders:
    """The challenge that is open."""

    def __init__(self, journal: "Journal", users: "Users", statements: "Statements") -> None:
        self._journal = journal
        self._users = users
        self._statements = statements

    def challenge(self, random: "Random") -> bytes:
        """Return the nonce (16 bytes) that the next order has to name: the open one, or a new
        one.
        """
        floor = self._statements.time_floor.to_bytes(TIME, "big")
        nonce = self._open()
        if nonce is None or self._asked_at() != floor:
            nonce = random.take(NONCE)
            self._journal.put(
                records.CHALLENGE, 0, nonce + self._users.tally().to_bytes(COUNT, "big") + floor
            )
        return nonce

    def is_open(self, nonce: bytes) -> bool:
        """Is this the nonce that was given out last, and not used since?"""
        return nonce == self._open()

    def is_about_now(self) -> bool:
        """Was the open nonce given out with the time floor that is in force?"""
        return self._asked_at() == self._statements.time_floor.to_bytes(TIME, "big")

    def close(self) -> None:
        """The nonce is used."""
        self._journal.put(records.CHALLENGE, 0, b"")

    def _open(self) -> "bytes | None":
        raw = self._journal.get(records.CHALLENGE)
        if not raw or int.from_bytes(raw[NONCE : NONCE + COUNT], "big") != self._users.tally():
            return None
        return raw[:NONCE]

    def _asked_at(self) -> bytes:
        return (self._journal.get(records.CHALLENGE) or b"")[NONCE + COUNT :]
