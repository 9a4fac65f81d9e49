"""status: take the office's word whether this key may sign, and tell what the office has said last.

Nobody needs to be logged in: what stops a key is the office's signature.  It only goes forward: who keeps an older status cannot let a
suspended key go on, nor stop one that was enrolled anew.
"""

from biandun_protocol.wire.messages import StatusManifest, StatusReply, StatusRequest
from biandun_protocol.wire.numbers import (
    ERROR_SERIAL_MISMATCH,
    ERROR_STATUS_INVALID,
    ERROR_STATUS_OLDER,
    EVENT_STATUS_TAKEN,
    PURPOSE_STATUS,
    SCHEMA_STATUS,
    STANDING_ACTIVE,
    STATE_PERSONALISED,
)
from etoken.dispatch import command
from etoken.refusal import Refused
from etoken.token import Token


@command(StatusRequest, states=(STATE_PERSONALISED,), heap=32, flash=400)
def status(token: Token, request: StatusRequest) -> StatusReply:
    """Return it.  Raises Refused: STATUS_INVALID, SERIAL_MISMATCH, STATUS_OLDER, STORE_FULL."""
    known = token.vault.standing.known(token.profile.not_before)
    if request.statement is not None or request.manifest is not None:
        known = _taken(token, request.statement or b"", request.manifest or b"", known)
    if known is None:
        return StatusReply(STANDING_ACTIVE, 0, 0)
    return StatusReply(known.standing, known.since, known.number)


def _taken(token: Token, statement: bytes, manifest: bytes, known: "StatusManifest | None") -> StatusManifest:
    said = token.read_office(StatusManifest, statement, manifest, PURPOSE_STATUS, SCHEMA_STATUS, ERROR_STATUS_INVALID)
    if said.serial != token.board.serial:
        raise Refused(ERROR_SERIAL_MISMATCH)
    if known is not None and (said.since, said.number, said.standing) == (known.since, known.number, known.standing):
        return known
    floor = (known.since, known.number + 1) if known is not None else (token.profile.not_before, 0)
    if (said.since, said.number) < floor:
        raise Refused(ERROR_STATUS_OLDER)
    vault = token.vault
    vault.note(EVENT_STATUS_TAKEN, said.standing)
    vault.statements.raise_floor(said.since)  # first: a cut in between is made good by the same status again
    vault.standing.keep(manifest)
    return said
