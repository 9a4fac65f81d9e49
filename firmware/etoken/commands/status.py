"""status: store the office's latest status of this key, and report the status in force.

A status says whether this key may sign: active, suspended or revoked (SPEC section 6.11).  Nobody
needs to be logged in, because the office's signature authenticates it.  Only a newer status is
accepted, so a suspended key cannot be reactivated with an old one, and a revoked key never.
Suspension and revocation invalidate all earlier images of the flash.
"""

from biandun_protocol.wire.messages import StatusManifest, StatusReply, StatusRequest
from biandun_protocol.wire.numbers import (
    ERROR_CERTIFICATE_REVOKED,
    ERROR_KEY_MISMATCH,
    ERROR_SERIAL_MISMATCH,
    ERROR_STATUS_INVALID,
    ERROR_STATUS_OLDER,
    EVENT_STATUS_TAKEN,
    PURPOSE_STATUS,
    SCHEMA_STATUS,
    STANDING_ACTIVE,
    STANDING_REVOKED,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(StatusRequest, heap=32, flash=400)
def status(token: Token, request: StatusRequest) -> StatusReply:
    """Return the status in force, after storing the one in the request, if any.

    Raises Refused: STATUS_INVALID, SERIAL_MISMATCH, KEY_MISMATCH, STATUS_OLDER, CERTIFICATE_REVOKED
    when a stored status says revoked, STORE_FULL.
    """
    known = token.vault.key_status.known(token.profile.not_before)
    if request.statement is not None or request.manifest is not None:
        known = _taken(token, request.statement or b"", request.manifest or b"", known)
    if known is None:
        return StatusReply(STANDING_ACTIVE, 0, 0)
    return StatusReply(known.standing, known.since, known.number)


def _taken(
    token: Token, statement: bytes, manifest: bytes, known: "StatusManifest | None"
) -> StatusManifest:
    said = token.read_office(
        StatusManifest, statement, manifest, PURPOSE_STATUS, SCHEMA_STATUS, ERROR_STATUS_INVALID
    )
    if said.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    if said.kid not in _own_kids(token):
        raise Refused(ERROR_KEY_MISMATCH)
    if known is None or _place(said) != _place(known):
        _require_newer(token, said, known)
        _keep(token, said, manifest)
    if token.vault.statements.is_later(said.since):
        # after a power cut before this line the same status raises the floor when it comes again
        token.vault.statements.raise_floor(said.since)
    return said


def _own_kids(token: Token) -> "list[bytes]":
    """Return the key identifiers of the pair that signs and of the next one, if any.

    The office may have certified the next pair before the key has its profile.
    """
    pairs = (token.public_key, token.vault.identity.next_public_key)
    return [token.suite.kid_of(point) for point in pairs if point is not None]


def _place(status: StatusManifest) -> "tuple[int, int, int]":
    """Return the order of statuses: by time, then number, then the stricter one."""
    return status.since, status.number, status.standing


def _require_newer(token: Token, said: StatusManifest, known: "StatusManifest | None") -> None:
    if known is not None and known.standing == STANDING_REVOKED:
        raise Refused(ERROR_CERTIFICATE_REVOKED)
    if said.since < token.profile.not_before or (
        known is not None and _place(said) < _place(known)
    ):
        raise Refused(ERROR_STATUS_OLDER)


def _keep(token: Token, said: StatusManifest, manifest: bytes) -> None:
    vault = token.vault
    vault.note(EVENT_STATUS_TAKEN, said.standing)
    if said.standing != STANDING_ACTIVE:
        vault.users.invalidate_images()
    vault.key_status.keep(manifest)
