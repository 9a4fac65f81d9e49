"""The vault: everything that the key stores, over one sealed journal.

``sealed`` links the records, ``keys`` defines which key seals what, the other modules store one
kind of data each.
"""

from etoken.heap import tidy
from etoken.vault import records
from etoken.vault.audit import Audit
from etoken.vault.card import Card
from etoken.vault.faults import Faults
from etoken.vault.identity import Identity
from etoken.vault.key_status import KeyStatus
from etoken.vault.keys import Keys
from etoken.vault.orders import Orders
from etoken.vault.outbox import Outbox
from etoken.vault.recovery import Recovery
from etoken.vault.sealed import Sealed
from etoken.vault.seed import Seed
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
        """One-time-programmable memory: the device secret, written once, and a tally."""

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
    """All stored data of one key.

    ``delay_ms`` milliseconds stand for one second of waiting after wrong PINs.
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
        self.key_status = KeyStatus(self._journal)
        self.seed = Seed(self._journal)
        self.faults = Faults(self._journal)
        self.audit = Audit(self._journal)
        self._journal.survives, self._journal.prepare = self._survives, self._prepare

    @property
    def damaged(self) -> bool:
        """Whether the flash contradicts itself; then nothing is signed any more."""
        return self._journal.damaged

    def ensure_device(self, random: "Random") -> None:
        """Give the device its secret, once, from random bytes."""
        if self.keys.has_device:
            return
        secret = random.take(32)
        if self._otp is not None:
            self._otp.write_secret(secret)
            # an earlier attempt that was cut off may have burned bits already
            secret = self._otp.secret() or secret
            self._journal.relink_under(secret)
        else:
            self._journal.set_device_secret(secret)
        self.keys.load(secret)

    @property
    def firmware_floor(self) -> int:
        """The lowest release number of firmware that this key accepts."""
        return int.from_bytes(self._journal.get(records.FIRMWARE) or b"", "big")

    def raise_firmware_floor(self, number: int) -> None:
        """Raise the lowest accepted release number; it never falls."""
        if number > self.firmware_floor:
            self.users.invalidate_images()
            self._journal.put(records.FIRMWARE, 0, number.to_bytes(4, "big"))

    def note(self, event: int, detail: int = 0) -> None:
        """Append an event to the audit ring."""
        self.audit.add(event, self.seed.boots, self.statements.seq, detail)

    def log_in(self, data_key: bytearray, random: "Random", tick: "Callable[[], None]") -> None:
        """Log a user in after a right PIN, and finish what a power cut interrupted.

        ``data_key`` has 32 bytes.

        Raises EntropyFailed, StoreFull.
        """
        self.keys.set_data_key(data_key)
        try:
            settled = self.recovery.finish_pending_shares(random, tick)
        except BaseException:
            self.keys.drop_data_key()
            raise
        if self.identity.adopt_next_key_pair():
            # again: an image without the last records would not contain the first time
            self.users.invalidate_images()
            settled = True
        if self.identity.reseal_private_key() or settled:
            tidy()
            self._journal.compact()  # erase the private key sealed under the device key from flash

    def set_pin(
        self, slot: int, pin: bytes, random: "Random", iterations: int, tick: "Callable[[], None]"
    ) -> None:
        """Set a slot's PIN.

        The first one creates the data key and seals the private key under it.

        Raises Locked.
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
        self._journal.compact()  # erase what the previous PIN opens

    def unblock(
        self,
        data_key: bytearray,
        slot: int,
        pin: bytes,
        random: "Random",
        iterations: int,
        tick: "Callable[[], None]",
    ) -> int:
        """Set a PIN after the officers' codes gave the data key; this uses the codes up.

        Returns the number of the new shares.
        """
        shares = self.recovery.shares()
        self.users.invalidate_images()  # no earlier image restores the codes
        self.users.set_pin(
            slot, pin, random.take(16), iterations, data_key, shares.number if shares else 0
        )
        self.keys.set_data_key(data_key)
        try:
            self.recovery.finish_pending_shares(random, tick)
            self.identity.reseal_private_key()
        finally:
            self.keys.drop_data_key()
        self._journal.compact()  # erase what the previous PIN and codes open
        shares = self.recovery.shares()
        return shares.number if shares else 0

    def remove_user(self, slot: int) -> None:
        """Erase a user's access to the data key, and invalidate all earlier images of the flash."""
        self.users.invalidate_images()
        self.users.remove(slot)
        self._journal.compact()

    def wipe(self) -> int:
        """Destroy key pair, profile, PINs, statements and receipts, also their traces on flash.

        Returns the new generation.  Anchor, device secret, generation, log point, seed and faults
        stay.  The generation rises first: after a power cut it may count one wipe too many, never
        one too few.
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
        self.users.invalidate_images()  # no earlier image restores what was destroyed
        return generation

    def _prepare(self) -> None:
        """Before a compaction: look up once what ``_survives`` needs for every record."""
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
