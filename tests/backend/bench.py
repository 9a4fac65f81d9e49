"""An office on a test's bench: a copy of a founded office in a folder of its own, and the moves
that most tests make.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from biandun_office.evidence.models import Node, Receipt, Statement
from biandun_office.flow.models import Case, CaseEvent
from biandun_office.installation import founding as installation
from biandun_office.installation.founding import Founding
from biandun_office.issuance import services as issuance
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.services import IssuingKey
from biandun_office.keylife import orders
from biandun_office.office import signing, startup
from biandun_office.office.identity import ISSUING_KEY, Identity, Office, load_key
from biandun_office.office.keys import new_key
from biandun_office.office.keystore import Cost, Passphrase
from biandun_office.platform import clock
from biandun_office.timekeeping import guard
from biandun_protocol.orders import Order, decode_order
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, IssuerManifest, Offer
from biandun_protocol.wire.numbers import ROLES
from tests.backend import people
from tests.backend.people import BUREAU, OFFICE, Key
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
SIGNED = "application/biandun-signed+cbor"
ORIGIN = "http://office.test"


ONLY_SQLITE = pytest.mark.parametrize("vendor", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("vendor", ["postgresql"], indirect=True)


def found(folder: Path, database: str = "", suite: str = "ES256") -> None:
    """Found an office quickly."""
    identity = Identity("longlan", "陇澜市委编办", "629900", database=database, suite=suite)
    installation.found(
        folder, Founding(identity, PASSPHRASE, CHEAP, clock.now()), before_rename=lambda work: None
    )


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
        signing.set_signer(self.authority.signer())
        settings.LOGIN_ORIGINS = [ORIGIN]

    @property
    def issuer(self) -> IssuerManifest:
        return self.office.issuer_manifest

    def offer_file(self, uscc: str = SCHOOL) -> bytes:
        return issuance.make_offer(office=self.office, uscc=uscc, now=clock.now())[1]

    def offer(self, uscc: str = SCHOOL) -> Offer:
        return codec.decode(Offer, self.offer_file(uscc))

    def issue(self, key: SoftKey, offer: Offer, **changed: object) -> bytes:
        """Certify ``key`` and return the grant."""
        return self.issue_file(codec.encode(key.prove_possession(offer)), **changed)

    def issue_file(self, request: bytes, **changed: object) -> bytes:
        """Certify the key that made the request and return the grant."""
        options = {
            "purposes": ROLES["unit"],
            "days": 100,
            "now": clock.now(),
            "deliver": lambda grant: None,
            **changed,
        }
        return issuance.issue(authority=self.authority, request=request, **options).grant  # type: ignore[arg-type]

    def new_key(
        self,
        uscc: str = SCHOOL,
        serial: str = "BD-TEST-0001",
        role: str = "unit",
        **changed: object,
    ) -> Key:
        """A key of the unit, certified."""
        key = Key(serial=serial, signer=new_key(self.office.algorithm))
        key.personalise(
            codec.decode(
                Grant,
                self.issue(
                    key,
                    self.offer(uscc),
                    **{
                        "purposes": ROLES[role],
                        "role": role if "purposes" not in changed else None,
                        **changed,
                    },
                ),
            )
        )
        return key

    def order(self, challenge: bytes, purpose: str) -> Order:
        """Order a key to do something."""
        given = orders.issue_order(
            authority=self.authority,
            challenge=challenge,
            purpose=purpose,
            reason="test",
            now=clock.now(),
            deliver=lambda raw: None,
        )
        return decode_order(bytes(given.row.raw))

    def supervisor(self, uscc: str = BUREAU, serial: str = "BD-TEST-0100") -> Key:
        return self.new_key(uscc, serial, "supervisor")

    def officer(self, serial: str = "BD-TEST-0200") -> Key:
        return self.new_key(OFFICE, serial, "officer")

    def at(self, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
        """It is ``moment`` now, and the office has no reason to doubt it."""
        monkeypatch.setattr(clock, "now", lambda: moment)
        guard.mark(moment)
        guard.forget()

    def make_certificates_timeless(self) -> None:
        """For tests that turn the clock."""
        Certificate.objects.update(not_before=0, not_after=1 << 40)

    def put(self, content: bytes, digest: str | None = None) -> HttpResponse:
        path = f"/blobs/{digest or digest_of(content)}"
        return self.client.put(path, data=content, content_type="application/octet-stream")  # type: ignore[return-value]

    def post(
        self, statement: bytes, content_type: str = COSE, to: str = "/statements"
    ) -> HttpResponse:
        # named twice, because Django's client sends no type with an empty body
        return self.client.post(
            to, data=statement, content_type=content_type, CONTENT_TYPE=content_type
        )  # type: ignore[return-value]

    def get(self, path: str, token: str | None = None) -> HttpResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.client.get(path, headers=headers)  # type: ignore[return-value]

    def upload(self, **form: object) -> bytes:
        """Upload a manifest with one attachment, and return it."""
        content = f"%PDF-1.7 虚构附件 {form.get('reason', '')}".encode()
        raw = manifest(**{"attachments": (attachment(content),), **form})
        self.put(content)
        self.put_manifest(raw)
        return raw

    def put_manifest(self, raw: bytes) -> HttpResponse:
        """Upload a manifest under the digest that a statement about it carries."""
        return self.put(raw, self.office.algorithm.digest(raw).hex())

    def countersign(self, key: SoftKey, statement: str, **changed: object) -> HttpResponse:
        """Upload, sign and submit a supervisor's opinion on a filing."""
        raw = people.countersign(key, statement, **changed)
        self.put_manifest(raw)
        return self.post(key.sign(raw, "countersign"), to="/countersignatures")

    def decide(self, key: SoftKey, filed: HttpResponse, **changed: object) -> HttpResponse:
        """Upload, sign and submit an officer's decision on what was ``filed``."""
        raw = people.decision(key, filed["Biandun-Case"], filed["Biandun-Statement"], **changed)
        self.put_manifest(raw)
        return self.post(key.sign(raw, "decision"), to="/decisions")

    def challenge(self, origin: str = ORIGIN) -> str:
        answer = self.client.post(
            "/login/challenge", data={"origin": origin}, content_type="application/json"
        )
        return answer.json()["nonce"]

    def login(self, key: Key) -> str:
        """Log in and return the token."""
        answer = self.post(key.login(self.challenge(), ORIGIN), SIGNED, "/login")
        assert answer.status_code == 200, answer.content
        return answer.json()["token"]

    def file(self, key: SoftKey, **form: object) -> HttpResponse:
        """Upload, sign and submit a filing."""
        return self.post(key.sign(self.upload(**form)))


def rows() -> tuple[int, ...]:
    """How much the office holds of everything that a statement leaves behind."""
    return tuple(model.objects.count() for model in (Statement, Node, Receipt, Case, CaseEvent))


Settled = Callable[[Callable[[Bench], object]], Bench]
