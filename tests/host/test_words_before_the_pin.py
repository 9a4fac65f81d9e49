"""All that is signed is read in words before a PIN is asked for (golden transcripts)."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from biandun import filings, reviews
from biandun.cli import shared
from biandun.cli.main import run
from biandun.cli.shared import Settings
from biandun.filings import Folder, Source
from biandun.keys import Key
from biandun_protocol.forms import reading
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.form import Form
from biandun_protocol.forms.registry import FORMS
from biandun_protocol.forms.use_approval import UseApproval
from biandun_protocol.forms.words import in_words
from biandun_protocol.secret import Secret
from tests.host.test_reviews import AGREE
from tests.support.softkey import application, attachment

GOLDEN = Path(__file__).parent / "transcripts"
CASE = "629900HB2026000001"
NAME = "所签文件的编号"  # in the place of a statement id, which no two runs share


class Tty:
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    """A person at a terminal, who is asked for the PIN by a line on it."""

    def ask(text: str, **_: object) -> Secret:
        shared.note(f"[{text}]")
        return Secret(b"135790")

    monkeypatch.setattr(shared.sys, "stdin", Tty())
    monkeypatch.setattr(shared, "prompt_secret", ask)
    return lambda language: Settings(language=language)


def same_as(name: str, said: str) -> None:
    """Compare with the transcript, which is written anew when it is not there."""
    path = GOLDEN / name
    if not path.exists():
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


def prepared(form: Path, letter: Path, out: Path) -> Folder:
    filled = {**filings.read_form(form), "prepared_on": "2026-11-24"}
    return filings.prepare(out, filled, [Source(letter, "application_document")])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_signing_shows_the_whole_filing_and_then_asks(
    language: str,
    key: Key,
    form: Path,
    letter: Path,
    tmp_path: Path,
    terminal: Callable[[str], Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = prepared(form, letter, tmp_path / "filing")
    key.ui = terminal(language).ui
    folder.sign(key)
    out, err = capsys.readouterr()
    same_as(f"sign.{language}.txt", err)
    assert out == ""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_deciding_shows_the_filing_the_opinion_and_the_decision(
    language: str,
    key: Key,
    tmp_path: Path,
    terminal: Callable[[str], Settings],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filings.Folder, "sign", shown_only)
    key.ui = terminal(language).ui
    words: dict[str, object] = {
        "case": CASE,
        "statement": bytes(32),
        "decision": "accept",
        "text": "材料齐全。\n予以受理。",
        "prepared_by": "测试员丙",
        "prepared_on": "2026-11-24",
    }
    reviews.decide(key, tmp_path / "decision", words, [application(), agreement()])
    same_as(f"decide.{language}.txt", capsys.readouterr().err)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_countersigning_shows_the_filing_and_the_opinion_and_then_asks(
    language: str,
    key: Key,
    bureau: Key,
    form: Path,
    letter: Path,
    tmp_path: Path,
    terminal: Callable[[str], Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    filing = prepared(form, letter, tmp_path / "filing")
    name = filing.sign(key).statement_id.hex()
    bureau.ui = terminal(language).ui
    opinion = {**AGREE, "prepared_on": "2026-11-24"}
    reviews.countersign(bureau, filing, opinion, [Source(letter, "other")])
    out, err = capsys.readouterr()
    assert out == ""
    assert name in err
    same_as(f"countersign.{language}.txt", err.replace(name, NAME))


def agreement() -> Countersign:
    """What the supervisor said of the filing that is decided about."""
    unit = {
        "uscc": "11629900MB0000019C",
        "unit_code": "629900-0001",
        "unit_name": "陇澜市教育局",
        "region": "629900",
    }
    body = {**unit, **AGREE, "prepared_on": "2026-11-24", "statement": bytes(32)}
    return reading.read(Countersign, body)


def shown_only(folder: Folder, key: Key, *, about: list[Form]) -> None:
    key.ui.about_to_sign([*about, folder.manifest().form])


def test_what_is_signed_already_is_not_shown_again(
    key: Key,
    form: Path,
    letter: Path,
    tmp_path: Path,
    terminal: Callable[[str], Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = prepared(form, letter, tmp_path / "filing")
    folder.sign(key)
    key.ui = terminal("zh").ui
    folder.sign(key)
    assert capsys.readouterr().err == ""


def test_several_filings_are_shown_before_the_first_pin(
    key: Key,
    form: Path,
    letter: Path,
    tmp_path: Path,
    terminal: Callable[[str], Settings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    folders = [prepared(form, letter, tmp_path / name) for name in ("one", "two")]
    key.ui = terminal("zh").ui
    filings.sign_all(key, folders)
    said = capsys.readouterr().err
    assert said.count("编制使用核准申请表") == 2
    assert said.rindex("编制使用核准申请表") < said.index("口令")


def test_a_program_is_shown_nothing(
    key: Key, form: Path, letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ui = Settings(as_json=True).ui
    ui.about_to_sign([prepared(form, letter, tmp_path / "filing").manifest().form])
    assert capsys.readouterr() == ("", "")


def test_what_would_command_the_terminal_is_shown_and_not_sent(
    terminal: Callable[[str], Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    terminal("zh").ui.about_to_sign([application(reason="一\x1b[2J\u202e二")])
    said = capsys.readouterr().err
    assert "一\\x1b[2J\\u202e二" in said
    assert "\x1b" not in said


def test_showing_a_folder_says_the_same(
    key: Key, form: Path, letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(form, letter, tmp_path / "filing")
    assert run(["filing", "show", str(tmp_path / "filing")]) == 0
    shown = capsys.readouterr().out
    signed = (GOLDEN / "sign.zh.txt").read_text("utf-8")
    assert signed[: signed.index("\n[")] in shown
    run(["filing", "show", str(tmp_path / "filing"), "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["form"][0]["section"] == "单位"


def test_a_program_reads_the_fields_of_a_folder_as_they_are_signed(
    key: Key, form: Path, letter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared(form, letter, tmp_path / "filing")
    run(["filing", "show", str(tmp_path / "filing"), "--json"])
    body = json.loads(capsys.readouterr().out)["body"]
    assert body["items"] == json.loads(form.read_text("utf-8"))["items"]
    assert body["attachments"][0]["sha256"] == sha256(letter.read_bytes()).hexdigest()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_of_a_form_is_left_out(language: str) -> None:
    form = replace(
        application(attachments=(attachment(b"x"),), case=CASE), items=application().items * 3
    )
    said = " ".join(value for part in in_words(form, language) for _, value in part.lines)
    wanted = [
        form.uscc,
        form.unit_code,
        form.unit_name,
        form.region,
        str(form.supervisor_uscc),
        CASE,
        form.reason,
        form.prepared_by,
        "陇澜教函〔2026〕18号",
        "高中物理教学",
        attachment(b"x").sha256.hex(),
    ]
    assert [one for one in wanted if one not in said] == []
    assert said.count("高中物理教学") == 3


def test_every_form_has_labels_sections_and_an_example() -> None:
    for row in FORMS.values():
        form = row.form
        assert form.example, row.form_type
        assert {"case", "attachments"} <= set(dir(form)) | set(form.__dataclass_fields__)
    assert UseApproval in {row.form for row in FORMS.values()}
