"""export_shares: the two shares, each sealed to its officer, signed by the device key.

Nobody but the two officers together learns anything from them, and a locked key is the one that has
to give them out: no PIN.
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
    """Return them.  Raises Refused: UNBLOCK_UNSET on a key that knows no officers,
    ENTROPY_FAILED.
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
