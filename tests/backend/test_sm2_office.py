"""An office founded in SM2: keys, certificates, intake, log and backup in that suite, and nothing
of the other one.
"""

import json
import shutil
import subprocess
import sys
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from biandun_office.evidence import blobs
from biandun_office.evidence.models import Statement
from biandun_office.installation import backup
from biandun_office.office import keys, startup
from biandun_office.office import x509 as certificates
from biandun_office.office.identity import IDENTITY, ISSUING_KEY, ROOT_KEY, Office, load_key
from biandun_office.office.keys import Sm2Key, new_key
from biandun_office.office.keystore import Passphrase, seal, unseal
from biandun_office.office.x509 import Validity
from biandun_office.platform.errors import PassphraseProblem
from biandun_office.reception.log_check import check_log
from biandun_protocol import cose, der
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.certificate import Signed, verify_issuer, verify_profile
from biandun_protocol.errors import CertificateProblem, StatementProblem
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant
from biandun_protocol.x509 import public_key_of
from tests.backend import bench, people, test_unblock
from tests.backend.bench import CHEAP, ORIGIN, PASSPHRASE, SIGNED, Bench
from tests.backend.genuine import enrol
from tests.backend.people import Key
from tests.firmware.conftest import Wire
from tests.support.softkey import SoftKey, attachment, manifest

_founded: list[Path] = []


@pytest.fixture
def vendor() -> str:
    """The suite is no business of the database."""
    return "sqlite"


@pytest.fixture
def founded(tmp_path_factory: pytest.TempPathFactory, vendor: str) -> Path:
    if not _founded:
        folder = tmp_path_factory.mktemp("founded-sm2") / "office"
        bench.found(folder, suite="SM2")
        startup.connections.close_all()
        _founded.append(folder)
    return _founded[0]


def openssl(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        ["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_it_says_its_suite_and_remembers_it(office: Bench):
    assert office.office.algorithm is SM2
    assert json.loads((office.folder / IDENTITY).read_bytes())["suite"] == "SM2"


def test_an_office_that_names_no_suite_is_in_es256(tmp_path: Path):
    bench.found(tmp_path / "office")
    path = tmp_path / "office" / IDENTITY
    fields = json.loads(path.read_bytes())
    del fields["suite"]
    path.write_text(json.dumps(fields))
    assert Office.load(tmp_path / "office").algorithm is ES256


def test_an_office_whose_certificates_are_of_another_suite_than_it_says_does_not_open(
    office: Bench,
):
    path = office.folder / IDENTITY
    path.write_text(path.read_text().replace('"SM2"', '"ES256"'))
    with pytest.raises(CertificateProblem) as caught:
        Office.load(office.folder)
    assert caught.value.values["field"] == "suite"


def test_the_root_vouches_for_the_issuing_key_in_sm2(office: Bench):
    issuer = verify_issuer(office.office.issuer, office.office.root_key)
    assert (issuer.public_key, issuer.x5t) == (office.office.issuing_key.point, office.office.x5t)


def test_its_certificates_have_the_extensions_of_es256_and_the_numbers_of_sm2(
    office: Bench, tmp_path: Path
):
    bench.found(tmp_path / "es256")
    for ours, theirs in (
        (office.office.root, Office.load(tmp_path / "es256").root),
        (office.office.issuing, Office.load(tmp_path / "es256").issuing),
    ):
        assert ours.signature_algorithm_oid.dotted_string == "1.2.156.10197.1.501"
        assert [(one.oid, one.critical) for one in ours.extensions] == [
            (one.oid, one.critical) for one in theirs.extensions
        ]
        assert (ours.subject, ours.version) == (theirs.subject, x509.Version.v3)


DISTINGUISHED = "distid:1234567812345678"  # without it OpenSSL takes an empty one, which is another


def openssl_verifies(key: PublicKey, message: bytes, signature: bytes, folder: Path) -> bool:
    for name, content in (("message", message), ("signature", signature), ("key.der", key.spki)):
        (folder / name).write_bytes(content)
    verify = (
        "pkeyutl",
        "-verify",
        "-rawin",
        "-digest",
        "sm3",
        "-pubin",
        "-keyform",
        "DER",
        "-inkey",
        "key.der",
    )
    return "Verified Successfully" in openssl(
        *verify, "-pkeyopt", DISTINGUISHED, "-in", "message", "-sigfile", "signature", cwd=folder
    )


def test_openssl_verifies_every_certificate_with_the_default_identity(
    office: Bench, tmp_path: Path
):
    grant = codec.decode(
        Grant, office.issue(Key(serial="BD-TEST-0002", signer=new_key(SM2)), office.offer())
    )
    (tmp_path / "leaf.pem").write_bytes(
        x509.load_der_x509_certificate(grant.x509).public_bytes(Encoding.PEM)
    )
    for name in ("root.pem", "issuing.pem"):
        shutil.copy(office.folder / name, tmp_path / name)
    # openssl hands the identity to the first certificate of a chain only, so each is verified as
    # the first
    for trusted, name in (
        (("-CAfile", "root.pem"), "issuing.pem"),
        (("-partial_chain", "-trusted", "issuing.pem"), "leaf.pem"),
    ):
        assert (
            openssl("verify", "-vfyopt", DISTINGUISHED, *trusted, name, cwd=tmp_path).strip()
            == f"{name}: OK"
        )
    assert "OK" not in openssl("verify", "-CAfile", "root.pem", "issuing.pem", cwd=tmp_path)
    root = office.office.root
    assert openssl_verifies(
        office.office.root_key, root.tbs_certificate_bytes, root.signature, tmp_path
    )


def test_openssl_verifies_a_statement_over_its_tbs(office: Bench, key: Key, tmp_path: Path):
    statement = cose.parse(key.sign(office.upload()), purpose="filing")
    assert openssl_verifies(
        PublicKey.of(key.signer), statement.tbs, der.signature(statement.signature), tmp_path
    )


def test_a_key_of_the_suite_is_certified_in_it(office: Bench, key: Key):
    assert key.profile is not None
    grant = codec.decode(
        Grant, office.issue(Key(serial="BD-TEST-0002", signer=new_key(SM2)), office.offer())
    )
    profile = verify_profile(
        Signed(grant.profile_statement, grant.profile_manifest), office.issuer, SM2
    )
    certified = public_key_of(x509.load_der_x509_certificate(grant.x509))
    assert certified == PublicKey(SM2, profile.public_key)
    assert profile.x5t == sha256(grant.x509).digest()


def test_a_key_of_the_other_suite_is_not_certified(office: Bench):
    with pytest.raises(StatementProblem) as caught:
        office.issue(Key(signer=new_key(ES256)), office.offer())
    assert caught.value.code == "algorithm-mismatch"


def test_a_filing_is_taken_in_and_its_receipt_is_in_sm2(office: Bench, key: Key):
    raw = office.upload()
    statement = key.sign(raw)
    answer = office.post(statement)
    assert answer.status_code == 201, answer.content
    parsed = cose.parse(statement, purpose="filing")
    assert parsed.digest == SM2.digest(raw)
    payload = verify_receipt(Receipt.decode(answer.content), parsed, office.issuer, SM2)
    assert payload.statement_id == SM2.digest(parsed.tbs)
    assert check_log(office.office).faults == []


def test_the_same_statement_again_gets_the_same_receipt(office: Bench, key: Key):
    statement = key.sign(office.upload())
    first = office.post(statement)
    assert (office.post(statement).content, first.status_code) == (first.content, 201)


def test_a_missing_manifest_is_asked_for_by_the_digest_in_the_statement(office: Bench, key: Key):
    raw = manifest()
    answer = office.post(key.sign(raw))
    assert answer.json()["missing"] == [SM2.digest(raw).hex()]
    assert office.put_manifest(raw).status_code == 201
    assert blobs.size_of(SM2.digest(raw).hex()) == len(raw)


def test_a_file_under_neither_of_its_digests_is_refused(office: Bench):
    assert office.put(b"content", "0" * 64).json()["code"] == "blob-mismatch"


def test_a_file_larger_than_a_manifest_is_named_by_sha256_only(office: Bench):
    content = bytes((1 << 20) + 1)
    assert office.put(content, SM2.digest(content).hex()).json()["code"] == "blob-mismatch"
    assert office.put(content).status_code == 201


def test_a_manifest_cannot_be_attached_under_its_name_in_sm3(office: Bench, key: Key):
    inner = office.upload()
    entry = attachment(inner)
    raw = manifest(attachments=(type(entry)(**{**vars(entry), "sha256": SM2.digest(inner)}),))
    office.put_manifest(raw)
    assert office.post(key.sign(raw)).json()["code"] == "blob-missing"


def test_a_reader_gets_the_manifest_of_a_case_by_its_digest(office: Bench):
    key = office.new_key()
    raw = office.upload()
    office.post(key.sign(raw))
    answer = office.get(f"/blobs/{SM2.digest(raw).hex()}", office.login(key))
    assert b"".join(answer) == raw  # type: ignore[call-overload]


def test_a_countersignature_and_a_decision_move_the_case(office: Bench, key: Key):
    filed = office.file(key)
    assert office.countersign(office.supervisor(), filed["Biandun-Statement"]).status_code == 201
    assert office.decide(office.officer(), filed).status_code == 201
    assert [row.purpose for row in Statement.objects.order_by("leaf_index")] == [
        "filing",
        "countersign",
        "decision",
    ]
    assert check_log(office.office).faults == []


def test_a_login_and_an_export_of_links_are_in_sm2(office: Bench, key: Key):
    statement = key.sign(office.upload())
    office.post(statement)
    assert office.login(key)
    answer = office.post(key.links(1, [people.name(statement)]), SIGNED, "/links")
    assert answer.status_code == 200, answer.content


def twin_of(key: Key) -> Key:
    """The same holder, but signing with another suite under the kid of the certified key."""

    class Twin:
        algorithm = ES256
        public_key = key.signer.public_key

        def sign(self, tbs: bytes) -> bytes:
            return key.signer.sign(tbs)

    class UnderItsKid(Key):
        def _sign(
            self, purpose: str, raw: bytes, fields: dict[int, object], *, with_unit: bool
        ) -> Signed:
            signed = super()._sign(purpose, raw, fields, with_unit=with_unit)
            return Signed(
                signed.statement.replace(
                    ES256.kid_of(key.signer.public_key), PublicKey.of(key.signer).kid
                ),
                raw,
            )

    twin = UnderItsKid(serial=key.serial, signer=Twin())
    twin.profile = key.profile
    return twin


def test_a_statement_in_the_other_suite_is_refused(office: Bench, key: Key):
    raw = office.upload()
    office.put(raw)
    answer = office.post(twin_of(key).sign(raw))
    assert (answer.status_code, answer.json()["code"]) == (422, "algorithm-mismatch")


def test_a_login_in_the_other_suite_is_refused(office: Bench, key: Key):
    answer = office.post(twin_of(key).login(office.challenge(), ORIGIN), SIGNED, "/login")
    assert (answer.status_code, answer.json()["code"]) == (422, "algorithm-mismatch")


def test_a_key_that_the_other_suite_knows_is_unknown_here(office: Bench, key: Key):
    stranger = SoftKey(serial=key.serial, profile=key.profile)
    assert office.post(stranger.sign(office.upload())).json()["code"] == "certificate-unknown"


def test_a_backup_restores_and_both_keys_sign(office: Bench, key: Key, tmp_path: Path):
    office.file(key)
    out = tmp_path / "office.backup"
    assert backup.make(office.folder, out, PASSPHRASE, CHEAP).statements == 1
    backup.restore(out, tmp_path / "again", PASSPHRASE)
    again = Bench(tmp_path / "again")
    assert again.office.algorithm is SM2
    assert again.new_key(serial="BD-TEST-0009")


def test_a_key_file_opens_under_its_passphrase_only(office: Bench):
    for name, certificate in ((ROOT_KEY, office.office.root), (ISSUING_KEY, office.office.issuing)):
        assert PublicKey.of(
            load_key(office.folder, name, certificate, PASSPHRASE)
        ) == public_key_of(certificate)
        with pytest.raises(PassphraseProblem):
            load_key(office.folder, name, certificate, Passphrase("not the passphrase"))


def test_a_key_file_of_another_suite_is_not_taken_for_one(office: Bench):
    for algorithm, other in ((SM2, ES256), (ES256, SM2)):
        with pytest.raises(PassphraseProblem):
            unseal(seal(new_key(algorithm), PASSPHRASE, CHEAP), PASSPHRASE, other)


def test_a_damaged_key_file_is_refused_wherever_it_is_damaged(office: Bench):
    sealed = seal(new_key(SM2), PASSPHRASE, CHEAP)
    for place in range(0, len(sealed) - 1, 13):
        damaged = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(PassphraseProblem):
            unseal(damaged, PASSPHRASE, SM2)


def test_a_key_file_is_pkcs8_that_openssl_reads(tmp_path: Path):
    key = new_key(SM2)
    (tmp_path / "key.pem").write_bytes(key.encrypted(b"a password"))
    shown = openssl("pkey", "-in", "key.pem", "-passin", "pass:a password", "-pubout", cwd=tmp_path)
    assert "BEGIN PUBLIC KEY" in shown
    assert b64decode("".join(shown.split("\n")[1:-2])) == PublicKey.of(key).spki


def test_a_secret_that_does_not_belong_to_its_point_is_no_key():
    with pytest.raises(ValueError, match="pair"):
        Sm2Key((7).to_bytes(32, "big"), new_key(SM2).public_key)


def test_a_key_does_not_show_its_secret():
    key = new_key(SM2)
    assert repr(key) == f"<Sm2Key kid={PublicKey.of(key).kid.hex()}>"


def test_a_certificate_is_not_made_for_a_key_of_another_suite():
    with pytest.raises(CertificateProblem) as caught:
        certificates.issuing_certificate(
            new_key(SM2),
            certificates.root_certificate(new_key(SM2), name="x", validity=Validity(0, 1)),
            PublicKey.of(new_key(ES256)),
            name="x",
            validity=Validity(0, 1),
        )
    assert caught.value.code == "algorithm-mismatch"


def test_there_are_keys_of_two_suites_only():
    assert {type(new_key(algorithm)) for algorithm in (ES256, SM2)} == {keys.Es256Key, keys.Sm2Key}


def test_two_processes_that_inherit_a_key_never_share_a_nonce():
    # the server's worker is forked from a process that holds the key, and forked again after a
    # crash
    program = """
import os, sys
from biandun_office.office.keys import new_key
from biandun_protocol.algorithms import SM2
key = new_key(SM2)
key.sign(b"before")
for _ in range(2):
    if os.fork() == 0:
        sys.stdout.write(key.sign(b"the same").hex() + "\\n")
        sys.stdout.flush()
        os._exit(0)
    os.wait()
print(key.sign(b"the same").hex())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert len({line[:64] for line in done.stdout.split()}) == 3


def test_threads_may_share_a_key():
    key = new_key(SM2)
    with ThreadPoolExecutor(8) as pool:
        signatures = list(pool.map(lambda number: key.sign(bytes([number])), range(64)))
    for number, signature in enumerate(signatures):
        PublicKey.of(key).verify(bytes([number]), signature)
    assert len({signature[:32] for signature in signatures}) == 64


def test_two_officers_let_a_locked_key_in_again(office: Bench):
    test_unblock.staff(office, test_unblock.FIRST, test_unblock.SECOND)
    test_unblock.name(office)
    key = enrol(office, Wire())
    test_unblock.lock_up(key)
    test_unblock.unblock(office, key)
    key.unlock(test_unblock.NEW)
