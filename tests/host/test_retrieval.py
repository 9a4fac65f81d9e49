"""Who may see a case reads its filing and brings it home: whole and verified, or not at all."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path

import httpx
import pytest

from biandun import cases, errors, evidence, file_names, filings, retrieval, reviews
from biandun.cli.fields import plain
from biandun.errors import FolderProblem
from biandun.filings import Folder, Source
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol.errors import ManifestProblem, Problem, StatementProblem
from biandun_protocol.forms import reading
from biandun_protocol.forms.form import Attachment
from biandun_protocol.terminal import shown as terminal
from tests.host.conftest import key_of
from tests.host.test_reviews import AGREE
from tests.support.softkey import application
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer, problem, root_certificate
from tests.system.journey import pdf

CASE = "629900HB2026000001"


@pytest.fixture
def lying(server: SoftServer, filed: Folder, key: Key) -> SoftServer:
    """The office with one filing of one attachment, and a reader who is logged in."""
    server.tokens.add("Bearer token-of-a-test")
    server.certificates[key.info.serial] = key.certificate()
    return server


@pytest.fixture
def consented(lying: SoftServer, filed: Folder, office: Office, letter: Path) -> SoftServer:
    """The same with the supervisor's consent."""
    bureau = key_of(
        SoftOffice(
            uscc="11629900MB0000019C",
            unit_code="629900-0001",
            unit_name="陇澜市教育局",
            purposes=("filing", "countersign"),
        ),
        "BD-BUREAU",
    )
    lying.certificates["BD-BUREAU"] = bureau.certificate()
    reviews.countersign(bureau, filed, AGREE, [Source(letter, "other")]).submit(office)
    return lying


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_fetched_verifies_under_the_root(
    lying: SoftServer, office: Office, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    verdict = evidence.verify_folder(tmp_path / "out", root_certificate(lying.office))
    assert (
        verdict.outcome,
        [file.finding for file in verdict.files if file.finding == "missing"],
    ) == ("good", [])


def test_what_is_fetched_is_what_the_unit_has(
    lying: SoftServer, filed: Folder, office: Office, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    for path in filed.path.rglob("*.*"):
        if path.name != "filing.json":
            assert (
                tmp_path / "out" / path.relative_to(filed.path)
            ).read_bytes() == path.read_bytes()
    kept = json.loads((tmp_path / "out" / "filing.json").read_text())
    assert (kept["case"], kept["statement_id"]) == (CASE, filed.state.statement_id)


def test_the_opinion_comes_along_and_is_about_the_filing(
    consented: SoftServer, office: Office, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    verdict = evidence.verify_folder(tmp_path / "out", root_certificate(consented.office))
    assert (verdict.outcome, [part.inside for part in verdict.parts]) == (
        "good",
        ["", "countersign/"],
    )


def test_a_supervisor_countersigns_what_it_fetched(
    lying: SoftServer, office: Office, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    bureau = key_of(
        SoftOffice(
            uscc="11629900MB0000019C",
            unit_code="629900-0001",
            unit_name="陇澜市教育局",
            purposes=("countersign",),
        ),
        "BD-BUREAU",
    )
    added = reviews.countersign(bureau, Folder(tmp_path / "out"), AGREE, [])
    assert added.state.serial == "BD-BUREAU"


def test_an_existing_folder_is_left_alone_and_the_office_is_not_asked(
    lying: SoftServer, office: Office, tmp_path: Path
) -> None:
    retrieval.fetch(office, CASE, tmp_path / "out")
    asked = len(lying.seen)
    for _ in range(2):
        with pytest.raises(FolderProblem) as caught:
            retrieval.fetch(office, CASE, tmp_path / "out")
        assert caught.value.code == "file-exists"
    assert len(lying.seen) == asked


def test_whatever_request_fails_nothing_is_left_and_again_is_safe(
    lying: SoftServer, office: Office, tmp_path: Path
) -> None:
    before, lying.seen = left(tmp_path), []
    retrieval.fetch(office, CASE, tmp_path / "first")
    requests = len(lying.seen)
    for place in range(requests):
        lying.fail = [None] * place + [httpx.ReadError("gone")]
        with pytest.raises(errors.OfficeUnreachable):
            retrieval.fetch(office, CASE, tmp_path / "out")
        assert left(tmp_path) == sorted([*before, "first"])
    retrieval.fetch(office, CASE, tmp_path / "out")


def test_a_disk_that_is_full_leaves_nothing(
    lying: SoftServer, office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, _state: object) -> None:
        raise FolderProblem("storage-full", path=str(folder))

    before = left(tmp_path)
    monkeypatch.setattr(retrieval, "write_note", full)
    with pytest.raises(FolderProblem) as caught:
        retrieval.fetch(office, CASE, tmp_path / "out")
    assert (caught.value.code, left(tmp_path)) == ("storage-full", before)


def other_attachment(server: SoftServer) -> None:
    name = next(name for name, content in server.blobs.items() if content.startswith(b"%PDF"))
    server.blobs[name] += b"\n"


def other_certificate(server: SoftServer) -> None:
    serial = next(iter(server.certificates))
    server.certificates[serial] = key_of(SoftOffice(), "BD-OTHER").certificate()


@pytest.mark.parametrize(
    ("change", "step"),
    [(other_attachment, "material"), (other_certificate, "signature")],
    ids=["attachment", "certificate"],
)
def test_a_filing_that_does_not_verify_leaves_nothing(
    change: Callable[[SoftServer], None],
    step: str,
    lying: SoftServer,
    office: Office,
    tmp_path: Path,
) -> None:
    before = left(tmp_path)
    change(lying)
    with pytest.raises(retrieval.FetchDoubtful) as caught:
        retrieval.fetch(office, CASE, tmp_path / "out")
    assert (caught.value.code, caught.value.exit_status, caught.value.values["step"]) == (
        "fetch-doubtful",
        8,
        step,
    )
    assert left(tmp_path) == before


def other_manifest(server: SoftServer) -> None:
    name = next(name for name, content in server.blobs.items() if not content.startswith(b"%PDF"))
    server.blobs[name] = server.blobs[name].replace("测试员甲".encode(), "测试员丁".encode())


def no_statement(server: SoftServer) -> None:
    server.statements = dict.fromkeys(server.statements, b"\xd2\x84")


def no_history(server: SoftServer) -> None:
    server.history = []


def history_of_texts(server: SoftServer) -> None:
    server.history = ["filing"]  # type: ignore[list-item]


def unknown_purpose(server: SoftServer) -> None:
    server.history.append({**server.history[0], "purpose": "reset"})


def name_of_another(server: SoftServer) -> None:
    raw = server.statements[server.history[0]["statement"]]
    server.history[0]["statement"] = "0" * 64
    server.statements["0" * 64] = raw


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        (other_manifest, ManifestProblem, "digest-mismatch"),
        (no_statement, StatementProblem, "statement-malformed"),
        (no_history, errors.OfficeAnswer, "office-answer"),
        (history_of_texts, errors.OfficeAnswer, "office-answer"),
        (unknown_purpose, errors.OfficeAnswer, "office-answer"),
        (name_of_another, errors.OfficeAnswer, "office-answer"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_office_that_answers_something_else_is_not_shown(
    change: Callable[[SoftServer], None],
    kind: type[Problem],
    code: str,
    lying: SoftServer,
    office: Office,
) -> None:
    change(lying)
    with pytest.raises(kind) as caught:
        retrieval.read(office, CASE)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{}", b'{"certificate": "?", "profile_statement": "", "profile_manifest": ""}'],
)
def test_certificates_that_are_none_are_no_answer(
    content: bytes, server: SoftServer, office: Office
) -> None:
    server.fail = [httpx.Response(200, content=content)]
    with pytest.raises(errors.OfficeAnswer):
        office.certificates("0" * 64)


def test_whoever_may_not_see_the_case_gets_the_offices_word_and_no_folder(
    lying: SoftServer, office: Office, tmp_path: Path
) -> None:
    lying.fail = [problem("case-not-found", 404)]
    with pytest.raises(errors.OfficeRefused) as caught:
        retrieval.fetch(office, CASE, tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("case-not-found", False)


UNSAFE = {
    "form-invalid": [
        "",
        "../x.pdf",
        "a/b.pdf",
        "a\\b.pdf",
        "C:x.pdf",
        "a\0.pdf",
        "a\n.pdf",
        "a\u202efdp.pdf",
        "\u2066a.pdf",
        " a.pdf",
    ],
    "attachment-name": [
        "..",
        ".",
        "a.pdf.",
        "CON",
        "nul.pdf",
        "Com1.pdf",
        "lpt9",
        "COM¹.pdf",
        "con .pdf",
        "CONOUT$",
        "编" * 84 + ".pdf",
    ],
}


@pytest.mark.parametrize(
    ("code", "name"), [(code, name) for code, names in UNSAFE.items() for name in names]
)
def test_a_name_that_a_computer_cannot_keep_is_refused_by_name_and_rule(
    code: str, name: str
) -> None:
    with pytest.raises(Problem) as caught:
        attached = Attachment(
            name=name, media_type="application/pdf", size=1, sha256=bytes(32), role="other"
        )
        reading.checked_body(application(attachments=(attached,)))
        file_names.check([name])
    assert (caught.value.code, "rule" in caught.value.values) == (code, True)


@pytest.mark.parametrize(
    "twins",
    [
        ("a.pdf", "A.PDF"),
        ("é.pdf", "e\u0301.pdf"),
        ("É.pdf", "e\u0301.pdf"),
        ("straße.pdf", "STRASSE.pdf"),
    ],
    ids=ascii,
)
def test_two_names_that_are_one_on_some_computers_are_refused(twins: tuple[str, str]) -> None:
    with pytest.raises(FolderProblem) as caught:
        file_names.check(twins)
    assert (caught.value.code, caught.value.values["name"]) == ("attachment-name", twins[1])


@pytest.mark.parametrize(
    "name",
    [
        "用编申请.pdf",
        "conference.pdf",
        "COM10.pdf",
        "编" * 83 + ".pdf",
        "a..b.pdf",
        ".a.pdf",
        "𠮷田.pdf",
    ],
)
def test_ordinary_names_are_kept(name: str) -> None:
    file_names.check([name, "other.pdf"])


@pytest.fixture
def device(tmp_path: Path) -> Source:
    path = tmp_path / "nul.pdf"
    path.write_bytes(pdf())
    return Source(path, "other")


def test_an_unsafe_name_is_refused_before_it_is_signed(
    device: Source, form: Path, tmp_path: Path
) -> None:
    with pytest.raises(FolderProblem) as caught:
        filings.prepare(tmp_path / "new", filings.read_form(form), [device])
    assert (caught.value.code, (tmp_path / "new").exists()) == ("attachment-name", False)


def test_an_unsafe_name_that_another_program_had_signed_is_shown_and_not_fetched(
    device: Source,
    form: Path,
    key: Key,
    lying: SoftServer,
    office: Office,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(file_names, "check", lambda _names: None)
        folder = filings.prepare(tmp_path / "new", filings.read_form(form), [device])
    folder.sign(key)
    folder.submit(office)
    with pytest.raises(FolderProblem) as caught:
        retrieval.fetch(office, CASE, tmp_path / "out")
    assert (caught.value.code, (tmp_path / "out").exists()) == ("attachment-name", False)
    assert cases.describe(retrieval.read(office, CASE)).attachments[0].file == "nul.pdf"


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "zh",
            [
                "事业编制",
                "全额拨款",
                "公开招聘",
                "专业技术岗位",
                "用编申请文件",
                "经办人",
                "申请理由",
                "同意",
                "陇澜市教育局",
            ],
        ),
        (
            "en",
            [
                "public institution",
                "fully funded",
                "open recruitment by an institution",
                "application document",
                "prepared by",
                "agrees",
            ],
        ),
    ],
)
def test_a_case_is_shown_in_words_whole(
    language: str, words: list[str], consented: SoftServer, office: Office
) -> None:
    case = plain(cases.describe(retrieval.read(office, CASE)), language)
    text = terminal.result(case, terminal.Screen(None, "utf-8"), language, as_json=False)
    assert [word for word in words if word not in text] == []
    assert "两名教师退休" in text
    assert "用编申请.pdf" in text
    codes = (
        "INS_RECRUIT",
        "FULL",
        "form_reason",
        "quota_type",
        "prepared_on",
        "doc_no",
        "opinions",
        "supervisor_uscc",
    )
    assert [
        code for code in codes if code in text and not (language == "en" and code == "opinions")
    ] == []


def test_every_field_of_a_form_is_shown(consented: SoftServer, office: Office) -> None:
    case = retrieval.read(office, CASE)
    text = json.dumps(plain(cases.describe(case), "zh"), ensure_ascii=False)
    for entry in case.entries:
        for value in leaves(entry.manifest.form):
            assert value in text, value


def leaves(value: object) -> list[str]:
    """Every text and number in a form, but the kinds of files, which their names tell."""
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in leaves(item)]
    if is_dataclass(value):
        names = [one.name for one in fields(value) if one.name != "media_type"]
        return [leaf for name in names for leaf in leaves(getattr(value, name))]
    if isinstance(value, bytes):
        return [value.hex()]
    return [] if value is None else [str(value)]
