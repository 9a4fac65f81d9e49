"""biandun office: log in once, then look and decide; the soft office answers."""

import json
from functools import partial
from pathlib import Path

import httpx
import pytest

from biandun import key_status, office_client, sessions
from biandun.cli import filing as filing_commands
from biandun.cli import office as office_commands
from biandun.cli import outbox as outbox_commands
from biandun.cli.keys import life as life_commands
from biandun.cli.keys import listing as listing_commands
from biandun.cli.main import run
from biandun.keys import Key
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import STANDING_ACTIVE, STANDING_SUSPENDED
from tests.hostile.world import world
from tests.support.softoffice import NOW, SoftOffice
from tests.support.softserver import SoftServer, problem, root_certificate

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
    key: Key,
    server: SoftServer,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Program:
    """The program with an in-process key and the soft office in the place of port and network."""
    server.public_key = key.info.public_key
    client = partial(office_client.Office, transport=server.transport())
    monkeypatch.setattr(office_commands, "Office", client)
    monkeypatch.setattr(filing_commands, "Office", client)
    monkeypatch.setattr(life_commands, "Office", client)
    monkeypatch.setattr(listing_commands, "Office", client)
    monkeypatch.setattr(outbox_commands, "Office", client)
    monkeypatch.setattr("biandun.keys.open", lambda serial=None, port=None, ui=None: use(key, ui))
    monkeypatch.setenv("BIANDUN_OFFICE", URL)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    Path("pin.txt").write_text("135790\n")
    return Program(capsys)


def use(key: Key, ui: object) -> Key:
    key.ui = ui  # type: ignore[assignment]
    return key


def heard(key: Key) -> int:
    """The standing that the key was told last."""
    said = key_status.stored(key)
    assert said is not None
    return said.standing


def prepared(program: Program, letter: Path) -> None:
    _, out, _ = program("filing", "example")
    Path("form.json").write_text(out)
    program.json(
        "filing",
        "prepare",
        "form.json",
        "--attach",
        f"application_document={letter}",
        "--out",
        "filing",
    )
    program.json("filing", "sign", "filing", "--pin-file", "pin.txt")


def test_a_login_is_remembered_for_the_next_command_and_forgotten_after_logout(
    program: Program,
) -> None:
    status, _, err = program("office", "cases", "--json")
    assert (status, json.loads(err)["error"]["code"]) == (10, "login-required")
    login = program.json("office", "login", "--pin-file", "pin.txt")
    assert isinstance(login, dict)
    assert login["roles"] == ["UNIT"]
    (case,) = program.json("office", "cases", "--state", "ACCEPTED")
    assert (case["number"], case["state"]) == ("629900HB2026000001", "ACCEPTED")
    program.json("office", "logout")
    assert sessions.recall(URL) is None
    assert program("office", "cases")[0] == 10


def test_a_token_is_kept_in_a_file_that_only_its_owner_reads(
    program: Program, tmp_path: Path
) -> None:
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


def test_a_filing_with_its_countersignature_is_handed_in_and_decided(
    program: Program, letter: Path, server: SoftServer
) -> None:
    prepared(program, letter)
    opinion = (
        "--opinion",
        "agree",
        "--text",
        "同意。",
        "--by",
        "测试员乙",
        "--document-no",
        "〔2026〕1号",
    )
    letter_words = ("--document-title", "申请", "--document-date", "2026-11-20")
    program.json(
        "filing", "countersign", "filing", *opinion, *letter_words, "--pin-file", "pin.txt"
    )
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
    assert program.json("office", "log") == {"size": 0, "root": "00" * 32, "time": NOW}


def test_a_login_that_the_office_refuses_lets_the_key_know_that_it_is_suspended(
    program: Program, server: SoftServer, key: Key
) -> None:
    server.standings = [STANDING_SUSPENDED]
    status, _, err = program("office", "login", "--pin-file", "pin.txt", "--json")
    assert (status, json.loads(err)["error"]["code"]) == (10, "key-suspended")
    assert heard(key) == STANDING_SUSPENDED


def test_a_key_that_was_resumed_hears_of_it_at_its_next_login_which_works_at_once(
    program: Program, server: SoftServer, key: Key
) -> None:
    server.standings = [STANDING_SUSPENDED]
    program("office", "login", "--pin-file", "pin.txt")
    server.standings.append(STANDING_ACTIVE)
    login = program.json("office", "login", "--pin-file", "pin.txt")
    assert isinstance(login, dict)
    assert login["roles"] == ["UNIT"]


def test_what_the_key_refuses_is_said_when_the_office_cannot_be_asked(
    program: Program, server: SoftServer, key: Key
) -> None:
    key_status.store(key, server.office.status(key.info, STANDING_SUSPENDED))
    server.fail = [None, httpx.ConnectError("gone"), httpx.ConnectError("gone")]
    status, _, err = program("office", "login", "--pin-file", "pin.txt", "--json")
    assert (status, json.loads(err)["error"]["code"]) == (7, "key-suspended")


def test_status_asks_the_office_and_shows_what_the_key_heard(
    program: Program, server: SoftServer
) -> None:
    server.standings = [STANDING_SUSPENDED]
    shown = program.json("keys", "status")
    assert isinstance(shown, dict)
    assert (shown["standing"], shown["standing_since"]) == ("suspended", "2026-11-24")


def test_status_shows_what_the_key_heard_last_when_the_usual_office_is_out_of_reach(
    program: Program, server: SoftServer
) -> None:
    server.standings = [STANDING_SUSPENDED]
    program.json("keys", "status")
    server.fail = [httpx.ConnectError("gone"), httpx.ConnectError("gone")]
    shown = program.json("keys", "status")
    assert isinstance(shown, dict)
    assert shown["standing"] == "suspended"
    status, _, err = program("keys", "status", "--office", URL, "--json")
    assert (status, json.loads(err)["error"]["code"]) == (9, "office-unreachable")


def test_a_status_file_and_an_office_at_once_make_no_sense(program: Program) -> None:
    Path("status.bd").write_bytes(world().status)
    assert program("keys", "status", "status.bd", "--office", URL)[0] == 2


def test_a_page_of_somebody_else_is_no_status(program: Program, server: SoftServer) -> None:
    server.fail = [httpx.Response(200, content=b"<html>a hotel's login page</html>")]
    status, _, err = program("keys", "status", "--office", URL, "--json")
    assert (status, json.loads(err)["error"]["code"]) == (9, "office-answer")


def test_a_decision_that_the_office_refuses_lets_the_key_know(
    program: Program, letter: Path, server: SoftServer, key: Key
) -> None:
    prepared(program, letter)
    handed_in = program.json("filing", "submit", "filing")
    assert isinstance(handed_in, dict)
    program.json("office", "login", "--pin-file", "pin.txt")
    server.standings = [STANDING_SUSPENDED]
    words = ("--decision", "accept", "--text", "受理。", "--by", "赵六", "--pin-file", "pin.txt")
    server.refuses = {"/decisions"}
    assert program("office", "decide", handed_in["case"], *words)[0] == 10
    assert heard(key) == STANDING_SUSPENDED
    server.refuses = set()
    server.standings.append(STANDING_ACTIVE)
    # the key hears it, and signs
    program.json("office", "decide", handed_in["case"], *words, "--out", "again")


@pytest.mark.parametrize(
    "words", [("filing", "keep", "filing"), ("outbox", "submit")], ids=["keep", "outbox"]
)
def test_a_key_that_meets_its_office_for_something_else_hears_that_it_may_go_on(
    words: tuple[str, ...], program: Program, letter: Path, server: SoftServer, key: Key
) -> None:
    prepared(program, letter)
    program.json("filing", "submit", "filing")
    server.standings = [STANDING_SUSPENDED]
    key_status.store(key, server.office.status(key.info, STANDING_SUSPENDED, NOW + 1, number=1))
    server.standings.append(STANDING_ACTIVE)
    assert program(*words, "--pin-file", "pin.txt")[0] == 0
    assert heard(key) == STANDING_ACTIVE


def test_a_parcel_that_the_office_refuses_lets_the_key_know(
    program: Program, letter: Path, server: SoftServer, key: Key
) -> None:
    prepared(program, letter)
    program.json("outbox", "put", "filing", "--pin-file", "pin.txt")
    server.standings, server.refuses = [STANDING_SUSPENDED], {"/statements"}
    assert program("outbox", "submit", "--pin-file", "pin.txt")[0] == 10
    assert heard(key) == STANDING_SUSPENDED


def test_what_the_office_refuses_is_not_tried_again(
    program: Program, server: SoftServer, key: Key
) -> None:
    # of a login, by an office that says at once that the key may sign
    server.fail = [None, problem("key-suspended", 403)]
    assert program("office", "login", "--pin-file", "pin.txt")[0] == 10
    assert [path for _, path in server.seen].count("/login") == 1


def test_another_refusal_asks_nobody_for_the_status(program: Program, server: SoftServer) -> None:
    server.fail = [problem("origin-unknown", 403)]
    assert program("office", "login", "--pin-file", "pin.txt")[0] == 10
    assert [path for _, path in server.seen if "status" in path] == []


def decided(program: Program, letter: Path, server: SoftServer, key: Key) -> None:
    """A case with opinion and decision, and a reader who is logged in."""
    test_a_filing_with_its_countersignature_is_handed_in_and_decided(program, letter, server)
    server.certificates[key.info.serial] = key.certificate()


def test_a_case_is_fetched_with_opinion_and_decision_and_verifies(
    program: Program, letter: Path, server: SoftServer, key: Key, tmp_path: Path
) -> None:
    decided(program, letter, server, key)
    fetched = program.json("office", "fetch", "629900HB2026000001", "--out", "fetched")
    (tmp_path / "root.pem").write_bytes(root_certificate(server.office))
    verdict = program.json("filing", "verify", "fetched", "--root", "root.pem")
    assert isinstance(fetched, dict)
    assert isinstance(verdict, dict)
    assert (fetched["verdict"], fetched["warning"], verdict["verdict"]) == (
        "good",
        "root-from-folder",
        "good",
    )
    assert {step["part"] for step in verdict["steps"]} == {"", "countersign", "decision"}
    status, _, err = program("office", "fetch", "629900HB2026000001", "--out", "fetched", "--json")
    assert (status, json.loads(err)["error"]["code"]) == (12, "file-exists")


def test_a_case_is_shown_with_opinion_and_decision(
    program: Program, letter: Path, server: SoftServer, key: Key
) -> None:
    decided(program, letter, server, key)
    shown = program.json("office", "show", "629900HB2026000001")
    assert isinstance(shown, dict)
    assert [shown["opinions"][0]["opinion"], shown["decisions"][0]["decision"]] == [
        "agree",
        "accept",
    ]
    status, out, _ = program("office", "show", "629900HB2026000001", "--lang", "zh")
    assert (
        status,
        [
            word
            for word in ("受理。", "测试员丙", "高中物理教学", "用编申请.pdf")
            if word not in out
        ],
    ) == (0, [])


@pytest.mark.parametrize("command", [("show",), ("fetch", "--out", "fetched")])
def test_nothing_is_read_without_a_login(command: tuple[str, ...], program: Program) -> None:
    status, _, err = program("office", *command, "629900HB2026000001", "--json")
    assert (status, json.loads(err)["error"]["code"], Path("fetched").exists()) == (
        10,
        "login-required",
        False,
    )
