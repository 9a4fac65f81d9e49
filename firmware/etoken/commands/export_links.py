"""export_links: sign the names of consecutive statements, so that the office can close a gap.

A gap arises when a package was lost (SPEC section 6.3).  Only names of statements that were signed
are given out, so a user must be logged in but the button is not needed.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import ExportLinksReply, ExportLinksRequest, LinksManifest
from biandun_protocol.wire.numbers import (
    ERROR_NOT_FOUND,
    PURPOSE_LINK,
    SCHEMA_LINKS,
)
from etoken import policy, signing
from etoken.dispatch import command
from etoken.heap import tidy
from etoken.refusal import Refused
from etoken.token import Token

# collect after this many links: each is a small object that stays, allocated behind a whole
# statement that is freed
COLLECT_EVERY = 2


@command(ExportLinksRequest, heap=38, flash=96)
def export_links(token: Token, request: ExportLinksRequest) -> ExportLinksReply:
    """Return header, signature and manifest for ``count`` links from number ``first`` on.

    Raises Refused: PURPOSE_REFUSED, PIN_REQUIRED, NOT_FOUND when a statement was never made or its
    name is no longer stored.
    """
    policy.check_purpose(token.profile, PURPOSE_LINK)
    token.require_user()
    ids: list[bytes] = []
    for seq in range(request.first, request.first + request.count):
        link = token.vault.statements.link(seq)
        if link is None:
            raise Refused(ERROR_NOT_FOUND)
        ids.append(link)
        if len(ids) % COLLECT_EVERY == 0:
            tidy()
    if not ids:
        raise Refused(ERROR_NOT_FOUND)
    manifest = codec.encode(LinksManifest(SCHEMA_LINKS, token.board.serial, request.first, ids))
    fields: dict[int, object] = {wire.FIELD_MANIFEST_LENGTH: len(manifest)}
    header, signature = signing.sign(
        token, PURPOSE_LINK, token.suite.digest(manifest), fields, presence=False
    )
    return ExportLinksReply(header, signature, manifest)
