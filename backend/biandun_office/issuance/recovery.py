"""Unblocking keys with two officers: who they are, the shares that keys sealed to them, and the
codes they give out (docs/design/key.md, "PIN and vault").

Each officer's private half is under a passphrase of their own, so nobody opens both shares of a key
alone: not the office's issuing key, not whoever has the database.  A code is opened, returned and
forgotten; what stays is who opened it, and when.
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
    """Make the key of an unblocking officer, under the officer's own passphrase.

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
    """Let the office name the two whom keys seal their shares to.

    ``deliver`` gets the file before anything is committed.

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
    """The pair that new keys seal to; None when the office has named none."""
    return OfficerPair.objects.select_related("first", "second").order_by("-version").first()


def all_officers() -> list[tuple[Officer, bool]]:
    """Every officer, by name, and whether they are one of the pair in force."""
    pair = current_pair()
    named = {pair.first_id, pair.second_id} if pair else set()
    return [(officer, officer.pk in named) for officer in Officer.objects.order_by("name")]


def take_shares(*, raw: bytes, algorithm: Algorithm, now: int) -> KeyShares:
    """Keep the shares that a key in service exported; the same again changes nothing.

    Raises ManifestProblem; Refused: serial-unknown, shares-foreign, shares-stale.
    """
    export = recovery.decode_shares(raw)
    certificate = certificate_of_serial(recovery.read_shares(export).serial)
    device_key = device_key_of(certificate)
    with writing():
        return keep_shares(certificate.device, export, PublicKey(algorithm, device_key), now)


def require_current(export: SharesExport) -> None:
    """At enrolment the shares must be for the pair in force: a carrier could have brought the key
    an older one.  Raises Refused(shares-foreign).
    """
    pair = current_pair()
    if pair is None or recovery.read_shares(export).officers != pair.version:
        raise Refused("shares-foreign")


def keep_shares(
    device: KeyDevice, export: SharesExport, device_key: PublicKey, now: int
) -> KeyShares:
    """Verify and keep; within a transaction.  Raises Refused: shares-foreign, shares-stale."""
    shares = _verified(export, device_key)
    pair = OfficerPair.objects.filter(version=shares.officers).first()
    if pair is None or shares.serial != device.serial:
        raise Refused("shares-foreign")
    raw = codec.encode(export)
    newest = _newest(device, device_key.point)
    if newest is not None and shares.number <= newest.number:
        # signed with fresh randomness each time: the same shares come under another signature
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
    """Open one officer's share of the key that asks: the code, and whose key it is.

    Who opened it is on record before it is returned.

    Raises Refused: serial-unknown, key-suspended, certificate-revoked, shares-unknown,
    shares-stale, check-mismatch, officer-unknown; PassphraseProblem;
    StatementProblem(share-foreign).
    """
    certificate = certificate_of_serial(ask.serial)
    # a key that is missing has been suspended: nobody is let in meanwhile
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
    """The shares with the highest number of this very device: a serial number may have had another
    before.
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
