"""An office in a few lines of Python, for tests of keys and hosts: anchors, grants, a log in
memory, receipts.

Everything it signs is what the real office signs; its X.509 blobs are opaque bytes, as they are to
a key.  The tree is the plain recursion of RFC 9162 section 2.1, written apart from the office's own
so that each can judge the other.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from biandun.key.session import Key
from biandun_office.office.x509 import Validity
from biandun_office.office.x509 import root_certificate as make_root
from biandun_protocol import certificate, cose, orders, receipt, recovery, status, unit_card
from biandun_protocol.algorithms import ES256, Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed
from biandun_protocol.orders import Order
from biandun_protocol.receipt import Receipt
from biandun_protocol.recovery import Officers
from biandun_protocol.release import Release
from biandun_protocol.secret import Secret
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.unit_card import Term, UnitCard
from biandun_protocol.wire import merkle
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import (
    Challenge,
    Grant,
    InfoReply,
    IssuerManifest,
    KeyRequest,
    Offer,
    OfficersManifest,
    OrderManifest,
    ProfileManifest,
    StatusManifest,
)
from biandun_protocol.wire.numbers import (
    CLASS_SIMULATED,
    PURPOSE_SUCCESSION,
    SCHEMA_GRANT,
    SCHEMA_ISSUER,
    SCHEMA_OFFER,
    SCHEMA_OFFICERS,
    SCHEMA_ORDER,
    SCHEMA_PROFILE,
    SCHEMA_STATUS,
)
from tests.support.signers import signer_from

NOW = 1_795_478_400  # 2026-11-24 00:00:00 UTC
YEAR = 365 * 86400
# opaque to a key; that of the root is one, because whoever verifies takes the root's key out of it
ISSUING_X509 = b"issuing x509"


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of leaf hashes, by the definition."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else merkle.EMPTY_ROOT
    middle = _split(len(leaves))
    return merkle.node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(index, leaves), by the definition."""
    if len(leaves) <= 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*inclusion(index, leaves[:middle]), root_of(leaves[middle:])]
    return [*inclusion(index - middle, leaves[middle:]), root_of(leaves[:middle])]


def consistency(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PROOF(first, leaves), by the definition."""
    return _subproof(first, leaves, True) if 0 < first < len(leaves) else []


def _subproof(first: int, leaves: Sequence[bytes], whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves)]
    middle = _split(len(leaves))
    if first <= middle:
        return [*_subproof(first, leaves[:middle], whole), root_of(leaves[middle:])]
    return [*_subproof(first - middle, leaves[middle:], False), root_of(leaves[:middle])]


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


@lru_cache
def _root_x509(seed: int, algorithm: Algorithm) -> bytes:
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    if algorithm is not ES256:
        validity = Validity(int(start.timestamp()), int(start.timestamp()) + 3650 * 86400)
        return make_root(
            signer_from(seed, algorithm), name="陇澜市委编办", validity=validity
        ).public_bytes(Encoding.DER)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "陇澜市委编办 根(虚构)")])
    key = ec.derive_private_key(seed, ec.SECP256R1())
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, start, start + datetime.timedelta(days=3650)
    )
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


@dataclass
class SoftOffice:
    """An office whose keys are the same in every run; ``seed`` makes another one."""

    seed: int = 1000
    office_id: str = "longlan"
    region: str = "629900"
    uscc: str = "12629900MB00000274"
    unit_code: str = "629900-0002"
    unit_name: str = "陇澜市第一中学"
    purposes: tuple[str, ...] = ("filing",)
    leaves: list[bytes] = field(default_factory=list)
    algorithm: Algorithm = ES256
    sessions: bool = True  # does it certify device keys?

    def __post_init__(self) -> None:
        self.root: Signer = signer_from(self.seed, self.algorithm)
        self.issuer: Signer = signer_from(self.seed + 1, self.algorithm)
        self.issuer_manifest = IssuerManifest(
            SCHEMA_ISSUER,
            self.office_id,
            self.issuer.public_key,
            sha256(ISSUING_X509).digest(),
            NOW - YEAR,
            NOW + 9 * YEAR,
        )
        self.anchor: Signed = certificate.sign_issuer(
            self.root,
            region=self.region,
            root_x5t=sha256(self.root_x509).digest(),
            manifest=self.issuer_manifest,
        )

    @property
    def root_x509(self) -> bytes:
        """The root's self-signed certificate (DER), the same in every run."""
        return _root_x509(self.seed, self.algorithm)

    @property
    def root_key(self) -> PublicKey:
        """The anchor."""
        return PublicKey.of(self.root)

    def offer(self, nonce: bytes = b"n" * 16) -> Offer:
        """File 1 of enrolment."""
        return Offer(
            SCHEMA_OFFER,
            self.office_id,
            "陇澜市委编办(虚构)",
            self.root.public_key,
            self.anchor.statement,
            self.anchor.manifest,
            nonce,
            self.uscc,
            self.unit_name,
        )

    def grant(self, request: KeyRequest, **changed: object) -> Grant:
        """File 3 of enrolment; ``changed`` replaces fields of the profile."""
        proof = certificate.verify_possession(
            Signed(request.statement, request.manifest), self.algorithm
        )
        return self.grant_for(
            proof.serial,
            proof.public_key,
            **{"device_key": proof.device_key if self.sessions else None, **changed},
        )

    def grant_for(self, serial: str, public_key: bytes, /, **changed: object) -> Grant:
        """A grant without asking for a proof."""
        version = changed.get("version", 1)
        # a certificate is never the same twice
        x509 = b"x509 of " + serial.encode() + (b"" if version == 1 else b" %d" % version)
        fields: dict[str, object] = {
            "schema": SCHEMA_PROFILE,
            "version": 1,
            "serial": serial,
            "public_key": public_key,
            "uscc": self.uscc,
            "unit_code": self.unit_code,
            "unit_name": self.unit_name,
            "region": self.region,
            "purposes": list(self.purposes),
            "hardware_class": CLASS_SIMULATED,
            "not_before": NOW - 86400,
            "not_after": NOW + 5 * YEAR,
            "x5t": sha256(x509).digest(),
            **changed,
        }
        profile = certificate.sign_profile(
            self.issuer,
            office_id=self.office_id,
            region=self.region,
            x5t=self.issuer_manifest.x5t,
            manifest=ProfileManifest(**fields),  # type: ignore[arg-type]
        )
        return Grant(
            SCHEMA_GRANT, profile.statement, profile.manifest, x509, ISSUING_X509, b"root x509"
        )

    def succeed(
        self, asked: Succession, old: bytes, version: int = 2, **changed: object
    ) -> Granted:
        """The answer to who asks for a new key pair in the place of the one whose point is
        ``old``.
        """
        proof = asked.verify(PublicKey(self.algorithm, old))
        device_key = proof.device_key if self.sessions else None
        fields = {"version": version, "device_key": device_key, **changed}
        grant = self.grant_for(proof.serial, proof.public_key, **fields)
        seen = cose.parse(asked.named.statement, purpose=PURPOSE_SUCCESSION).header.log_point
        receipt = self.take_in(asked.named.statement, purpose=PURPOSE_SUCCESSION)
        return Granted(grant, receipt, tuple(self.consistency(seen[0])) if seen else ())

    def order(
        self,
        purpose: str,
        challenge: Challenge,
        seq: int | None = None,
        head: bytes | None = None,
        **changed: object,
    ) -> Order:
        """An order for the key that gave the challenge; ``changed`` replaces fields of it."""
        fields: dict[str, object] = {
            "serial": challenge.serial,
            "nonce": challenge.nonce,
            "seq": seq,
            "head": head,
            **changed,
        }
        manifest = OrderManifest(**{"schema": SCHEMA_ORDER, **fields})  # type: ignore[arg-type]
        return orders.sign_order(self.issuer, purpose=purpose, manifest=manifest, **self._names)

    def status(self, info: InfoReply, standing: int, since: int = NOW, **changed: object) -> Signed:
        """Whether the key that gave ``info`` may sign; ``changed`` replaces fields of it."""
        kid = PublicKey(self.algorithm, info.public_key or b"").kid
        fields: dict[str, object] = {
            "serial": info.serial,
            "kid": kid,
            "standing": standing,
            "since": since,
            "number": 1,
            **changed,
        }
        manifest = StatusManifest(**{"schema": SCHEMA_STATUS, **fields})  # type: ignore[arg-type]
        return status.sign_status(self.issuer, manifest=manifest, **self._names)

    def reset(self, key: Key) -> int:
        """Order a key to reset itself, and have it done; return its new generation."""
        return key.carry_out(self.order("reset", key.challenge()))

    def card(self, sections: Sequence[bytes], version: int = 1, **changed: object) -> UnitCard:
        """A unit card; ``changed`` replaces whose it is or its term."""
        uscc = str(changed.pop("uscc", self.uscc))
        term = Term(
            **{
                "version": version,
                "issued": NOW,
                "not_after": NOW + YEAR,
                "max_offline": 200,
                **changed,
            }
        )  # type: ignore[arg-type]
        return unit_card.sign_card(
            self.issuer, uscc=uscc, term=term, sections=sections, **self._names
        )

    def officers(self, version: int = 1, **changed: object) -> Officers:
        """The office's word on who its two unblocking officers are; ``changed`` replaces fields of
        it.
        """
        first, second = (signer.public_key for signer in self.unblockers)
        fields: dict[str, object] = {
            "version": version,
            "first_name": "测试员甲",
            "first_key": first,
            "second_name": "测试员乙",
        }
        manifest = OfficersManifest(
            **{"schema": SCHEMA_OFFICERS, **fields, "second_key": second, **changed}
        )  # type: ignore[arg-type]
        return recovery.sign_officers(self.issuer, manifest=manifest, **self._names)

    def approved(self, release: Release) -> Release:
        """A firmware release with the operator's signature."""
        return release.approved(self.issuer, **self._names)

    @property
    def unblockers(self) -> tuple[Any, Any]:
        """The private halves of both."""
        return signer_from(self.seed + 2, self.algorithm), signer_from(
            self.seed + 3, self.algorithm
        )

    def codes(self, key: Key, slot: int = 0) -> tuple[Secret, Secret]:
        """What the two officers read out for a user, from the shares that the key has now."""
        device_key = key.profile().device_key
        assert device_key is not None
        shares = recovery.verify_shares(
            key.recovery.shares(), PublicKey(self.algorithm, device_key)
        )
        first, second = (
            recovery.open_share(shares, place, officer, device_key, slot)
            for place, officer in enumerate(self.unblockers, 1)
        )
        return first, second

    @property
    def _names(self) -> Any:
        return {"office_id": self.office_id, "region": self.region, "x5t": self.issuer_manifest.x5t}

    def take_in(self, raw: bytes, received: int = NOW, purpose: str = "filing") -> Receipt:
        """Append a statement to the log and give its receipt."""
        statement = cose.parse(raw, purpose=purpose)
        self.leaves.append(
            merkle.leaf_hash(wire.log_leaf(statement.id, raw, statement.digest, received))
        )
        return self.receipt(len(self.leaves) - 1, statement.id, received)

    def receipt(
        self, index: int, statement_id: bytes, received: int = NOW, size: int | None = None
    ) -> Receipt:
        """Sign a receipt for a leaf of the log, at any size of it."""
        leaves = self.leaves[:size]
        payload = wire.ReceiptPayload(
            statement_id, index, len(leaves), root_of(leaves), inclusion(index, leaves), received
        )
        return receipt.sign_receipt(
            self.issuer,
            office_id=self.office_id,
            region=self.region,
            x5t=self.issuer_manifest.x5t,
            payload=payload,
        )

    def consistency(self, first: int) -> list[bytes]:
        """Proof from a log of ``first`` leaves to the log as it is now."""
        return consistency(first, self.leaves)
