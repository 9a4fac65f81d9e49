"""biandun office: log in once, then look and decide; the soft office answers."""

import json
from functools import partial
from pathlib import Path

import pytest

from biandun import office_client, sessions
from biandun.cli import filing as filing_commands
from biandun.cli import office as office_commands
from biandun.cli.main import run
from biandun.keys import Key
from biandun_protocol.secret import Secret
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer

URL = "http://office.test"


class Program:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: object) -> tuple[int, str, str]:
        status = run([str(word) for word in words])
        out, err = self.capsys.readouterr()
        return status, out, err

    def json(self, *words: object) -> object:
        status, out, err = self(*words, "--json")
        assert status == 0, err
        return json.loads(out)


@pytest.fixture
def soft() -> SoftOffice:
    return SoftOffice(purposes=("filing", "login", "link", "countersign", "decision"))


@pytest.fixture
def program(
    key: Key, server: SoftServer, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Program:
    """The program with an in-process key and the soft office in the place of port and network."""
    server.public_key = key.info.public_key
    client = partial(office_client.Office, transport=server.transport())
    monkeypatch.setattr(office_commands, "Office", client)
    monkeypatch.setattr(filing_commands, "Office", client)
    monkeypatch.setattr("biandun.keys.open", lambda serial=None, port=None, ui=None: use(key, ui))
    monkeypatch.setenv("BIANDUN_OFFICE", URL)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("pin.txt").write_text("135790\n")
    return Program(capsys)


def use(key: Key, ui: object) -> Key:
    key.ui = ui  # type: ignore[assignment]
    return key


def prepared(program: Program, letter: Path) -> None:
    _, out, _ = program("filing", "example")
    Path("form.json").write_text(out)
    program.json("filing", "prepare", "form.json", "--attach", f"application_document={letter}", "--out", "filing")
    program.json("filing", "sign", "filing", "--pin-file", "pin.txt")


def test_a_login_is_remembered_for_the_next_command_and_forgotten_after_logout(program: Program) -> None:
    status, _, err = program("office", "cases", "--json")
    assert (status, json.loads(err)["error"]["code"]) == (10, "login-required")
    login = program.json("office", "login", "--pin-file", "pin.txt")
    assert isinstance(login, dict)
    assert login["roles"] == ["UNIT"]
    assert program.json("office", "cases", "--state", "ACCEPTED") == [{"number": "629900HB2026000001", "state": "ACCEPTED"}]
    program.json("office", "logout")
    assert sessions.recall(URL) is None
    assert program("office", "cases")[0] == 10


def test_a_token_is_kept_in_a_file_that_only_its_owner_reads(program: Program, tmp_path: Path) -> None:
    program.json("office", "login", "--pin-file", "pin.txt")
    (path,) = (tmp_path / "state").rglob("*.json")
    assert path.stat().st_mode & 0o077 == 0
    assert sessions.recall("http://another.test") is None


def test_a_token_file_that_is_damaged_is_no_login(program: Program, tmp_path: Path) -> None:
    sessions.remember(URL, Secret(b"token"))
    (path,) = (tmp_path / "state").rglob("*.json")
    path.write_text("{")
    assert sessions.recall(URL) is None


def test_no_secret_is_printed_by_login(program: Program) -> None:
    status, out, err = program("office", "login", "--pin-file", "pin.txt")
    assert status == 0
    assert "token-of-a-test" not in out + err
    assert "135790" not in out + err


def test_a_filing_with_its_countersignature_is_handed_in_and_decided(program: Program, letter: Path, server: SoftServer) -> None:
    prepared(program, letter)
    opinion = ("--opinion", "agree", "--text", "同意。", "--by", "测试员乙", "--document-no", "〔2026〕1号")
    letter_words = ("--document-title", "申请", "--document-date", "2026-11-20")
    program.json("filing", "countersign", "filing", *opinion, *letter_words, "--pin-file", "pin.txt")
    handed_in = program.json("filing", "submit", "filing")
    assert isinstance(handed_in, dict)
    assert {"case", "countersign", "new"} <= set(handed_in)
    program.json("office", "login", "--pin-file", "pin.txt")
    decided = program.json(
        "office",
        "decide",
        handed_in["case"],
        "--decision",
        "accept",
        "--text",
        "受理。",
        "--by",
        "测试员丙",
        "--pin-file",
        "pin.txt",
    )
    assert isinstance(decided, dict)
    assert decided["new"] is True
    assert [entry["purpose"] for entry in server.history] == ["filing", "countersign", "decision"]
    for folder in ("filing", "filing/countersign", decided["folder"]):
        assert program.json("filing", "keep", folder) is not None
        assert program("filing", "show", folder)[0] == 0
    assert program("office", "case", handed_in["case"])[0] == 0


def test_links_are_exported_and_handed_in(program: Program, letter: Path) -> None:
    prepared(program, letter)
    program.json("keys", "export-links", "--first", 1, "--out", "links.bd", "--pin-file", "pin.txt")
    assert program.json("office", "close-gap", "links.bd") == {"closed": [1], "open": []}


def test_verify_and_export_say_what_they_found(program: Program, letter: Path) -> None:
    prepared(program, letter)
    program.json("filing", "submit", "filing")
    assert program.json("filing", "export", "filing") == {
        "folder": "filing",
        "receipt": ["receipt.cose", "receipt-payload.cbor"],
        "certificate": "certificate.pem",
    }
    status, out, _ = program("filing", "verify", "filing")
    assert status == 0
    assert "✓" in out
    Path("filing/statement.cose").write_bytes(b"?")
    status, out, _ = program("filing", "verify", "filing")
    assert status == 8
    assert "✗" in out


def test_the_log_is_open_to_everybody(program: Program) -> None:
    assert program.json("office", "log") == {"size": 0}
