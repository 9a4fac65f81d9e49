"""The one place where this key signs: it writes the protected header itself, then signs.

Neighbours: in ``commands``, ``prove_possession``, ``sign_finish``, ``succeed``, ``login`` and
``export_links`` sign statements; ``hello`` and ``export_audit`` sign with the device key.
"""

from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import PossessionManifest
from biandun_protocol.wire.numbers import PHASE_SIGNING, PURPOSE_POSSESSION, SCHEMA_POSSESSION
from etoken import policy, version
from etoken.vault import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from etoken.token import Token
    from etoken.vault.statements import Record

NONCE_ENTROPY = 32


def sign(
    token: "Token", purpose: str, digest: bytes, fields: "dict[int, object]", presence: bool = True
) -> "tuple[bytes, bytes]":
    """Sign ``digest`` (32 bytes, by the hash of the key's suite) for ``purpose``.

    Returns (protected header, signature).  ``fields`` are the caller's fields of label -70001;
    identity, presence, firmware and class are added here.  The caller has checked policy and asked
    for presence; ``presence`` says whether the user pressed the button for this statement.
    """
    profile = token.profile
    fields[wire.FIELD_PRESENCE] = wire.PRESENCE_BUTTON if presence else wire.PRESENCE_NONE
    if token.user is not None:
        fields[wire.FIELD_USER_SLOT] = token.user
    fields[wire.FIELD_USCC] = profile.uscc
    fields[wire.FIELD_UNIT_CODE] = profile.unit_code
    fields[wire.FIELD_REGION] = profile.region
    subject = "urn:biandun:unit:" + profile.uscc
    return _statement(
        token, records.KEY_PAIR, token.public_key, purpose, digest, subject, profile.x5t, fields
    )


def check_limits(token: "Token", claimed_time: "int | None") -> None:
    """Refuse when the certificate, the status or the unit card does not allow another signature.

    A key without a unit card is not limited by one.

    Raises Refused: KEY_SUSPENDED, CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED, CLOCK_BEHIND,
    CARD_STALE, OFFLINE_LIMIT.
    """
    card, statements = token.vault.card.current(), token.vault.statements
    check_term(token, claimed_time)
    if card is not None:
        policy.check_card(card.manifest, statements.time_floor, statements.signed_offline)


def check_term(token: "Token", claimed_time: "int | None" = None) -> None:
    """Refuse when the office has suspended or revoked this key, or its certificate has expired.

    Raises Refused: KEY_SUSPENDED, CERTIFICATE_REVOKED, CERTIFICATE_EXPIRED, CLOCK_BEHIND.
    """
    policy.check_status(token.vault.key_status.known(token.profile.not_before))
    policy.check_time(token.profile, token.vault.statements.time_floor, claimed_time)


def require_next(token: "Token", claimed_time: "int | None") -> None:
    """Make sure that the next statement can be signed, before the button is asked for.

    Raises Refused as ``check_limits``, StoreFull, EntropyFailed.
    """
    check_limits(token, claimed_time)
    token.vault.statements.require_room()
    token.entropy.require()


def sign_next(
    token: "Token", purpose: str, digest: bytes, idempotency_key: bytes, fields: "dict[int, object]"
) -> "Record":
    """Sign the next statement of the key's chain; it is committed to flash when this returns.

    Raises StoreFull.
    """
    statements = token.vault.statements
    fields[wire.FIELD_SEQ] = statements.seq + 1
    fields[wire.FIELD_PREV] = statements.head
    if statements.log_size:
        fields[wire.FIELD_LOG_POINT] = [statements.log_size, statements.log_root]
    card = token.vault.card.current()
    if card is not None:
        fields[wire.FIELD_CARD_VERSION] = card.manifest.version
    header, signature = sign(token, purpose, digest, fields)
    return statements.append(idempotency_key, purpose, digest, header, signature)


def prove(token: "Token", kind: int, public: bytes, nonce: bytes) -> "tuple[bytes, bytes, bytes]":
    """Prove possession of a key pair that has no certificate yet.

    Returns (protected header, signature, manifest).  ``kind`` is the record of the pair, ``public``
    its point (65 bytes).  The key builds the manifest itself, so a caller cannot have anything else
    signed under this purpose.  The caller has asked for presence.
    """
    manifest = codec.encode(
        PossessionManifest(
            SCHEMA_POSSESSION,
            token.issuer.office_id,
            nonce,
            token.board.serial,
            public,
            token.vault.identity.device_key,
        )
    )
    fields: "dict[int, object]" = {
        wire.FIELD_MANIFEST_LENGTH: len(manifest),
        wire.FIELD_PRESENCE: wire.PRESENCE_BUTTON,
    }
    digest = token.suite.digest(manifest)
    header, signature = _statement(
        token, kind, public, PURPOSE_POSSESSION, digest, None, None, fields
    )
    return header, signature, manifest


def _statement(
    token: "Token",
    kind: int,
    public: bytes,
    purpose: str,
    digest: bytes,
    subject: "str | None",
    x5t: "bytes | None",
    fields: "dict[int, object]",
) -> "tuple[bytes, bytes]":
    suite = token.suite
    fields[wire.FIELD_FIRMWARE] = version.VERSION
    fields[wire.FIELD_HARDWARE_CLASS] = token.board.hardware_class
    issuer = "urn:biandun:key:" + token.board.serial
    header = wire.protected_header(
        suite, suite.kid_of(public), issuer, subject, purpose, x5t, fields
    )
    return header, _sign(
        token, kind, public, wire.to_be_signed(header, purpose, digest), PHASE_SIGNING
    )


def sign_as_device(token: "Token", device: bytes, message: bytes, phase: int) -> bytes:
    """Sign a message with the device key; no PIN is needed.

    The message begins with a label of the device's own, so that it can never be taken for a
    statement.  ``device`` is the device's public key (65 bytes).
    """
    return _sign(token, records.DEVICE_KEY, device, message, phase)


def _sign(token: "Token", kind: int, public: bytes, message: bytes, phase: int) -> bytes:
    secret = token.vault.identity.secret(kind)
    try:
        return token.suite.crypto.sign(
            secret, public, message, token.entropy.take(NONCE_ENTROPY), token.ticker(phase)
        )
    finally:
        secret[:] = bytes(len(secret))
