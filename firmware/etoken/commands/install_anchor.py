"""install_anchor: give a blank key its root of trust, once.

The root's own statement about the office's key is checked under that root, so the two belong
together.  The statement also says in which suite: root, office and this key are of one.  After this
the key believes nobody else; the same anchor again is answered with yes, any other with no.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import InstallAnchorReply, InstallAnchorRequest, IssuerManifest
from biandun_protocol.wire.numbers import (
    ERROR_ANCHOR_INVALID,
    ERROR_ANCHOR_PRESENT,
    PHASE_VERIFYING,
    PURPOSE_ISSUER,
    SCHEMA_ISSUER,
)
from etoken import office
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.suite import suite_of
from etoken.token import Token


@command(InstallAnchorRequest, heap=48, flash=900)
def install_anchor(token: Token, request: InstallAnchorRequest) -> InstallAnchorReply:
    """Keep root and issuer.  Raises Refused: ANCHOR_INVALID, ANCHOR_PRESENT."""
    suite = suite_of(request.issuer_statement)
    if suite is None:
        raise Refused(ERROR_ANCHOR_INVALID)
    # from here on this key computes in it: before anything else breaks the heap into pieces
    suite.crypto.reserve()
    try:
        manifest = codec.decode(IssuerManifest, request.issuer_manifest)
        office.verify(
            request.issuer_statement,
            request.issuer_manifest,
            PURPOSE_ISSUER,
            suite,
            request.root_public_key,
            manifest.office_id,
            None,
            token.ticker(PHASE_VERIFYING),
        )
    except (codec.MessageError, office.OfficeFault):
        raise Refused(ERROR_ANCHOR_INVALID)
    if manifest.schema != SCHEMA_ISSUER:
        raise Refused(ERROR_ANCHOR_INVALID)
    if not token.vault.identity.has_anchor(request.root_public_key, request.issuer_manifest):
        if token.vault.identity.issuer is not None:
            raise Refused(ERROR_ANCHOR_PRESENT)
        token.vault.identity.set_anchor(
            request.root_public_key, request.issuer_statement, request.issuer_manifest
        )
    return InstallAnchorReply(manifest.office_id)
