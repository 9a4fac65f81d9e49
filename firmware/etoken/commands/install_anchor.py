"""install_anchor: give a blank key its root of trust, once.

The root's statement about the office's certificate is verified under the root's own point, so the
two belong together.  Its header also names the suite that root, office and key use.  From then on
the key accepts only statements of this office.  Installing the same anchor again succeeds and
changes nothing; another anchor is refused.
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
    """Store the root's public key and the office's certificate.

    Raises Refused: ANCHOR_INVALID, ANCHOR_PRESENT.
    """
    suite = suite_of(request.issuer_statement)
    if suite is None:
        raise Refused(ERROR_ANCHOR_INVALID)
    # the key computes in this suite from now on: reserve memory before the heap is fragmented
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
