"""Issuing certificates: offers, certificates for enrolment requests, renewal."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from biandun_office.issuance import recovery, selectors, states
from biandun_office.issuance.models import Certificate, KeyDevice, KeyOffer, StateChange
from biandun_office.office.identity import ISSUING_KEY, Office, load_key
from biandun_office.office.keystore import Passphrase
from biandun_office.office.signing import OfficeSigner
from biandun_office.office.x509 import Validity, leaf_certificate
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_office.registry.models import Unit
from biandun_office.registry.selectors import active_unit, office_of
from biandun_protocol import cose, enrolment, records
from biandun_protocol.algorithms import Algorithm, PublicKey, Signer
from biandun_protocol.certificate import Signed, verify_possession
from biandun_protocol.errors import CertificateProblem, ManifestProblem
from biandun_protocol.recovery import Officers
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    Grant,
    Offer,
    PossessionManifest,
    ProfileManifest,
    SharesExport,
)
from biandun_protocol.wire.numbers import (
    LIMIT_NONCE,
    PURPOSE_DECISION,
    ROLES,
    SCHEMA_GRANT,
    SCHEMA_OFFER,
    SCHEMA_PROFILE,
)
from biandun_protocol.x509 import der_of

OFFER_DAYS = 30
# roles that are given only to keys of a unit that is an office
OFFICE_ROLES = ("officer", "seal-keeper", "key-administrator")
CERTIFICATE_DAYS = 1826
OVERLAP_DAYS = 30
DAY = 86_400


@dataclass(frozen=True, repr=False)
class IssuingKey:
    """The office together with its unlocked issuing key."""

    office: Office
    key: Signer

    @classmethod
    def unlock(cls, folder: Path, passphrase: Passphrase) -> "IssuingKey":
        """Load the office in ``folder`` and decrypt its issuing key.

        Raises as ``Office.load`` and ``load_key``.
        """
        office = Office.load(folder)
        return cls(office, load_key(folder, ISSUING_KEY, office.issuing, passphrase))

    def signer(self) -> OfficeSigner:
        """The signer of the office's statements, which uses this key."""
        return OfficeSigner(self.office, self.key)


@dataclass(frozen=True)
class Pair:
    """The public keys of a key that are certified together.

    ``own`` signs statements in ``chain``; ``device`` is the point of the device key, which
    authenticates sessions, or None.
    """

    own: PublicKey
    chain: str
    device: bytes | None


@dataclass(frozen=True)
class Powers:
    """The role of a key, or None, and the purposes that it may sign for."""

    role: str | None
    purposes: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """Days of validity of a new certificate from ``now`` on, and of the old one's overlap."""

    days: int
    overlap_days: int
    now: int


@dataclass(frozen=True)
class Issued:
    """A certificate as it was stored, and the grant file that carries it."""

    certificate: Certificate
    grant: bytes
    recoverable: bool = False  # does the office have unblocking shares of this key?


@writing()
def make_offer(*, office: Office, uscc: str, now: int) -> tuple[KeyOffer, bytes]:
    """Invite the unit to enrol a key; return the row and the content of the offer file.

    Raises Refused: unit-unknown, unit-inactive.
    """
    unit = active_unit(uscc)
    nonce = secrets.token_bytes(LIMIT_NONCE)
    row = KeyOffer.objects.create(
        nonce=nonce.hex(), unit=unit, issued_at=now, expires_at=now + OFFER_DAYS * DAY
    )
    identity, pair = office.identity, recovery.current_pair()
    offer = Offer(
        SCHEMA_OFFER,
        identity.office_id,
        identity.office_name,
        office.root_key.point,
        office.issuer.statement,
        office.issuer.manifest,
        nonce,
        unit.uscc,
        unit.name,
    )
    logs.action("issuance.offer.made", uscc=unit.uscc)
    return row, enrolment.encode_offer(offer, Officers.decode(bytes(pair.raw)) if pair else None)


@writing()
def issue(
    *,
    authority: IssuingKey,
    request: bytes,
    purposes: Sequence[str],
    role: str | None = None,
    days: int,
    now: int,
    deliver: Callable[[bytes], None],
) -> Issued:
    """Certify the key that made ``request`` for the unit that its offer was for.

    ``deliver`` is called with the grant before the transaction commits: if it raises, no
    certificate is issued.

    Raises StatementProblem (algorithm-mismatch for a key of another suite than the office's),
    ManifestProblem, CertificateProblem; Refused: nonce-unknown, key-registered, unit-inactive,
    shares-foreign, shares-stale, not-officer (only keys of an office's unit decide, seal and
    administer), role-refused.
    """
    possession, hardware_class, shares = _read_request(request, authority.office.algorithm)
    key = PublicKey(authority.office.algorithm, possession.public_key)
    if possession.office_id != authority.office.identity.office_id:
        raise Refused("nonce-unknown")
    offer = selectors.open_offer(possession.nonce, now=now)
    unit = active_unit(offer.unit.uscc)
    if (PURPOSE_DECISION in purposes or role in OFFICE_ROLES) and office_of(unit) is None:
        raise Refused("not-officer")
    for purpose in purposes:
        if role is not None and purpose not in ROLES[role]:
            raise Refused("role-refused", role=role, purpose=purpose)
    if selectors.certificates_in_force(kid=key.kid, serial=possession.serial, now=now):
        raise Refused("key-registered")
    device = _register_device(possession.serial, unit, hardware_class, now)
    # only expired certificates are superseded here: one in force was refused above
    Certificate.objects.filter(kid=key.kid.hex(), state=Certificate.State.ACTIVE).update(
        state=Certificate.State.SUPERSEDED
    )
    device.certificates.filter(state=Certificate.State.ACTIVE).update(
        state=Certificate.State.SUPERSEDED
    )
    period = (now, min(now + days * DAY, authority.office.issuer_manifest.not_after))
    pair = Pair(key, selectors.chain_of(key.kid.hex()), possession.device_key)
    certificate = _certify(authority, device, pair, Powers(role, tuple(purposes)), period)
    recoverable = shares is not None and possession.device_key is not None
    if shares is not None and possession.device_key is not None:
        recovery.require_current(shares)
        recovery.keep_shares(
            device, shares, PublicKey(authority.office.algorithm, possession.device_key), now
        )
    offer.used_at = now
    offer.save(update_fields=["used_at"])
    grant = codec.encode(grant_of(authority.office, certificate))
    deliver(grant)
    logs.action(
        "issuance.certificate.issued", serial=device.serial, uscc=unit.uscc, kid=certificate.kid
    )
    return Issued(certificate, grant, recoverable)


@writing()
def renew(
    *,
    authority: IssuingKey,
    serial: str,
    days: int,
    overlap_days: int = OVERLAP_DAYS,
    now: int,
    deliver: Callable[[bytes], None],
) -> Issued:
    """Issue a new certificate for a key in service: same key pair, role and purposes.

    Its unit data are those registered now.  Statements signed under the old certificate are
    accepted for ``overlap_days`` more.  ``deliver`` as in ``issue``.

    Raises Refused: serial-unknown, key-suspended, certificate-revoked, unit-inactive.
    """
    before = selectors.certificate_of_serial(serial)
    own = PublicKey(authority.office.algorithm, bytes(before.public_key))
    certificate = replace(
        authority=authority,
        before=before,
        own=own,
        term=Term(days, overlap_days, now),
        reason="renewed",
    )
    grant = codec.encode(grant_of(authority.office, certificate))
    deliver(grant)
    logs.action(
        "issuance.certificate.renewed",
        serial=serial,
        uscc=certificate.uscc,
        version=certificate.version,
    )
    return Issued(certificate, grant)


def replace(
    *, authority: IssuingKey, before: Certificate, own: PublicKey, term: Term, reason: str
) -> Certificate:
    """Supersede the newest certificate of a key by one for ``own``, the same or a new key pair.

    Role, purposes, device key and chain stay; the unit data are those registered now.  Runs in the
    caller's transaction.

    Raises Refused: key-suspended, certificate-revoked, unit-inactive.
    """
    device, now = before.device, term.now
    active_unit(device.unit.uscc)
    overlap_until = min(now + term.overlap_days * DAY, before.not_after)
    states.supersede(certificate=before, reason=reason, overlap_until=overlap_until, now=now)
    profile = records.decode(ProfileManifest, bytes(before.profile_manifest))
    period = (now, min(now + term.days * DAY, authority.office.issuer_manifest.not_after))
    pair, powers = (
        Pair(own, before.chain, profile.device_key),
        Powers(profile.role, tuple(profile.purposes)),
    )
    return _certify(authority, device, pair, powers, period)


def _read_request(
    request: bytes, algorithm: Algorithm
) -> tuple[PossessionManifest, int, SharesExport | None]:
    try:
        message, shares = enrolment.decode_request(request)
    except ManifestProblem as problem:
        raise CertificateProblem(
            "certificate-invalid", field=f"request {problem.values.get('field', 'schema')}"
        ) from None
    possession = verify_possession(Signed(message.statement, message.manifest), algorithm)
    header = cose.parse(message.statement, purpose="possession").header
    return possession, header.hardware_class or 0, shares


def _register_device(serial: str, unit: Unit, hardware_class: int, now: int) -> KeyDevice:
    device, _ = KeyDevice.objects.update_or_create(
        serial=serial,
        defaults={"unit": unit, "hardware_class": hardware_class},
        create_defaults={"unit": unit, "hardware_class": hardware_class, "registered_at": now},
    )
    return device


def _certify(
    authority: IssuingKey, device: KeyDevice, pair: Pair, powers: Powers, period: tuple[int, int]
) -> Certificate:
    """Make the X.509 certificate and the CBOR profile, and store both.

    The profile names the X.509 certificate by its digest.
    """
    key = pair.own
    unit = device.unit
    x509 = leaf_certificate(
        authority.key,
        authority.office.issuing,
        key,
        unit_name=unit.name,
        uscc=unit.uscc,
        serial=device.serial,
        validity=Validity(*period),
    )
    manifest = ProfileManifest(
        schema=SCHEMA_PROFILE,
        version=selectors.latest_version(device) + 1,
        serial=device.serial,
        public_key=key.point,
        uscc=unit.uscc,
        unit_code=unit.code,
        unit_name=unit.name,
        region=unit.region,
        purposes=list(powers.purposes),
        hardware_class=device.hardware_class,
        not_before=period[0],
        not_after=period[1],
        x5t=sha256(x509).digest(),
        device_key=pair.device,
        role=powers.role,
    )
    return _store(device, pair, manifest, x509, authority.signer().profile(manifest))


def _store(
    device: KeyDevice, pair: Pair, manifest: ProfileManifest, x509: bytes, profile: Signed
) -> Certificate:
    return Certificate.objects.create(
        device=device,
        version=manifest.version,
        kid=pair.own.kid.hex(),
        chain=pair.chain,
        public_key=manifest.public_key,
        x5t=manifest.x5t.hex(),
        uscc=manifest.uscc,
        unit_code=manifest.unit_code,
        unit_name=manifest.unit_name,
        region=manifest.region,
        purposes=manifest.purposes,
        not_before=manifest.not_before,
        not_after=manifest.not_after,
        x509=x509,
        profile_statement=profile.statement,
        profile_manifest=profile.manifest,
    )


def grant_of(office: Office, certificate: Certificate) -> Grant:
    """The content of a grant file: profile, X.509 certificate, and its chain up to the root."""
    return Grant(
        SCHEMA_GRANT,
        bytes(certificate.profile_statement),
        bytes(certificate.profile_manifest),
        bytes(certificate.x509),
        der_of(office.issuing),
        der_of(office.root),
    )


def correct_times(now: int) -> None:
    """Correct offers and overlaps that were issued with a clock that was ahead of ``now``."""
    KeyOffer.objects.filter(issued_at__gt=now, used_at=None).update(
        expires_at=now + OFFER_DAYS * DAY
    )
    replaced = StateChange.objects.filter(after=Certificate.State.SUPERSEDED, changed_at__gt=now)
    for certificate_id, changed_at in replaced.values_list("certificate_id", "changed_at"):
        certificate = Certificate.objects.get(pk=certificate_id)
        if certificate.overlap_until is not None and certificate.overlap_until > changed_at:
            certificate.overlap_until -= changed_at - now
            certificate.save(update_fields=["overlap_until"])
