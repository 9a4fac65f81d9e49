"""Enrolment: an offer is good once, a request proves possession, a certificate verifies
everywhere.
"""

import subprocess
from hashlib import sha256

import pytest

from biandun_office.issuance.models import Certificate, KeyDevice, KeyOffer
from biandun_office.platform import clock
from biandun_office.platform.errors import FileProblem, Refused
from biandun_office.registry.models import Unit
from biandun_protocol.algorithms import ES256, PublicKey
from biandun_protocol.certificate import Signed, verify_issuer, verify_profile
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, KeyRequest, Offer
from biandun_protocol.wire.numbers import ROLES
from tests.backend.bench import HOSPITAL, SCHOOL, Bench
from tests.backend.people import OFFICE
from tests.support.softkey import SoftKey


def issued(office: Bench, key: SoftKey, offer: Offer, **changed: object) -> Grant:
    return codec.decode(Grant, office.issue(key, offer, **changed))


def count() -> tuple[int, int]:
    return KeyDevice.objects.count(), Certificate.objects.count()


def refused(office: Bench, key: SoftKey, offer: Offer, **changed: object) -> str:
    before = count()
    with pytest.raises(Refused) as caught:
        office.issue(key, offer, **changed)
    assert count() == before
    return caught.value.code


def test_an_offer_carries_the_anchor_and_the_unit(office: Bench):
    offer = office.offer(SCHOOL)
    assert (offer.office_id, offer.office_name, offer.uscc, offer.unit_name) == (
        "longlan",
        "陇澜市委编办",
        SCHOOL,
        "陇澜市第一中学",
    )
    issuer = verify_issuer(
        Signed(offer.issuer_statement, offer.issuer_manifest),
        PublicKey(ES256, offer.root_public_key),
    )
    assert issuer.public_key == office.office.issuing_key.point


def test_an_offer_for_an_unknown_unit_is_refused(office: Bench):
    with pytest.raises(Refused) as caught:
        office.offer("91629900MB0000019X")
    assert caught.value.code == "unit-unknown"


def test_an_offer_for_an_abolished_unit_is_refused(office: Bench):
    Unit.objects.filter(uscc=SCHOOL).update(active=False)
    with pytest.raises(Refused) as caught:
        office.offer(SCHOOL)
    assert caught.value.code == "unit-inactive"


def test_the_grant_holds_a_profile_that_verifies_under_the_office(office: Bench):
    key, offer = SoftKey(), office.offer()
    grant = issued(office, key, offer)
    profile = verify_profile(
        Signed(grant.profile_statement, grant.profile_manifest), office.issuer, ES256
    )
    assert (profile.serial, profile.public_key, profile.uscc, profile.version) == (
        key.serial,
        key.signer.public_key,
        SCHOOL,
        1,
    )
    assert profile.purposes == ["filing", "receipt-ack", "succession", "login", "link"]
    assert profile.x5t == sha256(grant.x509).digest()


@pytest.mark.parametrize("role", ["unit", "supervisor", "officer"])
def test_only_the_offices_own_unit_gets_an_officers_key(office: Bench, role: str):
    assert issued(office, SoftKey(), office.offer(OFFICE), purposes=ROLES[role])
    key, offer = SoftKey(serial="BD-TEST-0002"), office.offer(SCHOOL)
    if role == "officer":
        assert refused(office, key, offer, purposes=ROLES[role]) == "not-officer"
    else:
        assert issued(office, key, offer, purposes=ROLES[role])


def test_openssl_verifies_the_chain(office: Bench, tmp_path):
    grant = issued(office, SoftKey(), office.offer())
    (tmp_path / "leaf.der").write_bytes(grant.x509)
    subprocess.run(
        [
            "openssl",
            "x509",
            "-inform",
            "der",
            "-in",
            tmp_path / "leaf.der",
            "-out",
            tmp_path / "leaf.pem",
        ],
        check=True,
    )
    chain = ["-CAfile", office.folder / "root.pem", "-untrusted", office.folder / "issuing.pem"]
    answer = subprocess.run(
        ["openssl", "verify", "-x509_strict", *chain, tmp_path / "leaf.pem"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.endswith("OK\n")


def test_the_leaf_names_unit_code_and_serial_and_may_only_sign(office: Bench, tmp_path):
    grant = issued(office, SoftKey(), office.offer())
    (tmp_path / "leaf.der").write_bytes(grant.x509)
    shown = [
        "openssl",
        "x509",
        "-inform",
        "der",
        "-in",
        tmp_path / "leaf.der",
        "-noout",
        "-text",
        "-nameopt",
        "utf8",
    ]
    text = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
    assert "OU=BD-TEST-0001, CN=陇澜市第一中学, serialNumber=12629900MB00000274" in text.replace(
        " = ", "="
    )
    assert "Digital Signature, Non Repudiation\n" in text
    assert "CA:FALSE" in text


def test_a_long_unit_name_still_fits_the_certificate(office: Bench):
    Unit.objects.filter(uscc=SCHOOL).update(name="陇澜市" + "很长的虚构单位名称" * 13)
    grant = issued(office, SoftKey(serial="BD-TEST-0001-ABCDEFGHIJK"), office.offer())
    assert len(grant.x509) <= 1536


def test_a_nonce_is_good_once(office: Bench):
    offer = office.offer()
    issued(office, SoftKey(), offer)
    assert refused(office, SoftKey(serial="BD-TEST-0002"), offer) == "nonce-unknown"


def test_a_nonce_expires(office: Bench):
    offer = office.offer()
    assert refused(office, SoftKey(), offer, now=clock.now() + 31 * 86_400) == "nonce-unknown"


def test_a_made_up_nonce_is_refused(office: Bench):
    offer = office.offer()
    offer.nonce = bytes(16)
    assert refused(office, SoftKey(), offer) == "nonce-unknown"


def test_a_request_to_another_office_is_refused(office: Bench):
    offer = office.offer()
    offer.office_id = "qingping"
    assert refused(office, SoftKey(), offer) == "nonce-unknown"


def test_a_key_pair_that_is_certified_is_refused_under_any_serial(office: Bench, key: SoftKey):
    again = SoftKey(serial="BD-TEST-0002", signer=key.signer)
    assert refused(office, again, office.offer()) == "key-registered"


def test_a_serial_that_is_certified_is_refused_with_any_key_pair(office: Bench, key: SoftKey):
    assert refused(office, SoftKey(serial=key.serial), office.offer(HOSPITAL)) == "key-registered"


def test_a_refused_request_does_not_use_up_the_offer(office: Bench, key: SoftKey):
    offer = office.offer()
    refused(office, SoftKey(serial=key.serial), offer)
    assert KeyOffer.objects.get(nonce=offer.nonce.hex()).used_at is None


def test_a_key_may_be_certified_again_after_its_certificate_expired_with_a_higher_version(
    office: Bench, key: SoftKey
):
    Certificate.objects.update(not_after=clock.now() - 1)
    grant = issued(office, key, office.offer())
    assert (
        verify_profile(
            Signed(grant.profile_statement, grant.profile_manifest), office.issuer, ES256
        ).version
        == 2
    )
    assert list(Certificate.objects.order_by("version").values_list("state", flat=True)) == [
        "SUPERSEDED",
        "ACTIVE",
    ]


def test_a_certificate_never_outlives_the_office(office: Bench):
    grant = issued(office, SoftKey(), office.offer(), days=36_500)
    profile = verify_profile(
        Signed(grant.profile_statement, grant.profile_manifest), office.issuer, ES256
    )
    assert profile.not_after == office.issuer.not_after


@pytest.mark.parametrize("part", ["statement", "manifest"])
def test_a_request_with_any_flipped_bit_is_refused(office: Bench, part: str):
    offer, key = office.offer(), SoftKey()
    request = key.prove_possession(offer)
    good = getattr(request, part)
    for bit in range(0, 8 * len(good), 7):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        setattr(request, part, bytes(changed))
        with pytest.raises((ProtocolProblem, Refused)):
            _issue_raw(office, request)
    assert count() == (0, 0)
    setattr(request, part, good)
    _issue_raw(office, request)
    assert count() == (1, 1)


def _issue_raw(office: Bench, request: KeyRequest) -> None:
    key = SoftKey()
    key.prove_possession = lambda offer: request  # type: ignore[method-assign]
    office.issue(key, office.offer())


@pytest.mark.parametrize("raw", [b"", b"\xa0", b"not CBOR at all"])
def test_a_file_that_is_no_request_is_refused(office: Bench, raw: bytes):
    from biandun_office.issuance.services import issue

    with pytest.raises(ProtocolProblem) as caught:
        issue(
            authority=office.authority,
            request=raw,
            purposes=["filing"],
            days=1,
            now=clock.now(),
            deliver=lambda grant: None,
        )
    assert caught.value.code == "certificate-invalid"


def test_a_grant_that_cannot_be_delivered_was_never_made(office: Bench):
    def fail(grant: bytes) -> None:
        raise FileProblem("file-unwritable", path="grant.bd", detail="No space left on device")

    offer = office.offer()
    with pytest.raises(FileProblem):
        office.issue(SoftKey(), offer, deliver=fail)
    assert count() == (0, 0)
    assert KeyOffer.objects.get().used_at is None
