"""status: take the office's word whether this key may sign, and tell what the office has said last.

Nobody needs to be logged in: what stops a key is the office's signature.  It only goes forward: who
keeps an older status cannot let a suspended key go on; nothing lets a revoked one.  A stop makes
every image of the flash from before it an older one.
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
    """Return it.

    Raises Refused: STATUS_INVALID, SERIAL_MISMATCH, KEY_MISMATCH, STATUS_OLDER, CERTIFICATE_REVOKED
    when that is what it was told before, STORE_FULL.
    """
    known = token.vault.standing.known(token.profile.not_before)
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
        # a cut before this is made good by the same word again
        token.vault.statements.raise_floor(said.since)
    return said


def _own_kids(token: Token) -> "list[bytes]":
    """Of the pair that signs, and of the next one, which the office may have certified already."""
    pairs = (token.public_key, token.vault.identity.next_public_key)
    return [token.suite.kid_of(point) for point in pairs if point is not None]


def _place(status: StatusManifest) -> "tuple[int, int, int]":
    """What orders them: the time, then the number, then the stricter one."""
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
    vault.standing.keep(manifest)
