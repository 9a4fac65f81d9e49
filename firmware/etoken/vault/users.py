"""The people who use a key: a PIN per slot, counted before it is looked at.

An attempt is written to flash and read back before the PIN is derived and compared (TOKEN section 5): pulling the plug at any
moment never gives a try back.  A right PIN sets the count to zero.  What is stored is a verifier under a secret of the
device, so a copy of the records alone allows no search.  Until the sealed vault arrives the PIN guards the key's use, not
its flash.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES
from etoken.crypto.hmac import hmac_sha256
from etoken.crypto.pbkdf2 import equal, pbkdf2_sha256
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal

SALT = 16


class AttemptNotCounted(Exception):
    """The counter did not read back as written: the flash is failing, and no PIN is examined."""


class Users:
    """PINs by slot."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def slots(self) -> "list[int]":
        """The slots that have a PIN, ascending."""
        return self._journal.numbers(records.PIN)

    def has_pin(self, slot: int) -> bool:
        """Has this slot a PIN?"""
        return self._journal.get(records.PIN, slot) is not None

    def tries_left(self, slot: int) -> int:
        """How many wrong PINs are left; 0 means locked."""
        return max(LIMIT_PIN_TRIES - self._failures(slot), 0)

    def set_pin(self, slot: int, pin: bytes, salt: bytes, iterations: int, secret: bytes) -> None:
        """Store a PIN; ``secret`` is used only when the device has none yet.  The count goes to zero with it."""
        if self._journal.get(records.DEVICE_SECRET) is None:
            self._journal.put(records.DEVICE_SECRET, 0, secret)
        verifier = self._derive(pin, salt, iterations)
        self._journal.put(records.PIN, slot, cbor.dumps([salt, iterations, verifier]))
        self._journal.put(records.PIN_FAILURES, slot, b"\0")

    def verify(self, slot: int, pin: bytes) -> bool:
        """Count an attempt, then examine the PIN.  The caller has seen to it that the slot has a PIN and tries left."""
        failures = self._failures(slot) + 1
        # counted before compared: a power cut must not give a free try
        self._journal.put(records.PIN_FAILURES, slot, bytes((failures,)))
        if self._failures(slot) != failures:
            raise AttemptNotCounted
        salt, iterations, verifier = cbor.loads(self._journal.get(records.PIN, slot) or b"")  # type: ignore[misc]
        good = equal(self._derive(pin, salt, iterations), verifier)
        if good:
            self._journal.put(records.PIN_FAILURES, slot, b"\0")
        return good

    def _failures(self, slot: int) -> int:
        raw = self._journal.get(records.PIN_FAILURES, slot)
        return raw[0] if raw else 0

    def _derive(self, pin: bytes, salt: bytes, iterations: int) -> bytes:
        secret = self._journal.get(records.DEVICE_SECRET) or b""
        return hmac_sha256(secret, pbkdf2_sha256(pin, salt, iterations))
