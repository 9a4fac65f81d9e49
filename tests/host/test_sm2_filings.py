"""Filing with a key and an office in SM2: the same folder, the same steps, and no step that takes
the other suite.
"""

import datetime
import json
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from biandun import cases, evidence, retrieval, reviews
from biandun.anchors import load_root
from biandun.cli.fields import plain
from biandun.filings import Folder, Source
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol import cose
from biandun_protocol.algorithms import SM2
from biandun_protocol.errors import CertificateProblem, Problem, StatementProblem
from tests.host.conftest import key_of
from tests.host.test_retrieval import CASE
from tests.host.test_reviews import AGREE
from tests.host.test_whole_folder import BUREAU
from tests.support.signers import signer_from
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer, root_certificate


@pytest.fixture
def soft() -> SoftOffice:
    return SoftOffice(algorithm=SM2, purposes=("filing", "countersign", "login"))


@pytest.fixture
def root(soft: SoftOffice) -> bytes:
    return root_certificate(soft)


def found(folder: Folder, root: bytes) -> list[str]:
    """The steps that held, and at the end the code of the one that did not."""
    return [
        step.name if step.good else step.found
        for step in evidence.verify_folder(folder.path, root).steps
    ]


def test_a_genuine_folder_in_sm2_holds_in_every_step(filed: Folder, root: bytes) -> None:
    assert found(filed, root) == [
        "office_key",
        "unit_certificate",
        "material",
        "signature",
        "office_receipt",
    ]


def test_the_manifest_goes_to_the_office_under_the_digest_in_the_statement(
    filed: Folder, server: SoftServer
) -> None:
    raw = (filed.path / "manifest.cbor").read_bytes()
    assert server.blobs[SM2.digest(raw).hex()] == raw
    assert sha256(raw).hexdigest() not in server.blobs
    # what this computer remembers is its own affair
    assert filed.state.manifest == sha256(raw).hexdigest()


def test_the_folder_keeps_the_name_in_sm3(filed: Folder) -> None:
    assert filed.state.statement_id == cose.parse(filed.statement(), purpose="filing").id.hex()


def test_signing_again_gives_the_same_signature(filed: Folder, key: Key) -> None:
    assert filed.sign(key).statement == filed.statement()


def test_the_key_keeps_the_receipt(filed: Folder, key: Key, office: Office) -> None:
    assert filed.keep_receipt(key, office) == 1


def test_a_changed_byte_is_found_at_its_step(filed: Folder, root: bytes) -> None:
    for name, steps in (
        ("issuer.cose", 0),
        ("profile.cose", 1),
        ("statement.cose", 3),
        ("receipt.cbor", 4),
    ):
        path = filed.path / name
        genuine = path.read_bytes()
        path.write_bytes(genuine[:-1] + bytes((genuine[-1] ^ 1,)))
        assert len(found(filed, root)) == steps + 1
        path.write_bytes(genuine)


def test_a_root_in_es256_believes_nothing_of_an_office_in_sm2(filed: Folder) -> None:
    assert found(filed, root_certificate(SoftOffice())) == ["algorithm-mismatch"]


def test_a_receipt_in_es256_is_not_believed(
    folder: Folder, key: Key, soft: SoftOffice, office: Office
) -> None:
    folder.sign(key)
    soft.issuer = signer_from(1001)
    with pytest.raises(StatementProblem) as caught:
        folder.submit(office)
    assert caught.value.code == "algorithm-mismatch"
    assert folder.read("receipt.cbor") is None


def test_a_supervisor_countersigns_in_sm2(filed: Folder, key: Key) -> None:
    opinion: dict[str, object] = {
        "opinion": "return",
        "text": "请补充材料。",
        "prepared_by": "测试员乙",
    }
    own = reviews.countersign(key, filed, opinion, [])
    assert cose.parse(own.statement(), purpose="countersign").header.algorithm is SM2


# --- office show, office fetch ----------------------------------------
@pytest.fixture
def consented(
    server: SoftServer, filed: Folder, key: Key, office: Office, letter: Path
) -> SoftServer:
    """The office with a filing and its supervisor's consent, all in SM2, and a reader who is logged
    in.
    """
    bureau = key_of(
        SoftOffice(algorithm=SM2, **BUREAU, purposes=("filing", "countersign")), "BD-BUREAU"
    )
    server.tokens.add("Bearer token-of-a-test")
    server.certificates |= {key.info.serial: key.certificate(), "BD-BUREAU": bureau.certificate()}
    reviews.countersign(bureau, filed, AGREE, [Source(letter, "other")]).submit(office)
    return server


def test_a_case_in_sm2_is_shown_whole(consented: SoftServer, filed: Folder, office: Office) -> None:
    read = retrieval.read(office, CASE)
    assert [entry.statement.header.algorithm for entry in read.entries] == [SM2, SM2]
    page = json.dumps(plain(cases.describe(read), "zh"), ensure_ascii=False)
    assert "同意。" in page
    assert filed.manifest().form.unit_name in page


def test_a_case_in_sm2_is_fetched_whole_and_verifies(
    consented: SoftServer, filed: Folder, office: Office, root: bytes, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    verdict = evidence.verify_folder(tmp_path / "out", root)
    assert (verdict.outcome, [part.inside for part in verdict.parts]) == (
        "good",
        ["", "countersign/"],
    )
    assert (tmp_path / "out" / "statement.cose").read_bytes() == filed.statement()


def test_a_case_in_sm2_whose_material_was_exchanged_is_not_believed(
    consented: SoftServer, filed: Folder, office: Office, tmp_path: Path
) -> None:
    raw = (filed.path / "manifest.cbor").read_bytes()
    consented.blobs[SM2.digest(raw).hex()] = raw[:-1] + bytes((raw[-1] ^ 1,))
    with pytest.raises(Problem):
        retrieval.fetch(office, CASE, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_root_certificate_says_its_suite(soft: SoftOffice, root: bytes) -> None:
    assert load_root(root)[0] == soft.root_key


def test_a_root_on_a_third_curve_is_none() -> None:
    name, start = x509.Name([]), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    key = ec.generate_private_key(ec.SECP384R1())
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, start, start + datetime.timedelta(days=1)
    )
    with pytest.raises(CertificateProblem):
        load_root(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
