"""A new key pair for a key in service, as a part of an open key (SPEC section 6.10)."""

from biandun.key.session import Key
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire import messages as wire


def ask(key: Key) -> Succession:
    """Let the key make its next key pair; return what it asks the office.

    Again gives the same pair and the same statement.

    The old pair signs until the office's answer is here.  Needs user 0 and the button.  Raises
    KeyRefused: purpose-refused, slot-refused, certificate-expired, presence-*, store-full.
    """
    reply = key.unlocked(lambda: key.call(wire.SucceedRequest(), wire.SucceedReply))
    return Succession(
        key.signed(reply.header, reply.signature, reply.manifest),
        key.signed(reply.possession_header, reply.possession_signature, reply.possession_manifest),
    )


def take(key: Key, granted: Granted) -> int:
    """Hand the key the certificate of its new pair and the receipt of its statement; may be
    repeated.  Returns the statement's number.

    Raises KeyRefused: what ``Key.personalise`` raises; receipt-older, receipt-consistency when the
    key has seen a longer log since it asked: the new pair is in force then, and the receipt is to
    be had from the office.
    """
    key.personalise(granted.grant)
    return key.keep_receipt(granted.receipt, list(granted.consistency))
