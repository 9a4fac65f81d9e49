"""Countersignatures of supervisors and decisions of officers, each in a folder of its own.

A countersignature is in the filing's folder, so that both are sent together.  Before a key signs
one, the filing is verified under the anchor of that key, so that nobody agrees to an invalid
filing.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from biandun import evidence
from biandun.errors import FolderProblem
from biandun.filings.filled import completed, unit_of
from biandun.filings.folder import Folder
from biandun.filings.preparing import Source, prepare
from biandun.key.session import Key
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import COUNTERSIGN, DECISION


class FilingDoubtful(FolderProblem):
    """The filing does not verify under this key's anchor; ``values['step']`` is the failed step."""

    code = "filing-doubtful"
    exit_status = 8


def countersign(
    key: Key, filing: Folder, opinion: dict[str, object], sources: Iterable[Source]
) -> Folder:
    """Verify a filing, then prepare and sign a countersignature on it.

    Called again, it continues where it stopped.  ``opinion`` has the fields opinion, text,
    prepared_by and, for an agreement, document.  Raises FilingDoubtful,
    ManifestProblem(form-invalid), KeyRefused.
    """
    verdict = evidence.verify_signed(filing.path, key.certificate().root)
    statement = verdict.parts[0].statement
    if not verdict.good or statement is None:
        raise FilingDoubtful(step=verdict.steps[-1].name, found=verdict.steps[-1].found)
    path = filing.path / COUNTERSIGN  # the folder is named after the form
    if not path.exists():
        form = completed(opinion, unit_of(key))
        form["statement"] = statement.id  # the verified id, not the one in filing.json
        prepare(path, form, sources, COUNTERSIGN)
    folder = Folder(path)
    folder.sign(key, about=[filing.manifest().form])
    return folder


def decide(key: Key, out: Path, decision: dict[str, object], about: Sequence[Form] = ()) -> Folder:
    """Prepare and sign a decision; called again, it continues where it stopped.

    The forms that it is ``about``, the filing and the opinions on it, are shown first.

    ``decision`` has the fields case, statement (32 bytes), decision, text and prepared_by.  Raises
    ManifestProblem, KeyRefused.
    """
    if not out.exists():
        prepare(out, completed(decision, unit_of(key)), [], DECISION)
    folder = Folder(out)
    folder.sign(key, about=about)
    return folder
