"""The keys of the vault: which key seals what, and when it is in memory.

    device secret --HMAC--> device key                                 always
    PIN, salt --PBKDF2, HMAC with the device secret--> PIN key          while a PIN is checked
    data key, random, sealed under each user's PIN key                 while a user is logged in
              and under the key of the two shares (``recovery``)       while codes are checked
    private key, sealed under the data key                             while something is signed

Design: docs/design/key.md, "PIN and vault".  Before the first PIN is set the private key is sealed
under the device key.  So a copy of the flash alone does not reveal the private key.  With the
device secret in one-time-programmable memory it does not even together with the PIN.  On boards of
the training class the secret is on flash, too: there the PIN has to be searched.
"""

from etoken.crypto.hmac import hmac_sha256
from etoken.crypto.pbkdf2 import pbkdf2_sha256
from etoken.crypto.seal import Sealer

# which key seals a private key; 0 is not used any more
UNDER_DEVICE, UNDER_DATA = 1, 2
PRIVATE_KEY = b"private key"
DATA_KEY = b"data key"
PIECE = b"piece "
SHARES = b"biandun shares"


class Locked(Exception):
    """A private key was asked for while no user is logged in."""


class Keys:
    """The keys in memory; ``secret`` is the device's (32 bytes), None before it has one."""

    def __init__(self, secret: "bytes | None") -> None:
        self._data: "bytearray | None" = None
        self.load(secret)

    def load(self, secret: "bytes | None") -> None:
        """Set the device's secret."""
        self._secret = secret or b""
        self._device = Sealer(bytearray(hmac_sha256(secret, b"biandun device"))) if secret else None

    @property
    def has_device(self) -> bool:
        """Whether the device has a secret."""
        return self._device is not None

    def set_data_key(self, data_key: bytearray) -> None:
        """Log a user in: keep the data key (32 bytes) until ``drop_data_key`` overwrites it."""
        self.drop_data_key()
        self._data = data_key

    def drop_data_key(self) -> None:
        """Log the user out: overwrite the data key."""
        if self._data is not None:
            self._data[:] = bytes(len(self._data))
            self._data = None

    # --- the data key -------------------------------------------------
    def pin_key(self, pin: bytes, salt: bytes, iterations: int) -> bytearray:
        """Derive the key of a PIN (32 bytes); the caller overwrites it after use."""
        stretched = pbkdf2_sha256(pin, salt, iterations)
        key = bytearray(hmac_sha256(self._secret, bytes(stretched)))
        stretched[:] = bytes(len(stretched))
        return key

    def wrap(self, slot: int, pin_key: bytearray, data_key: bytearray) -> bytes:
        """Seal the data key under the key of a PIN or of codes; return 48 bytes.

        ``slot`` identifies the user; from 25 on it stands for the officers' codes for a user.
        """
        sealer = Sealer(pin_key)
        sealed = sealer.seal(DATA_KEY + bytes((slot,)), data_key)
        sealer.wipe()
        return sealed

    def unwrap(self, slot: int, pin_key: bytearray, sealed: bytes) -> "bytearray | None":
        """Return the data key; None for a wrong PIN or wrong codes, after the same time."""
        sealer = Sealer(pin_key)
        data_key = sealer.open(DATA_KEY + bytes((slot,)), sealed)
        sealer.wipe()
        return data_key

    def data_key(self) -> bytearray:
        """Return a copy of the data key, which the caller overwrites.  Raises Locked."""
        if self._data is None:
            raise Locked
        return bytearray(self._data)

    def shares_key(self, number: int, pair: bytearray) -> bytearray:
        """Derive the key of two codes of 8 bytes, in either order.

        The caller overwrites it after use.
        """
        half = len(pair) // 2
        low, high = sorted((bytes(pair[:half]), bytes(pair[half:])))
        return bytearray(hmac_sha256(self._secret, SHARES + number.to_bytes(4, "big") + low + high))

    def seal(self, secret: bytearray, label: bytes) -> bytes:
        """Seal a secret (32 bytes) under the device key; return 48 bytes.

        Raises Locked before the device has a secret.
        """
        return self._sealer(UNDER_DEVICE).seal(label, secret)

    def open(self, sealed: bytes, label: bytes) -> "bytearray | None":
        """Return what ``seal`` sealed under that label; None when it is not of this device.

        Raises Locked.
        """
        return self._sealer(UNDER_DEVICE).open(label, sealed)

    # --- the private key ----------------------------------------------
    def seal_private_key(self, scheme: int, private_key: bytearray, public_key: bytes) -> bytes:
        """Seal a private key under the key that ``scheme`` names; return 48 bytes.

        Raises Locked.
        """
        sealer = self._sealer(scheme)
        sealed = sealer.seal(PRIVATE_KEY + public_key, private_key)
        self._forget(scheme, sealer)
        return sealed

    def open_private_key(self, scheme: int, sealed: bytes, public_key: bytes) -> "bytearray | None":
        """Return a private key; None when it does not open.

        The caller overwrites it after use.

        Raises Locked.
        """
        sealer = self._sealer(scheme)
        private_key = sealer.open(PRIVATE_KEY + public_key, sealed)
        self._forget(scheme, sealer)
        return private_key

    # --- personal data: private, but no keys ---------------------------
    def encrypt(self, label: bytes, plain: bytes) -> bytes:
        """Encrypt a section of the card or a part of a parcel under the data key.

        The result is 16 bytes longer.

        Raises Locked.
        """
        sealer = self._sealer(UNDER_DATA)
        sealed = sealer.encrypt(PIECE + label, plain)
        sealer.wipe()
        return sealed

    def decrypt(self, label: bytes, sealed: bytes) -> "bytes | None":
        """Return the plaintext; None when key, place or bytes do not match.

        Raises Locked.
        """
        sealer = self._sealer(UNDER_DATA)
        plain = sealer.decrypt(PIECE + label, sealed)
        sealer.wipe()
        return plain

    def _sealer(self, scheme: int) -> Sealer:
        if scheme == UNDER_DEVICE and self._device is not None:
            return self._device
        if scheme == UNDER_DATA and self._data is not None:
            return Sealer(self._data)
        raise Locked

    @staticmethod
    def _forget(scheme: int, sealer: Sealer) -> None:
        if scheme == UNDER_DATA:
            sealer.wipe()
