"""Succession: a new key pair for a key in service (SPEC section 6.10)."""

from biandun.key.session import Key
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire import messages as wire


def ask(key: Key) -> Succession:
    """Let the key make its next key pair; return its request to the office.  Idempotent.

    The old pair signs until the office's answer is installed.  Needs user 0 and the button.  Raises
    KeyRefused: purpose-refused, slot-refused, certificate-expired, presence-*, store-full.
    """
    reply = key.unlocked(lambda: key.call(wire.SucceedRequest(), wire.SucceedReply))
    return Succession(
        key.signed(reply.header, reply.signature, reply.manifest),
        key.signed(reply.possession_header, reply.possession_signature, reply.possession_manifest),
    )


def install(key: Key, granted: Granted) -> int:
    """Install the certificate of the new pair and the receipt of the request; may be repeated.

    Return the sequence number of the request.  Raises KeyRefused: the errors of
    ``Key.personalise``; receipt-older, receipt-consistency when the key has seen a longer log since
    its request: then the new pair is in force, and a newer receipt must be fetched from the office.
    """
    key.personalise(granted.grant)
    return key.keep_receipt(granted.receipt, list(granted.consistency))
