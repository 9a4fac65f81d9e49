"""What is signed, on disk: one folder that holds everything of a filing and can prove it without
network or server.

A countersignature and a decision have such a folder too; ``purpose`` in filing.json tells them
apart.

    filing.json        what this program knows: idempotency key, digests, case number
    manifest.cbor      what is signed                  attachments/   the files that it names
    statement.cose     the key's signature             certificate.der, profile.cose, profile.cbor   whose key that is
    receipt.cbor       the office's receipt            root.pem, issuing.pem, issuer.cose, issuer.cbor   whose office that is

The idempotency key is on disk before the key is asked, so a crash at any moment leads back to the
same signature.  Files are written aside and moved; nothing is ever overwritten with something else.

A program of another needs what is named here; each name lives in a module of this package.
"""  # noqa: E501

from biandun.filings.batch import sign_all
from biandun.filings.filled import Unit, read_form, unit_of
from biandun.filings.folder import Folder, State
from biandun.filings.preparing import Source, prepare

__all__ = ["Folder", "Source", "State", "Unit", "prepare", "read_form", "sign_all", "unit_of"]
