"""A signing key in a few lines of Python, for tests of rooms that only need what a key hands out.

It writes the same bytes as the firmware (a system test compares the two) but enforces nothing:
tests use it to make statements that a genuine key would refuse to make.
"""

from dataclasses import dataclass, field
from datetime import date

from biandun_office.office.keys import new_key
from biandun_protocol import package
from biandun_protocol.algorithms import ES256, PublicKey, Signer
from biandun_protocol.certificate import Signed
from biandun_protocol.forms.form import ApplicationDocument, Attachment
from biandun_protocol.forms.use_approval import UseApproval, UseItem
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import (
    Grant,
    KeyRequest,
    Offer,
    PossessionManifest,
    ProfileManifest,
)
from biandun_protocol.wire.numbers import (
    CHAINED_PURPOSES,
    CLASS_SIMULATED,
    SCHEMA_KEY_REQUEST,
    SCHEMA_POSSESSION,
)


@dataclass
class SoftKey:
    """A unit's key without policy."""

    serial: str = "BD-TEST-0001"
    signer: Signer = field(default_factory=lambda: new_key(ES256))
    profile: ProfileManifest | None = None
    seq: int = 0
    head: bytes = wire.FIRST_PREV
    device_key: bytes | None = None
    firmware: str = "0.1.0"

    def prove_possession(self, offer: Offer) -> KeyRequest:
        """Answer an offer."""
        manifest = codec.encode(
            PossessionManifest(
                SCHEMA_POSSESSION,
                offer.office_id,
                offer.nonce,
                self.serial,
                self.signer.public_key,
                self.device_key,
            )
        )
        signed = self._sign("possession", manifest, {}, with_unit=False)
        return KeyRequest(SCHEMA_KEY_REQUEST, signed.statement, signed.manifest)

    def personalise(self, grant: Grant) -> None:
        """Take the office's grant as it is."""
        self.profile = codec.decode(ProfileManifest, grant.profile_manifest)

    def sign(self, manifest: bytes, purpose: str = "filing", **changed: object) -> bytes:
        """Sign a manifest; ``changed`` overrides header fields by name (uscc, unit_code, region,
        seq, prev, length, claimed_time).
        """
        assert self.profile is not None
        fields: dict[int, object] = {
            wire.FIELD_USCC: changed.get("uscc", self.profile.uscc),
            wire.FIELD_UNIT_CODE: changed.get("unit_code", self.profile.unit_code),
            wire.FIELD_REGION: changed.get("region", self.profile.region),
        }
        if purpose in CHAINED_PURPOSES:
            fields[wire.FIELD_SEQ] = changed.get("seq", self.seq + 1)
            fields[wire.FIELD_PREV] = changed.get("prev", self.head)
        if "length" in changed:
            fields[wire.FIELD_MANIFEST_LENGTH] = changed["length"]
        if "claimed_time" in changed:
            fields[wire.FIELD_CLAIMED_TIME] = changed["claimed_time"]
        statement = self._sign(purpose, manifest, fields, with_unit=True).statement
        if purpose in CHAINED_PURPOSES and not changed:
            protected, digest, _ = wire.split(statement)
            self.seq += 1
            self.head = wire.statement_id(
                self.signer.algorithm, wire.to_be_signed(protected, purpose, digest)
            )
        return statement

    def _sign(
        self, purpose: str, manifest: bytes, fields: dict[int, object], *, with_unit: bool
    ) -> Signed:
        own: dict[int, object] = {
            wire.FIELD_MANIFEST_LENGTH: len(manifest),
            wire.FIELD_PRESENCE: wire.PRESENCE_BUTTON,
            wire.FIELD_FIRMWARE: self.firmware,
            wire.FIELD_HARDWARE_CLASS: CLASS_SIMULATED,
            **fields,
        }
        if with_unit:
            own[wire.FIELD_USER_SLOT] = 0
        profile = self.profile if with_unit else None
        protected = wire.protected_header(
            self.signer.algorithm,
            PublicKey.of(self.signer).kid,
            f"urn:biandun:key:{self.serial}",
            None if profile is None else f"urn:biandun:unit:{own[wire.FIELD_USCC]}",
            purpose,
            None if profile is None else profile.x5t,
            own,
        )
        digest = self.signer.algorithm.digest(manifest)
        signature = self.signer.sign(wire.to_be_signed(protected, purpose, digest))
        return Signed(wire.assemble(protected, digest, signature), manifest)


def application(
    uscc: str = "12629900MB00000274",
    unit_code: str = "629900-0002",
    unit_name: str = "陇澜市第一中学",
    region: str = "629900",
    supervisor_uscc: str | None = "11629900MB0000019C",
    **changed: object,
) -> UseApproval:
    """A use approval of the fictitious city that breaks no rule; ``changed`` replaces fields."""
    fields: dict[str, object] = {
        "uscc": uscc,
        "unit_code": unit_code,
        "unit_name": unit_name,
        "region": region,
        "supervisor_uscc": supervisor_uscc,
        "items": (
            UseItem(
                quota_type="INS",
                funding_form="FULL",
                number=2,
                entry_method="INST_RECRUIT",
                post_category="PROF",
                duties="高中物理教学",
            ),
        ),
        "reason": "两名教师退休,空编两名(虚构数据)。",
        "prepared_by": "测试员甲",
        "prepared_on": date(2026, 11, 24).isoformat(),
        "application_document": ApplicationDocument(
            doc_no="陇澜教函〔2026〕18号",
            title="关于使用编制的申请",
            issuer="陇澜市教育局",
            issued_on="2026-11-20",
        ),
        **changed,
    }
    return UseApproval(**fields)  # type: ignore[arg-type]


def attachment(
    content: bytes, name: str = "用编申请.pdf", role: str = "application_document"
) -> Attachment:
    """An attachment entry for ``content``."""
    from hashlib import sha256

    return Attachment(
        name=name,
        media_type="application/pdf",
        size=len(content),
        sha256=sha256(content).digest(),
        role=role,
    )


def manifest(**changed: object) -> bytes:
    """The manifest of ``application(**changed)``."""
    return package.build(application(**changed))  # type: ignore[arg-type]
