"""Stores a receipt on the key that signed, with proof from the log that the key knows."""

from biandun.key.session import Key
from biandun.office_client import Office
from biandun_protocol.receipt import Receipt


def keep_receipt(key: Key, receipt: Receipt, statement_id: str, office: Office | None) -> int:
    """Let the key verify and store a receipt; return the sequence number.

    If the key knows a longer log, a newer receipt is fetched; see ``Folder.keep_receipt``.
    """
    chain = key.chain()
    proof: list[bytes] = []
    if office is not None and chain.log_size:
        if receipt.read().tree_size < chain.log_size:
            receipt = office.receipt(statement_id, at_least=chain.log_size)
        proof = office.consistency(chain.log_size, receipt.read().tree_size)
    return key.keep_receipt(receipt, proof)
