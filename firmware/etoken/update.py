"""Verifying a firmware release (SPEC section 6.9).

Both the board's vendor and the key's office sign its manifest.  Neighbours: ``update_begin``,
``update_part`` and ``update_finish`` in ``commands``; ``store.images`` stores the image.
"""

from biandun_protocol.wire.messages import ReleaseManifest
from biandun_protocol.wire.numbers import (
    ERROR_RELEASE_INVALID,
    ERROR_RELEASE_OLDER,
    ERROR_UPDATE_UNAVAILABLE,
    PHASE_VERIFYING,
    PURPOSE_RELEASE,
    SCHEMA_RELEASE,
)
from etoken import office
from etoken.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.store.images import Installed
    from etoken.token import Token

VENDOR = "vendor"


def installed(token: "Token") -> "Installed":
    """Return what the board knows of its firmware.

    Raises Refused(UPDATE_UNAVAILABLE) on a board that cannot be updated.
    """
    found = token.board.firmware
    if found is None:
        raise Refused(ERROR_UPDATE_UNAVAILABLE)
    return found


def verified(token: "Token", vendor: bytes, operator: bytes, manifest: bytes) -> ReleaseManifest:
    """Verify both signatures on the manifest and return the release.

    Raises Refused: RELEASE_INVALID; RELEASE_OLDER when its number is below the lowest that this key
    accepts.
    """
    board = installed(token)
    release = token.read_office(
        ReleaseManifest, operator, manifest, PURPOSE_RELEASE, SCHEMA_RELEASE, ERROR_RELEASE_INVALID
    )
    suite = token.suite
    point = board.vendors.get(suite.name)
    if point is None:
        raise Refused(ERROR_RELEASE_INVALID)
    try:
        office.verify(
            vendor,
            manifest,
            PURPOSE_RELEASE,
            suite,
            point,
            VENDOR,
            None,
            token.ticker(PHASE_VERIFYING),
        )
    except office.OfficeFault:
        raise Refused(ERROR_RELEASE_INVALID)
    if (
        release.target != board.target
        or not 0 < release.length <= board.images.most
        or release.floor > release.number
    ):
        raise Refused(ERROR_RELEASE_INVALID)
    if release.number < token.vault.firmware_floor:
        raise Refused(ERROR_RELEASE_OLDER)
    return release
