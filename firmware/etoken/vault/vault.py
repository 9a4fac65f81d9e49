"""The vault: everything the key keeps, over one journal.

Until the sealed vault arrives (a PIN wraps the secrets) records stand on flash in clear, and the room's README says so.
"""

from etoken.store.journal import Journal
from etoken.vault import records
from etoken.vault.faults import Faults
from etoken.vault.identity import Identity
from etoken.vault.seed import Seed
from etoken.vault.statements import Statements
from etoken.vault.users import Users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash

SURVIVE_A_WIPE = (
    records.ANCHOR,
    records.GENERATION,
    records.LOG_POINT,
    records.DEVICE_SECRET,
    records.SEED,
    records.FAULT,
)


class Vault:
    """Identity, users, statements, seed and faults of one key."""

    def __init__(self, flash: "Flash") -> None:
        self._journal = Journal(flash)
        self.identity = Identity(self._journal)
        self.users = Users(self._journal)
        self.statements = Statements(self._journal, self.identity)
        self.seed = Seed(self._journal)
        self.faults = Faults(self._journal)
        self._journal.survives = self._survives

    @property
    def damaged(self) -> bool:
        """Does the flash contradict itself?  Then nothing is signed any more."""
        return self._journal.damaged

    def wipe(self) -> int:
        """Destroy key pair, profile, PINs, statements and receipts, also their traces on flash; return the new generation.

        Anchor, device secret, generation, log point, seed and faults stay.  The generation rises first: a cut in between leaves a key
        that counts one wipe too many, never one that forgets a wipe.
        """
        generation = self.identity.generation + 1
        self._journal.put(records.GENERATION, 0, generation.to_bytes(4, "big"))
        self._journal.survives = lambda kind, number: kind in SURVIVE_A_WIPE
        try:
            self._journal.compact()
        finally:
            self._journal.survives = self._survives
        self.identity.load()
        self.statements.load()
        return generation

    def _survives(self, kind: int, number: int) -> "tuple[int, bytes] | bool":
        if kind in (records.STATEMENT, records.RECEIPT, records.LINK):
            return self.statements.fate(kind, number)
        return True
