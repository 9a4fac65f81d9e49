"""The journal with authenticated records: each is linked to the one before under a device key.

    stored = payload || link        link = HMAC(device key, link before || kind || number || length || payload)[:16]

Changing, removing, adding or moving a record on flash is detected at the next boot.  The chain of a
bank begins with its generation.  Until a device has a secret its key is zeros; the DEVICE record,
kind 0, which carries the secret on boards without one-time-programmable memory, is the last one
under zeros, and compaction writes it first.  Links cannot detect a truncated bank or an older image
of the whole flash: that takes a counter outside flash (``users``).

A key whose active bank has no links, or wrong ones, is damaged.  Neighbours: all modules of
``vault`` store their records here; ``store.journal`` below knows nothing of keys.
"""  # noqa: E501

from hashlib import sha256

from etoken.crypto.hmac import hmac_sha256
from etoken.store.journal import NUMBER_BITS, Journal, StoreDamaged
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Flash

LINK = 16
NO_SECRET = bytes(32)
START = b"biandun bank"
READ = 256


class Sealed(Journal):
    """A journal whose records are linked.

    ``secret`` is the one in the board's one-time-programmable memory, if any.
    """

    def __init__(self, flash: "Flash", secret: "bytes | None") -> None:
        self._fixed = secret
        self._key = _link_key(secret or NO_SECRET)
        self._link = b""
        self._booting, self._unsettled = True, False
        super().__init__(flash)
        self._booting = False
        self._link = self._begin(self.generation)
        if self.damaged:
            return
        if self._verify():
            if self._unsettled:
                self.compact()  # torn record at the end: continue on clean flash
            return
        if self._fixed is not None and self._verify_unfitted():
            self.compact()  # power was cut between writing the secret and its first use
            return
        self.damaged = True

    @property
    def device_secret(self) -> "bytes | None":
        """The device secret (32 bytes), None before there is one."""
        return self._fixed or self.get(records.DEVICE)

    def set_device_secret(self, secret: bytes) -> None:
        """Store a new device secret in the journal, and link all records anew under it."""
        self.put(records.DEVICE, 0, secret)
        self.compact()

    def relink_under(self, secret: bytes) -> None:
        """Link all records anew under a secret that was written to the board's memory."""
        self._fixed = secret
        self.compact()

    def get(self, kind: int, number: int = 0) -> "bytes | None":
        """Return the newest payload of (kind, number), or None."""
        stored = super().get(kind, number)
        return stored if stored is None else stored[:-LINK]

    def peek(self, kind: int, number: int, size: int) -> "bytes | None":
        """Return the first ``size`` bytes of a payload, or None; cheaper than ``get``."""
        at = self._index.get(kind << NUMBER_BITS | number)
        if at is None:
            return None
        return super().peek(kind, number, min(size, self._length(at) - LINK))

    def has_room(self, size: int) -> bool:
        """Return whether a payload of ``size`` bytes fits without compaction."""
        return super().has_room(size + LINK)

    def put(self, kind: int, number: int, payload: bytes) -> None:
        """Append a record; when this returns it is on flash.  Raises StoreFull, StoreDamaged."""
        if self.damaged:
            raise StoreDamaged
        if not self.has_room(len(payload) + LINK):
            # before the link is computed, since compaction changes the previous link
            self.compact()
        link = self._next(self._link, kind, number, payload)
        super().put(kind, number, payload + link)
        self._link = link
        if kind == records.DEVICE:
            self._key = _link_key(payload)

    def compact(self) -> None:
        """Copy what survives to the other bank, linked anew.  Raises StoreDamaged."""
        if self._booting and self._index:
            self._unsettled = True  # the links must be verified first
            return
        survives, key, link, generation = self.survives, self._key, self._link, self.generation
        self._key = _link_key(self._fixed or NO_SECRET)
        self._link = self._begin(self.generation + 1)

        def linked(kind: int, number: int) -> "tuple[int, bytes] | bool":
            kept = survives(kind, number)
            if kept is False:
                return False
            if kept is True:
                payload = self.get(kind, number) or b""
            else:
                kind, payload = kept  # type: ignore[misc]
            self._link = self._next(self._link, kind, number, payload)
            if kind == records.DEVICE:
                self._key = _link_key(payload)
            return kind, payload + self._link

        self.survives = linked
        try:
            super().compact()
        except BaseException:
            # otherwise the new bank counts already, and only clearing the old one failed
            if self.generation == generation:
                self._key, self._link = key, link
            raise
        finally:
            self.survives = survives

    def _begin(self, generation: int) -> bytes:
        return START + generation.to_bytes(4, "big")

    def _next(self, before: bytes, kind: int, number: int, payload: bytes) -> bytes:
        head = bytes((kind,)) + number.to_bytes(4, "big") + len(payload).to_bytes(2, "big")
        return hmac_sha256(self._key, before + head + payload)[:LINK]

    def _verify(self) -> bool:
        """Verify all links of the active bank.

        Leaves the last link and the current key where ``put`` continues.
        """
        buffer = memoryview(bytearray(READ))
        link = self._link
        for kind, number, at, stored in self.each():
            size = stored - LINK
            if size < 0:
                return False
            # HMAC in pieces: a payload need not fit the heap
            inner = sha256(_padded(self._key, 0x36))
            inner.update(link)
            inner.update(bytes((kind,)) + number.to_bytes(4, "big") + size.to_bytes(2, "big"))
            for offset in range(0, size, READ):
                part = buffer[: min(READ, size - offset)]
                self._flash.read_into(at + offset, part)
                inner.update(part)
            outer = sha256(_padded(self._key, 0x5C))
            outer.update(inner.digest())
            link = outer.digest()[:LINK]
            if link != self._flash.read(at + size, LINK):
                return False
            if kind == records.DEVICE:
                self._key = _link_key(self._flash.read(at, size))
        self._link = link
        return True

    def _verify_unfitted(self) -> bool:
        """Return whether this bank was written before the board's memory had a secret.

        Such a bank can hold nothing that matters yet.
        """
        if any(kind not in records.BEFORE_SECRET for kind, _, _, _ in self.each()):
            return False
        self._key, self._link = _link_key(NO_SECRET), self._begin(self.generation)
        return self._verify()


def _link_key(secret: bytes) -> bytes:
    return hmac_sha256(secret, b"biandun link")


def _padded(key: bytes, filler: int) -> bytes:
    return bytes(byte ^ filler for byte in key) + bytes((filler,)) * (64 - len(key))
