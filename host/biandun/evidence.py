"""Verify a filing folder from nothing but a root certificate: no server, no key, no network.

Each step is named and says what it rests on, so that a person can follow it and an auditor can
repeat it with other tools: docs/verify-with-other-tools.md shows how.  Opinions and decisions that
lie in the folder are verified in the same steps.  Every file is accounted for (``inventory``):
verified and by which step, or named as not looked at.  What filing.json remembers decides nothing.
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

GOOD, INCOMPLETE, BAD = "good", "incomplete", "bad"


@dataclass(frozen=True)
class Verdict:
    """The parts in order, the filing first; every file; the fingerprint of the root, and whether it
    came from the folder itself.
    """

    parts: tuple[Part, ...]
    files: tuple[File, ...]
    root: str
    root_from_folder: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps in order; later ones of a part are missing when an earlier one failed."""
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that did not hold, at most one a part."""
        return tuple(step for step in self.steps if not step.good)

    @property
    def outcome(self) -> str:
        """GOOD; INCOMPLETE when all that was looked at holds and there is more in the folder;
        BAD.
        """
        if self.failed or any(file.finding in inventory.WRONG for file in self.files):
            return BAD
        return INCOMPLETE if any(file.finding == inventory.UNKNOWN for file in self.files) else GOOD

    @property
    def good(self) -> bool:
        """Did everything hold, and is everything in the folder accounted for?"""
        return self.outcome == GOOD


def verify_folder(path: Path, root_pem: bytes | None = None) -> Verdict:
    """Check everything from the root down to the receipt, in the folder and in those below it.

    Without ``root_pem`` the folder's own root.pem is taken, which shows only that the folder agrees
    with itself.  Raises FolderProblem: folder-not-filing, file-unreadable, filing-unsubmitted
    without any root; CertificateProblem for a root that is none.
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
    """Check the filing without its receipt, under a root that the caller's own key believes: before
    one adds one's own word.
    """
    filing = Part(Contents(path), root).run(with_receipt=False)
    return Verdict((filing,), (), sha256(root.point).hexdigest())


def _is_part(contents: Contents, inside: str) -> bool:
    return any(
        inside + name in contents.entries
        for name in ("statement.cose", "manifest.cbor", "filing.json")
    )


def _subfolders(contents: Contents) -> list[str]:
    """The folders below that hold something signed, outer ones first."""
    folders = {name[: name.rindex("/") + 1] for name in contents.entries if "/" in name}
    return sorted(
        (inside for inside in folders if _is_part(contents, inside)),
        key=lambda inside: (inside.count("/"), inside),
    )
