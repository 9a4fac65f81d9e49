"""What the office has said last of this key: it may sign, it is suspended, it is revoked (SPEC
section 6.11).

A certificate is a newer word than a status from before it: the office makes none for a key that may
not sign.  Only what is revoked stays so until the key pair is wiped.  On a board without a tally an
older image of the flash may not know of a status; then the office says it again.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import StatusManifest
from biandun_protocol.wire.numbers import STANDING_REVOKED
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal


class Standing:
    """The status in force."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def known(self, not_before: int) -> "StatusManifest | None":
        """Return it; None when the office has said nothing since ``not_before``, the beginning of
        the certificate.
        """
        raw = self.raw()
        status = codec.decode(StatusManifest, raw) if raw else None
        if status is None or (status.since < not_before and status.standing != STANDING_REVOKED):
            return None
        return status

    def raw(self) -> "bytes | None":
        """The manifest that was kept last, whatever has come since."""
        return self._journal.get(records.STATUS)

    def keep(self, manifest: bytes) -> None:
        """A younger one takes its place.  The caller has verified it."""
        self._journal.put(records.STATUS, 0, manifest)

    def limit_since(self, time: int) -> None:
        """Lower the time of the status kept to ``time`` (seconds since 1970) if it is later: the
        office had a wrong clock, and its next status has to be newer than this one.
        """
        raw = self.raw()
        status = codec.decode(StatusManifest, raw) if raw else None
        if status is not None and status.since > time:
            status.since = time
            self.keep(codec.encode(status))
