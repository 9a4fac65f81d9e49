"""Filings that travel on the key: stowed here, handed in elsewhere, the receipt brought home."""

import pytest

from biandun import errors, evidence, inventory, outbox
from biandun.filings import Folder
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol.errors import ManifestProblem, ReceiptProblem
from biandun_protocol.parcel import Parcel
from biandun_protocol.wire.numbers import LIMIT_OUTBOX
from tests.support.softoffice import SoftOffice
from tests.support.softserver import root_certificate


@pytest.fixture
def signed(folder: Folder, key: Key) -> Folder:
    folder.sign(key)
    return folder


def test_a_filing_travels_on_the_key_and_its_receipt_comes_home(
    signed: Folder, key: Key, office: Office
) -> None:
    outbox.put(key, signed)
    [handed] = outbox.submit(key, office)
    assert (handed.problem, handed.statement_id) == (None, signed.state.statement_id)
    assert key.outbox.entries() == []
    assert outbox.collect(key, signed) == 1
    assert signed.receipt().read().statement_id.hex() == signed.state.statement_id


def test_what_is_collected_is_complete_and_verifies(
    signed: Folder, key: Key, office: Office, soft: SoftOffice
) -> None:
    outbox.put(key, signed)
    [handed] = outbox.submit(key, office)
    # as after a computer that stopped between signing and noting it
    signed._remember(serial="", seq=0, statement_id="")
    outbox.collect(key, signed, handed.case)
    state = Folder(signed.path).state
    assert (state.case, state.seq, state.statement_id) == (handed.case, 1, handed.statement_id)
    verdict = evidence.verify_folder(signed.path, root_certificate(soft))
    assert verdict.good
    assert [file.name for file in verdict.files if file.finding == inventory.MISSING] == [
        "issuing.pem",
        "root.pem",
    ]


def test_stowing_again_changes_nothing(signed: Folder, key: Key) -> None:
    assert outbox.put(key, signed) == outbox.put(key, signed)
    assert len(key.outbox.entries()) == 1


def test_what_is_handed_in_is_what_was_signed_byte_for_byte(signed: Folder, key: Key) -> None:
    outbox.put(key, signed)
    parcel = Parcel.decode(key.outbox.read(key.outbox.entries()[0]))
    assert (parcel.statement, parcel.manifest) == (signed.statement(), signed.manifest().raw)
    assert len(parcel.attachments) == 1


def test_without_a_receipt_there_is_nothing_to_collect(signed: Folder, key: Key) -> None:
    with pytest.raises(ReceiptProblem) as caught:
        outbox.collect(key, signed)
    assert caught.value.code == "receipt-not-yet"


def test_an_unsigned_filing_does_not_travel(folder: Folder, key: Key) -> None:
    with pytest.raises(errors.FolderProblem) as caught:
        outbox.put(key, folder)
    assert caught.value.code == "filing-unsigned"


def test_a_filing_with_a_large_attachment_does_not_fit(
    signed: Folder, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "read_file", lambda path: bytes(LIMIT_OUTBOX))
    with pytest.raises(ManifestProblem) as caught:
        outbox.put(key, signed)
    assert caught.value.code == "too-large"


def test_a_parcel_that_the_office_refuses_stays_on_the_key(
    signed: Folder, key: Key, office: Office
) -> None:
    name = bytes.fromhex(signed.state.idempotency_key)
    key.outbox.put(name, Parcel("filing", signed.statement()[:-1] + b"?", b"", ()).encode())
    [handed] = outbox.submit(key, office)
    assert handed.problem is not None
    assert [entry.name for entry in key.outbox.entries()] == [name]


def test_an_office_that_is_not_reached_leaves_everything_where_it_is(
    signed: Folder, key: Key
) -> None:
    outbox.put(key, signed)
    with Office("http://127.0.0.1:1") as nowhere, pytest.raises(errors.OfficeUnreachable):
        outbox.submit(key, nowhere)
    assert len(key.outbox.entries()) == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff", b"\x80", bytes.fromhex("85016161404080"), bytes.fromhex("8561616161404001")],
    ids=lambda raw: raw.hex(),
)
def test_junk_is_no_parcel(raw: bytes) -> None:
    with pytest.raises(ManifestProblem):
        Parcel.decode(raw)


def test_a_receipt_for_another_filing_is_not_taken_into_the_folder(
    filed: Folder, key: Key, soft: SoftOffice
) -> None:
    before = filed.receipt()
    with pytest.raises(ReceiptProblem) as caught:
        filed.take_receipt(soft.receipt(0, bytes(32)), key.certificate().root)
    assert caught.value.code == "receipt-mismatch"
    assert filed.receipt() == before
