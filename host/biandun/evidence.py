"""Verifies a filing folder from nothing but a root certificate: no server, no key, no network.

Each step has a name and names what it relies on, so that a person can follow it and an auditor can
repeat it with other tools (docs/verify-with-other-tools.md).  Countersignatures and decisions in
subfolders are verified by the same steps.  Every file is accounted for (``inventory``): verified
and by which step, or listed as not checked.  The content of filing.json is never relied on.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from biandun import inventory
from biandun.anchors import load_root
from biandun.checks import Part, Step
from biandun.contents import Contents
from biandun.errors import FolderProblem
from biandun.inventory import File
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.wire.numbers import PURPOSE_FILING

ROOT_FROM_FOLDER = "root-from-folder"  # the warning of such a verdict
GOOD, INCOMPLETE, BAD = "good", "incomplete", "bad"


@dataclass(frozen=True)
class Verdict:
    """The result: the parts in order, the filing first, and every file.

    ``root`` is the fingerprint of the root certificate; ``root_from_folder`` says that it came from
    the folder itself.
    """

    parts: tuple[Part, ...]
    files: tuple[File, ...]
    root: str
    root_from_folder: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order; after one that failed, the later ones of its part are missing."""
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that failed, at most one per part."""
        return tuple(step for step in self.steps if not step.good)

    @property
    def outcome(self) -> str:
        """GOOD, INCOMPLETE or BAD.

        INCOMPLETE means that everything that was checked is valid, but the folder has more files.
        """
        if self.failed or any(file.finding in inventory.WRONG for file in self.files):
            return BAD
        return INCOMPLETE if any(file.finding == inventory.UNKNOWN for file in self.files) else GOOD

    @property
    def good(self) -> bool:
        """Is everything valid, and every file accounted for?"""
        return self.outcome == GOOD


def verify_folder(path: Path, root_pem: bytes | None = None) -> Verdict:
    """Verify the folder and its subfolders, from the root down to the receipts.

    Without ``root_pem`` the folder's own root.pem is used, which shows only that the folder is
    consistent.  Raises FolderProblem: folder-not-filing, file-unreadable, filing-unsubmitted
    without any root; CertificateProblem for an invalid root.
    """
    contents = Contents(path)
    if not _is_part(contents, ""):
        raise FolderProblem("folder-not-filing", path=str(path))
    if root_pem is None and "root.pem" not in contents.entries:
        raise FolderProblem("filing-unsubmitted")
    root, fingerprint = load_root(contents.read("root.pem") if root_pem is None else root_pem)
    filing = Part(contents, root).run(with_receipt=True)
    parts = [filing]
    for inside in _subfolders(contents):
        above = next(
            (
                part
                for part in reversed(parts)
                if part.purpose == PURPOSE_FILING and inside.startswith(part.inside)
            ),
            None,
        )
        part = Part(contents, root, inside, above or filing).run(with_receipt=True)
        part.twin = next(
            (
                one
                for one in parts
                if part.statement and one.statement and one.statement.id == part.statement.id
            ),
            None,
        )
        parts.append(part)
    return Verdict(
        tuple(parts),
        tuple(inventory.account(contents, parts, root_pem)),
        fingerprint,
        root_pem is None,
    )


def verify_signed(path: Path, root: PublicKey) -> Verdict:
    """Verify a filing without its receipt, under the ``root`` that the caller's own key trusts.

    For a supervisor or officer, before they sign something about it.
    """
    filing = Part(Contents(path), root).run(with_receipt=False)
    return Verdict((filing,), (), sha256(root.point).hexdigest())


def _is_part(contents: Contents, inside: str) -> bool:
    return any(
        inside + name in contents.entries
        for name in ("statement.cose", "manifest.cbor", "filing.json")
    )


def _subfolders(contents: Contents) -> list[str]:
    """The subfolders with something signed, outer ones first, each with a trailing slash."""
    folders = {name[: name.rindex("/") + 1] for name in contents.entries if "/" in name}
    return sorted(
        (inside for inside in folders if _is_part(contents, inside)),
        key=lambda inside: (inside.count("/"), inside),
    )
