"""A manifest while it streams through the key: hashed and its summary checked, but not stored.

Memory use is the same for 2 KB and for 1 MiB: at most the first LIMIT_SUMMARY bytes are held, and
only until the summary is read.  Once a stream was refused, every further call raises the same
refusal.
"""

from biandun_protocol.wire.numbers import (
    ERROR_DIGEST_MISMATCH,
    ERROR_LENGTH_MISMATCH,
    ERROR_SUMMARY_MALFORMED,
    LIMIT_SUMMARY,
)
from etoken import policy
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from biandun_protocol.wire.messages import ProfileManifest, SignBeginRequest, Summary


class ManifestStream:
    """Takes the bytes announced by one ``sign_begin``.

    ``running`` is a fresh hash object of the key's suite.
    """

    def __init__(
        self, request: "SignBeginRequest", profile: "ProfileManifest", running: "Any"
    ) -> None:
        self.request = request
        self.received = 0
        self.summary: "Summary | None" = None
        self.refusal: "Refused | None" = None
        self._profile = profile
        self._hash = running
        self._head = b""

    def feed(self, chunk: memoryview) -> None:
        """Take the next bytes.  Raises Refused, and the same Refused in every later call."""
        if self.refusal:
            raise self.refusal
        try:
            self._take(chunk)
        except Refused as refusal:
            self.refusal = refusal
            raise

    def _take(self, chunk: memoryview) -> None:
        if self.received + len(chunk) > self.request.length:
            raise Refused(ERROR_LENGTH_MISMATCH)
        self._hash.update(chunk)
        self.received += len(chunk)
        if self.summary is None:
            # one byte for the array head, one more to see that the summary is too long
            self._head += bytes(chunk[: LIMIT_SUMMARY + 2 - len(self._head)])
            summary = policy.read_summary(self._head)
            if summary is not None:
                policy.check_summary(self._profile, self.request.purpose, summary)
                self.summary = summary
                self._head = b""

    def finish(self) -> bytes:
        """Return the digest of the manifest (32 bytes).

        Raises Refused when bytes are missing or differ from those that were announced.
        """
        if self.refusal:
            raise self.refusal
        if self.received != self.request.length:
            raise Refused(ERROR_LENGTH_MISMATCH)
        if self.summary is None:
            raise Refused(ERROR_SUMMARY_MALFORMED)
        digest = self._hash.digest()
        if digest != self.request.digest:
            raise Refused(ERROR_DIGEST_MISMATCH)
        return digest
