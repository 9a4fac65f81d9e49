"""Unblocking: the data key sealed under two shares that two officers hold.

    shares A, B: 16 random bytes each                    each sealed to one officer's point; the key itself does not keep them
    code of a share for a user's slot                    HMAC(share, "BD1/code" || slot), 60 bits: all that an officer reads out
    HMAC(device secret, "biandun shares" || number || both codes in ascending order)  --seals-->  data key, once for each slot

Specified in SPEC section 6.8; design: docs/design/key.md, "PIN and vault".  An attempt with codes
is counted before they are checked, like a PIN.  A pair of codes works once: the PIN that was set
with it records the number of its shares, and at the next login, which follows at once unless power
was cut, the key makes new shares with the next number.  Before the first PIN there is no data key;
until then the shares are kept under the device key, as the private key is.  The number never
decreases, not even in a reset, so the office knows which shares are newer.
"""  # noqa: E501

from biandun_protocol.wire import cbor
from biandun_protocol.wire.numbers import (
    LIMIT_CODE,
    LIMIT_SHARE,
    LIMIT_UNBLOCK_TRIES,
    LIMIT_USER_SLOTS,
)
from etoken.crypto.envelope import seal_to
from etoken.crypto.faults import SecretInvalid
from etoken.crypto.hmac import hmac_sha256
from etoken.vault import records
from etoken.vault.users import AttemptNotCounted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from etoken.crypto.envelope import Random
    from etoken.store.journal import Journal
    from etoken.vault.identity import Identity
    from etoken.vault.keys import Keys
    from etoken.vault.users import Users

# what SHARES stores: the shares under the device key; the data key under the shares
PENDING, READY = range(2)
LABEL = b"BD1/share"
NUMBER = 4
CODE = b"BD1/code"
SEALED_SHARES = 2 * LIMIT_SHARE  # both shares
SEALED = 48  # the data key under the codes of one slot


class Shares:
    """The shares as stored: ``envelopes`` for the first and second of ``officers``."""

    def __init__(self, raw: bytes) -> None:
        self.number: int
        self.officers: int
        self.first: bytes
        self.second: bytes
        self.scheme: int
        self.kept: bytes
        self.number, self.officers, self.first, self.second, self.scheme, self.kept = cbor.loads(
            raw
        )  # type: ignore[misc]


def code_of(share: bytearray, slot: int) -> bytearray:
    """Return the code of a share for a user's slot: 8 bytes, the upper four bits zero."""
    code = bytearray(hmac_sha256(bytes(share), CODE + bytes((slot,)))[:LIMIT_CODE])
    code[0] &= 0x0F  # 60 bits, twelve letters
    return code


class NoPoint(Exception):
    """An officer's point is not on the curve."""


class Recovery:
    """Officers, shares, and the count of attempts."""

    def __init__(
        self, journal: "Journal", keys: "Keys", identity: "Identity", users: "Users"
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._identity = identity
        self._users = users

    def shares(self) -> "Shares | None":
        """Return the shares in force."""
        raw = self._journal.get(records.SHARES)
        return Shares(raw) if raw else None

    @property
    def officers(self) -> int:
        """Version of the officers' statement that the key has; 0 without one."""
        raw = self._journal.get(records.OFFICERS)
        return cbor.loads(raw)[0] if raw else 0  # type: ignore[index]

    @property
    def tries_left(self) -> int:
        """How many attempts with codes are left."""
        return LIMIT_UNBLOCK_TRIES - self._failures()

    def set_officers(
        self,
        version: int,
        first: bytes,
        second: bytes,
        random: "Random",
        tick: "Callable[[], None]",
    ) -> int:
        """Store two officers' points and make shares for them; return the number of the shares.

        Once there is a PIN, a user must be logged in, because the shares seal the data key; before,
        they are kept until there is one.

        Raises NoPoint; Locked.
        """
        made = self._make(version, first, second, random, tick)
        self._journal.put(records.OFFICERS, 0, cbor.dumps([version, first, second]))
        return self._keep(made)

    def finish_pending_shares(self, random: "Random", tick: "Callable[[], None]") -> bool:
        """Seal the data key under pending shares, or replace shares that were used.

        Returns whether anything was written.

        Raises Locked while no user is logged in.
        """
        shares = self.shares()
        if shares is None:
            return False
        if shares.scheme == PENDING:
            pair = self._keys.open(shares.kept, LABEL)
            if pair is None:
                raise SecretInvalid
            raw = self._record(shares.number, shares.officers, (shares.first, shares.second), pair)
            pair[:] = bytes(len(pair))
        elif self._users.is_used(shares.number):
            version, first, second = cbor.loads(self._journal.get(records.OFFICERS) or b"")  # type: ignore[misc]
            raw = self._make(version, first, second, random, tick)
        else:
            return False
        self._keep(raw)
        return True

    def open(self, slot: int, first: bytes, second: bytes) -> "bytearray | None":
        """Count an attempt, then check the codes for a slot.

        The caller has checked that there are shares and attempts left.  Returns the data key, None
        for wrong codes.

        Raises AttemptNotCounted.
        """
        shares, failures = self.shares(), self._failures() + 1
        if shares is None:
            return None
        self._users.burn()
        self._count(shares.number, failures)
        if self._failures() != failures:
            raise AttemptNotCounted
        if shares.scheme != READY or self._users.is_used(shares.number):
            return None
        pair = bytearray(first + second)
        key = self._keys.shares_key(shares.number, pair)
        pair[:] = bytes(len(pair))
        data_key = self._keys.unwrap(
            records.SHARES + slot, key, shares.kept[slot * SEALED : (slot + 1) * SEALED]
        )
        key[:] = bytes(len(key))
        return data_key

    def _keep(self, raw: bytes) -> int:
        """Put shares in force; their number is stored separately as well, to survive a reset."""
        number = Shares(raw).number
        if self._counted()[0] != number:
            self._count(number, 0)  # first: a number must never be used again
        self._journal.put(records.SHARES, 0, raw)
        return number

    def _make(
        self,
        version: int,
        first: bytes,
        second: bytes,
        random: "Random",
        tick: "Callable[[], None]",
    ) -> bytes:
        """Make new shares; return their record.  Raises NoPoint."""
        shares = self.shares()
        number = max(shares.number if shares else 0, self._counted()[0]) + 1
        pair = bytearray(SEALED_SHARES)
        random.fill(pair)
        try:
            envelopes = (
                self._seal(number, 1, first, pair, random, tick),
                self._seal(number, 2, second, pair, random, tick),
            )
            return self._record(number, version, envelopes, pair)
        finally:
            pair[:] = bytes(len(pair))

    def _seal(
        self,
        number: int,
        place: int,
        point: bytes,
        pair: bytearray,
        random: "Random",
        tick: "Callable[[], None]",
    ) -> bytes:
        suite, device = self._identity.suite, self._identity.device_key
        if suite is None or device is None:
            raise ValueError("shares on a key without an anchor")
        share = pair[(place - 1) * LIMIT_SHARE : place * LIMIT_SHARE]
        envelope = seal_to(
            suite.crypto,
            point,
            LABEL + bytes((place,)) + number.to_bytes(NUMBER, "big") + device,
            share,
            random,
            tick,
        )
        share[:] = bytes(len(share))
        if envelope is None:
            raise NoPoint
        return envelope

    def _record(
        self, number: int, officers: int, envelopes: "tuple[bytes, bytes]", pair: bytearray
    ) -> bytes:
        if not self._users.slots():
            scheme, kept = PENDING, self._keys.seal(pair, LABEL)
        else:
            scheme, kept, data_key = READY, b"", self._keys.data_key()
            for slot in range(LIMIT_USER_SLOTS):
                codes = code_of(pair[:LIMIT_SHARE], slot) + code_of(pair[LIMIT_SHARE:], slot)
                key = self._keys.shares_key(number, codes)
                kept += self._keys.wrap(records.SHARES + slot, key, data_key)
                codes[:] = bytes(len(codes))
                key[:] = bytes(len(key))
            data_key[:] = bytes(len(data_key))
        return cbor.dumps([number, officers, envelopes[0], envelopes[1], scheme, kept])

    # --- the count ----------------------------------------------------
    def _failures(self) -> int:
        shares, (number, failures) = self.shares(), self._counted()
        return failures if shares is not None and number == shares.number else 0

    def _counted(self) -> "tuple[int, int]":
        raw = self._journal.get(records.UNBLOCK_FAILURES)
        return (int.from_bytes(raw[:NUMBER], "big"), raw[NUMBER]) if raw else (0, 0)

    def _count(self, number: int, failures: int) -> None:
        raw = (
            number.to_bytes(NUMBER, "big")
            + bytes((failures,))
            + self._users.tally().to_bytes(4, "big")
        )
        self._journal.put(records.UNBLOCK_FAILURES, 0, raw)
