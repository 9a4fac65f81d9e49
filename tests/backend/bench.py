"""An office on a test's bench: a copy of a founded office in a folder of its own, and the moves that most tests make."""

import shutil
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from django.http import HttpResponse
from django.test import Client

from biandun_office import clock, installation, signing, startup
from biandun_office.evidence.models import Node, Receipt, Statement
from biandun_office.flow.models import Case, CaseStatement
from biandun_office.installation import Founding
from biandun_office.issuance import services as issuance
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.services import IssuingKey
from biandun_office.keystore import Cost, Passphrase
from biandun_office.office import ISSUING_KEY, Identity, Office, load_key
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, IssuerManifest, Offer
from tests.support.softkey import SoftKey, attachment, manifest

PASSPHRASE = Passphrase("a passphrase for tests")
CHEAP = Cost(log2n=4)
SCHOOL = "12629900MB00000274"
HOSPITAL = "126299214390001547"
HOSPITAL_FORM = {
    "uscc": HOSPITAL,
    "unit_code": "629921-0001",
    "unit_name": "青屏县人民医院",
    "region": "629921",
    "supervisor_uscc": None,
}
COSE = "application/cose"


def found(folder: Path) -> None:
    """Found an office quickly."""
    identity = Identity("longlan", "陇澜市委编办", "629900")
    installation.found(folder, Founding(identity, PASSPHRASE, CHEAP, clock.now()), before_rename=lambda work: None)


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


@dataclass
class Bench:
    """An office in ``folder``, this process pointed at it."""

    folder: Path
    client: Client = field(default_factory=Client)

    def __post_init__(self) -> None:
        startup.use_office(self.folder)
        self.office = Office.load(self.folder)
        key = load_key(self.folder, ISSUING_KEY, self.office.issuing, PASSPHRASE)
        self.authority = IssuingKey(self.office, key)
        signing.hold(self.authority.signer())

    @property
    def issuer(self) -> IssuerManifest:
        return self.office.issuer_manifest

    def offer(self, uscc: str = SCHOOL) -> Offer:
        _, content = issuance.make_offer(office=self.office, uscc=uscc, now=clock.now())
        return codec.decode(Offer, content)

    def issue(self, key: SoftKey, offer: Offer, **changed: object) -> bytes:
        """Certify ``key`` and return the grant."""
        options = {"purposes": ["filing"], "days": 100, "now": clock.now(), "deliver": lambda grant: None, **changed}
        request = codec.encode(key.prove_possession(offer))
        return issuance.issue(authority=self.authority, request=request, **options).grant  # type: ignore[arg-type]

    def new_key(self, uscc: str = SCHOOL, serial: str = "BD-TEST-0001", **changed: object) -> SoftKey:
        """A key of the unit, certified."""
        key = SoftKey(serial=serial)
        key.personalise(codec.decode(Grant, self.issue(key, self.offer(uscc), **changed)))
        return key

    def make_certificates_timeless(self) -> None:
        """For tests that turn the clock."""
        Certificate.objects.update(not_before=0, not_after=1 << 40)

    def put(self, content: bytes, digest: str | None = None) -> HttpResponse:
        path = f"/blobs/{digest or digest_of(content)}"
        return self.client.put(path, data=content, content_type="application/octet-stream")  # type: ignore[return-value]

    def post(self, statement: bytes, content_type: str = COSE) -> HttpResponse:
        # named twice, because Django's client sends no type with an empty body
        return self.client.post("/statements", data=statement, content_type=content_type, CONTENT_TYPE=content_type)  # type: ignore[return-value]

    def upload(self, **form: object) -> bytes:
        """Upload a manifest with one attachment, and return it."""
        content = f"%PDF-1.7 虚构附件 {form.get('reason', '')}".encode()
        raw = manifest(**{"attachments": (attachment(content),), **form})
        self.put(content)
        self.put(raw)
        return raw

    def file(self, key: SoftKey, **form: object) -> HttpResponse:
        """Upload, sign and submit a filing."""
        return self.post(key.sign(self.upload(**form)))


def copy_of(template: Path, folder: Path) -> Bench:
    shutil.copytree(template, folder)
    return Bench(folder)


def rows() -> tuple[int, ...]:
    """How much the office holds of everything that a statement leaves behind."""
    return tuple(model.objects.count() for model in (Statement, Node, Receipt, Case, CaseStatement))
