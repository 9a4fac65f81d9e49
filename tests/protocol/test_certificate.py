"""The way from the root to a unit's key: root, issuer, profile; and the proof of possession that
starts it.
"""

from dataclasses import replace
from typing import Any

import pytest

from biandun_protocol import certificate, cose
from biandun_protocol.algorithms import ES256, PublicKey
from biandun_protocol.certificate import Signed
from biandun_protocol.errors import CertificateProblem, ManifestProblem, Problem
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import (
    IssuerManifest,
    Offer,
    PossessionManifest,
    ProfileManifest,
)
from biandun_protocol.wire.numbers import (
    SCHEMA_ISSUER,
    SCHEMA_OFFER,
    SCHEMA_POSSESSION,
    SCHEMA_PROFILE,
    SCHEMA_RECEIPT_BUNDLE,
)
from tests.support.signers import signer_from
from tests.support.softkey import SoftKey
from tests.support.softoffice import SoftOffice

ROOT, OFFICE, UNIT, STRANGER = (signer_from(number) for number in (101, 102, 103, 104))
ISSUER = IssuerManifest(
    SCHEMA_ISSUER, "629900", OFFICE.public_key, b"\1" * 32, 1_700_000_000, 1_900_000_000
)


def profile_of(**changed: Any) -> ProfileManifest:
    fields: dict[str, Any] = {
        "schema": SCHEMA_PROFILE, "version": 1, "serial": "BD-TEST-0001", "public_key": UNIT.public_key, "uscc": "12629900MB00000274",
        "unit_code": "629900-0002", "unit_name": "陇澜市第一中学", "region": "629900", "purposes": ["filing"], "hardware_class": 0,
        "not_before": 1_700_000_000, "not_after": 1_800_000_000, "x5t": b"\2" * 32,
    }  # fmt: skip
    return ProfileManifest(**{**fields, **changed})


def issuer_statement() -> Signed:
    return certificate.sign_issuer(ROOT, region="629900", root_x5t=bytes(32), manifest=ISSUER)


def profile_statement(signer: Any = OFFICE, office_id: str = "629900", **changed: Any) -> Signed:
    return certificate.sign_profile(
        signer, office_id=office_id, region="629900", x5t=ISSUER.x5t, manifest=profile_of(**changed)
    )


def possession() -> Signed:
    offer = Offer(
        SCHEMA_OFFER,
        "629900",
        "陇澜市编办",
        ROOT.public_key,
        b"",
        b"",
        b"\7" * 16,
        "12629900MB00000274",
        "陇澜市第一中学",
    )
    request = SoftKey(signer=UNIT).prove_possession(offer)
    return Signed(request.statement, request.manifest)


def code_of(caught: pytest.ExceptionInfo[Problem]) -> tuple[str, Any]:
    return caught.value.code, caught.value.values.get("field")


def test_the_root_vouches_for_the_office() -> None:
    assert vars(certificate.verify_issuer(issuer_statement(), PublicKey.of(ROOT))) == vars(ISSUER)


def test_the_office_vouches_for_a_units_key() -> None:
    assert vars(certificate.verify_profile(profile_statement(), ISSUER, ES256)) == vars(
        profile_of()
    )


def test_a_key_proves_that_it_holds_its_private_half() -> None:
    manifest = certificate.verify_possession(possession(), ES256)
    assert (manifest.public_key, manifest.nonce, manifest.serial) == (
        UNIT.public_key,
        b"\7" * 16,
        "BD-TEST-0001",
    )


def test_an_issuer_statement_of_another_root_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        certificate.verify_issuer(issuer_statement(), PublicKey.of(STRANGER))
    assert code_of(caught) == ("kid-mismatch", None)


def test_an_issuer_statement_in_another_offices_name_is_refused() -> None:
    raw = codec.encode(ISSUER)
    other = cose.sign_office(
        ROOT, purpose="issuer", office_id="629901", region="629900", x5t=bytes(32), manifest=raw
    )
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_issuer(Signed(other, raw), PublicKey.of(ROOT))
    assert code_of(caught) == ("certificate-invalid", "iss")


def test_a_profile_by_a_stranger_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        certificate.verify_profile(profile_statement(STRANGER), ISSUER, ES256)
    assert code_of(caught) == ("kid-mismatch", None)


def test_a_profile_in_another_offices_name_is_refused() -> None:
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_profile(profile_statement(office_id="629901"), ISSUER, ES256)
    assert code_of(caught) == ("certificate-invalid", "iss")


def test_an_issuer_statement_is_no_profile() -> None:
    with pytest.raises(Problem) as caught:
        certificate.verify_profile(issuer_statement(), ISSUER, ES256)
    assert code_of(caught) == ("purpose-mismatch", None)


def test_a_statement_over_another_manifest_is_refused() -> None:
    exchanged = replace(
        profile_statement(), manifest=codec.encode(profile_of(uscc="11629900MB0000019C"))
    )
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_profile(exchanged, ISSUER, ES256)
    assert code_of(caught) == ("digest-mismatch", None)


def test_a_profile_of_an_unknown_schema_is_refused() -> None:
    with pytest.raises(ManifestProblem) as caught:
        certificate.verify_profile(profile_statement(schema="biandun-profile/2"), ISSUER, ES256)
    assert code_of(caught) == ("schema-unknown", None)


def test_a_manifest_that_is_no_profile_is_refused() -> None:
    raw = codec.encode(ISSUER)
    statement = cose.sign_office(
        OFFICE, purpose="profile", office_id="629900", region="629900", x5t=ISSUER.x5t, manifest=raw
    )
    with pytest.raises(ManifestProblem) as caught:
        certificate.verify_profile(Signed(statement, raw), ISSUER, ES256)
    assert caught.value.code == "manifest-malformed"


def test_a_possession_over_somebody_elses_public_key_is_refused() -> None:
    manifest = PossessionManifest(
        SCHEMA_POSSESSION, "629900", bytes(16), "BD-TEST-0001", STRANGER.public_key
    )
    with pytest.raises(Problem) as caught:
        certificate.verify_possession(replace(possession(), manifest=codec.encode(manifest)), ES256)
    assert code_of(caught) == ("kid-mismatch", None)


def test_a_possession_with_another_nonce_is_refused() -> None:
    manifest = PossessionManifest(
        SCHEMA_POSSESSION, "629900", bytes(16), "BD-TEST-0001", UNIT.public_key
    )
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_possession(replace(possession(), manifest=codec.encode(manifest)), ES256)
    assert code_of(caught) == ("digest-mismatch", None)


def test_a_possession_whose_manifest_names_another_serial_is_refused() -> None:
    key = SoftKey(serial="BD-TEST-0002", signer=UNIT)
    manifest = codec.encode(
        PossessionManifest(SCHEMA_POSSESSION, "629900", bytes(16), "BD-TEST-0001", UNIT.public_key)
    )
    signed = key._sign("possession", manifest, {}, with_unit=False)
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_possession(signed, ES256)
    assert code_of(caught) == ("certificate-invalid", "serial")


def test_a_header_that_tells_another_length_is_refused() -> None:
    manifest = codec.encode(
        PossessionManifest(SCHEMA_POSSESSION, "629900", bytes(16), "BD-TEST-0001", UNIT.public_key)
    )
    signed = SoftKey(signer=UNIT)._sign(
        "possession", manifest, {wire.FIELD_MANIFEST_LENGTH: 1}, with_unit=False
    )
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_possession(signed, ES256)
    assert code_of(caught) == ("digest-mismatch", None)


def test_a_possession_with_junk_for_a_manifest_is_refused() -> None:
    with pytest.raises(ManifestProblem) as caught:
        certificate.verify_possession(replace(possession(), manifest=b"\xa0"), ES256)
    assert code_of(caught) == ("manifest-malformed", 0)


def test_a_receipt_bundle_comes_back_as_it_went() -> None:
    receipt = Receipt(b"statement", b"payload")
    assert Receipt.decode(receipt.encode()) == receipt


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"\xa0", 0),
        (b"", None),
        (
            Receipt(b"", b"")
            .encode()
            .replace(SCHEMA_RECEIPT_BUNDLE.encode(), b"biandun-receipt/2"),
            0,
        ),
    ],
    ids=["empty map", "nothing", "another schema"],
)
def test_what_is_no_receipt_bundle_is_malformed(raw: bytes, field: int | None) -> None:
    with pytest.raises(Problem) as caught:
        Receipt.decode(raw)
    assert code_of(caught) == ("receipt-malformed", field)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"purposes": ["filing", "receipt"]}, "purposes"),
        ({"not_before": 9, "not_after": 9}, "not_after"),
    ],
    ids=["a purpose of the office", "never valid"],
)
def test_a_profile_that_grants_what_it_cannot_is_refused(
    changed: dict[str, object], field: str
) -> None:
    office = SoftOffice()
    grant = office.grant_for("BD-000001", office.root.public_key, **changed)
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_profile(
            Signed(grant.profile_statement, grant.profile_manifest), office.issuer_manifest, ES256
        )
    assert caught.value.values["field"] == field


def test_a_profile_under_another_certificate_of_the_office_is_refused() -> None:
    office = SoftOffice()
    grant = office.grant_for("BD-000001", office.root.public_key)
    office.issuer_manifest.x5t = bytes(32)
    with pytest.raises(CertificateProblem) as caught:
        certificate.verify_profile(
            Signed(grant.profile_statement, grant.profile_manifest), office.issuer_manifest, ES256
        )
    assert caught.value.values["field"] == "x5t"
