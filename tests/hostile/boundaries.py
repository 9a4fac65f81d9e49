"""Every reader of bytes that somebody else wrote, with a genuine input; ``test_boundaries`` fails
when one is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from biandun_office.office import keystore, pkcs8
from biandun_protocol import (
    algorithms,
    audit,
    cbor,
    certificate,
    cose,
    der,
    enrolment,
    jsontext,
    kinds,
    links,
    login,
    orders,
    package,
    receipt,
    records,
    recovery,
    sm2,
    status,
    unit_card,
    x509,
)
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import Problem
from biandun_protocol.forms import reading
from biandun_protocol.parcel import Parcel
from biandun_protocol.receipt import Receipt
from biandun_protocol.recovery import Officers
from biandun_protocol.release import Release, ReleaseFile
from biandun_protocol.session import Opening, Session
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import cbor as wire_cbor
from biandun_protocol.wire import cobs, codec, frames, merkle, messages, statement
from biandun_protocol.wire import numbers as n
from tests.hostile.world import PASSPHRASE, world

# CborError, MessageError, DerError, CobsError are ValueErrors: nothing else may come out
REFUSED = (Problem, ValueError)
w = world()
reading.load()  # as the office does before it listens


@dataclass(frozen=True)
class Boundary:
    """``read`` is called with the bytes; ``covers`` are further functions that it runs; ``fixed``
    steps are free of charge.

    A signature of SM2 is verified over Python's integers: some 8,000 lines, whatever was sent.
    """

    read: Callable[[bytes], object]
    genuine: tuple[bytes, ...]
    covers: tuple[str, ...] = ()
    is_der: bool = False
    fixed: int = 3_000
    # is the genuine input read to its end?  Not where a secret of this run would have to be in it
    whole: bool = True


def _signed(check: Callable[[Signed], object]) -> Callable[[bytes], object]:
    return lambda raw: check(Signed.decode(raw))


def _frames(raw: bytes) -> None:
    reader = frames.FrameReader()
    reader.put(raw, len(raw))
    while frame := reader.next():
        codec.split_request(frame.payload)


def _cobs(raw: bytes) -> int:
    return cobs.decode_in_place(bytearray(raw), len(raw))


def _card(raw: bytes) -> object:
    return unit_card.verify_card(UnitCard.decode(raw), w.office.issuer_manifest, w.algorithm)


def _receipt(raw: bytes) -> object:
    known = cose.parse(w.statement, purpose=n.PURPOSE_FILING)
    return receipt.verify_receipt(Receipt.decode(raw), known, w.office.issuer_manifest, w.algorithm)


def _compare(raw: bytes) -> None:
    package.compare(cose.parse(w.statement, purpose=n.PURPOSE_FILING), package.read(raw))


def _proof(raw: bytes) -> bool:
    path = list(cbor.byte_strings(cbor.loads(raw)) or ())
    return merkle.verify_inclusion(bytes(32), 5, 9, path, bytes(32)) or merkle.verify_consistency(
        5, bytes(32), 9, bytes(32), path
    )


def _blobs(raw: bytes) -> object:
    return Parcel.decode(raw).blobs()


def _release(raw: bytes) -> object:
    return Release.decode(raw).verify_vendor(w.vendor)


def _hello(raw: bytes) -> object:
    return Opening(w.algorithm).finish(
        records.decode(messages.HelloReply, raw), w.device.public_key, bytes(32)
    )


def _login(signed: Signed) -> object:
    origin = "http://office.test"
    return login.verify_login(
        signed, public_key=_unit(), office_id="longlan", origin=origin, nonce=bytes(16)
    )


def _open_share(raw: bytes) -> object:
    shares = recovery.verify_shares(
        recovery.decode_shares(raw), PublicKey(w.algorithm, w.device.public_key)
    )
    return recovery.open_share(shares, 1, w.office.unblockers[0], w.device.public_key, 0)


def _unit() -> PublicKey:
    return PublicKey.of(w.key.signer)


def _device() -> PublicKey:
    return PublicKey.of(w.device)


STATEMENT = cose.parse(w.statement, purpose=n.PURPOSE_FILING)

BOUNDARIES: dict[str, Boundary] = {
    "algorithms.PublicKey.verify": Boundary(
        lambda raw: _unit().verify(STATEMENT.tbs, raw),
        (STATEMENT.signature,),
        ("algorithms.verify_es256", "cose.verify"),
    ),
    "algorithms.load_point": Boundary(algorithms.load_point, (w.key.signer.public_key,)),
    "algorithms.verify_sm2": Boundary(
        lambda raw: algorithms.verify_sm2(raw[:65], b"message", raw[65:]),
        (w.sm2,),
        ("sm2.verify",),
        fixed=20_000,
    ),
    "audit.decode_export": Boundary(
        lambda raw: audit.serial_of(audit.decode_export(raw)), (w.audit,), ("audit.serial_of",)
    ),
    "audit.verify_audit": Boundary(
        lambda raw: audit.verify_audit(audit.decode_export(raw), _device()), (w.audit,)
    ),
    "cbor.loads": Boundary(cbor.loads, (w.manifest, w.parcel, w.audit)),
    "cbor.loads_prefix": Boundary(cbor.loads_prefix, (w.release, w.granted)),
    "certificate.Signed.decode": Boundary(Signed.decode, (w.issuer, w.profile)),
    "certificate.Signed.verify": Boundary(
        _signed(lambda one: one.verify(n.PURPOSE_ISSUER, w.office.root_key)), (w.issuer,)
    ),
    "certificate.verify_issuer": Boundary(
        _signed(lambda one: certificate.verify_issuer(one, w.office.root_key)), (w.issuer,)
    ),
    "certificate.verify_profile": Boundary(
        _signed(lambda one: certificate.verify_profile(one, w.office.issuer_manifest, w.algorithm)),
        (w.profile,),
    ),
    "certificate.verify_possession": Boundary(
        _signed(lambda one: certificate.verify_possession(one, w.algorithm)), (w.possession,)
    ),
    "cose.parse": Boundary(lambda raw: cose.parse(raw, purpose=n.PURPOSE_FILING), (w.statement,)),
    "der.read": Boundary(der.read, (w.certificate,), is_der=True),
    "der.items": Boundary(lambda raw: list(der.items(raw)), (w.certificate,), is_der=True),
    "der.sequence": Boundary(
        lambda raw: der.sequence(raw, der.SEQUENCE, der.SEQUENCE, der.BIT_STRING),
        (w.certificate,),
        is_der=True,
    ),
    "enrolment.decode_offer": Boundary(enrolment.decode_offer, (w.offer, w.invitation)),
    "enrolment.decode_request": Boundary(enrolment.decode_request, (w.request, w.application)),
    "jsontext.read": Boundary(
        jsontext.read,
        (w.form, b'{"a": [1, 2.5, true, null, "x"], "b": {}}'),
        ("jsontext.read_placed",),
    ),
    "kinds.Kind.read": Boundary(lambda raw: kinds.OFFER.read(raw, "x"), (w.offer, w.invitation)),
    "links.verify_links": Boundary(
        _signed(lambda one: links.verify_links(one, _unit())), (w.links,)
    ),
    "login.verify_login": Boundary(_signed(_login), (w.login,)),
    "orders.decode_challenge": Boundary(orders.decode_challenge, (w.challenge,)),
    "orders.decode_order": Boundary(
        lambda raw: orders.verify_order(
            orders.decode_order(raw), w.office.issuer_manifest, w.algorithm
        ),
        (w.order,),
        ("orders.verify_order", "orders.Order.read", "orders.Order.statement_id"),
    ),
    "package.read": Boundary(package.read, (w.manifest,), ("forms.reading.read",)),
    "package.read countersign": Boundary(
        lambda raw: package.read(raw, n.PURPOSE_COUNTERSIGN),
        (w.countersign,),
    ),
    "package.read decision": Boundary(
        lambda raw: package.read(raw, n.PURPOSE_DECISION), (w.decision,)
    ),
    "package.compare": Boundary(_compare, (w.manifest,)),
    "parcel.Parcel.decode": Boundary(_blobs, (w.parcel,), ("parcel.Parcel.blobs",)),
    "receipt.Receipt.decode": Boundary(
        lambda raw: Receipt.decode(raw).read(), (w.receipt,), ("receipt.Receipt.read",)
    ),
    "receipt.verify_receipt": Boundary(_receipt, (w.receipt,)),
    "records.decode": Boundary(lambda raw: records.decode(messages.Grant, raw), (w.grant,)),
    "records.read": Boundary(
        lambda raw: records.read(messages.Grant, raw, n.SCHEMA_GRANT), (w.grant,)
    ),
    "records.read_head": Boundary(
        lambda raw: records.read_head(ReleaseFile, raw, n.SCHEMA_RELEASE_FILE), (w.release,)
    ),
    "recovery.Officers.decode": Boundary(
        lambda raw: recovery.verify_officers(
            Officers.decode(raw), w.office.issuer_manifest, w.algorithm
        ),
        (w.officers,),
        ("recovery.verify_officers", "recovery.Officers.read"),
    ),
    "recovery.decode_shares": Boundary(
        lambda raw: recovery.ask(recovery.decode_shares(raw), 0),
        (w.shares,),
        ("recovery.read_shares", "recovery.ask"),
    ),
    "recovery.open_share": Boundary(
        _open_share, (w.shares,), ("recovery.verify_shares",), whole=False
    ),
    "recovery.decode_ask": Boundary(recovery.decode_ask, (w.ask,)),
    "recovery.decode_code": Boundary(
        lambda raw: recovery.decode_code(raw.decode("latin-1")),
        (recovery.encode_code(bytes(8)).encode(),),
    ),
    "release.Release.decode": Boundary(
        _release, (w.release,), ("release.Release.read", "release.Release.verify_vendor")
    ),
    "session.Opening.finish": Boundary(_hello, (w.hello,), whole=False),
    "session.Session.open": Boundary(
        lambda raw: Session(bytes(32), bytes(32)).open(1, raw), (cbor.dumps(bytes(152)),)
    ),
    "sm2.decode_point": Boundary(sm2.decode_point, (w.key.signer.public_key,)),
    "status.verify_status": Boundary(
        _signed(lambda one: status.verify_status(one, w.office.issuer_manifest, w.algorithm)),
        (w.status,),
    ),
    "succession.Succession.decode": Boundary(
        lambda raw: Succession.decode(raw).verify(_unit()),
        (w.succession,),
        ("succession.Succession.verify",),
    ),
    "succession.Granted.decode": Boundary(Granted.decode, (w.granted,)),
    "unit_card.UnitCard.decode": Boundary(
        lambda raw: UnitCard.decode(raw).read(), (w.card,), ("unit_card.UnitCard.read",)
    ),
    "unit_card.verify_card": Boundary(_card, (w.card,)),
    "wire.cbor.loads": Boundary(
        wire_cbor.loads, (w.manifest, w.parcel), ("wire.cbor.loads_prefix",)
    ),
    "wire.cbor.decode_utf8": Boundary(wire_cbor.decode_utf8, ("编制使用核准".encode(),)),
    "wire.cobs.decode_in_place": Boundary(_cobs, (cobs.encode(w.statement),)),
    "wire.codec.decode": Boundary(
        lambda raw: codec.decode(messages.Grant, raw), (w.grant,), ("wire.codec.from_map",)
    ),
    "wire.codec.split_request": Boundary(
        codec.split_request, (codec.encode_request(messages.InfoRequest(1)),)
    ),
    "wire.frames.FrameReader.next": Boundary(_frames, (w.frames,)),
    "wire.merkle.verify_inclusion": Boundary(
        _proof, (cbor.dumps([bytes(32)] * 4),), ("wire.merkle.verify_consistency",)
    ),
    "wire.statement.split": Boundary(statement.split, (w.statement,)),
    "wire.statement.decode_receipt_payload": Boundary(
        statement.decode_receipt_payload, (w.receipt_payload,)
    ),
    "x509.certificate_of": Boundary(
        lambda raw: x509.public_key_of(x509.certificate_of(raw, "x")),
        (w.certificate,),
        ("x509.public_key_of",),
        is_der=True,
    ),
    # of the office: its own files, but they lie on disk
    "biandun_office.office.pkcs8.decrypt": Boundary(
        lambda raw: pkcs8.decrypt(raw, b"p"),
        (pkcs8.encrypt(bytes(31) + b"\1", w.key.signer.public_key, b"p"),),
        is_der=True,
    ),
    "biandun_office.office.keystore.unseal": Boundary(
        lambda raw: keystore.unseal(raw, PASSPHRASE, w.algorithm),
        (w.sealed,),
        is_der=True,
    ),
}

# read bytes, but not of others, or no more than a fixed number of them
NOT_FOREIGN: dict[str, str] = {
    "algorithms.SoftwareSigner.common": "a point of 65 bytes, see load_point",
    "cose.sign_office": "what the office signs",
    "pins.decoded": "one's own file of a secret, a line of it",
    "recovery.Opener.common": "a protocol class",
    "release.sign_release": "what the vendor signs",
    "session.Ephemeral.common": "a protocol class",
    "sm2.common": "a point of 65 bytes",
    "terminal.commands.Bilingual.parse_args": "one's own command line",
    "unit_card.sign_card": "what the office signs",
    "wire.flashmodel.Memory.read_into": "a model of flash",
    "wire.flashmodel.NorFlash.read": "a model of flash",
    "wire.flashmodel.NorFlash.read_into": "a model of flash",
    "wire.flashmodel.NorFlash.program": "a model of flash",
    "wire.otpmodel.OtpModel.write_secret": "a model of one-time memory",
}
