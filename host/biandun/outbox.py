"""Filings that are carried on the key, for units without a network.

The filing is put into the key's outbox, submitted by another computer, and the receipt is collected
from the key.  The key carries the signed package to a computer with a network, usually the
supervisor's, which submits it unchanged.  The key verifies and stores the receipt and deletes the
parcel; back at the unit the receipt is read from the key.
"""

from dataclasses import dataclass

from biandun.errors import KeyRefused
from biandun.files import read_file
from biandun.filings.folder import Folder
from biandun.filings.receipts import keep_receipt
from biandun.key.session import Key
from biandun.office_client import Office
from biandun.ui import Silent, Ui
from biandun_protocol.errors import Problem, ReceiptProblem
from biandun_protocol.parcel import Parcel
from biandun_protocol.wire.numbers import ERROR_NOT_FOUND


@dataclass(frozen=True)
class Submitted:
    """A parcel that was submitted, with its case; or why the office or the key refused it."""

    name: bytes
    case: str = ""
    statement_id: str = ""
    problem: Problem | None = None


def put(key: Key, folder: Folder) -> int:
    """Put a signed filing into the key's outbox; return its size in bytes.

    Raises FolderProblem(filing-unsigned, filing-changed); KeyRefused: not-found when another key
    signed it, outbox-full; ManifestProblem(too-large): the outbox is for text and small scans,
    larger filings are carried on a USB stick.
    """
    manifest = folder.manifest()
    attachments = [
        read_file(folder.path / "attachments" / attachment.name)
        for attachment in manifest.form.attachments
    ]
    content = Parcel(
        folder.state.purpose, folder.statement(), manifest.raw, tuple(attachments)
    ).encode()
    key.outbox.put(bytes.fromhex(folder.state.idempotency_key), content)
    return len(content)


def submit(key: Key, office: Office, ui: Ui | None = None) -> list[Submitted]:
    """Submit every complete parcel and store its receipt on the key.

    A parcel that is refused stays on the key, and the others are still submitted.

    Raises what affects all of them: OfficeUnreachable and its subclasses, LinkProblem, KeyRefused
    without a PIN.
    """
    submitted: list[Submitted] = []
    for entry in key.outbox.entries():
        try:
            parcel = Parcel.decode(key.outbox.read(entry))
            accepted = office.submit(
                parcel.statement, parcel.blobs(), ui or Silent(), purpose=parcel.purpose
            )
            keep_receipt(key, accepted.receipt, accepted.statement_id, office)
        except Problem as problem:
            if problem.retriable or (
                isinstance(problem, KeyRefused) and not _is_about_the_parcel(problem)
            ):
                raise
            submitted.append(Submitted(entry.name, problem=problem))
        else:
            submitted.append(Submitted(entry.name, accepted.case, accepted.statement_id))
    return submitted


def _is_about_the_parcel(refusal: KeyRefused) -> bool:
    return refusal.number == ERROR_NOT_FOUND or refusal.code.startswith("receipt-")


def collect(key: Key, folder: Folder, case: str = "") -> int:
    """Copy the receipt from the key into the folder; return the sequence number.

    ``case`` is the number that the office gave when the parcel was submitted; nobody signs it, so
    the key does not have it.  Raises KeyRefused(not-found) when this key did not sign the filing,
    ReceiptProblem(receipt-not-yet) when it has no receipt yet.
    """
    kept = key.fetch(idempotency_key=bytes.fromhex(folder.state.idempotency_key))
    if kept.receipt is None:
        raise ReceiptProblem("receipt-not-yet")
    folder.take_receipt(kept.receipt, key.certificate().root, case)
    return kept.seq
