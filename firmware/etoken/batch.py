"""A batch: manifests that the user has confirmed with one press of the button.

Each may be signed once, within LIMIT_BATCH_MS (five minutes).  A batch is kept in memory only: it
ends with the login under which it was confirmed, with the session and when the key is unplugged.
"""

from biandun_protocol.wire.numbers import LIMIT_BATCH_MS


class Batch:
    """A confirmed batch.

    ``digests`` are the digests of the manifests (32 bytes each), ``purpose`` is the one purpose
    that they may be signed for, ``digest`` identifies the whole batch in the protected headers, and
    ``now`` is the time of the confirmation in milliseconds of the key's clock.
    """

    def __init__(self, purpose: str, digests: "list[bytes]", digest: bytes, now: int) -> None:
        self.purpose = purpose
        self.digests = digests
        self.digest = digest
        self._until = now + LIMIT_BATCH_MS
        self._left = list(range(len(digests)))

    def place_of(self, purpose: str, digest: bytes, now: int) -> int:
        """Return the index in the batch of a manifest that may be signed without another press.

        -1 for a manifest that is not in the batch, was used already, or comes too late (``now`` in
        milliseconds).
        """
        if purpose != self.purpose or now > self._until:
            return -1
        for place in self._left:
            if self.digests[place] == digest:
                return place
        return -1

    def use(self, place: int) -> None:
        """Mark the manifest at index ``place`` as used: it was signed, or signing was attempted."""
        self._left.remove(place)
