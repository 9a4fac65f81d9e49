"""The outbox of an open key: filings that are carried to a computer with a network.

SPEC section 6.6.
"""

from biandun.errors import KeyRefused
from biandun.key.access import Access
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.wire import messages as wire
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND, LIMIT_OUTBOX, LIMIT_PARCELS, LIMIT_PIECE


class Outbox:
    """The outbox on an open key: one parcel per statement, named by its idempotency key."""

    def __init__(self, key: Access) -> None:
        self._key = key

    def put(self, name: bytes, content: bytes) -> None:
        """Write the parcel of the statement signed under ``name`` (16 bytes).

        It continues an earlier attempt.  Raises KeyRefused: not-found when this key signed nothing
        under that name, outbox-full, store-full; ManifestProblem(too-large).
        """
        key = self._key
        if not 0 < len(content) <= LIMIT_OUTBOX:
            raise ManifestProblem("too-large", limit=LIMIT_OUTBOX)
        begin = wire.OutboxBeginRequest(name, len(content), key.algorithm.digest(content))
        missing = key.unlocked(lambda: key.call(begin, wire.OutboxBeginReply)).next
        key.send_parts(
            "sending",
            missing,
            _parts(len(content)),
            lambda index: (
                key.call(
                    wire.OutboxPartRequest(
                        name, index, content[index * LIMIT_PIECE : (index + 1) * LIMIT_PIECE]
                    ),
                    wire.OutboxPartReply,
                ).next
            ),
        )

    def entries(self) -> list[wire.OutboxEntryReply]:
        """Return the entries of the outbox; one is complete when ``next`` counts all its parts."""
        found: list[wire.OutboxEntryReply] = []
        for place in range(LIMIT_PARCELS):
            try:
                found.append(self._key.call(wire.OutboxEntryRequest(place), wire.OutboxEntryReply))
            except KeyRefused as refusal:
                if refusal.number != ERROR_NOT_FOUND:
                    raise
        return found

    def read(self, entry: wire.OutboxEntryReply) -> bytes:
        """Read a parcel.

        Raises KeyRefused(not-found) while parts are missing, StatementProblem(digest-mismatch).
        """
        parts = range(_parts(entry.length))
        content = b"".join(
            self._key.unlocked(lambda at=index: self._part(entry.name, at)) for index in parts
        )
        if self._key.algorithm.digest(content) != entry.digest:
            raise StatementProblem("digest-mismatch")
        return content

    def drop(self, name: bytes) -> None:
        """Delete a parcel; one that does not exist is no error."""
        self._key.unlocked(
            lambda: self._key.call(wire.OutboxDropRequest(name), wire.OutboxDropReply)
        )

    def _part(self, name: bytes, index: int) -> bytes:
        return self._key.call(wire.OutboxReadRequest(name, index), wire.OutboxReadReply).content


def _parts(length: int) -> int:
    return -(-length // LIMIT_PIECE)
