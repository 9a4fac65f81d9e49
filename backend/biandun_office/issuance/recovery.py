"""Unblocking keys with two officers: the officers, the shares sealed to them, the codes they give.

The design: docs/design/key.md, "PIN and vault".  Each officer's private key is encrypted under a
passphrase of their own, so nobody can open both shares of a key alone: not the holder of the
office's issuing key, nor somebody with the database.  A code is returned and not stored; the office
records who opened it, and when.
"""

from collections.abc import Callable
from hashlib import sha256

from biandun_office.issuance import states
from biandun_office.issuance.checks import require_standing
from biandun_office.issuance.models import (
    Certificate,
    CodeGiven,
    KeyDevice,
    KeyShares,
    Officer,
    OfficerPair,
)
from biandun_office.issuance.selectors import certificate_of_serial, device_key_of
from biandun_office.office.keys import new_key
from biandun_office.office.keystore import Cost, Passphrase, seal, unseal
from biandun_office.office.signing import OfficeSigner
from biandun_office.platform import logs
from biandun_office.platform.database import writing
from biandun_office.platform.errors import Refused
from biandun_protocol import recovery
from biandun_protocol.algorithms import Algorithm, PublicKey
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import (
    OfficersManifest,
    SharesExport,
    SharesManifest,
    UnblockAsk,
)
from biandun_protocol.wire.numbers import SCHEMA_OFFICERS


def make_officer(
    *, name: str, algorithm: Algorithm, passphrase: Passphrase, cost: Cost, now: int
) -> Officer:
    """Create the key of an unblocking officer, encrypted under the officer's own passphrase.

    Raises Refused(officer-exists), PassphraseProblem.
    """
    key = new_key(algorithm)
    sealed = seal(key, passphrase.require_strength(), cost)
    with writing():
        if Officer.objects.filter(name=name).exists():
            raise Refused("officer-exists", name=name)
        officer = Officer.objects.create(
            name=name, public_key=key.public_key, sealed=sealed, made_at=now
        )
    logs.action("issuance.officer.made", name=name)
    return officer


@writing()
def name_officers(
    *,
    signer: OfficeSigner,
    first: str,
    second: str,
    now: int,
    deliver: Callable[[bytes], None] | None = None,
) -> OfficerPair:
    """Appoint and sign the two officers whom keys seal their shares to.

    ``deliver`` is called with the signed file before the transaction commits.

    Raises Refused: officer-unknown, officers-same.
    """
    one, other = _officer(first), _officer(second)
    if one.pk == other.pk:
        raise Refused("officers-same")
    latest = current_pair()
    version = latest.version + 1 if latest else 1
    manifest = OfficersManifest(
        SCHEMA_OFFICERS,
        version,
        one.name,
        bytes(one.public_key),
        other.name,
        bytes(other.public_key),
    )
    raw = signer.officers(manifest).encode()
    pair = OfficerPair.objects.create(
        version=version, first=one, second=other, raw=raw, named_at=now
    )
    if deliver is not None:
        deliver(raw)
    logs.action("issuance.officers.named", version=version)
    return pair


def current_pair() -> OfficerPair | None:
    """The pair that new keys seal their shares to; None when none was appointed."""
    return OfficerPair.objects.select_related("first", "second").order_by("-version").first()


def all_officers() -> list[tuple[Officer, bool]]:
    """Every officer by name, each with whether they belong to the current pair."""
    pair = current_pair()
    named = {pair.first_id, pair.second_id} if pair else set()
    return [(officer, officer.pk in named) for officer in Officer.objects.order_by("name")]


def receive_shares(*, raw: bytes, algorithm: Algorithm, now: int) -> KeyShares:
    """Store the shares that a key in service exported; idempotent.

    Raises ManifestProblem; Refused: serial-unknown, shares-foreign, shares-stale.
    """
    export = recovery.decode_shares(raw)
    certificate = certificate_of_serial(recovery.read_shares(export).serial)
    device_key = device_key_of(certificate)
    with writing():
        return keep_shares(certificate.device, export, PublicKey(algorithm, device_key), now)


def require_current(export: SharesExport) -> None:
    """Check that the shares in an enrolment request are sealed to the current pair.

    Whoever carried the offer could have replaced it by one with an older pair.  Raises
    Refused(shares-foreign).
    """
    pair = current_pair()
    if pair is None or recovery.read_shares(export).officers != pair.version:
        raise Refused("shares-foreign")


def keep_shares(
    device: KeyDevice, export: SharesExport, device_key: PublicKey, now: int
) -> KeyShares:
    """Verify shares and store them, in the caller's transaction.

    Raises Refused: shares-foreign, shares-stale.
    """
    shares = _verified(export, device_key)
    pair = OfficerPair.objects.filter(version=shares.officers).first()
    if pair is None or shares.serial != device.serial:
        raise Refused("shares-foreign")
    raw = codec.encode(export)
    newest = _newest(device, device_key.point)
    if newest is not None and shares.number <= newest.number:
        # signatures are randomised, so the same shares may come with another signature
        if recovery.decode_shares(bytes(newest.raw)).manifest == export.manifest:
            return newest
        raise Refused("shares-stale", serial=device.serial, number=shares.number)
    kept = KeyShares.objects.create(
        device=device,
        device_key=_name(device_key.point),
        pair=pair,
        number=shares.number,
        raw=raw,
        received_at=now,
    )
    logs.action("issuance.shares.kept", serial=device.serial, number=shares.number)
    return kept


def give_code(
    *, ask: UnblockAsk, officer: str, algorithm: Algorithm, passphrase: Passphrase, now: int
) -> tuple[Secret, Certificate]:
    """Open one officer's share for the key that asks; return the code and the key's certificate.

    It is recorded who opened the share before the code is returned.

    Raises Refused: serial-unknown, key-suspended, certificate-revoked, shares-unknown,
    shares-stale, check-mismatch, officer-unknown; PassphraseProblem;
    StatementProblem(share-foreign).
    """
    certificate = certificate_of_serial(ask.serial)
    # a lost key is suspended, and must not be unblocked
    require_standing(states.current(certificate))
    device_key = device_key_of(certificate)
    kept = _newest(certificate.device, device_key)
    if kept is None or ask.number > kept.number:
        raise Refused("shares-unknown", serial=ask.serial, number=ask.number)
    if ask.number < kept.number:
        raise Refused("shares-stale", serial=ask.serial, number=ask.number)
    export = recovery.decode_shares(bytes(kept.raw))
    if not recovery.same_check(ask.check, recovery.check_of(export.manifest, ask.slot)):
        raise Refused("check-mismatch")
    holders = {
        kept.pair.first.name: (1, kept.pair.first),
        kept.pair.second.name: (2, kept.pair.second),
    }
    if officer not in holders:
        raise Refused("officer-unknown", name=officer)
    place, holder = holders[officer]
    key = unseal(bytes(holder.sealed), passphrase, algorithm)
    code = recovery.open_share(recovery.read_shares(export), place, key, device_key, ask.slot)
    with writing():
        CodeGiven.objects.create(shares=kept, officer=holder, slot=ask.slot, given_at=now)
    logs.action(
        "issuance.code.given", serial=ask.serial, number=ask.number, officer=officer, slot=ask.slot
    )
    return code, certificate


def _verified(export: SharesExport, device_key: PublicKey) -> SharesManifest:
    try:
        return recovery.verify_shares(export, device_key)
    except ProtocolProblem:
        raise Refused("shares-foreign") from None


def _newest(device: KeyDevice, device_key: bytes) -> KeyShares | None:
    """The newest shares of this device key.

    The serial number alone does not suffice: another device may have had it before.
    """
    kept = KeyShares.objects.select_related("pair__first", "pair__second")
    return kept.filter(device=device, device_key=_name(device_key)).order_by("-number").first()


def _name(device_key: bytes) -> str:
    return sha256(device_key).hexdigest()


def _officer(name: str) -> Officer:
    officer = Officer.objects.filter(name=name).first()
    if officer is None:
        raise Refused("officer-unknown", name=name)
    return officer
