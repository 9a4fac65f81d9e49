"""confirm_batch: confirm up to 64 manifests, named by their digests, with one press of the button.

The key has not seen the manifests yet: each is checked against the policy when it is signed, and a
manifest that is not in the list needs a press of its own.  See SPEC section 6.2.
"""

from biandun_protocol.wire import cbor
from biandun_protocol.wire.messages import ConfirmBatchReply, ConfirmBatchRequest
from biandun_protocol.wire.numbers import ERROR_BAD_FIELD, EVENT_BATCH_CONFIRMED
from etoken import policy, signing
from etoken.batch import Batch
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(ConfirmBatchRequest, heap=36, flash=120)
def confirm_batch(token: Token, request: ConfirmBatchRequest) -> ConfirmBatchReply:
    """Return the digest that identifies the batch, and the number of its manifests.

    Raises Refused: PURPOSE_REFUSED, KEY_SUSPENDED, CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED,
    PIN_REQUIRED, BAD_FIELD, PRESENCE_*.
    """
    token.batch = None
    policy.check_manifest_purpose(token.profile, request.purpose)
    signing.check_term(token)
    token.require_user()
    if not request.digests:
        raise Refused(ERROR_BAD_FIELD, 1)
    token.wait_presence()
    content: list[object] = [request.purpose, request.digests]
    digest = token.suite.digest(cbor.dumps(content))
    token.vault.note(EVENT_BATCH_CONFIRMED, len(request.digests))
    token.batch = Batch(request.purpose, request.digests, digest, token.clock.ticks_ms())
    return ConfirmBatchReply(digest, len(request.digests))
