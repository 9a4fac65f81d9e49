"""Filing folders: each has everything of one filing, and can be verified without a network.

A countersignature and a decision have such a folder, too; ``purpose`` in filing.json distinguishes
them.

    filing.json        notes of this program: idempotency key, digests, case number
    manifest.cbor      what is signed                  attachments/   the files that it names
    statement.cose     the key's signature             certificate.der, profile.cose, profile.cbor   whose key that is
    receipt.cbor       the office's receipt            root.pem, issuing.pem, issuer.cose, issuer.cbor   whose office that is

The idempotency key is on disk before the key is asked to sign, so after a crash at any moment the
same signature is obtained again.  Files are written completely or not at all, and what is signed is
never replaced.

The names below are the package's public interface; each is defined in one of its modules.
"""  # noqa: E501

from biandun.filings.batch import sign_all
from biandun.filings.filled import Unit, read_form, unit_of
from biandun.filings.folder import Folder, State
from biandun.filings.preparing import Source, prepare

__all__ = ["Folder", "Source", "State", "Unit", "prepare", "read_form", "sign_all", "unit_of"]
