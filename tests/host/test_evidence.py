"""Offline verification of a filing folder: each tampering is found at its own step."""

from pathlib import Path

import pytest

from biandun import evidence
from biandun.filings import Folder
from biandun.keys import Key
from biandun_protocol.errors import CertificateProblem
from tests.support.softoffice import NOW, SoftOffice
from tests.support.softserver import root_certificate


@pytest.fixture
def root(soft: SoftOffice) -> bytes:
    return root_certificate(soft)


def failed_step(folder: Folder, root: bytes) -> tuple[str, str]:
    verdict = evidence.verify_folder(folder.path, root)
    assert not verdict.good
    return verdict.steps[-1].name, verdict.steps[-1].found


def test_a_genuine_folder_holds_in_every_step(filed: Folder, root: bytes) -> None:
    verdict = evidence.verify_folder(filed.path, root)
    assert verdict.good
    assert [step.name for step in verdict.steps] == [
        "office_key",
        "unit_certificate",
        "material",
        "signature",
        "office_receipt",
    ]


FILES = {
    "issuer.cose": "office_key",
    "issuer.cbor": "office_key",
    "profile.cose": "unit_certificate",
    "profile.cbor": "unit_certificate",
    "certificate.der": "unit_certificate",
    "manifest.cbor": "material",
    "attachments/用编申请.pdf": "material",
    "statement.cose": "signature",
    "receipt.cbor": "office_receipt",
}


@pytest.mark.parametrize("name", FILES)
def test_any_changed_byte_of_a_file_is_found_at_its_step(
    name: str, filed: Folder, root: bytes
) -> None:
    path = filed.path / name
    genuine = path.read_bytes()
    for at in range(0, len(genuine), max(1, len(genuine) // 60)):
        path.write_bytes(genuine[:at] + bytes((genuine[at] ^ 1,)) + genuine[at + 1 :])
        assert failed_step(filed, root)[0] == FILES[name]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_at_its_step(name: str, filed: Folder, root: bytes) -> None:
    (filed.path / name).unlink()
    step, code = failed_step(filed, root)
    assert step == FILES[name]
    assert code in ("file-missing", "filing-changed", "filing-unsigned", "filing-unsubmitted")


def test_a_folder_of_another_office_fails_at_the_first_step(filed: Folder) -> None:
    assert failed_step(filed, root_certificate(SoftOffice(seed=9000))) == (
        "office_key",
        "kid-mismatch",
    )


def test_a_manifest_prepared_anew_does_not_fit_the_old_signature(
    filed: Folder, key: Key, root: bytes
) -> None:
    from hashlib import sha256

    from tests.support import softkey

    other = softkey.manifest(reason="另一个理由")
    (filed.path / "manifest.cbor").write_bytes(other)
    filed._remember(manifest=sha256(other).hexdigest())
    assert failed_step(filed, root) == ("material", "filing-changed")


@pytest.mark.parametrize(
    "pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_root_that_is_none_is_refused(pem: bytes, filed: Folder) -> None:
    with pytest.raises(CertificateProblem):
        evidence.verify_folder(filed.path, pem)


def test_a_root_with_another_kind_of_key_is_refused(filed: Folder, tmp_path: Path) -> None:
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import Encoding

    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1)
    )
    with pytest.raises(CertificateProblem):
        evidence.verify_folder(filed.path, builder.sign(key, None).public_bytes(Encoding.PEM))


@pytest.mark.parametrize(
    ("changed", "step", "code"),
    [
        ({"purposes": ["login"]}, "signature", "purpose-refused"),
        ({"not_after": NOW - 1}, "office_receipt", "certificate-expired"),
        ({"not_before": NOW + 1}, "office_receipt", "certificate-not-yet"),
    ],
    ids=["purpose", "expired", "not yet"],
)
def test_a_certificate_that_did_not_allow_it_then_is_found(
    changed: dict[str, object],
    step: str,
    code: str,
    filed: Folder,
    key: Key,
    soft: SoftOffice,
    root: bytes,
) -> None:
    grant = soft.grant_for(key.info.serial, key.info.public_key or b"", **changed)
    (filed.path / "profile.cose").write_bytes(grant.profile_statement)
    (filed.path / "profile.cbor").write_bytes(grant.profile_manifest)
    assert failed_step(filed, root) == (step, code)


@pytest.mark.parametrize(
    "changed",
    [
        {"serial": "BD-OTHER"},
        {"uscc": "11629900MB0000019C"},
        {"x5t": bytes(32)},
        {"unit_code": "629900-9999"},
        {"region": "629902"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_certificate_of_the_same_key_for_something_else_is_found(
    changed: dict[str, object], filed: Folder, key: Key, soft: SoftOffice, root: bytes
) -> None:
    grant = soft.grant_for(key.info.serial, key.info.public_key or b"", **changed)
    (filed.path / "profile.cose").write_bytes(grant.profile_statement)
    (filed.path / "profile.cbor").write_bytes(grant.profile_manifest)
    step, code = failed_step(filed, root)
    assert (step, code) in (
        ("signature", "certificate-mismatch"),
        ("unit_certificate", "certificate-invalid"),
    )
