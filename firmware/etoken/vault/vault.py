"""The vault: everything the key keeps, over one sealed journal.

``sealed`` links the records, ``keys`` says what is sealed under what, the other modules keep one
thing each.
"""

from etoken.heap import tidy
from etoken.vault import records
from etoken.vault.audit import Audit
from etoken.vault.card import Card
from etoken.vault.faults import Faults
from etoken.vault.identity import Identity
from etoken.vault.keys import Keys
from etoken.vault.orders import Orders
from etoken.vault.outbox import Outbox
from etoken.vault.recovery import Recovery
from etoken.vault.sealed import Sealed
from etoken.vault.seed import Seed
from etoken.vault.standing import Standing
from etoken.vault.statements import Statements
from etoken.vault.users import Users

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from etoken.crypto.envelope import Random
    from etoken.store.journal import Flash
    from etoken.vault.users import Tally

    class Otp(Tally, Protocol):
        """One-time-programmable memory: the device's secret, written once, and a tally."""

        def secret(self) -> "bytes | None": ...  # noqa: D102
        def write_secret(self, secret: bytes) -> None: ...  # noqa: D102


EMPTY_WHEN_OVER = (
    records.PIN,
    records.CHALLENGE,
    records.NEXT_CARD,
    records.PARCEL,
    records.NEXT_KEY_PAIR,
)
SURVIVE_A_WIPE = (
    records.DEVICE,
    records.DEVICE_KEY,
    records.ANCHOR,
    records.GENERATION,
    records.LOG_POINT,
    records.SEED,
    records.FAULT,
    records.AUDIT,
    records.UNBLOCK_FAILURES,
    records.FIRMWARE,
)


class Vault:
    """Identity, users, recovery, statements, card, outbox, orders, standing, seed, faults and audit
    ring of one key.  ``delay_ms`` is what a second is to waiting after wrong PINs.
    """

    def __init__(self, flash: "Flash", otp: "Otp | None" = None, delay_ms: int = 1000) -> None:
        self._otp = otp
        self._journal = Sealed(flash, otp.secret() if otp is not None else None)
        self.keys = Keys(self._journal.device_secret)
        self.identity = Identity(self._journal, self.keys)
        self.users = Users(self._journal, self.keys, otp, delay_ms)
        self.statements = Statements(self._journal, self.identity)
        self.recovery = Recovery(self._journal, self.keys, self.identity, self.users)
        self.card = Card(self._journal, self.keys)
        self.outbox = Outbox(self._journal, self.keys)
        self.orders = Orders(self._journal, self.users, self.statements)
        self.standing = Standing(self._journal)
        self.seed = Seed(self._journal)
        self.faults = Faults(self._journal)
        self.audit = Audit(self._journal)
        self._journal.survives, self._journal.prepare = self._survives, self._prepare

    @property
    def damaged(self) -> bool:
        """Does the flash contradict itself, or what is known of it?  Then nothing is signed any
        more.
        """
        return self._journal.damaged

    def ensure_device(self, random: "Random") -> None:
        """Give the device its secret, once, out of random bytes."""
        if self.keys.has_device:
            return
        secret = random.take(32)
        if self._otp is not None:
            self._otp.write_secret(secret)
            # an attempt that was cut off may have burned bits of its own
            secret = self._otp.secret() or secret
            self._journal.relink_under(secret)
        else:
            self._journal.set_device_secret(secret)
        self.keys.load(secret)

    @property
    def firmware_floor(self) -> int:
        """The least number of a firmware that this key works with."""
        return int.from_bytes(self._journal.get(records.FIRMWARE) or b"", "big")

    def raise_firmware_floor(self, number: int) -> None:
        """A firmware that stays says what may come after it; this never goes back."""
        if number > self.firmware_floor:
            self.users.invalidate_images()
            self._journal.put(records.FIRMWARE, 0, number.to_bytes(4, "big"))

    def note(self, event: int, detail: int = 0) -> None:
        """Write an event into the audit ring."""
        self.audit.add(event, self.seed.boots, self.statements.seq, detail)

    def let_in(self, data_key: bytearray, random: "Random", tick: "Callable[[], None]") -> None:
        """A PIN was right and gave the data key (32 bytes): keep it, and finish what a power cut
        has left undone.  Raises EntropyFailed, StoreFull.
        """
        self.keys.set_data_key(data_key)
        try:
            settled = self.recovery.finish_pending_shares(random, tick)
        except BaseException:
            self.keys.drop_data_key()
            raise
        if self.identity.adopt_next_key_pair():
            # again: an image without the end of the log would not know of the first time
            self.users.invalidate_images()
            settled = True
        if self.identity.reseal_private_key() or settled:
            tidy()
            self._journal.compact()  # no trace of the other seal stays on flash

    def set_pin(
        self, slot: int, pin: bytes, random: "Random", iterations: int, tick: "Callable[[], None]"
    ) -> None:
        """Give a slot its PIN.  The first one makes the data key, and seals the private key under
        it.  Raises Locked.
        """
        self.ensure_device(random)
        first = not self.users.slots()
        if first:
            data_key = bytearray(32)
            random.fill(data_key)
            self.keys.set_data_key(data_key)
        data_key = self.keys.data_key()
        self.users.set_pin(slot, pin, random.take(16), iterations, data_key)
        data_key[:] = bytes(len(data_key))
        if first:
            self.recovery.finish_pending_shares(random, tick)
            self.identity.reseal_private_key()
            self.keys.drop_data_key()
        self._journal.compact()  # nor does what the PIN before opened

    def unblock(
        self,
        data_key: bytearray,
        slot: int,
        pin: bytes,
        random: "Random",
        iterations: int,
        tick: "Callable[[], None]",
    ) -> int:
        """The officers' codes were right and gave the data key: set the PIN, which uses them up;
        return the number of the new shares.
        """
        shares = self.recovery.shares()
        self.users.invalidate_images()  # no image from before brings the codes back
        self.users.set_pin(
            slot, pin, random.take(16), iterations, data_key, shares.number if shares else 0
        )
        self.keys.set_data_key(data_key)
        try:
            self.recovery.finish_pending_shares(random, tick)
            self.identity.reseal_private_key()
        finally:
            self.keys.drop_data_key()
        self._journal.compact()  # nothing that the PIN and the codes before opened stays
        shares = self.recovery.shares()
        return shares.number if shares else 0

    def remove_user(self, slot: int) -> None:
        """Take a user's way to the data key off the flash, and out of every image of it from
        before.
        """
        self.users.invalidate_images()
        self.users.remove(slot)
        self._journal.compact()

    def wipe(self) -> int:
        """Destroy key pair, profile, PINs, statements and receipts, also their traces on flash;
        return the new generation.

        Anchor, device secret, generation, log point, seed and faults stay.  The generation rises
        first: a cut in between leaves a key that counts one wipe too many, never one that forgets a
        wipe.
        """
        generation = self.identity.generation + 1
        self._journal.put(records.GENERATION, 0, generation.to_bytes(4, "big"))
        self._journal.survives = lambda kind, number: kind in SURVIVE_A_WIPE
        try:
            self._journal.compact()
        finally:
            self._journal.survives = self._survives
        self.keys.drop_data_key()
        self.identity.load()
        self.statements.load()
        self.users.invalidate_images()  # nor does an image from before bring back what is gone
        return generation

    def _prepare(self) -> None:
        """A compaction begins: look up once what ``_survives`` is asked for every record."""
        self.statements.prepare()
        self.card.prepare()

    def _survives(self, kind: int, number: int) -> "tuple[int, bytes] | bool":
        if kind in (records.STATEMENT, records.RECEIPT, records.LINK):
            return self.statements.on_compaction(kind, number)
        if kind == records.SECTION:
            return self.card.on_compaction(number)
        if kind == records.PART:
            return self.outbox.on_compaction(number)
        if kind in EMPTY_WHEN_OVER:
            return bool(self._journal.peek(kind, number, 1))
        return True
