"""The challenge for the office's next order, so that an order is carried out only once.

The nonce stays on flash until it is used, because an order travels as a file while the key is
unplugged.  The board's tally is stored with it: an older image of the flash may restore an old
nonce, but not the tally.  Nobody signs without a PIN attempt, which advances the tally; then an
order for that nonce is stale.

The time floor is stored as well: an order to set the time is stale when the key has verified a
later time since the challenge.  See SPEC section 6.4.
"""

from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.crypto.envelope import Random
    from etoken.store.journal import Journal
    from etoken.vault.statements import Statements
    from etoken.vault.users import Users

NONCE = 16
COUNT = 4  # bytes of the tally, big-endian
TIME = 8  # bytes of the time floor, big-endian


class Orders:
    """The open challenge."""

    def __init__(self, journal: "Journal", users: "Users", statements: "Statements") -> None:
        self._journal = journal
        self._users = users
        self._statements = statements

    def challenge(self, random: "Random") -> bytes:
        """Return the nonce (16 bytes) that the next order must name: the open one, or a new one."""
        floor = self._statements.time_floor.to_bytes(TIME, "big")
        nonce = self._open()
        if nonce is None or self._asked_at() != floor:
            nonce = random.take(NONCE)
            self._journal.put(
                records.CHALLENGE, 0, nonce + self._users.tally().to_bytes(COUNT, "big") + floor
            )
        return nonce

    def is_open(self, nonce: bytes) -> bool:
        """Return whether this nonce was given out last and is not used yet."""
        return nonce == self._open()

    def has_same_time_floor(self) -> bool:
        """Return whether the time floor is still what it was when the open nonce was given out."""
        return self._asked_at() == self._statements.time_floor.to_bytes(TIME, "big")

    def close(self) -> None:
        """Mark the nonce as used."""
        self._journal.put(records.CHALLENGE, 0, b"")

    def _open(self) -> "bytes | None":
        raw = self._journal.get(records.CHALLENGE)
        if not raw or int.from_bytes(raw[NONCE : NONCE + COUNT], "big") != self._users.tally():
            return None
        return raw[:NONCE]

    def _asked_at(self) -> bytes:
        return (self._journal.get(records.CHALLENGE) or b"")[NONCE + COUNT :]
