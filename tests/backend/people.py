"""Who signs what in the office's tests: a unit files, its supervisor countersigns, an officer
decides.
"""

from dataclasses import dataclass

from biandun_protocol import cose, package
from biandun_protocol.certificate import Signed
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.forms.form import ApplicationDocument
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import LinksManifest, LoginManifest, SignedManifest
from biandun_protocol.wire.numbers import SCHEMA_LINKS, SCHEMA_LOGIN, SCHEMA_SIGNED
from tests.support.softkey import SoftKey

BUREAU = "11629900MB0000019C"
OFFICE = "11629900MB0000000F"


@dataclass
class Key(SoftKey):
    """A soft key that also tells what it last saw of the log, logs in and exports links; ``names``
    are its statements' ids.
    """

    log_point: tuple[int, bytes] | None = None

    def login(
        self, nonce: str, origin: str, office_id: str = "longlan", **changed: object
    ) -> bytes:
        """Answer a challenge: the body of POST /login."""
        manifest = LoginManifest(SCHEMA_LOGIN, office_id, origin, bytes.fromhex(nonce), self.serial)
        return self._bundle("login", manifest, **changed)

    def links(self, first: int, ids: list[bytes], **changed: object) -> bytes:
        """Export names: the body of POST /links."""
        return self._bundle("link", LinksManifest(SCHEMA_LINKS, self.serial, first, ids), **changed)

    def _bundle(self, purpose: str, manifest: codec.Message, **changed: object) -> bytes:
        raw = codec.encode(manifest)
        return codec.encode(SignedManifest(SCHEMA_SIGNED, self.sign(raw, purpose, **changed), raw))

    def _sign(
        self, purpose: str, manifest: bytes, fields: dict[int, object], *, with_unit: bool
    ) -> Signed:
        if self.log_point is not None:
            fields[wire.FIELD_LOG_POINT] = list(self.log_point)
        return super()._sign(purpose, manifest, fields, with_unit=with_unit)


def name(statement: bytes, purpose: str = "filing") -> bytes:
    """A statement's id."""
    return cose.parse(statement, purpose=purpose).id


def _unit(key: SoftKey) -> dict[str, str]:
    assert key.profile is not None
    profile = key.profile
    return {
        "uscc": profile.uscc,
        "unit_code": profile.unit_code,
        "unit_name": profile.unit_name,
        "region": profile.region,
    }


def countersign(key: SoftKey, statement: str, /, **changed: object) -> bytes:
    """The manifest by which a supervisor agrees to a filing."""
    document = ApplicationDocument(
        doc_no="陇澜教函〔2026〕18号",
        title="关于使用编制的申请",
        issuer="陇澜市教育局",
        issued_on="2026-11-20",
    )
    fields: dict[str, object] = {
        **_unit(key),
        "statement": bytes.fromhex(statement),
        "opinion": "agree",
        "text": "同意。",
        "document": document,
        "prepared_by": "测试员乙",
        "prepared_on": "2026-11-24",
        **changed,
    }
    return package.build(Countersign(**fields))  # type: ignore[arg-type]


def decision(key: SoftKey, case: str, statement: str, /, **changed: object) -> bytes:
    """The manifest by which an officer accepts a case."""
    fields: dict[str, object] = {
        **_unit(key),
        "case": case,
        "statement": bytes.fromhex(statement),
        "decision": "accept",
        "text": "材料齐全，予以受理。",
        "prepared_by": "测试员丙",
        "prepared_on": "2026-11-24",
        **changed,
    }
    return package.build(Decision(**fields))  # type: ignore[arg-type]
