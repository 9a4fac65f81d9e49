"""The filing folder: prepared, signed, submitted, kept; nothing lost and nothing doubled."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from biandun import errors, evidence, filings
from biandun.filings import Folder, Source
from biandun.key import succession
from biandun.keys import Key
from biandun.office_client import RECEIPT_TYPE, Office
from biandun_protocol import cose
from biandun_protocol.errors import ManifestProblem, Problem
from biandun_protocol.wire.numbers import LIMIT_ATTACHMENT
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer


def names(folder: Folder) -> list[str]:
    return sorted(
        str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file()
    )


def test_preparing_makes_a_folder_with_manifest_attachment_and_a_fresh_idempotency_key(
    folder: Folder,
) -> None:
    assert names(folder) == ["attachments/用编申请.pdf", "filing.json", "manifest.cbor"]
    assert folder.manifest().form.attachments[0].role == "application_document"
    assert len(bytes.fromhex(folder.state.idempotency_key)) == 16


def test_signing_twice_gives_the_same_statement(folder: Folder, key: Key) -> None:
    assert folder.sign(key) == folder.sign(key)
    assert key.chain().seq == 1


def test_a_folder_remembers_everything_for_the_next_program(filed: Folder, key: Key) -> None:
    again = Folder(filed.path)
    assert (again.state.serial, again.state.seq, again.state.case) == (
        key.info.serial,
        1,
        "629900HB2026000001",
    )
    assert again.receipt() == filed.receipt()


def test_submitting_twice_gives_the_same_receipt(
    filed: Folder, office: Office, server: SoftServer
) -> None:
    before = filed.receipt()
    assert filed.submit(office).new is False
    assert filed.receipt() == before
    assert len(server.receipts) == 1


def test_submitting_uploads_only_what_is_missing(
    folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    attachment = folder.manifest().form.attachments[0]
    server.blobs[attachment.sha256.hex()] = (
        folder.path / "attachments" / attachment.name
    ).read_bytes()
    folder.submit(office)
    assert [path for method, path in server.seen if method == "PUT"] == [
        f"/blobs/{folder.state.manifest}"
    ]


def test_a_key_keeps_the_receipt_and_shows_it_after_a_restart(
    filed: Folder, key: Key, office: Office, wire: Wire
) -> None:
    assert filed.keep_receipt(key, office) == 1
    assert wire.restart().fetch(seq=1).receipt == filed.receipt()


def test_receipts_kept_in_the_wrong_order_are_fetched_again_over_the_longer_log(
    filed: Folder, key: Key, office: Office, form: Path, tmp_path: Path
) -> None:
    second = filings.prepare(tmp_path / "second", filings.read_form(form), [])
    second.sign(key)
    second.submit(office)
    assert second.keep_receipt(key, office) == 2
    assert filed.keep_receipt(key, office) == 1
    assert key.chain().receipted == 2


UNWELCOME = {
    "file-missing": ("nothing.pdf", None),
    "attachment-empty": ("empty.pdf", b""),
    "attachment-type": ("letter.docx", b"PK\x03\x04"),
    "attachment-type: disguised": ("program.pdf", b"MZ\x90\x00"),
}


@pytest.mark.parametrize("case", UNWELCOME)
def test_a_file_that_cannot_be_attached_leaves_no_folder(
    case: str, tmp_path: Path, form: Path
) -> None:
    name, content = UNWELCOME[case]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(errors.FolderProblem) as caught:
        filings.prepare(
            tmp_path / "filing", filings.read_form(form), [Source(tmp_path / name, "other")]
        )
    assert caught.value.code == case.partition(":")[0]
    assert not (tmp_path / "filing").exists()


def test_an_attachment_over_the_limit_is_refused(tmp_path: Path, form: Path) -> None:
    big = tmp_path / "big.pdf"
    big.write_bytes(b"%PDF-" + bytes(LIMIT_ATTACHMENT))
    with pytest.raises(errors.FolderProblem) as caught:
        filings.prepare(tmp_path / "filing", filings.read_form(form), [Source(big, "other")])
    assert caught.value.code == "attachment-too-large"


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"items": []}, "items"),
        ({"reason": " "}, "reason"),
        ({"prepared_on": "24.11.2026"}, "prepared_on"),
        ({"uscc": "12629900MB00000275"}, "uscc"),
        ({"shoe_size": 43}, "shoe_size"),
        ({"items": [{"quota_type": "INS"}]}, "items[0].funding_form"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_form_names_the_field_and_leaves_no_folder(
    changed: dict[str, object], place: str, tmp_path: Path, form: Path
) -> None:
    with pytest.raises(ManifestProblem) as caught:
        filings.prepare(tmp_path / "filing", {**filings.read_form(form), **changed}, [])
    assert (caught.value.code, caught.value.values["field"]) == ("form-invalid", place)
    assert not (tmp_path / "filing").exists()


def test_an_existing_folder_is_never_overwritten(folder: Folder, form: Path) -> None:
    before = folder.state
    with pytest.raises(errors.FolderProblem) as caught:
        filings.prepare(folder.path, filings.read_form(form), [])
    assert caught.value.code == "file-exists"
    assert Folder(folder.path).state == before


@pytest.mark.parametrize("name", ["manifest.cbor", "attachments/用编申请.pdf"])
def test_a_file_changed_after_preparing_is_not_signed(name: str, folder: Folder, key: Key) -> None:
    path = folder.path / name
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(errors.FolderProblem) as caught:
        folder.sign(key)
    assert caught.value.code == "filing-changed"
    assert key.chain().seq == 0


def test_a_deleted_attachment_is_not_submitted_around(
    folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    (folder.path / "attachments" / "用编申请.pdf").unlink()
    with pytest.raises(errors.FolderProblem):
        folder.submit(office)
    assert server.seen == []


def test_an_unsigned_filing_cannot_be_submitted(
    folder: Folder, office: Office, server: SoftServer
) -> None:
    with pytest.raises(errors.FolderProblem) as caught:
        folder.submit(office)
    assert caught.value.code == "filing-unsigned"
    assert server.seen == []


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "other"}', '{"idempotency_key": 5, "manifest": ""}']
)
def test_a_folder_that_is_no_filing_says_so(content: str, tmp_path: Path) -> None:
    (tmp_path / "filing.json").write_text(content)
    with pytest.raises(errors.FolderProblem):
        Folder(tmp_path)


def test_a_form_that_is_no_json_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_text('{\n "a": 1,\n}')
    with pytest.raises(errors.FolderProblem) as caught:
        filings.read_form(tmp_path / "form.json")
    assert (caught.value.code, caught.value.values["line"]) == ("file-not-json", 3)


def test_a_number_that_stands_twice_in_a_form_is_never_signed_for(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_text('{"number": 2,\n "number": 20}')
    with pytest.raises(errors.FolderProblem) as caught:
        filings.read_form(tmp_path / "form.json")
    assert (caught.value.code, caught.value.exit_status) == ("file-name-twice", 12)
    assert {"line": 2, "column": 2, "name": "number"}.items() <= caught.value.values.items()


def test_a_form_saved_by_notepad_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "form.json").write_bytes(b"\xef\xbb\xbf" + json.dumps({"reason": "x"}).encode())
    assert filings.read_form(tmp_path / "form.json")["reason"] == "x"


def test_a_folder_that_cannot_be_written_says_so_and_leaves_nothing(
    folder: Folder, tmp_path: Path, form: Path
) -> None:
    blocked = tmp_path / "file-in-the-way"
    blocked.write_text("")
    with pytest.raises(Problem) as caught:
        filings.prepare(blocked / "filing", filings.read_form(form), [])
    assert caught.value.code == "file-unwritable"


def test_a_signed_filing_is_not_signed_again_by_another_key(
    folder: Folder, key: Key, soft: SoftOffice
) -> None:
    first = folder.sign(key)
    other = Wire(TestBoard(serial="BD-OTHER", seed=b"other")).open()
    other.personalise(soft.grant(other.answer_offer(soft.offer())))
    other.set_pin(PIN)
    with pytest.raises(errors.FolderProblem) as caught:
        folder.sign(other)
    assert caught.value.code == "filing-signed"
    assert other.chain().seq == 0
    assert folder.statement() == first.statement


def test_a_crash_between_statement_and_note_is_made_good(
    folder: Folder, key: Key, office: Office
) -> None:
    folder.sign(key)
    folder._remember(statement_id="", seq=0, serial="")
    again = Folder(folder.path)
    again.submit(office)
    assert again.keep_receipt(key, office) == 1


def liar(server: SoftServer, **changed: object) -> None:
    """From now on the server answers posts with a receipt of another office, or for another
    statement.
    """
    genuine = server._post

    def post(raw: bytes, purpose: str) -> httpx.Response:
        answer = genuine(raw, purpose)
        if answer.status_code == 409:
            return answer
        other: SoftOffice = changed.get("office", server.office)  # type: ignore[assignment]
        statement_id = bytes(32) if "statement" in changed else cose.parse(raw, purpose=purpose).id
        forged = other.receipt(0, statement_id) if other.leaves else other.take_in(raw)
        return httpx.Response(201, content=forged.encode(), headers={"Content-Type": RECEIPT_TYPE})

    server._post = post  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "lie",
    [{"office": SoftOffice(seed=9200)}, {"statement": 1}],
    ids=["another office", "another statement"],
)
def test_a_receipt_that_proves_nothing_changes_nothing_in_the_folder(
    lie: dict[str, object], folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    before = {name: (folder.path / name).read_bytes() for name in names(folder)}
    liar(server, **lie)
    with pytest.raises(Problem):
        folder.submit(office)
    assert {name: (folder.path / name).read_bytes() for name in names(folder)} == before


def test_an_office_with_another_root_is_not_believed(
    filed: Folder, office: Office, server: SoftServer
) -> None:
    before = {name: (filed.path / name).read_bytes() for name in names(filed)}
    server.office = SoftOffice(seed=9300)
    with pytest.raises(Problem):
        filed.submit(office)
    assert {name: (filed.path / name).read_bytes() for name in names(filed)} == before


def test_an_attachment_may_have_a_long_chinese_name(tmp_path: Path, form: Path) -> None:
    letter = tmp_path / ("很长的文件名" * 13 + ".pdf")
    letter.write_bytes(b"%PDF-1.4")
    folder = filings.prepare(
        tmp_path / "filing", filings.read_form(form), [Source(letter, "other")]
    )
    assert folder.manifest().form.attachments[0].name == letter.name


def test_a_key_that_signed_something_else_is_not_believed(
    folder: Folder, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import softkey

    genuine = key.sign
    monkeypatch.setattr(
        key, "sign", lambda manifest, **options: genuine(softkey.manifest(), **options)
    )
    with pytest.raises(ManifestProblem) as caught:
        folder.sign(key)
    assert caught.value.code == "digest-mismatch"
    assert folder.read("statement.cose") is None


# --- after a change of certificate or key pair ------------------------
def succeed(key: Key, soft: SoftOffice) -> None:
    """Put a new key pair in the place of the old one."""
    device_key, point = key.profile().device_key, key.info.public_key or b""
    powers = ["filing", "succession"]
    key.personalise(
        soft.grant_for(key.info.serial, point, version=2, device_key=device_key, purposes=powers)
    )
    succession.install(key, soft.succeed(succession.ask(key), point, 3, purposes=powers))


def test_a_filing_that_was_signed_by_the_old_key_pair_is_still_the_keys_own(
    folder: Folder, key: Key, soft: SoftOffice
) -> None:
    first = folder.sign(key)
    succeed(key, soft)
    assert Folder(folder.path).sign(key) == first


def test_a_filing_whose_answer_was_lost_keeps_the_certificate_it_was_signed_under(
    folder: Folder, key: Key, soft: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = Key.sign

    def lose(self: Key, *arguments: Any, **options: Any) -> Any:
        sign(self, *arguments, **options)
        raise errors.LinkTimeout(port="unplugged")

    monkeypatch.setattr(Key, "sign", lose)
    with pytest.raises(errors.LinkTimeout):
        folder.sign(key)
    monkeypatch.undo()
    succeed(key, soft)
    again = Folder(folder.path)
    again.sign(key)
    verdict = evidence.verify_signed(again.path, key.certificate().root)
    assert [step.good for step in verdict.steps] == [True] * 4


def test_a_filing_that_was_not_signed_before_takes_the_new_certificate(
    folder: Folder, key: Key, soft: SoftOffice, wire: Wire
) -> None:
    wire.presence(False)
    with pytest.raises(errors.KeyRefused):
        folder.sign(key)
    wire.presence(True)
    succeed(key, soft)
    folder.sign(key)
    assert all(
        step.good for step in evidence.verify_signed(folder.path, key.certificate().root).steps
    )
