"""The model of one-time-programmable memory that firmware, simulator and tests share.

Bits only change from 0 to 1.  ``hook`` and medium are those of ``flashmodel``.
"""

from biandun_protocol.wire.flashmodel import BURN, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from biandun_protocol.wire.flashmodel import Hook, Medium

SECRET = 32
SHUT = b"\xff"  # after the secret: all eight bits burned


class OtpSpent(Exception):
    """The secret is written already, or every bit of the tally is burned."""


class OtpModel:
    """One-time-programmable memory of a key: a secret of 32 bytes, and a tally that only rises.

    Layout: secret(32) shut(1) tally(``bits`` / 8, lowest bit of the lowest byte first).  ``bits``
    is a multiple of 8.  The bytes are in ``medium``, whose blank byte is 00, or in memory without
    one.
    """

    def __init__(self, bits: int = 8192, medium: "Medium | None" = None) -> None:
        self.bits = bits
        self.hook: "Hook | None" = None
        self.medium = medium or Memory(size_of(bits), b"\0")

    def secret(self) -> "bytes | None":
        """Return the secret (32 bytes), None while there is none."""
        if self.medium.read(SECRET, len(SHUT)) != SHUT:
            return None
        return self.medium.read(0, SECRET)

    def write_secret(self, secret: bytes) -> None:
        """Burn the secret (32 bytes), then the mark that completes it.

        A secret without the mark, after a power cut, does not count and is written again.  Bits
        that were burned before the cut stay burned, so the secret is what ``secret`` then returns,
        not always what was given.

        Raises OtpSpent when there is one already, ValueError for another length.
        """
        if len(secret) != SECRET:
            raise ValueError("not 32 bytes")
        if self.secret() is not None:
            raise OtpSpent
        self._burn(0, secret)
        self._burn(SECRET, SHUT)

    def tally(self) -> int:
        """Return how many bits of the tally are burned."""
        count = 0
        for byte in self.medium.read(SECRET + len(SHUT), self.bits // 8):
            while byte:
                count += 1
                byte &= byte - 1  # noqa: PLW2901
        return count

    def burn(self) -> int:
        """Burn one more bit and return the tally.  Raises OtpSpent when none is left."""
        cells = self.medium.read(SECRET + len(SHUT), self.bits // 8)
        for index, byte in enumerate(cells):
            if byte != 0xFF:
                # the lowest bit that is 0
                self._burn(SECRET + len(SHUT) + index, bytes((~byte & (byte + 1),)))
                return self.tally()
        raise OtpSpent

    def _burn(self, offset: int, data: bytes) -> None:
        if self.hook is not None:
            self.hook(BURN, offset, data)
        old = self.medium.read(offset, len(data))
        self.medium.write(offset, burned(old, data))


def size_of(bits: int) -> int:
    """Return how many bytes of medium a tally of ``bits`` bits needs."""
    return SECRET + len(SHUT) + bits // 8


def burned(old: bytes, data: bytes) -> bytes:
    """Return the bytes in OTP memory after ``data`` is burned over ``old`` of the same length."""
    return bytes(a | b for a, b in zip(old, data))  # noqa: B905
