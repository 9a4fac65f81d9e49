"""The office's latest status of this key: active, suspended or revoked (SPEC section 6.11).

A status older than the current certificate is ignored, because the office certifies no suspended
key.  A revocation is never ignored: it lasts until the key pair is wiped.  On a board without a
tally an older image of the flash may lack a status; then the office sends it again.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import StatusManifest
from biandun_protocol.wire.numbers import STANDING_REVOKED
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal


class KeyStatus:
    """The status in force."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal

    def known(self, not_before: int) -> "StatusManifest | None":
        """Return the status in force.

        None when the office has stated none since ``not_before`` (seconds since 1970), the
        beginning of the certificate.
        """
        raw = self.raw()
        status = codec.decode(StatusManifest, raw) if raw else None
        if status is None or (status.since < not_before and status.standing != STANDING_REVOKED):
            return None
        return status

    def raw(self) -> "bytes | None":
        """Return the manifest that was stored last, in force or not."""
        return self._journal.get(records.STATUS)

    def keep(self, manifest: bytes) -> None:
        """Replace the status by a newer one, which the caller has verified."""
        self._journal.put(records.STATUS, 0, manifest)

    def limit_since(self, time: int) -> None:
        """Lower the time of the stored status to ``time`` (seconds since 1970), if it is later.

        Used when the office's clock was wrong: its next status must be newer than this one.
        """
        raw = self.raw()
        status = codec.decode(StatusManifest, raw) if raw else None
        if status is not None and status.since > time:
            status.since = time
            self.keep(codec.encode(status))
