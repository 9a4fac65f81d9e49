"""Verify a filing folder from nothing but a root certificate: no server, no key, no network.

Each step is named and says what it rests on, so that a person can follow it and an auditor can repeat it with other
tools: docs/verify-with-other-tools.md shows how.
"""

from dataclasses import dataclass
from hashlib import sha256

from biandun.anchors import load_root
from biandun.errors import FolderProblem
from biandun.filings import Folder
from biandun_protocol import certificate, cose, package, receipt
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import CertificateProblem, Problem
from biandun_protocol.wire.messages import IssuerManifest, ProfileManifest


@dataclass(frozen=True)
class Step:
    """One check: its name, whether it held, and what it found (a code when it did not hold)."""

    name: str
    good: bool
    found: str


@dataclass(frozen=True)
class Verdict:
    """All steps in order; later ones are missing when an earlier one failed."""

    steps: tuple[Step, ...]
    root: str

    @property
    def good(self) -> bool:
        """Did everything hold?"""
        return all(step.good for step in self.steps)


def _part(folder: Folder, name: str) -> bytes:
    content = folder.read(name)
    if content is None:
        raise FolderProblem("file-missing", path=str(folder.path / name))
    return content


class _Checks:
    """The checks of one folder, in the order in which each rests on the one before."""

    def __init__(self, folder: Folder, root: PublicKey) -> None:
        self.folder = folder
        self.root = root
        self.issuer: IssuerManifest
        self.profile: ProfileManifest
        self.manifest: package.Manifest
        self.statement: cose.Statement

    def office_key(self) -> str:
        """The root names the office's signing key, in the root's own algorithm, as everything below it is."""
        signed = Signed(_part(self.folder, "issuer.cose"), _part(self.folder, "issuer.cbor"))
        self.issuer = certificate.verify_issuer(signed, self.root)
        return self.issuer.office_id

    def unit_certificate(self) -> str:
        """The office names the unit's key; the X.509 certificate is the one it means."""
        signed = Signed(_part(self.folder, "profile.cose"), _part(self.folder, "profile.cbor"))
        self.profile = certificate.verify_profile(signed, self.issuer, self.root.algorithm)
        if sha256(_part(self.folder, "certificate.der")).digest() != self.profile.x5t:
            raise CertificateProblem("certificate-invalid", field="x5t")
        return f"{self.profile.unit_name} {self.profile.serial}"

    def material(self) -> str:
        """Manifest and attachments are as they were prepared."""
        self.manifest = self.folder.manifest()
        return f"{len(self.manifest.form.attachments)} attachments"

    def signature(self) -> str:
        """The unit's key signed this manifest, for the unit that it speaks of."""
        self.statement = cose.parse(self.folder.statement(), purpose=self.folder.state.purpose)
        cose.verify(self.statement, PublicKey(self.root.algorithm, self.profile.public_key))
        package.compare(self.statement, self.manifest)
        header = self.statement.header
        if header.purpose not in self.profile.purposes:
            raise CertificateProblem("purpose-refused")
        for name, here, there in (
            ("serial", header.serial, self.profile.serial),
            ("x5t", header.x5t, self.profile.x5t),
            ("uscc", header.uscc, self.profile.uscc),
        ):
            if here != there:
                raise CertificateProblem("certificate-mismatch", field=name)
        return f"seq {header.seq} {self.statement.id.hex()[:16]}"

    def office_receipt(self) -> str:
        """The office has it in its log."""
        payload = receipt.verify_receipt(self.folder.receipt(), self.statement, self.issuer, self.root.algorithm)
        for validity in (self.issuer, self.profile):  # judged at the office's time of reception, as the office does
            if payload.received < validity.not_before:
                raise CertificateProblem("certificate-not-yet")
            if payload.received > validity.not_after:
                raise CertificateProblem("certificate-expired")
        return f"leaf {payload.leaf_index} of {payload.tree_size}, received {payload.received}"


def verify_folder(folder: Folder, root_pem: bytes) -> Verdict:
    """Check everything from the root down to the receipt.  Raises CertificateProblem for a root that is none."""
    root, fingerprint = load_root(root_pem)
    return _run(_Checks(folder, root), fingerprint, with_receipt=True)


def verify_signed(folder: Folder, root: PublicKey) -> Verdict:
    """Check everything but the receipt, under a root that the caller's own key believes: before one adds one's own word."""
    return _run(_Checks(folder, root), sha256(root.point).hexdigest(), with_receipt=False)


def _run(checks: "_Checks", root: str, *, with_receipt: bool) -> Verdict:
    steps: list[Step] = []
    for check in (checks.office_key, checks.unit_certificate, checks.material, checks.signature, checks.office_receipt):
        if check.__name__ == "office_receipt" and not with_receipt:
            break
        name = check.__name__
        try:
            steps.append(Step(name, True, check()))
        except Problem as problem:
            steps.append(Step(name, False, problem.code))
            break
    return Verdict(tuple(steps), root)
