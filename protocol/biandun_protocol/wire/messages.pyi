"""Messages and records of the protocol: written from schema.toml by tools/generate.py; change the schema, not this file."""

from biandun_protocol.wire import codec

class ErrorInfo(codec.Message):
    code: int
    field: int | None
    tries_left: int | None
    wait_ms: int | None
    def __init__(self, code: int, field: int | None = None, tries_left: int | None = None, wait_ms: int | None = None) -> None: ...

class KeepAlive(codec.Message):
    phase: int
    permille: int
    def __init__(self, phase: int, permille: int) -> None: ...

class Resync(codec.Message):
    nonce: bytes
    version: int | None
    last_completed: int | None
    def __init__(self, nonce: bytes, version: int | None = None, last_completed: int | None = None) -> None: ...

class Summary(codec.Message):
    schema: str
    uscc: str
    filing_type: str
    attachments: int
    case: str | None
    def __init__(self, schema: str, uscc: str, filing_type: str, attachments: int, case: str | None = None) -> None: ...

class IssuerManifest(codec.Message):
    schema: str
    office_id: str
    public_key: bytes
    x5t: bytes
    not_before: int
    not_after: int
    def __init__(self, schema: str, office_id: str, public_key: bytes, x5t: bytes, not_before: int, not_after: int) -> None: ...

class ProfileManifest(codec.Message):
    schema: str
    version: int
    serial: str
    public_key: bytes
    uscc: str
    unit_code: str
    unit_name: str
    region: str
    purposes: list[str]
    hardware_class: int
    not_before: int
    not_after: int
    x5t: bytes
    device_key: bytes | None
    role: str | None
    def __init__(self, schema: str, version: int, serial: str, public_key: bytes, uscc: str, unit_code: str, unit_name: str, region: str, purposes: list[str], hardware_class: int, not_before: int, not_after: int, x5t: bytes, device_key: bytes | None = None, role: str | None = None) -> None: ...

class LoginManifest(codec.Message):
    schema: str
    office_id: str
    origin: str
    nonce: bytes
    serial: str
    def __init__(self, schema: str, office_id: str, origin: str, nonce: bytes, serial: str) -> None: ...

class LinksManifest(codec.Message):
    schema: str
    serial: str
    first: int
    ids: list[bytes]
    def __init__(self, schema: str, serial: str, first: int, ids: list[bytes]) -> None: ...

class Challenge(codec.Message):
    schema: str
    serial: str
    kid: bytes
    nonce: bytes
    generation: int
    seq: int
    head: bytes
    forgotten: int | None
    def __init__(self, schema: str, serial: str, kid: bytes, nonce: bytes, generation: int, seq: int, head: bytes, forgotten: int | None = None) -> None: ...

class OrderManifest(codec.Message):
    schema: str
    serial: str
    nonce: bytes
    seq: int | None
    head: bytes | None
    time: int | None
    until: int | None
    entries: int | None
    def __init__(self, schema: str, serial: str, nonce: bytes, seq: int | None = None, head: bytes | None = None, time: int | None = None, until: int | None = None, entries: int | None = None) -> None: ...

class OfficersManifest(codec.Message):
    schema: str
    version: int
    first_name: str
    first_key: bytes
    second_name: str
    second_key: bytes
    def __init__(self, schema: str, version: int, first_name: str, first_key: bytes, second_name: str, second_key: bytes) -> None: ...

class SharesManifest(codec.Message):
    schema: str
    serial: str
    number: int
    officers: int
    first: bytes
    second: bytes
    def __init__(self, schema: str, serial: str, number: int, officers: int, first: bytes, second: bytes) -> None: ...

class SharesExport(codec.Message):
    schema: str
    manifest: bytes
    signature: bytes
    def __init__(self, schema: str, manifest: bytes, signature: bytes) -> None: ...

class UnblockAsk(codec.Message):
    schema: str
    serial: str
    slot: int
    number: int
    check: str
    def __init__(self, schema: str, serial: str, slot: int, number: int, check: str) -> None: ...

class ReleaseManifest(codec.Message):
    schema: str
    target: str
    version: str
    number: int
    floor: int
    length: int
    digest: bytes
    def __init__(self, schema: str, target: str, version: str, number: int, floor: int, length: int, digest: bytes) -> None: ...

class ReleaseFile(codec.Message):
    schema: str
    manifest: bytes
    vendor_es256: bytes
    vendor_sm2: bytes
    operator: bytes | None
    def __init__(self, schema: str, manifest: bytes, vendor_es256: bytes, vendor_sm2: bytes, operator: bytes | None = None) -> None: ...

class CardManifest(codec.Message):
    schema: str
    uscc: str
    version: int
    issued: int
    not_after: int
    max_offline: int
    sections: list[bytes]
    def __init__(self, schema: str, uscc: str, version: int, issued: int, not_after: int, max_offline: int, sections: list[bytes]) -> None: ...

class StatusManifest(codec.Message):
    schema: str
    serial: str
    kid: bytes
    standing: int
    since: int
    number: int
    def __init__(self, schema: str, serial: str, kid: bytes, standing: int, since: int, number: int) -> None: ...

class PossessionManifest(codec.Message):
    schema: str
    office_id: str
    nonce: bytes
    serial: str
    public_key: bytes
    device_key: bytes | None
    def __init__(self, schema: str, office_id: str, nonce: bytes, serial: str, public_key: bytes, device_key: bytes | None = None) -> None: ...

class SuccessionManifest(codec.Message):
    schema: str
    office_id: str
    serial: str
    public_key: bytes
    def __init__(self, schema: str, office_id: str, serial: str, public_key: bytes) -> None: ...

class AuditManifest(codec.Message):
    schema: str
    serial: str
    first: int
    before: bytes
    entries: bytes
    def __init__(self, schema: str, serial: str, first: int, before: bytes, entries: bytes) -> None: ...

class AuditExport(codec.Message):
    schema: str
    manifest: bytes
    signature: bytes
    def __init__(self, schema: str, manifest: bytes, signature: bytes) -> None: ...

class Offer(codec.Message):
    schema: str
    office_id: str
    office_name: str
    root_public_key: bytes
    issuer_statement: bytes
    issuer_manifest: bytes
    nonce: bytes
    uscc: str
    unit_name: str
    def __init__(self, schema: str, office_id: str, office_name: str, root_public_key: bytes, issuer_statement: bytes, issuer_manifest: bytes, nonce: bytes, uscc: str, unit_name: str) -> None: ...

class KeyRequest(codec.Message):
    schema: str
    statement: bytes
    manifest: bytes
    def __init__(self, schema: str, statement: bytes, manifest: bytes) -> None: ...

class Grant(codec.Message):
    schema: str
    profile_statement: bytes
    profile_manifest: bytes
    x509: bytes
    issuing_x509: bytes
    root_x509: bytes
    def __init__(self, schema: str, profile_statement: bytes, profile_manifest: bytes, x509: bytes, issuing_x509: bytes, root_x509: bytes) -> None: ...

class SuccessionAsk(codec.Message):
    schema: str
    statement: bytes
    manifest: bytes
    possession_statement: bytes
    possession_manifest: bytes
    def __init__(self, schema: str, statement: bytes, manifest: bytes, possession_statement: bytes, possession_manifest: bytes) -> None: ...

class SuccessionGrant(codec.Message):
    schema: str
    receipt: bytes
    consistency: list[bytes] | None
    def __init__(self, schema: str, receipt: bytes, consistency: list[bytes] | None = None) -> None: ...

class Invitation(codec.Message):
    schema: str
    offer: bytes
    officers: bytes
    def __init__(self, schema: str, offer: bytes, officers: bytes) -> None: ...

class Application(codec.Message):
    schema: str
    request: bytes
    shares: bytes
    def __init__(self, schema: str, request: bytes, shares: bytes) -> None: ...

class SignedManifest(codec.Message):
    schema: str
    statement: bytes
    manifest: bytes
    def __init__(self, schema: str, statement: bytes, manifest: bytes) -> None: ...

class ReceiptBundle(codec.Message):
    schema: str
    statement: bytes
    payload: bytes
    def __init__(self, schema: str, statement: bytes, payload: bytes) -> None: ...

class InfoRequest(codec.Request):
    version: int
    def __init__(self, version: int) -> None: ...

class InfoReply(codec.Message):
    version: int
    firmware: str
    serial: str
    hardware_class: int
    state: int
    generation: int
    window: int
    algorithms: list[str]
    public_key: bytes | None
    office_id: str | None
    uscc: str | None
    unit_code: str | None
    unit_name: str | None
    region: str | None
    purposes: list[str] | None
    not_after: int | None
    profile_version: int | None
    x5t: bytes | None
    pin_slots: int | None
    unlocked_slot: int | None
    suite: str | None
    faults: int | None
    last_fault: int | None
    def __init__(self, version: int, firmware: str, serial: str, hardware_class: int, state: int, generation: int, window: int, algorithms: list[str], public_key: bytes | None = None, office_id: str | None = None, uscc: str | None = None, unit_code: str | None = None, unit_name: str | None = None, region: str | None = None, purposes: list[str] | None = None, not_after: int | None = None, profile_version: int | None = None, x5t: bytes | None = None, pin_slots: int | None = None, unlocked_slot: int | None = None, suite: str | None = None, faults: int | None = None, last_fault: int | None = None) -> None: ...

class InstallAnchorRequest(codec.Request):
    root_public_key: bytes
    issuer_statement: bytes
    issuer_manifest: bytes
    def __init__(self, root_public_key: bytes, issuer_statement: bytes, issuer_manifest: bytes) -> None: ...

class InstallAnchorReply(codec.Message):
    office_id: str
    def __init__(self, office_id: str) -> None: ...

class GenerateKeyRequest(codec.Request):
    def __init__(self) -> None: ...

class GenerateKeyReply(codec.Message):
    public_key: bytes
    def __init__(self, public_key: bytes) -> None: ...

class ProvePossessionRequest(codec.Request):
    nonce: bytes
    def __init__(self, nonce: bytes) -> None: ...

class ProvePossessionReply(codec.Message):
    header: bytes
    signature: bytes
    manifest: bytes
    def __init__(self, header: bytes, signature: bytes, manifest: bytes) -> None: ...

class PersonaliseRequest(codec.Request):
    profile_statement: bytes
    profile_manifest: bytes
    x509: bytes
    def __init__(self, profile_statement: bytes, profile_manifest: bytes, x509: bytes) -> None: ...

class PersonaliseReply(codec.Message):
    profile_version: int
    def __init__(self, profile_version: int) -> None: ...

class SignBeginRequest(codec.Request):
    idempotency_key: bytes
    purpose: str
    length: int
    digest: bytes
    claimed_time: int | None
    def __init__(self, idempotency_key: bytes, purpose: str, length: int, digest: bytes, claimed_time: int | None = None) -> None: ...

class SignBeginReply(codec.Message):
    window: int
    done: bool
    def __init__(self, window: int, done: bool) -> None: ...

class SignFinishRequest(codec.Request):
    idempotency_key: bytes
    def __init__(self, idempotency_key: bytes) -> None: ...

class SignFinishReply(codec.Message):
    seq: int
    header: bytes
    digest: bytes
    signature: bytes
    def __init__(self, seq: int, header: bytes, digest: bytes, signature: bytes) -> None: ...

class FetchRequest(codec.Request):
    idempotency_key: bytes | None
    seq: int | None
    def __init__(self, idempotency_key: bytes | None = None, seq: int | None = None) -> None: ...

class FetchReply(codec.Message):
    seq: int
    idempotency_key: bytes
    header: bytes
    digest: bytes
    signature: bytes
    receipt_statement: bytes | None
    receipt_payload: bytes | None
    def __init__(self, seq: int, idempotency_key: bytes, header: bytes, digest: bytes, signature: bytes, receipt_statement: bytes | None = None, receipt_payload: bytes | None = None) -> None: ...

class ChainStateRequest(codec.Request):
    def __init__(self) -> None: ...

class ChainStateReply(codec.Message):
    seq: int
    head: bytes
    receipted: int
    log_size: int
    log_root: bytes
    time_floor: int
    waiting: int
    last_key: bytes | None
    forgotten: int | None
    card_version: int | None
    parcels: int | None
    def __init__(self, seq: int, head: bytes, receipted: int, log_size: int, log_root: bytes, time_floor: int, waiting: int, last_key: bytes | None = None, forgotten: int | None = None, card_version: int | None = None, parcels: int | None = None) -> None: ...

class StoreReceiptRequest(codec.Request):
    receipt_statement: bytes
    receipt_payload: bytes
    consistency: list[bytes] | None
    def __init__(self, receipt_statement: bytes, receipt_payload: bytes, consistency: list[bytes] | None = None) -> None: ...

class StoreReceiptReply(codec.Message):
    seq: int
    log_size: int
    time_floor: int
    def __init__(self, seq: int, log_size: int, time_floor: int) -> None: ...

class WipeRequest(codec.Request):
    serial: str
    def __init__(self, serial: str) -> None: ...

class WipeReply(codec.Message):
    generation: int
    def __init__(self, generation: int) -> None: ...

class ReadCertificateRequest(codec.Request):
    def __init__(self) -> None: ...

class ReadCertificateReply(codec.Message):
    x509: bytes
    profile_statement: bytes
    profile_manifest: bytes
    root_public_key: bytes
    issuer_statement: bytes
    issuer_manifest: bytes
    def __init__(self, x509: bytes, profile_statement: bytes, profile_manifest: bytes, root_public_key: bytes, issuer_statement: bytes, issuer_manifest: bytes) -> None: ...

class SetPinRequest(codec.Request):
    slot: int
    pin: bytes
    def __init__(self, slot: int, pin: bytes) -> None: ...

class SetPinReply(codec.Message):
    slot: int
    def __init__(self, slot: int) -> None: ...

class UnlockRequest(codec.Request):
    slot: int
    pin: bytes
    def __init__(self, slot: int, pin: bytes) -> None: ...

class UnlockReply(codec.Message):
    slot: int
    def __init__(self, slot: int) -> None: ...

class LockRequest(codec.Request):
    def __init__(self) -> None: ...

class LockReply(codec.Message):
    def __init__(self) -> None: ...

class ChangePinRequest(codec.Request):
    slot: int
    old: bytes
    new: bytes
    def __init__(self, slot: int, old: bytes, new: bytes) -> None: ...

class ChangePinReply(codec.Message):
    slot: int
    def __init__(self, slot: int) -> None: ...

class LoginRequest(codec.Request):
    origin: str
    nonce: bytes
    def __init__(self, origin: str, nonce: bytes) -> None: ...

class LoginReply(codec.Message):
    header: bytes
    signature: bytes
    manifest: bytes
    def __init__(self, header: bytes, signature: bytes, manifest: bytes) -> None: ...

class ExportLinksRequest(codec.Request):
    first: int
    count: int
    def __init__(self, first: int, count: int) -> None: ...

class ExportLinksReply(codec.Message):
    header: bytes
    signature: bytes
    manifest: bytes
    def __init__(self, header: bytes, signature: bytes, manifest: bytes) -> None: ...

class ChallengeRequest(codec.Request):
    def __init__(self) -> None: ...

class ChallengeReply(codec.Message):
    nonce: bytes
    generation: int
    seq: int
    head: bytes
    forgotten: int | None
    def __init__(self, nonce: bytes, generation: int, seq: int, head: bytes, forgotten: int | None = None) -> None: ...

class ReinstateRequest(codec.Request):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class ReinstateReply(codec.Message):
    seq: int
    head: bytes
    def __init__(self, seq: int, head: bytes) -> None: ...

class FactoryResetRequest(codec.Request):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class FactoryResetReply(codec.Message):
    generation: int
    def __init__(self, generation: int) -> None: ...

class BeginCardRequest(codec.Request):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class BeginCardReply(codec.Message):
    version: int
    next: int
    def __init__(self, version: int, next: int) -> None: ...

class CardSectionRequest(codec.Request):
    index: int
    content: bytes
    def __init__(self, index: int, content: bytes) -> None: ...

class CardSectionReply(codec.Message):
    version: int
    next: int
    def __init__(self, version: int, next: int) -> None: ...

class ReadCardRequest(codec.Request):
    def __init__(self) -> None: ...

class ReadCardReply(codec.Message):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class ReadSectionRequest(codec.Request):
    index: int
    def __init__(self, index: int) -> None: ...

class ReadSectionReply(codec.Message):
    content: bytes
    def __init__(self, content: bytes) -> None: ...

class OutboxBeginRequest(codec.Request):
    name: bytes
    length: int
    digest: bytes
    def __init__(self, name: bytes, length: int, digest: bytes) -> None: ...

class OutboxBeginReply(codec.Message):
    next: int
    def __init__(self, next: int) -> None: ...

class OutboxPartRequest(codec.Request):
    name: bytes
    index: int
    content: bytes
    def __init__(self, name: bytes, index: int, content: bytes) -> None: ...

class OutboxPartReply(codec.Message):
    next: int
    def __init__(self, next: int) -> None: ...

class OutboxEntryRequest(codec.Request):
    place: int
    def __init__(self, place: int) -> None: ...

class OutboxEntryReply(codec.Message):
    name: bytes
    length: int
    digest: bytes
    next: int
    def __init__(self, name: bytes, length: int, digest: bytes, next: int) -> None: ...

class OutboxReadRequest(codec.Request):
    name: bytes
    index: int
    def __init__(self, name: bytes, index: int) -> None: ...

class OutboxReadReply(codec.Message):
    content: bytes
    def __init__(self, content: bytes) -> None: ...

class OutboxDropRequest(codec.Request):
    name: bytes
    def __init__(self, name: bytes) -> None: ...

class OutboxDropReply(codec.Message):
    def __init__(self) -> None: ...

class HelloRequest(codec.Request):
    version: int
    suite: str
    nonce: bytes
    point: bytes
    def __init__(self, version: int, suite: str, nonce: bytes, point: bytes) -> None: ...

class HelloReply(codec.Message):
    nonce: bytes
    point: bytes
    certificate: bytes
    signature: bytes
    def __init__(self, nonce: bytes, point: bytes, certificate: bytes, signature: bytes) -> None: ...

class ConfirmBatchRequest(codec.Request):
    purpose: str
    digests: list[bytes]
    def __init__(self, purpose: str, digests: list[bytes]) -> None: ...

class ConfirmBatchReply(codec.Message):
    digest: bytes
    count: int
    def __init__(self, digest: bytes, count: int) -> None: ...

class ExportAuditRequest(codec.Request):
    def __init__(self) -> None: ...

class ExportAuditReply(codec.Message):
    manifest: bytes
    signature: bytes
    def __init__(self, manifest: bytes, signature: bytes) -> None: ...

class SetOfficersRequest(codec.Request):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class SetOfficersReply(codec.Message):
    number: int
    def __init__(self, number: int) -> None: ...

class ExportSharesRequest(codec.Request):
    def __init__(self) -> None: ...

class ExportSharesReply(codec.Message):
    manifest: bytes
    signature: bytes
    def __init__(self, manifest: bytes, signature: bytes) -> None: ...

class UnblockRequest(codec.Request):
    slot: int
    first: bytes
    second: bytes
    pin: bytes
    def __init__(self, slot: int, first: bytes, second: bytes, pin: bytes) -> None: ...

class UnblockReply(codec.Message):
    slot: int
    number: int
    def __init__(self, slot: int, number: int) -> None: ...

class RemoveUserRequest(codec.Request):
    slot: int
    def __init__(self, slot: int) -> None: ...

class RemoveUserReply(codec.Message):
    slot: int
    def __init__(self, slot: int) -> None: ...

class UpdateBeginRequest(codec.Request):
    vendor: bytes
    operator: bytes
    manifest: bytes
    def __init__(self, vendor: bytes, operator: bytes, manifest: bytes) -> None: ...

class UpdateBeginReply(codec.Message):
    next: int
    def __init__(self, next: int) -> None: ...

class UpdatePartRequest(codec.Request):
    offset: int
    content: bytes
    def __init__(self, offset: int, content: bytes) -> None: ...

class UpdatePartReply(codec.Message):
    next: int
    def __init__(self, next: int) -> None: ...

class UpdateFinishRequest(codec.Request):
    def __init__(self) -> None: ...

class UpdateFinishReply(codec.Message):
    number: int
    def __init__(self, number: int) -> None: ...

class SucceedRequest(codec.Request):
    def __init__(self) -> None: ...

class SucceedReply(codec.Message):
    header: bytes
    signature: bytes
    manifest: bytes
    possession_header: bytes
    possession_signature: bytes
    possession_manifest: bytes
    def __init__(self, header: bytes, signature: bytes, manifest: bytes, possession_header: bytes, possession_signature: bytes, possession_manifest: bytes) -> None: ...

class StatusRequest(codec.Request):
    statement: bytes | None
    manifest: bytes | None
    def __init__(self, statement: bytes | None = None, manifest: bytes | None = None) -> None: ...

class StatusReply(codec.Message):
    standing: int
    since: int
    number: int
    def __init__(self, standing: int, since: int, number: int) -> None: ...

class SetTimeRequest(codec.Request):
    statement: bytes
    manifest: bytes
    def __init__(self, statement: bytes, manifest: bytes) -> None: ...

class SetTimeReply(codec.Message):
    time_floor: int
    def __init__(self, time_floor: int) -> None: ...

class ConditionRequest(codec.Request):
    def __init__(self) -> None: ...

class ConditionReply(codec.Message):
    damaged: bool
    tries: bytes
    def __init__(self, damaged: bool, tries: bytes) -> None: ...
