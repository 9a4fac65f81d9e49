"""Reads cases from the office: the newest version of a filing, and the opinions on it.

``read`` fetches the forms, to be shown; ``fetch`` makes a filing folder that can be verified, like
the unit's own.  The office is not trusted: a manifest must match the digest in its statement, and a
folder is kept only if it verifies.
"""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from biandun import evidence, file_names
from biandun.errors import FolderProblem, OfficeAnswer
from biandun.evidence import Verdict
from biandun.files import write_file
from biandun.filings.folder import State, write_note
from biandun.folders import unwritable
from biandun.office_client import Office
from biandun.results.office import CaseDetails, CaseStep
from biandun_protocol import cose, package
from biandun_protocol.forms.registry import SCHEMAS
from biandun_protocol.wire.numbers import PURPOSE_FILING


class FetchDoubtful(FolderProblem):
    """What the office sent does not verify.

    ``values`` has the case, the step that failed and what it found.
    """

    code = "fetch-doubtful"
    exit_status = 8


@dataclass(frozen=True)
class Entry:
    """One signed step of a case: the statement and its manifest.

    ``received`` is the office's time of reception, in seconds since 1970, not verified.
    """

    statement: cose.Statement
    manifest: package.Manifest
    received: int

    @property
    def purpose(self) -> str:
        """What it was signed for: filing, countersign or decision."""
        return self.statement.header.purpose

    @property
    def name(self) -> str:
        """The statement id in hexadecimal."""
        return self.statement.id.hex()


@dataclass(frozen=True)
class Case:
    """The newest version of a case's filing, and the opinions and decisions on that version.

    ``details`` is the office's JSON description of the case, not verified.
    """

    details: CaseDetails
    filing: Entry
    remarks: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, the filing first."""
        return (self.filing, *self.remarks)


def newest_version(details: CaseDetails, url: str) -> Sequence[CaseStep]:
    """The newest filing in the history of a case and the steps after it.  Raises OfficeAnswer for a
    history without a filing.
    """
    places = [place for place, step in enumerate(details.history) if step.purpose == PURPOSE_FILING]
    if not places:
        raise OfficeAnswer(url=url, detail="history")
    return details.history[places[-1] :]


def read(office: Office, number: str) -> Case:
    """Fetch the newest version of a case, without its attachments.

    Raises OfficeRefused: login-required, case-not-found; OfficeAnswer; StatementProblem,
    ManifestProblem for a statement or manifest that is malformed or does not match.
    """
    details = office.case(number)
    filing, *remarks = [_read_step(office, step) for step in newest_version(details, office.url)]
    return Case(details, filing, tuple(remarks))


def _read_step(office: Office, step: CaseStep) -> Entry:
    name, purpose = step.statement, step.purpose
    if purpose not in SCHEMAS:
        raise OfficeAnswer(url=office.url, detail="history")
    statement = cose.parse(
        office.get_bytes(f"/statements/{quote(name, safe='')}/raw"), purpose=purpose
    )
    if statement.id.hex() != name:
        raise OfficeAnswer(url=office.url, detail="another statement")
    manifest = package.read(office.get_bytes(f"/blobs/{statement.digest.hex()}"), purpose)
    package.compare(statement, manifest)
    return Entry(statement, manifest, step.received)


def fetch(office: Office, number: str, out: Path) -> Verdict:
    """Make a filing folder of a case's newest version.

    Opinions and decisions are in subfolders named after their purpose.  The folder is complete and
    verified under the root that came with it, or not made at all.

    Raises the errors of ``read``; FolderProblem: file-exists, attachment-name, file-unwritable,
    storage-full; FetchDoubtful.
    """
    if out.exists() or out.is_symlink():
        raise FolderProblem("file-exists", path=str(out))
    case = read(office, number)
    for entry in case.entries:
        file_names.check(attachment.name for attachment in entry.manifest.form.attachments)
    aside = out.with_name(f".{secrets.token_hex(6)}")
    try:
        for entry, inside in zip(case.entries, _subfolders(case), strict=True):
            _write_entry(office, entry, aside / inside, number)
        verdict = evidence.verify_folder(aside)
        if not verdict.good:
            failed = [(step.name, step.found) for step in verdict.failed] or [
                ("files", verdict.outcome)
            ]
            raise FetchDoubtful(case=number, step=failed[0][0], found=failed[0][1])
        aside.rename(out)
    except OSError as error:
        raise unwritable(out, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)  # after success it has been renamed
    return verdict


def _subfolders(case: Case) -> list[str]:
    """The subfolder of each entry: none for the filing, countersign or decision for the others.

    A second one of a kind is in decision-2, and so on.
    """
    places = [""]
    for remark in case.remarks:
        number = sum(place.split("-")[0] == remark.purpose for place in places) + 1
        places.append(remark.purpose if number == 1 else f"{remark.purpose}-{number}")
    return places


def _write_entry(office: Office, entry: Entry, folder: Path, number: str) -> None:
    statement, manifest = entry.statement, entry.manifest
    (folder / "attachments").mkdir(parents=True)
    # verify_folder checks their digests afterwards
    for attachment in manifest.form.attachments:
        write_file(
            folder / "attachments" / attachment.name,
            office.get_bytes(f"/blobs/{attachment.sha256.hex()}"),
        )
    files = {
        "manifest.cbor": manifest.raw,
        "statement.cose": statement.raw,
        "receipt.cbor": office.receipt(entry.name).encode(),
        **office.certificates(entry.name),
        **office.anchors(),
    }
    for name, content in files.items():
        write_file(folder / name, content)
    write_note(
        folder,
        State(
            purpose=entry.purpose,
            # only the signer's computer and key know the real one; this is a placeholder
            idempotency_key=entry.name[:32],
            manifest=sha256(manifest.raw).hexdigest(),
            serial=statement.header.serial,
            seq=statement.header.seq or 0,
            statement_id=entry.name,
            case=number,
            office=office.url,
        ),
    )
