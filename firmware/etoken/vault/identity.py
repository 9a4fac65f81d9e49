"""The identity of the key: anchor, key pair, profile.

It is read at boot and after each change; the private key stays sealed on flash.  Neighbours:
``commands`` change it, ``policy`` reads the profile, ``office`` uses the anchor.
"""

from biandun_protocol.wire import cbor, codec
from biandun_protocol.wire.messages import IssuerManifest, ProfileManifest
from biandun_protocol.wire.numbers import (
    STATE_ANCHORED,
    STATE_BLANK,
    STATE_KEYED,
    STATE_PERSONALISED,
)
from etoken.crypto.faults import SecretInvalid
from etoken.suite import suite_of
from etoken.vault import records
from etoken.vault.keys import UNDER_DATA, UNDER_DEVICE, Keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from etoken.store.journal import Journal
    from etoken.suite import Suite


class Identity:
    """The key's identity as stored on flash."""

    def __init__(self, journal: "Journal", keys: Keys) -> None:
        self._journal = journal
        self._keys = keys
        self.load()

    def load(self) -> None:
        """Read all records again."""
        self.issuer: "IssuerManifest | None" = None
        self.suite: "Suite | None" = None
        self.public_key: "bytes | None" = None
        # the public key of the pair that the office has not certified yet
        self.next_public_key: "bytes | None" = None
        self._own = records.KEY_PAIR
        self.device_key: "bytes | None" = None
        self.profile: "ProfileManifest | None" = None
        try:
            self._read_all()
        except Exception:
            if not self._journal.damaged:
                # a damaged key gives out what can be read
                raise

    def _read_all(self) -> None:
        anchor = self.anchor()
        if anchor:
            self.issuer = codec.decode(IssuerManifest, anchor[2])
            self.suite = suite_of(anchor[1])
        pair = self._read(records.KEY_PAIR)
        if pair:
            self.public_key = pair[0]
        device = self._read(records.DEVICE_KEY)
        if device:
            self.device_key = device[0]
        profile = self._read(records.PROFILE)
        if profile:
            self.profile = codec.decode(ProfileManifest, profile[1])
        following = self._read(records.NEXT_KEY_PAIR)
        if following and self.profile is not None and self.profile.public_key == following[0]:
            # the profile decides; ``adopt_next_key_pair`` moves the record later
            self.public_key, self._own = following[0], records.NEXT_KEY_PAIR
        elif following:
            self.next_public_key = following[0]

    @property
    def state(self) -> int:
        """The state of the key's life cycle (wire numbers STATE_*)."""
        if self.issuer is None:
            return STATE_BLANK
        if self.public_key is None:
            return STATE_ANCHORED
        return STATE_KEYED if self.profile is None else STATE_PERSONALISED

    @property
    def generation(self) -> int:
        """How often the key was wiped."""
        raw = self._journal.get(records.GENERATION)
        return int.from_bytes(raw, "big") if raw else 0

    def anchor(self) -> "list[bytes]":
        """Return [root public key, issuer statement, issuer manifest]; empty while blank."""
        return self._read(records.ANCHOR)

    def has_anchor(self, root_public_key: bytes, manifest: bytes) -> bool:
        """Return whether this is the anchor that the key already has."""
        anchor = self.anchor()
        return bool(anchor) and anchor[0] == root_public_key and anchor[2] == manifest

    def set_anchor(self, root_public_key: bytes, statement: bytes, manifest: bytes) -> None:
        """Store the anchor; the caller has verified it."""
        self._write(records.ANCHOR, [root_public_key, statement, manifest])

    def set_key_pair(
        self, secret: bytearray, public_key: bytes, scheme: int = UNDER_DEVICE
    ) -> None:
        """Store a key pair (32 and 65 bytes), the private key sealed as ``scheme`` says.

        Raises Locked.
        """
        self._write(
            records.KEY_PAIR,
            [public_key, scheme, self._keys.seal_private_key(scheme, secret, public_key)],
        )

    def set_next_key_pair(self, secret: bytearray, public_key: bytes) -> None:
        """Store the pair that is to replace the current one.

        Raises Locked while no user is logged in.
        """
        self.adopt_next_key_pair()  # the stored one may be in force: do not overwrite it
        self._write_pair(records.NEXT_KEY_PAIR, public_key, UNDER_DATA, secret)

    def adopt_next_key_pair(self) -> bool:
        """Make the next key pair the current one if the profile names it.

        Returns whether anything was written.
        """
        if self._own != records.NEXT_KEY_PAIR:
            return False
        self._journal.put(records.KEY_PAIR, 0, self._journal.get(records.NEXT_KEY_PAIR) or b"")
        self._journal.put(records.NEXT_KEY_PAIR, 0, b"")
        self.load()
        return True

    def set_device_key(self, secret: bytearray, public_key: bytes) -> None:
        """Store the device's key pair, for life.

        Raises Locked before the device has a secret.
        """
        self._write(
            records.DEVICE_KEY,
            [
                public_key,
                UNDER_DEVICE,
                self._keys.seal_private_key(UNDER_DEVICE, secret, public_key),
            ],
        )

    @property
    def needs_session(self) -> bool:
        """Whether the office has certified the device key.

        If so, commands that a user's PIN permits are accepted through a sealed session only.
        """
        return (
            self.device_key is not None
            and self.profile is not None
            and self.profile.device_key == self.device_key
        )

    def reseal_private_key(self) -> bool:
        """Seal the private key under the data key, if it is not yet.

        Returns whether anything was written.

        Raises SecretInvalid, and Locked while no user is logged in.
        """
        pair = self._read(records.KEY_PAIR)
        if not pair or pair[1] == UNDER_DATA:
            return False
        secret = self.secret()
        self.set_key_pair(secret, pair[0], UNDER_DATA)
        secret[:] = bytes(len(secret))
        return True

    def set_profile(self, statement: bytes, manifest: bytes, x509: bytes) -> None:
        """Store the certificate in both forms; the caller has verified it."""
        self._write(records.PROFILE, [statement, manifest, x509])

    def certificate(self) -> "list[bytes]":
        """Return [profile statement, profile manifest, x509]; empty before personalisation."""
        return self._read(records.PROFILE)

    def secret(self, kind: int = records.KEY_PAIR) -> bytearray:
        """Return a private key (32 bytes): the current pair's, the next pair's or the device's.

        The caller overwrites it after use.

        Raises Locked while no user is logged in, SecretInvalid when it does not open: then its
        record on flash is not what was written.
        """
        public_key, scheme, sealed = self._read(self._own if kind == records.KEY_PAIR else kind)
        secret = self._keys.open_private_key(scheme, sealed, public_key)
        if secret is None:
            raise SecretInvalid
        return secret

    def _read(self, kind: int) -> "list[Any]":
        raw = self._journal.get(kind)
        return cbor.loads(raw) if raw else []  # type: ignore[return-value]

    def _write_pair(self, kind: int, public_key: bytes, scheme: int, secret: bytearray) -> None:
        sealed = self._keys.seal_private_key(scheme, secret, public_key)
        self._write(kind, [public_key, scheme, sealed])

    def _write(self, kind: int, content: "list[object]") -> None:
        self._journal.put(kind, 0, cbor.dumps(content))
        self.load()
