"""The parts of a filing that other tools want by themselves."""

from ssl import DER_cert_to_PEM_cert

from biandun.files import write_file
from biandun.filings.folder import Folder
from biandun.results.filings import Exported

RECEIPT, PAYLOAD, CERTIFICATE = "receipt.cose", "receipt-payload.cbor", "certificate.pem"


def export_parts(folder: Folder) -> Exported:
    """Write them into the folder.  Raises FolderProblem: filing-unsubmitted, file-unwritable and
    kin; ReceiptProblem.
    """
    receipt, certificate = folder.receipt(), folder.read("certificate.der") or b""
    for name, content in (
        (RECEIPT, receipt.statement),
        (PAYLOAD, receipt.payload),
        (CERTIFICATE, DER_cert_to_PEM_cert(certificate).encode()),
    ):
        write_file(folder.path / name, content, replace=True)
    return Exported(folder=folder.path, receipt=(RECEIPT, PAYLOAD), certificate=CERTIFICATE)
