"""info: describe the key and its abilities.

Works in every state and reads no secret.  A host sends it first: it also negotiates the protocol
version.
"""

from biandun_protocol.wire.messages import InfoReply, InfoRequest
from biandun_protocol.wire.numbers import ERROR_UNSUPPORTED_VERSION, LIMIT_WINDOW, PROTOCOL_VERSION
from etoken import version
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.suite import ES256, SM2
from etoken.token import Token


@command(InfoRequest, heap=14, flash=0, reads_only=True)
def info(token: Token, request: InfoRequest) -> InfoReply:
    """Describe the key.

    Raises Refused(UNSUPPORTED_VERSION) for a host of another protocol version.
    """
    if request.version != PROTOCOL_VERSION:
        raise Refused(ERROR_UNSUPPORTED_VERSION)
    identity = token.vault.identity
    reply = InfoReply(
        PROTOCOL_VERSION,
        version.VERSION,
        token.board.serial,
        token.board.hardware_class,
        identity.state,
        identity.generation,
        LIMIT_WINDOW,
        [ES256.name, SM2.name],
        public_key=identity.public_key,
        office_id=identity.issuer.office_id if identity.issuer else None,
    )
    reply.suite = identity.suite.name if identity.suite else None
    slots = token.vault.users.slots()
    reply.pin_slots = sum(1 << slot for slot in slots) if slots else None
    reply.unlocked_slot = token.user
    fault = token.vault.faults.last()
    if fault:
        reply.faults, reply.last_fault = fault.count, fault.code
    profile = identity.profile
    if profile:
        reply.uscc = profile.uscc
        reply.unit_code = profile.unit_code
        reply.unit_name = profile.unit_name
        reply.region = profile.region
        reply.purposes = profile.purposes
        reply.not_after = profile.not_after
        reply.profile_version = profile.version
        reply.x5t = profile.x5t
    return reply
