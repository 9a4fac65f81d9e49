"""Nothing of a filing folder is verified in part: whatever is done to whichever file of it, the
verdict says so.
"""

import os
import random
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from biandun import evidence, filings, inventory, reviews
from biandun.cli.verdicts import sentence_of
from biandun.errors import FolderProblem
from biandun.filings import Folder
from biandun.filings.export import export_parts
from biandun.key.session import Key
from biandun.office_client import Office
from biandun_protocol.errors import CertificateProblem
from biandun_protocol.forms.use_approval import UseApproval
from tests.host.conftest import key_of
from tests.host.test_reviews import AGREE
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer, root_certificate
from tests.system.journey import pdf

BUREAU: dict[str, str] = {
    "uscc": "11629900MB0000019C",
    "unit_code": "629900-0001",
    "unit_name": "陇澜市教育局",
}


@cache
def packed() -> dict[str, bytes]:
    """A filing with its countersignature and its decision below it, all with receipts, and the
    exports for other tools.
    """
    soft = SoftOffice()
    unit = {
        "uscc": soft.uscc,
        "unit_code": soft.unit_code,
        "unit_name": soft.unit_name,
        "region": soft.region,
    }
    keys = [
        key_of(soft, "BD-SCHOOL"),
        key_of(SoftOffice(**BUREAU, purposes=("filing", "countersign")), "BD-BUREAU"),
        key_of(SoftOffice(**BUREAU, purposes=("decision",)), "BD-OFFICER"),
    ]
    with (
        tempfile.TemporaryDirectory() as place,
        Office("http://office.test", transport=SoftServer(soft).transport()) as office,
    ):
        letter = filings.Source(Path(place, "用编申请.pdf"), "application_document")
        letter.path.write_bytes(pdf())
        form = {**unit, "prepared_on": "2026-11-24", **UseApproval.example}
        filed = filings.prepare(Path(place, "filing"), form, [letter])
        filed.sign(keys[0])
        filed.submit(office)
        reviews.countersign(keys[1], filed, AGREE, [letter]).submit(office)
        words: dict[str, object] = {
            "case": filed.state.case,
            "statement": bytes.fromhex(filed.state.statement_id),
            "decision": "accept",
            "text": "受理。",
            "prepared_by": "测试员丙",
        }
        reviews.decide(keys[2], filed.path / "decision", words).submit(office)
        for folder in (filed.path, filed.path / "countersign", filed.path / "decision"):
            export_parts(Folder(folder))
        return {name: (filed.path / name).read_bytes() for name in files_of(filed.path)}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    for name, content in packed().items():
        path = tmp_path / "whole" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "whole"


@pytest.fixture
def root(soft: SoftOffice) -> bytes:
    return root_certificate(soft)


def files_of(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def says(folder: Path, root: bytes | None) -> tuple[bool, str]:
    """Is it good, and in what words?  A root that is none is refused before there is a verdict."""
    try:
        verdict = evidence.verify_folder(folder, root)
    except (CertificateProblem, FolderProblem) as problem:
        return False, str(problem.code)
    return verdict.good, sentence_of(verdict, "en") + sentence_of(verdict, "zh")


def flips(content: bytes, places: list[int]) -> Iterator[bytes]:
    for at in places:
        yield content[:at] + bytes((content[at] ^ 1 << at % 8,)) + content[at + 1 :]


def harms(name: str, content: bytes) -> Iterator[bytes | None]:
    """What may happen to a file: bits flipped, cut, longer, empty, gone (None)."""
    chance = random.Random(name)
    yield from flips(
        content, [0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(2))]
    )
    yield from (content[:-1], content + b"\n", None)


def test_a_whole_folder_is_good_and_every_file_is_accounted_for(whole: Path, root: bytes) -> None:
    verdict = evidence.verify_folder(whole, root)
    assert verdict.outcome == evidence.GOOD
    assert [file.name for file in verdict.files] == files_of(whole)
    assert {file.finding for file in verdict.files} == {
        inventory.VERIFIED,
        inventory.SAME,
        inventory.NOTE,
    }
    assert len(verdict.parts) == 3
    assert sentence_of(verdict, "zh").startswith("已证明：")


def test_whatever_happens_to_any_file_is_never_called_good_without_naming_it(
    whole: Path, root: bytes
) -> None:
    steps_held = 0
    for name in files_of(whole):
        path = whole / name
        genuine = path.read_bytes()
        for harmed in harms(name, genuine):
            path.unlink() if harmed is None else path.write_bytes(harmed)
            good, words = says(whole, None if name == "root.pem" else root)
            assert not good or Path(name).name in words, (name, harmed)
            if harmed is not None and name.endswith(("issuing.pem", "receipt.cose")):
                steps_held += all(step.good for step in evidence.verify_folder(whole, root).steps)
            path.write_bytes(genuine)
    assert steps_held > 10, (
        "the signed steps alone would have passed these: the test shows nothing without them"
    )
    assert says(whole, root)[0]


@pytest.mark.slow
def test_a_bit_in_any_third_byte_of_any_file_cannot_be_flipped_without_a_word(
    whole: Path, root: bytes
) -> None:
    for name in files_of(whole):
        path = whole / name
        genuine = path.read_bytes()
        for harmed in flips(genuine, list(range(0, len(genuine), 3))):
            path.write_bytes(harmed)
            good, words = says(whole, None if name == "root.pem" else root)
            assert not good or Path(name).name in words, (name, harmed)
        path.write_bytes(genuine)


ADDED = [
    "更正.pdf",
    "attachments/更正.pdf",
    "countersign/attachments/x.pdf",
    ".DS_Store",
    "public.pem",
    "decision/x/y.txt",
    "statement.cos",
]


@pytest.mark.parametrize("name", ADDED)
def test_a_file_that_nothing_speaks_for_is_named_and_keeps_the_verdict_from_being_good(
    name: str, whole: Path, root: bytes
) -> None:
    (whole / name).parent.mkdir(exist_ok=True)
    (whole / name).write_bytes(b"%PDF-1.7")
    verdict = evidence.verify_folder(whole, root)
    assert verdict.outcome == evidence.INCOMPLETE
    assert name in sentence_of(verdict, "zh")
    assert name in sentence_of(verdict, "en")


def link(path: Path) -> None:
    path.symlink_to("manifest.cbor")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def door(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(path))  # the path of a socket is short


SPECIAL: dict[str, Callable[[Path], None]] = {"link": link, "pipe": pipe, "socket": door}


@pytest.mark.parametrize(
    ("language", "words"), [("zh", "签名无效"), ("en", "The signature does not verify")]
)
def test_why_a_step_does_not_hold_is_said_in_words(
    whole: Path, root: bytes, language: str, words: str
) -> None:
    statement = whole / "statement.cose"
    raw = bytearray(statement.read_bytes())
    raw[-1] ^= 1
    statement.write_bytes(raw)
    sentence = sentence_of(evidence.verify_folder(whole, root), language)
    assert words in sentence
    assert "signature-invalid" not in sentence


@pytest.mark.parametrize("kind", SPECIAL)
@pytest.mark.parametrize(
    "name", ["extra", "manifest.cbor", "issuing.pem", "countersign/receipt.cbor", "filing.json"]
)
def test_links_and_special_files_are_refused_and_never_opened(
    kind: str, name: str, whole: Path, root: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(whole)
    path = whole / name
    path.unlink(missing_ok=True)
    SPECIAL[kind](path)
    verdict = evidence.verify_folder(whole, root)
    assert verdict.outcome == evidence.BAD
    assert inventory.File(name, inventory.REFUSED) in verdict.files


def test_a_link_to_a_folder_is_refused_and_not_entered(
    whole: Path, root: bytes, tmp_path: Path
) -> None:
    shutil.move(whole / "attachments", tmp_path / "elsewhere")
    (whole / "attachments").symlink_to(tmp_path / "elsewhere")
    verdict = evidence.verify_folder(whole, root)
    assert inventory.File("attachments", inventory.REFUSED) in verdict.files
    assert verdict.failed[0].name == "material"


def test_a_pipe_in_the_place_of_the_root_holds_nobody_up(whole: Path) -> None:
    (whole / "root.pem").unlink()
    os.mkfifo(whole / "root.pem")
    with pytest.raises(FolderProblem) as caught:
        evidence.verify_folder(whole)
    assert caught.value.code == "file-link"


def test_a_file_larger_than_any_that_belongs_there_is_not_read(whole: Path) -> None:
    with (whole / "root.pem").open("ab") as file:
        file.truncate(20 * 1024 * 1024 + 1)
    with pytest.raises(FolderProblem) as caught:
        evidence.verify_folder(whole)
    assert caught.value.code == "file-too-large"


def test_an_opinion_on_another_filing_does_not_pass_for_one_on_this(
    whole: Path, root: bytes, form: Path, key: Key, office: Office, tmp_path: Path
) -> None:
    other = filings.prepare(tmp_path / "other", filings.read_form(form), [])
    other.sign(key)
    other.submit(office)
    shutil.move(whole / "countersign", other.path / "countersign")
    verdict = evidence.verify_folder(other.path, root)
    assert [(step.part, step.name, step.found) for step in verdict.failed] == [
        ("countersign", "reference", "part-foreign")
    ]


@pytest.mark.parametrize(
    ("name", "once"), [("countersign", "同意"), ("decision", "受理"), ("", "签署了本申报")]
)
def test_what_was_signed_once_and_lies_there_twice_counts_once(
    name: str, once: str, whole: Path, root: bytes
) -> None:
    copied = [
        whole / name / one
        for one in files_of(whole / name)
        if name or "/" not in one or one.startswith("attachments/")
    ]
    for path in copied:
        copy = whole / f"{name}2" / path.relative_to(whole / name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    verdict = evidence.verify_folder(whole, root)
    assert verdict.good
    assert len(verdict.parts) == 4
    zh, en = (sentence_of(verdict, language) for language in ("zh", "en"))
    assert (zh.count(once), zh.count("签署了")) == (1, 3)
    assert (
        en.count(" signed "),
        f"{name}2 is the same as {name or '.'} and counts once" in en,
    ) == (3, True)
    assert f"{name}2 与 {name or '.'} 是同一份，只算一次" in zh


def test_what_filing_json_remembers_decides_nothing(whole: Path, root: bytes) -> None:
    note = whole / "filing.json"
    for changed in (
        b"",
        b"{}",
        b"[" * 100_000,
        note.read_bytes().replace(b'"seq": 1', b'"seq": 2'),
        None,
    ):
        note.unlink() if changed is None else note.write_bytes(changed)
        verdict = evidence.verify_folder(whole, root)
        assert not verdict.failed
        finding = inventory.MISSING if changed is None else inventory.CHANGED
        assert (
            inventory.File("filing.json", finding, "" if changed is None else "statement.cose")
            in verdict.files
        )


def test_a_superior_countersigns_what_was_verified_whatever_filing_json_says(filed: Folder) -> None:
    from biandun_protocol import cose

    genuine = cose.parse(filed.statement(), purpose="filing").id
    filed._remember(statement_id=sha256(b"another filing").hexdigest())
    bureau = key_of(SoftOffice(**BUREAU, purposes=("filing", "countersign")), "BD-BUREAU")
    form = reviews.countersign(bureau, Folder(filed.path), AGREE, []).manifest().form
    assert getattr(form, "statement") == genuine  # noqa: B009


def test_the_folders_own_root_is_said_to_be_that(whole: Path) -> None:
    verdict = evidence.verify_folder(whole)
    assert verdict.good
    assert verdict.root in sentence_of(verdict, "en")


def test_a_renewed_root_certificate_of_another_key_is_found(whole: Path, root: bytes) -> None:
    (whole / "root.pem").write_bytes(root_certificate(SoftOffice(seed=9000)))
    verdict = evidence.verify_folder(whole, root)
    assert inventory.File("root.pem", inventory.CHANGED, "issuer.cose") in verdict.files
    assert verdict.outcome == evidence.BAD
