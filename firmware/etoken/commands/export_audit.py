"""export_audit: give out the audit ring, signed by the device key (SPEC section 6.7).

It contains when PINs were set and locked, not the PINs.  No PIN is needed, so that the office can
read the ring of a locked key.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import AuditManifest, ExportAuditReply, ExportAuditRequest
from biandun_protocol.wire.numbers import (
    ERROR_SESSION_UNAVAILABLE,
    PHASE_SIGNING,
    SCHEMA_AUDIT,
)
from etoken import signing
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token

LABEL = b"BD1/audit"


@command(ExportAuditRequest, heap=26, flash=96)
def export_audit(token: Token, request: ExportAuditRequest) -> ExportAuditReply:
    """Return the signed ring.

    Raises Refused: SESSION_UNAVAILABLE on a key without a device key, ENTROPY_FAILED.
    """
    audit, device = token.vault.audit, token.vault.identity.device_key
    if device is None:
        raise Refused(ERROR_SESSION_UNAVAILABLE)
    first, events = audit.exported()
    manifest = codec.encode(
        AuditManifest(SCHEMA_AUDIT, token.board.serial, first, audit.before(first), events)
    )
    signature = signing.sign_as_device(
        token, device, LABEL + token.suite.digest(manifest), PHASE_SIGNING
    )
    return ExportAuditReply(manifest, signature)
