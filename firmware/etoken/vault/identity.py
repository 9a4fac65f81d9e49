"""Who the key is: anchor, key pair, profile.  Read once at start and after each change; the private key stays on flash.

Neighbours: ``commands`` change it, ``policy`` reads the profile, ``office`` uses the anchors.
"""

from biandun_protocol.wire import cbor, codec
from biandun_protocol.wire.messages import IssuerManifest, ProfileManifest
from biandun_protocol.wire.numbers import STATE_ANCHORED, STATE_BLANK, STATE_KEYED, STATE_PERSONALISED
from etoken.suite import suite_of
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.journal import Journal
    from etoken.suite import Suite

SECRET, SECRET_AT = 32, 3  # a KEY_PAIR record begins 82 58 20: array of two, then the private key


class Identity:
    """The key's identity as it stands on flash."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal
        self.load()

    def load(self) -> None:
        """Read everything again."""
        self.issuer: "IssuerManifest | None" = None
        self.suite: "Suite | None" = None
        self.public_key: "bytes | None" = None
        self.profile: "ProfileManifest | None" = None
        anchor = self.anchor()
        if anchor:
            self.issuer = codec.decode(IssuerManifest, anchor[2])
            self.suite = suite_of(anchor[1])
        pair = self._read(records.KEY_PAIR)
        if pair:
            self.public_key = pair[1]
        profile = self._read(records.PROFILE)
        if profile:
            self.profile = codec.decode(ProfileManifest, profile[1])

    @property
    def state(self) -> int:
        """Where in its life the key is (wire numbers STATE_*)."""
        if self.issuer is None:
            return STATE_BLANK
        if self.public_key is None:
            return STATE_ANCHORED
        return STATE_KEYED if self.profile is None else STATE_PERSONALISED

    @property
    def generation(self) -> int:
        """How often the key has been wiped."""
        raw = self._journal.get(records.GENERATION)
        return int.from_bytes(raw, "big") if raw else 0

    def anchor(self) -> "list[bytes]":
        """Return [root public key, issuer statement, issuer manifest]; empty while blank."""
        return self._read(records.ANCHOR)

    def has_anchor(self, root_public_key: bytes, manifest: bytes) -> bool:
        """Is this the anchor that the key already has?"""
        anchor = self.anchor()
        return bool(anchor) and anchor[0] == root_public_key and anchor[2] == manifest

    def set_anchor(self, root_public_key: bytes, statement: bytes, manifest: bytes) -> None:
        """Keep the anchor set; the caller has verified it."""
        self._write(records.ANCHOR, [root_public_key, statement, manifest])

    def set_key_pair(self, secret: bytearray, public_key: bytes) -> None:
        """Keep a new key pair (32 and 65 bytes)."""
        self._write(records.KEY_PAIR, [bytes(secret), public_key])

    def set_profile(self, statement: bytes, manifest: bytes, x509: bytes) -> None:
        """Keep the certificate in both forms; the caller has verified it."""
        self._write(records.PROFILE, [statement, manifest, x509])

    def certificate(self) -> "list[bytes]":
        """Return [profile statement, profile manifest, x509]; empty before personalisation."""
        return self._read(records.PROFILE)

    def secret(self) -> bytearray:
        """Return the private key (32 bytes), read straight into a bytearray that the caller overwrites when it has signed."""
        secret = bytearray(SECRET)
        self._journal.read_into(records.KEY_PAIR, 0, SECRET_AT, memoryview(secret))
        return secret

    def _read(self, kind: int) -> "list[bytes]":
        raw = self._journal.get(kind)
        return cbor.loads(raw) if raw else []  # type: ignore[return-value]

    def _write(self, kind: int, content: "list[bytes]") -> None:
        self._journal.put(kind, 0, cbor.dumps(content))
        self.load()
