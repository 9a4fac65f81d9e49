"""export_shares: give out both shares, each sealed to its officer, signed by the device key.

Only the two officers together can use them (SPEC section 6.8).  No PIN is needed, because it is a
locked key whose shares are asked for.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import ExportSharesReply, ExportSharesRequest, SharesManifest
from biandun_protocol.wire.numbers import (
    ERROR_UNBLOCK_UNSET,
    PHASE_SIGNING,
    SCHEMA_SHARES,
)
from etoken import signing
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token

LABEL = b"BD1/shares"


@command(ExportSharesRequest, heap=24, flash=96)
def export_shares(token: Token, request: ExportSharesRequest) -> ExportSharesReply:
    """Return the signed shares.

    Raises Refused: UNBLOCK_UNSET on a key without officers, ENTROPY_FAILED.
    """
    shares, device = token.vault.recovery.shares(), token.vault.identity.device_key
    if shares is None or device is None:
        raise Refused(ERROR_UNBLOCK_UNSET)
    manifest = codec.encode(
        SharesManifest(
            SCHEMA_SHARES,
            token.board.serial,
            shares.number,
            shares.officers,
            shares.first,
            shares.second,
        )
    )
    signature = signing.sign_as_device(
        token, device, LABEL + token.suite.digest(manifest), PHASE_SIGNING
    )
    return ExportSharesReply(manifest, signature)
