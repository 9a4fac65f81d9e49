"""The vault: everything the key keeps, over one journal.

Until the sealed vault arrives (a PIN wraps the secrets) records stand on flash in clear, and the room's README says so.
"""

from biandun_protocol.wire.numbers import LIMIT_LINKS
from etoken.store.journal import Journal
from etoken.vault import records
from etoken.vault.identity import Identity
from etoken.vault.statements import Statements
from etoken.vault.users import Users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash

SURVIVE_A_WIPE = (records.ANCHOR, records.GENERATION, records.LOG_POINT, records.DEVICE_SECRET)


class Vault:
    """Identity, users and statements of one key."""

    def __init__(self, flash: "Flash") -> None:
        self._journal = Journal(flash)
        self.identity = Identity(self._journal)
        self.users = Users(self._journal)
        self.statements = Statements(self._journal)
        self._journal.keeps = self._wanted

    def wipe(self) -> int:
        """Destroy key pair, profile, PINs, statements and receipts, also their traces on flash; return the new generation.

        Anchor, generation and log point stay.  The generation rises first: a cut in between leaves a key that counts one
        wipe too many, never one that forgets a wipe.
        """
        generation = self.identity.generation + 1
        self._journal.put(records.GENERATION, 0, generation.to_bytes(4, "big"))
        self._journal.keeps = lambda kind, number: kind in SURVIVE_A_WIPE
        try:
            self._journal.forget_old()
        finally:
            self._journal.keeps = self._wanted
        self.identity.load()
        self.statements.load()
        return generation

    def _wanted(self, kind: int, number: int) -> bool:
        if kind in (records.STATEMENT, records.RECEIPT):
            return self.statements.wanted(number)
        return kind != records.LINK or number > self.statements.seq - LIMIT_LINKS
