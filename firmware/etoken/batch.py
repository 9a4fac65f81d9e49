"""A batch: manifests that a person has confirmed by one press of the button, each good for one
signature, for five minutes.

It is in memory only: it ends with the PIN that it was confirmed under, with the link, and with the
cable.
"""

from biandun_protocol.wire.numbers import LIMIT_BATCH_MS


class Batch:
    """``digests`` of manifests for one ``purpose``; ``digest`` names the whole of it in the
    headers.
    """

    def __init__(self, purpose: str, digests: "list[bytes]", digest: bytes, now: int) -> None:
        self.purpose = purpose
        self.digests = digests
        self.digest = digest
        self._until = now + LIMIT_BATCH_MS
        self._left = list(range(len(digests)))

    def place_of(self, purpose: str, digest: bytes, now: int) -> int:
        """The place in the batch of a manifest that may be signed without another press; -1 for any
        other.
        """
        if purpose != self.purpose or now > self._until:
            return -1
        for place in self._left:
            if self.digests[place] == digest:
                return place
        return -1

    def use(self, place: int) -> None:
        """This one is signed, or was tried."""
        self._left.remove(place)
