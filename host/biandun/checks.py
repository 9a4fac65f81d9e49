"""The checks of one signed item in a folder: office, key, material, signature, receipt, in order.

Each check is a ``Step`` with a name and a result; each relies on the ones before.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from biandun.contents import Contents
from biandun.errors import FolderProblem
from biandun_protocol import certificate, cose, package, receipt
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import CertificateProblem, Problem, StatementProblem
from biandun_protocol.forms.registry import SCHEMAS
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire.messages import IssuerManifest, ProfileManifest
from biandun_protocol.wire.numbers import PURPOSE_FILING
from biandun_protocol.wire.statement import ReceiptPayload

T = TypeVar("T")


@dataclass(frozen=True)
class Step:
    """One check: its name, whether it passed, and what it found (an error code if it failed).

    ``part`` is the subfolder that it is about, ``problem`` why it failed.
    """

    name: str
    good: bool
    found: str
    part: str = ""
    problem: Problem | None = None


class Part:
    """The checks of one signed item: the filing, or what is in a subfolder.

    A subfolder may have a countersignature, a decision or an earlier version.  ``inside`` is its
    path with a trailing slash, empty for the filing itself.  Each check relies on the ones before.
    """

    def __init__(
        self, contents: Contents, root: PublicKey, inside: str = "", filing: "Part | None" = None
    ) -> None:
        self.inside = inside
        self.root = root
        self.purpose = PURPOSE_FILING
        self.steps: list[Step] = []
        self.issuer: IssuerManifest | None = None
        self.profile: ProfileManifest | None = None
        self.manifest: package.Manifest | None = None
        self.statement: cose.Statement | None = None
        self.receipt: ReceiptPayload | None = None
        # an earlier part with the same statement: two copies count once
        self.twin: Part | None = None
        self._contents = contents
        self._filing = filing

    @property
    def good(self) -> bool:
        """Did all checks pass?"""
        return all(step.good for step in self.steps)

    def passed(self, name: str) -> bool:
        """Was the check ``name`` made, and did it pass?"""
        return any(step.name == name and step.good for step in self.steps)

    def read(self, name: str) -> bytes:
        """A file of this part.  Raises FolderProblem."""
        return self._contents.read(self.inside + name)

    def run(self, *, with_receipt: bool) -> "Part":
        """Run the checks in order, up to the first that fails."""
        checks = [self.office_key, self.unit_certificate, self.material, self.signature]
        if self._filing is not None:
            checks.append(self.reference)
        if with_receipt:
            checks.append(self.office_receipt)
        for check in checks:
            try:
                self.steps.append(Step(check.__name__, True, check(), self.inside.rstrip("/")))
            except Problem as problem:
                self.steps.append(
                    Step(check.__name__, False, problem.code, self.inside.rstrip("/"), problem)
                )
                break
        return self

    def office_key(self) -> str:
        """The root's signed statement names the office's issuing key, in the root's algorithm."""
        signed = Signed(self.read("issuer.cose"), self.read("issuer.cbor"))
        self.issuer = certificate.verify_issuer(signed, self.root)
        return self.issuer.office_id

    def unit_certificate(self) -> str:
        """The office's signed profile names the unit's key and its X.509 certificate."""
        signed = Signed(self.read("profile.cose"), self.read("profile.cbor"))
        self.profile = certificate.verify_profile(signed, _known(self.issuer), self.root.algorithm)
        if sha256(self.read("certificate.der")).digest() != self.profile.x5t:
            raise CertificateProblem("certificate-invalid", field="x5t")
        return f"{self.profile.unit_name} {self.profile.serial}"

    def material(self) -> str:
        """The manifest has the digest in the statement; attachments have those in the manifest."""
        raw = self.read("manifest.cbor")
        statement = self._genuine()
        if statement is not None and not statement.covers(raw):
            raise FolderProblem("filing-changed", name="manifest.cbor")
        self.manifest = package.read(raw, self.purpose)
        for attachment in self.manifest.form.attachments:
            name = f"{self.inside}attachments/{attachment.name}"
            content = self._contents.get(name)
            same = (
                content is not None
                and len(content) == attachment.size
                and sha256(content).digest() == attachment.sha256
            )
            if not same:
                raise FolderProblem("filing-changed", name=attachment.name)
        return f"{len(self.manifest.form.attachments)} attachments"

    def _genuine(self) -> cose.Statement | None:
        """The statement if the unit's key signed it, for any purpose; otherwise None.

        None is no error here: the check ``signature`` reports what is wrong.
        """
        try:
            raw = self.read("statement.cose")
        except FolderProblem:
            return None
        for purpose in SCHEMAS:
            try:
                statement = cose.parse(raw, purpose=purpose)
                self.purpose = purpose
                cose.verify(
                    statement, PublicKey(self.root.algorithm, _known(self.profile).public_key)
                )
            except StatementProblem:
                continue
            return statement
        return None

    def signature(self) -> str:
        """The unit's key signed this manifest, and the manifest is about that key's unit."""
        if self.inside + "statement.cose" not in self._contents.entries:
            raise FolderProblem("filing-unsigned")
        manifest, profile = _known(self.manifest), _known(self.profile)
        self.statement = cose.parse(self.read("statement.cose"), purpose=self.purpose)
        cose.verify(self.statement, PublicKey(self.root.algorithm, profile.public_key))
        package.compare(self.statement, manifest)
        header = self.statement.header
        if header.purpose not in profile.purposes:
            raise CertificateProblem("purpose-refused")
        for name, here, there in (
            ("serial", header.serial, profile.serial),
            ("x5t", header.x5t, profile.x5t),
            ("uscc", header.uscc, profile.uscc),
            ("unit_code", header.unit_code, profile.unit_code),
            ("region", header.region, profile.region),
        ):
            if here != there:
                raise CertificateProblem("certificate-mismatch", field=name)
        return f"seq {header.seq} {self.statement.id.hex()[:16]}"

    def reference(self) -> str:
        """The item in a subfolder is about the filing above, or is an earlier version of it."""
        form, filing = _known(self.manifest).form, self._filing
        named: bytes | None = getattr(form, "statement", None)
        if filing is None or filing.statement is None or filing.manifest is None:
            raise FolderProblem("part-foreign", name=self.inside)
        if (
            named is None
            and self.statement is not None
            and self.statement.id == filing.statement.id
        ):
            return "a copy of this filing"
        if named is None and form.uscc == filing.manifest.form.uscc:
            return "an earlier version"
        if named is None or named != filing.statement.id:
            raise FolderProblem("part-foreign", name=self.inside)
        return named.hex()[:16]

    def office_receipt(self) -> str:
        """The receipt proves that the statement is in the office's log."""
        if self.inside + "receipt.cbor" not in self._contents.entries:
            raise FolderProblem("filing-unsubmitted")
        issuer, profile = _known(self.issuer), _known(self.profile)
        given = Receipt.decode(self.read("receipt.cbor"))
        payload = receipt.verify_receipt(given, _known(self.statement), issuer, self.root.algorithm)
        # validity is checked at the office's time of reception, as the office does
        for validity in (issuer, profile):
            if payload.received < validity.not_before:
                raise CertificateProblem("certificate-not-yet")
            if payload.received > validity.not_after:
                raise CertificateProblem("certificate-expired")
        self.receipt = payload
        return f"leaf {payload.leaf_index} of {payload.tree_size}, received {payload.received}"


def _known(value: T | None) -> T:
    """The result of an earlier check, without which no later check runs."""
    if value is None:
        raise StatementProblem("statement-malformed", detail="?")
    return value
