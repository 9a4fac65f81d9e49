"""Supervisor and officer at their workplaces: they verify before they sign, and what they sign is a
folder of its own.
"""

from pathlib import Path

import pytest

from biandun import errors, reviews
from biandun.files import write_file
from biandun.filings import Folder
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol import cose
from biandun_protocol.errors import ManifestProblem
from tests.host.conftest import key_of
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer

AGREE: dict[str, object] = {
    "opinion": "agree",
    "text": "同意。",
    "prepared_by": "测试员乙",
    "document": {
        "doc_no": "陇澜教函〔2026〕18号",
        "title": "申请",
        "issuer": "陇澜市教育局",
        "issued_on": "2026-11-20",
    },
}


@pytest.fixture
def officer() -> Key:
    office = SoftOffice(
        uscc="11629900MB0000019C",
        unit_code="629900-0000",
        unit_name="陇澜市委编办",
        purposes=("decision", "login", "link"),
    )
    return key_of(office, "BD-OFFICER")


@pytest.fixture
def signed(folder: Folder, key: Key) -> Folder:
    folder.sign(key)
    return folder


def test_a_countersignature_names_the_filing_and_the_superiors_own_unit(
    signed: Folder, bureau: Key
) -> None:
    added = reviews.countersign(bureau, signed, AGREE, [])
    form = added.manifest().form
    header = cose.parse(added.statement(), purpose="countersign").header
    assert getattr(form, "statement", b"").hex() == signed.state.statement_id
    assert (form.uscc, header.uscc, header.seq) == ("11629900MB0000019C", "11629900MB0000019C", 1)


def test_countersigning_again_gives_the_same_statement(signed: Folder, bureau: Key) -> None:
    first = reviews.countersign(bureau, signed, AGREE, []).statement()
    assert reviews.countersign(bureau, signed, AGREE, []).statement() == first
    assert bureau.chain().seq == 1


@pytest.mark.parametrize(
    "name",
    [
        "manifest.cbor",
        "statement.cose",
        "profile.cbor",
        "certificate.der",
        "attachments/用编申请.pdf",
    ],
)
def test_nobody_is_asked_to_agree_to_a_filing_that_does_not_hold(
    name: str, signed: Folder, bureau: Key
) -> None:
    path = signed.path / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))
    with pytest.raises(reviews.FilingDoubtful) as caught:
        reviews.countersign(bureau, signed, AGREE, [])
    assert (caught.value.code, caught.value.exit_status) == ("filing-doubtful", 8)
    assert bureau.chain().seq == 0
    assert not (signed.path / "countersign").exists()


def test_a_filing_under_another_office_is_not_countersigned(signed: Folder) -> None:
    stranger = key_of(SoftOffice(seed=9100, purposes=("countersign",)), "BD-STRANGE")
    with pytest.raises(reviews.FilingDoubtful) as caught:
        reviews.countersign(stranger, signed, AGREE, [])
    assert caught.value.values["step"] == "office_key"


def test_an_agreement_without_the_letter_leaves_no_folder(signed: Folder, bureau: Key) -> None:
    opinion = {name: value for name, value in AGREE.items() if name != "document"}
    with pytest.raises(ManifestProblem):
        reviews.countersign(bureau, signed, opinion, [])
    assert not (signed.path / "countersign").exists()


def test_a_units_key_does_not_countersign(signed: Folder, key: Key) -> None:
    with pytest.raises(errors.KeyRefused) as caught:
        reviews.countersign(key, signed, AGREE, [])
    assert caught.value.code == "purpose-refused"


def test_filing_and_countersignature_go_to_their_own_addresses(
    signed: Folder, bureau: Key, office: Office, server: SoftServer
) -> None:
    added = reviews.countersign(bureau, signed, AGREE, [])
    signed.submit(office)
    added.submit(office)
    posts = [path for method, path in server.seen if method == "POST"]
    assert set(posts) == {"/statements", "/countersignatures"}
    assert added.keep_receipt(bureau, office) == 1


def test_a_decision_is_signed_once(tmp_path: Path, officer: Key, office: Office) -> None:
    words: dict[str, object] = {
        "case": "629900HB2026000001",
        "statement": bytes(32),
        "decision": "accept",
        "text": "受理。",
        "prepared_by": "测试员丙",
    }
    first = reviews.decide(officer, tmp_path / "decision", words).statement()
    again = reviews.decide(officer, tmp_path / "decision", words)
    assert again.statement() == first
    assert again.submit(office).new is True
    assert officer.chain().seq == 1


def test_a_folder_of_an_unknown_purpose_is_no_filing(signed: Folder) -> None:
    state = signed.path / "filing.json"
    state.write_text(state.read_text().replace('"filing"', '"dancing"'))
    with pytest.raises(errors.FolderProblem):
        Folder(signed.path)


def test_writing_a_file_twice_with_the_same_content_is_no_conflict(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"1")
    write_file(tmp_path / "a", b"1")
    with pytest.raises(errors.FolderProblem):
        write_file(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
