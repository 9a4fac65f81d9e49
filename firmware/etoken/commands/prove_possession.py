"""prove_possession: sign the office's nonce, before the key belongs to anybody.

The key builds the manifest itself from fields it knows, so nothing else can be smuggled under this purpose.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import PossessionManifest, ProvePossessionReply, ProvePossessionRequest
from biandun_protocol.wire.numbers import PURPOSE_POSSESSION, SCHEMA_POSSESSION, STATE_KEYED
from etoken import signing
from etoken.dispatch import command
from etoken.token import Token


@command(ProvePossessionRequest, states=(STATE_KEYED,), heap=24, flash=96)
def prove_possession(token: Token, request: ProvePossessionRequest) -> ProvePossessionReply:
    """Return header, signature and manifest of the proof.  Needs presence."""
    token.wait_presence()
    manifest = codec.encode(
        PossessionManifest(
            SCHEMA_POSSESSION,
            token.issuer.office_id,
            request.nonce,
            token.board.serial,
            token.public_key,
            token.vault.identity.device_key,
        )
    )
    fields: dict[int, object] = {wire.FIELD_MANIFEST_LENGTH: len(manifest)}
    header, signature = signing.sign(token, PURPOSE_POSSESSION, token.suite.digest(manifest), fields)
    return ProvePossessionReply(header, signature, manifest)
