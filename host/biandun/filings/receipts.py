"""A receipt goes to the key that signed: over the log that the key knows already."""

from biandun.key.session import Key
from biandun.office_client import Office
from biandun_protocol.receipt import Receipt


def keep_receipt(key: Key, receipt: Receipt, statement_id: str, office: Office | None) -> int:
    """Let the key verify and keep a receipt, or one over the longer log that the key knows; see
    ``Folder.keep_receipt``.
    """
    chain = key.chain()
    proof: list[bytes] = []
    if office is not None and chain.log_size:
        if receipt.read().tree_size < chain.log_size:
            receipt = office.receipt(statement_id, at_least=chain.log_size)
        proof = office.consistency(chain.log_size, receipt.read().tree_size)
    return key.keep_receipt(receipt, proof)
