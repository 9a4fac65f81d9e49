"""One genuine piece of everything that is read at a boundary, small and made once."""

import datetime
import json
from dataclasses import asdict
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from biandun_office.office import keystore
from biandun_office.office.keys import new_key
from biandun_protocol import cbor, certificate, cose, enrolment, recovery, release
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.audit import LABEL as AUDIT
from biandun_protocol.certificate import Signed
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.package import build
from biandun_protocol.parcel import Parcel
from biandun_protocol.receipt import Receipt
from biandun_protocol.release import Described
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import numbers as n
from biandun_protocol.wire.messages import (
    Application,
    AuditExport,
    AuditManifest,
    Challenge,
    HelloReply,
    InfoRequest,
    LinksManifest,
    LoginManifest,
    SharesExport,
    SharesManifest,
    StatusManifest,
    SuccessionManifest,
)
from tests.support.signers import signer_from
from tests.support.softkey import SoftKey, application, attachment, manifest
from tests.support.softoffice import NOW, SoftOffice

PASSPHRASE = keystore.Passphrase("a passphrase for tests")
START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class World:
    """An office, a key of one of its units, and what they write to one another; every property is
    bytes.
    """

    def __init__(self, algorithm: object = ES256) -> None:
        self.algorithm = SM2 if algorithm is SM2 else ES256
        self.office = SoftOffice(algorithm=self.algorithm)
        self.key = SoftKey(
            signer=signer_from(77, self.algorithm),
            device_key=signer_from(78, self.algorithm).public_key,
        )
        self.device = signer_from(78, self.algorithm)
        self.offer = enrolment.encode_offer(self.office.offer(), None)
        self.invitation = enrolment.encode_offer(self.office.offer(), self.office.officers())
        asked = self.key.prove_possession(self.office.offer())
        self.possession = Signed(asked.statement, asked.manifest).encode()
        self.request = codec.encode(asked)
        grant = self.office.grant(asked)
        self.key.personalise(grant)
        self.grant = codec.encode(grant)
        self.profile = Signed(grant.profile_statement, grant.profile_manifest).encode()
        self.issuer = self.office.anchor.encode()
        self.manifest = manifest(attachments=(attachment(b"%PDF-"),))
        self.form = json.dumps(asdict(application()), ensure_ascii=False, indent=1).encode()
        self.statement = self.key.sign(self.manifest)
        self.parcel = Parcel(n.PURPOSE_FILING, self.statement, self.manifest, (b"%PDF-",)).encode()
        self.receipt = self.office.take_in(self.statement).encode()
        self.receipt_payload = Receipt.decode(self.receipt).payload
        self.card = self.office.card([b"section one", b"section two"]).encode()
        self.officers = self.office.officers().encode()
        self.shares = self._shares()
        self.application = codec.encode(
            Application(n.SCHEMA_APPLICATION, self.request, self.shares)
        )
        self.ask = codec.encode(recovery.ask(recovery.decode_shares(self.shares), 0))
        self.audit = self._audit()
        challenge = Challenge(
            n.SCHEMA_CHALLENGE, self.key.serial, bytes(16), bytes(16), 1, 3, bytes(32)
        )
        self.challenge = codec.encode(challenge)
        self.order = self.office.order(n.PURPOSE_RESET, challenge).encode()
        self.login = self._signed(
            n.PURPOSE_LOGIN,
            LoginManifest(
                n.SCHEMA_LOGIN, "longlan", "http://office.test", bytes(16), self.key.serial
            ),
        )
        self.links = self._signed(
            n.PURPOSE_LINK, LinksManifest(n.SCHEMA_LINKS, self.key.serial, 1, [bytes(32)])
        )
        self.status = self._status()
        self.release = release.sign_release(
            (signer_from(90), signer_from(90, SM2)), Described("rp2350", "1.0.0", 1), b"image " * 20
        ).encode()
        self.vendor = PublicKey.of(signer_from(90))
        self.succession = self._succession()
        self.granted = Granted(grant, Receipt.decode(self.receipt)).encode()
        self.countersign, self.decision = self._reviews()
        self.hello = codec.encode(
            HelloReply(bytes(16), self.device.public_key, bytes(32), bytes(64))
        )
        self.certificate = certificate_der()
        signer = signer_from(91, SM2)
        self.sm2 = signer.public_key + signer.sign(b"message")
        self.sealed = keystore.seal(new_key(self.algorithm), PASSPHRASE, keystore.Cost(1, 1, 1))
        self.frames = b"".join(
            frames.encode_frame(n.KIND_REQUEST, number, 0, codec.encode_request(InfoRequest(1)))
            for number in range(2)
        )

    def _signed(self, purpose: str, message: codec.Message) -> bytes:
        content = codec.encode(message)
        return Signed(self.key.sign(content, purpose), content).encode()

    def _shares(self) -> bytes:
        content = codec.encode(
            SharesManifest(n.SCHEMA_SHARES, self.key.serial, 1, 1, bytes(97), bytes(97))
        )
        signature = self.device.sign(recovery.LABEL + self.algorithm.digest(content))
        return codec.encode(SharesExport(n.SCHEMA_SHARES_EXPORT, content, signature))

    def _audit(self) -> bytes:
        rows = cbor.dumps([[count, 1, 1, 0, 0] for count in range(1, 6)])
        content = codec.encode(AuditManifest(n.SCHEMA_AUDIT, self.key.serial, 1, bytes(32), rows))
        return codec.encode(
            AuditExport(
                n.SCHEMA_AUDIT_EXPORT,
                content,
                self.device.sign(AUDIT + self.algorithm.digest(content)),
            )
        )

    def _status(self) -> bytes:
        message = StatusManifest(
            n.SCHEMA_STATUS, self.key.serial, bytes(16), n.STANDING_ACTIVE, NOW, 1
        )
        return certificate.sign(
            self.office.issuer,
            n.PURPOSE_STATUS,
            "longlan",
            "629900",
            self.office.issuer_manifest.x5t,
            codec.encode(message),
        ).encode()

    def _succession(self) -> bytes:
        new = SoftKey(self.key.serial, signer_from(79, self.algorithm))
        content = codec.encode(
            SuccessionManifest(
                n.SCHEMA_SUCCESSION, "longlan", self.key.serial, new.signer.public_key
            )
        )
        named = Signed(self.key.sign(content, n.PURPOSE_SUCCESSION), content)
        name = cose.parse(named.statement, purpose=n.PURPOSE_SUCCESSION).id
        proof = new.prove_possession(self.office.offer(name[: n.LIMIT_NONCE]))
        return Succession(named, Signed(proof.statement, proof.manifest)).encode()

    def _reviews(self) -> tuple[bytes, bytes]:
        unit = {
            "uscc": self.office.uscc,
            "unit_code": "629900-0002",
            "unit_name": "陇澜市第一中学",
            "region": "629900",
        }
        signed_by = {"prepared_by": "测试员乙", "prepared_on": "2026-11-24", "text": "情况属实。"}
        document = application().application_document
        agreed = Countersign(
            **unit, **signed_by, statement=bytes(32), opinion="agree", document=document
        )
        decided = Decision(
            **unit, **signed_by, statement=bytes(32), case="629900HB2026000001", decision="accept"
        )
        return build(agreed), build(decided)


def certificate_der() -> bytes:
    """A small certificate."""
    key = ec.derive_private_key(5, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "虚构数据")])
    made = x509.CertificateBuilder(
        name, name, key.public_key(), 1, START, START + datetime.timedelta(days=1)
    )
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def world() -> World:
    """The one in ES256."""
    return World()
