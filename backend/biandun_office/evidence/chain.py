"""A key's chain of statements as it arrives (TOKEN section 6): what contradicts what the office knows is refused.

A statement ahead of the chain is accepted and the gap noted: the missing one may still be on its way by another carrier.
"""

from biandun_office.errors import Refused
from biandun_office.evidence import selectors
from biandun_protocol.cose import Header


def check(header: Header, statement_id: str) -> bool:
    """Compare a statement that is not known yet with its neighbours; return whether its predecessor is missing.

    Raises Refused: chain-fork when its sequence number is taken, chain-broken when it or its successor names another predecessor.
    """
    seq, prev = header.seq or 0, header.prev or b""
    known = selectors.neighbours(header.kid.hex(), seq)
    if seq in known:
        raise Refused("chain-fork", seq=seq)
    before, after = known.get(seq - 1), known.get(seq + 1)
    if before is not None and before[0] != prev.hex():
        raise Refused("chain-broken", seq=seq)
    if after is not None and after[1] != statement_id:
        raise Refused("chain-broken", seq=seq)
    return seq > 1 and before is None
