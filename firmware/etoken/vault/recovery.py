"""The way back in for who has forgotten a PIN: the data key, sealed under two shares that two
officers hold (docs/design/key.md, "PIN and vault").

    shares A, B: 16 random bytes each                    each sealed to one officer's point; the key itself forgets them
    code of a share for a user's slot                    HMAC(share, "BD1/code" || slot), 60 bits: an officer reads out no more than that
    HMAC(device secret, "biandun shares" || number || both codes in ascending order)  --seals-->  data key, once for each slot

A pair of codes is counted before it is looked at, like a PIN, and good once: the PIN that was set
by them says so in its own record, and the next time somebody is in, which is at once unless the
plug was pulled, the key makes new shares with the next number.  Before the first PIN there is no
data key; until then the shares wait under the device key, as the private key does.  The number
never goes back, not in a reset either, so the office knows which shares are newer.
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

# what is kept: the shares under the device key; the data key under the shares
PENDING, READY = range(2)
LABEL = b"BD1/share"
NUMBER = 4
CODE = b"BD1/code"
SEALED_SHARES = 2 * LIMIT_SHARE  # both shares
SEALED = 48  # the data key under the codes of one slot


class Shares:
    """The shares as they stand on flash: ``envelopes`` for the first and the second officer of
    ``officers``.
    """

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
    """What an officer reads out for a user's slot: 8 bytes, the upper four bits zero."""
    code = bytearray(hmac_sha256(bytes(share), CODE + bytes((slot,)))[:LIMIT_CODE])
    code[0] &= 0x0F  # sixty bits, twelve letters
    return code


class NoPoint(Exception):
    """An officer's point is none of the curve."""


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
        """The shares that are in force."""
        raw = self._journal.get(records.SHARES)
        return Shares(raw) if raw else None

    @property
    def officers(self) -> int:
        """Version of the officers' statement that the key knows, 0 without one."""
        raw = self._journal.get(records.OFFICERS)
        return cbor.loads(raw)[0] if raw else 0  # type: ignore[index]

    @property
    def tries_left(self) -> int:
        """How many wrong pairs of codes are left."""
        return LIMIT_UNBLOCK_TRIES - self._failures()

    def name(
        self,
        version: int,
        first: bytes,
        second: bytes,
        random: "Random",
        tick: "Callable[[], None]",
    ) -> int:
        """Take over two officers' points and make shares for them; return their number.  Raises
        NoPoint.

        Who is in, if there is a PIN yet: the shares open the data key; before that they wait for
        it.
        """
        made = self._make(version, first, second, random, tick)
        self._journal.put(records.OFFICERS, 0, cbor.dumps([version, first, second]))
        return self._keep(made)

    def finish_pending_shares(self, random: "Random", tick: "Callable[[], None]") -> bool:
        """Seal the data key under shares that are pending, or replace shares that were used; return
        whether anything was written.  Raises Locked while no user is logged in.
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
        """Count an attempt, then try the codes for a slot; the caller has seen to it that there are
        shares and tries left.

        Returns the data key, or None for codes that are not those.  Raises AttemptNotCounted.
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
        """Put shares in force; their number is remembered apart, for after a reset."""
        number = Shares(raw).number
        if self._counted()[0] != number:
            self._count(number, 0)  # first: a number that was given out is never given out again
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
        """New shares, as a record.  Raises NoPoint."""
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
