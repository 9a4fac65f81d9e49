"""chain_state: report the key's chain, the log point verified last, unit card and outbox."""

from biandun_protocol.wire.messages import ChainStateReply, ChainStateRequest
from etoken.dispatch import command
from etoken.token import Token


@command(ChainStateRequest, heap=9, flash=0, reads_only=True)
def chain_state(token: Token, request: ChainStateRequest) -> ChainStateReply:
    """Return head, receipts and log point; ``head`` is 32 zero bytes before the first signature."""
    vault = token.vault
    statements, card = vault.statements, vault.card.current()
    last = statements.by_seq(statements.seq)
    return ChainStateReply(
        statements.seq,
        statements.head,
        statements.receipted(),
        statements.log_size,
        statements.log_root,
        statements.time_floor,
        statements.waiting(),
        last.idempotency_key if last else None,
        vault.users.forgotten or None,
        card.manifest.version if card else None,
        len(vault.outbox.parcels()) or None,
    )
