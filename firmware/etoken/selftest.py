"""The self-test of new firmware: its release number, its arithmetic and this key's flash.

It runs at the start of a trial, before the key answers any request.  Firmware that fails is never
tried again; after a power cut in between the trial is repeated.  Neighbours: ``boards`` and tests
call ``confirm_or_reject`` once they have made a token.
"""

from hashlib import sha256

from biandun_protocol.wire.numbers import EVENT_UPDATED
from etoken import version
from etoken.suite import ES256, SM2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token

DIGESTS = {  # of "abc": FIPS 180-4, GB/T 32905 appendix A
    "ES256": bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    "SM2": bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
}
SECRET = b"biandun known answer" + b"\1" * 12


class SelfTestFailed(Exception):
    """This firmware is not fit for this key; the board restarts with the previous firmware."""


def confirm_or_reject(token: "Token") -> None:
    """Confirm a firmware on trial if it passes, and raise the lowest release number that may run.

    Raises SelfTestFailed.
    """
    installed = token.board.firmware
    if installed is None or installed.running is None:
        return
    slot = installed.running
    if installed.on_trial:
        if not passes(token, slot.number):
            installed.images.reject(slot)
            raise SelfTestFailed
        token.vault.note(EVENT_UPDATED, slot.number)
        installed.images.confirm(slot)
    if not token.vault.damaged:
        # last, and again at each start: a floor above a firmware that may still be rolled back to
        # would leave a key that signs nothing
        token.vault.raise_firmware_floor(slot.floor)


def passes(token: "Token", number: int) -> bool:
    """Return whether this is its slot's release, its arithmetic works and flash is whole."""
    if number != version.NUMBER or token.vault.damaged:
        return False
    if (
        any(suite.digest(b"abc") != DIGESTS[suite.name] for suite in (ES256, SM2))
        or sha256(b"abc").digest() != DIGESTS["ES256"]
    ):
        return False
    suite = token.vault.identity.suite
    if suite is None:
        return True
    crypto = suite.crypto
    public = crypto.public_key(SECRET)
    signature = crypto.sign(SECRET, public, b"abc", bytes(32))  # ``sign`` verifies, too
    return crypto.verify(public, b"abc", signature) and not crypto.verify(public, b"abd", signature)
