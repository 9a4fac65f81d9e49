"""Several folders signed with one press of the button."""

from collections.abc import Sequence

from biandun.errors import UsageProblem
from biandun.filings.folder import Folder
from biandun.key.session import Key, Signature
from biandun_protocol.wire.numbers import LIMIT_BATCH


def sign_all(key: Key, folders: Sequence[Folder]) -> list[Signature]:
    """Have the key sign at most 64 folders, with one press of the button per purpose.

    Folders that are signed already are skipped.  Raises UsageProblem for more than 64; the errors
    of ``Folder.sign``, after which the folders before it are signed.
    """
    unsigned = [folder for folder in folders if folder.read("statement.cose") is None]
    if unsigned:
        key.ui.about_to_sign([folder.manifest().form for folder in unsigned])
    purposes = {folder.state.purpose for folder in unsigned}
    for purpose in sorted(purposes):
        batch = [folder.manifest().raw for folder in unsigned if folder.state.purpose == purpose]
        if len(batch) > LIMIT_BATCH:
            raise UsageProblem(detail=f"at most {LIMIT_BATCH} at a time")
        if len(batch) > 1:
            key.confirm_batch([key.algorithm.digest(raw) for raw in batch], purpose=purpose)
    return [folder.sign(key, shown=True) for folder in folders]
