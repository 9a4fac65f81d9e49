"""The program: values to stdout, problems with code and next step to stderr, a documented exit
status each.
"""

import json
import os
from pathlib import Path

import click
import pytest

from biandun import keys
from biandun.cli.main import main, run
from biandun.cli.shared import complete_serial
from biandun_protocol import cose
from biandun_protocol.audit import decode_export
from biandun_protocol.book import CODES, LABELS
from biandun_protocol.orders import decode_challenge
from biandun_protocol.recovery import decode_ask, decode_shares, open_share, read_shares
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.unit_card import UnitCard
from biandun_protocol.wire import codec
from biandun_protocol.wire.numbers import (
    CLASS_NAMES,
    EVENT_NAMES,
    STANDING_NAMES,
    STANDING_SUSPENDED,
    STATE_NAMES,
)
from biandun_simulator.simulated_key import SimulatedKey
from tests.support.person import Person
from tests.support.softoffice import SoftOffice


class Program:
    """Runs the program in this process against one simulated key."""

    def __init__(self, capsys: pytest.CaptureFixture[str], port: str) -> None:
        self.capsys = capsys
        self.port = port

    def __call__(self, *words: object, key: bool = False) -> tuple[int, str, str]:
        arguments = [str(word) for word in words] + (["--port", self.port] if key else [])
        status = run(arguments)
        out, err = self.capsys.readouterr()
        return status, out, err

    def json(self, *words: object, key: bool = True) -> dict[str, object]:
        status, out, err = self(*words, "--json", key=key)
        assert status == 0, err
        return json.loads(out)


@pytest.fixture
def program(
    capsys: pytest.CaptureFixture[str],
    simulated_key: SimulatedKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Program:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path / "no-other-keys"))
    monkeypatch.chdir(tmp_path)
    return Program(capsys, simulated_key.port)


@pytest.fixture
def personalised(program: Program, soft: SoftOffice) -> Program:
    """A program whose key has been enrolled through the program's own commands."""
    Path("offer").write_bytes(codec.encode(soft.offer()))
    program.json("keys", "enroll", "offer", "--out", "request")
    from biandun_protocol.wire.messages import KeyRequest

    request = codec.decode(KeyRequest, Path("request").read_bytes())
    Path("grant").write_bytes(codec.encode(soft.grant(request, role="unit")))
    program.json("keys", "personalise", "grant")
    Path("pin.txt").write_text("135790\n")
    program.json("keys", "set-pin", "--new-pin-file", "pin.txt")
    return program


def test_enrolment_leaves_a_key_that_names_its_unit(personalised: Program) -> None:
    info = personalised.json("keys", "info")
    assert (info["state"], info["unit_name"], info["purposes"]) == (
        "personalised",
        "陇澜市第一中学",
        ["filing"],
    )
    assert (info["role"], info["sealed"]) == ("unit", True)


def test_people_read_chinese_and_a_warning_that_the_data_are_fictitious(
    personalised: Program,
) -> None:
    status, out, _ = personalised("keys", "info", key=True)
    assert status == 0
    assert "单位名称" in out
    assert "虚构数据" in out


def test_english_is_one_option_away(personalised: Program) -> None:
    _, out, _ = personalised("--lang", "en", "keys", "info", key=True)
    assert "serial" in out
    assert "fictitious data" in out


def test_a_form_takes_the_unit_from_the_key_and_becomes_a_signed_filing(
    personalised: Program, letter: Path
) -> None:
    _, out, _ = personalised("filing", "example")
    Path("form.json").write_text(out)
    attach = f"application_document={letter}"
    made = personalised.json(
        "filing", "prepare", "form.json", "--attach", attach, "--out", "用编申请"
    )
    assert made["unit_name"] == "陇澜市第一中学"
    signed = personalised.json("filing", "sign", "用编申请", "--pin-file", "pin.txt")
    assert signed["seq"] == 1
    assert (
        personalised.json("keys", "last")["statement"]
        == Path("用编申请/statement.cose").read_bytes().hex()
    )
    assert personalised.json("filing", "show", "用编申请", key=False)["seq"] == 1


def test_several_filings_are_signed_with_one_press_of_the_button(
    personalised: Program, letter: Path
) -> None:
    _, out, _ = personalised("filing", "example")
    Path("form.json").write_text(out)
    folders = ["甲", "乙", "丙"]
    for folder in folders:
        personalised.json(
            "filing",
            "prepare",
            "form.json",
            "--attach",
            f"application_document={letter}",
            "--out",
            folder,
        )
    rows = personalised.json("filing", "sign", *folders, "--pin-file", "pin.txt")
    assert [row["seq"] for row in rows] == [1, 2, 3]  # type: ignore[index]
    batches = {
        cose.parse(Path(folder, "statement.cose").read_bytes(), purpose="filing").header.batch
        for folder in folders
    }
    assert len({batch[0] for batch in batches if batch}) == 1
    again = personalised.json("filing", "sign", *folders, "--pin-file", "pin.txt")
    assert again == rows


def test_last_writes_what_the_key_keeps_to_files(personalised: Program, letter: Path) -> None:
    test_a_form_takes_the_unit_from_the_key_and_becomes_a_signed_filing(personalised, letter)
    personalised.json("keys", "last", "--out", "copy")
    assert Path("copy/statement.cose").read_bytes() == Path("用编申请/statement.cose").read_bytes()


FAILURES: list[tuple[list[str], bool, int, str]] = [
    (["keys", "info", "--serial", "BD-999999"], False, 3, "key-not-found"),
    (["keys", "info"], False, 3, "key-not-found"),
    (["keys", "chain"], True, 7, "wrong-state"),
    (["keys", "enroll", "nothing", "--out", "x"], True, 12, "file-missing"),
    (["keys", "enroll", "junk", "--out", "x"], True, 8, "file-kind"),
    (["keys", "personalise", "junk"], True, 8, "file-kind"),
    (["keys", "wipe", "--yes", "BD-000002"], True, 7, "serial-mismatch"),
    (["keys", "challenge", "--out", "x"], True, 7, "wrong-state"),
    (["keys", "carry-out", "junk"], True, 8, "file-kind"),
    (["keys", "status", "junk"], True, 8, "file-kind"),
    (["keys", "status"], True, 7, "wrong-state"),
    (["keys", "status", "--office", "http://127.0.0.1:1"], True, 9, "office-unreachable"),
    (["keys", "card", "--put", "junk"], True, 8, "file-kind"),
    (["keys", "officers", "junk", "--out", "x"], True, 8, "file-kind"),
    (["keys", "shares", "--out", "x"], True, 7, "wrong-state"),
    (["keys", "unblock-request"], True, 7, "wrong-state"),
    (["keys", "unblock", "--code-file", "junk", "--shares", "x"], True, 2, "usage"),
    (["keys", "remove-user", "0"], True, 2, "usage"),
    (["outbox", "put", "nothing"], True, 12, "folder-not-filing"),
    (["outbox", "drop", "nonsense"], True, 2, "usage"),
    (["outbox", "collect", "nothing"], True, 12, "folder-not-filing"),
    (["filing", "sign", "nothing"], True, 12, "folder-not-filing"),
    (["filing", "show", "nothing"], False, 12, "folder-not-filing"),
    (
        ["filing", "submit", "nothing", "--office", "http://127.0.0.1:1"],
        False,
        12,
        "folder-not-filing",
    ),
    (["filing", "prepare", "junk", "--out", "x"], False, 12, "file-not-json"),
    (
        ["filing", "prepare", "junk", "--attach", "nonsense=junk", "--out", "x"],
        False,
        12,
        "file-not-json",
    ),
    (["office", "log", "--office", "http://127.0.0.1:1"], False, 9, "office-unreachable"),
    (["office", "log"], False, 2, "usage"),
    (["keys", "nonsense"], False, 2, "usage"),
    (["filing", "sign"], False, 2, "usage"),
]


@pytest.mark.parametrize(
    ("words", "key", "status", "code"),
    FAILURES,
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_failure_has_its_exit_status_its_code_and_a_next_step(
    words: list[str], key: bool, status: int, code: str, program: Program
) -> None:
    Path("junk").write_bytes(b"\xff\x00 junk")
    got, out, err = program(*words, "--json", key=key)
    error = json.loads(err)["error"]
    assert (got, error["code"], out) == (status, code, "")
    assert error["message"]
    assert error["next"]
    assert isinstance(error["retriable"], bool)


def test_people_see_sentence_next_step_and_code(program: Program) -> None:
    status, out, err = program("keys", "info")
    assert (status, out) == (3, "")
    assert "没有找到" in err
    assert "[key-not-found]" in err


def test_wiping_needs_the_serial_number_typed(
    program: Program, soft: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("offer").write_bytes(codec.encode(soft.offer()))
    program.json("keys", "enroll", "offer", "--out", "request")
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "BD-000002")
    assert program("keys", "wipe", key=True)[0] == 7
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "BD-000001")
    assert program("keys", "wipe", key=True)[0] == 0
    assert program.json("keys", "info")["state"] == "anchored"


def test_a_key_in_service_is_not_wiped_and_says_who_to_ask(personalised: Program) -> None:
    status, _, err = personalised("keys", "wipe", "--json", key=True)
    error = json.loads(err)["error"]
    assert (status, error["code"]) == (7, "order-needed")
    assert "keys challenge" in error["next"]


def ordered(
    program: Program, soft: SoftOffice, purpose: str, seq: int | None = None
) -> dict[str, object]:
    """Write a challenge, and the order that answers it to the file ``order``; return what the
    program says of the challenge.
    """
    said = program.json("keys", "challenge", "--out", "challenge")
    asked = decode_challenge(Path("challenge").read_bytes())
    Path("order").write_bytes(soft.order(purpose, asked, seq).encode())
    return said


def test_a_reset_order_needs_the_serial_number_typed(
    personalised: Program, soft: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ordered(personalised, soft, "reset")["forgotten"] == 0
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "BD-000002")
    assert personalised("keys", "carry-out", "order", key=True)[0] == 7
    assert personalised.json("keys", "info")["state"] == "personalised"
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "BD-000001")
    status, out, _ = personalised("keys", "carry-out", "order", key=True)
    assert (status, "重置次数" in out) == (0, True)
    assert personalised.json("keys", "info")["state"] == "anchored"


def test_a_forgotten_pin_is_set_anew_with_two_codes_that_are_typed(
    personalised: Program, soft: SoftOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("officers").write_bytes(soft.officers().encode())
    made = personalised.json(
        "keys", "officers", "officers", "--out", "shares", "--pin-file", "pin.txt"
    )
    assert made["number"] == 1
    asked = personalised.json("keys", "unblock-request", "--out", "ask")
    assert asked["check"] == decode_ask(Path("ask").read_bytes()).check
    with keys.open_port(personalised.port) as opened:
        device_key = opened.profile().device_key
    assert device_key is not None
    shares = read_shares(decode_shares(Path("shares").read_bytes()))
    codes = [
        open_share(shares, place, one, device_key, 0).reveal().decode()
        for place, one in enumerate(soft.unblockers, 1)
    ]
    typed = iter(codes)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(typed))
    Path("new.txt").write_text("a new beginning")
    status, out, err = personalised(
        "keys", "unblock", "--shares", "shares", "--new-pin-file", "new.txt", key=True
    )
    assert (status, str(asked["check"]) in err) == (0, True)
    assert not any(code in out + err for code in codes)
    assert personalised.json("keys", "shares", "--out", "shares")["number"] == 2
    # in, and there is no card
    assert personalised("keys", "card", "--pin-file", "new.txt", "--json", key=True)[0] == 7


def test_one_code_file_alone_is_wrong_usage(personalised: Program, soft: SoftOffice) -> None:
    Path("officers").write_bytes(soft.officers().encode())
    personalised.json("keys", "officers", "officers", "--out", "shares", "--pin-file", "pin.txt")
    assert (
        personalised("keys", "unblock", "--shares", "s", "--code-file", "pin.txt", key=True)[0] == 2
    )


def test_a_user_is_let_in_and_removed_by_user_0(personalised: Program) -> None:
    Path("second.txt").write_text("246802")
    personalised.json(
        "keys", "set-pin", "--user", "1", "--new-pin-file", "second.txt", "--pin-file", "pin.txt"
    )
    assert personalised.json("keys", "remove-user", "1", "--pin-file", "pin.txt")["users"] == [0]


def test_a_key_that_was_not_set_back_refuses_to_go_on(
    personalised: Program, soft: SoftOffice
) -> None:
    ordered(personalised, soft, "reinstate", 64)
    status, _, err = personalised("keys", "carry-out", "order", key=True)
    assert (status, "[wrong-state]" in err) == (7, True)


def test_a_key_hears_from_a_file_that_it_is_suspended_and_says_so(
    personalised: Program, soft: SoftOffice
) -> None:
    assert personalised.json("keys", "status") == {
        "serial": "BD-000001",
        "unit_name": "陇澜市第一中学",
        "standing": "active",
        "standing_since": None,
    }
    with keys.open_port(personalised.port) as opened:
        Path("status.bd").write_bytes(soft.status(opened.info, STANDING_SUSPENDED).encode())
    shown = personalised.json("keys", "status", "status.bd")
    assert (shown["standing"], shown["standing_since"]) == ("suspended", "2026-11-24")
    assert personalised.json("keys", "info")["standing"] == "suspended"
    status, out, _ = personalised("keys", "status", key=True)
    assert (status, "签署资格" in out) == (0, True)


@pytest.mark.parametrize(
    "names",
    [STATE_NAMES, CLASS_NAMES, STANDING_NAMES, EVENT_NAMES],
    ids=["states", "classes", "standings", "events"],
)
def test_every_name_of_the_protocol_that_people_see_has_words_in_both_languages(
    names: dict[int, str],
) -> None:
    assert set(names.values()) - set(CODES) == set()


def test_what_happened_to_a_key_is_shown_without_a_pin_and_written_for_the_office(
    personalised: Program,
) -> None:
    rows = personalised.json("keys", "audit", "--out", "audit.bd")
    assert [row["event"] for row in rows] == ["personalised", "pin-set"]  # type: ignore[index,union-attr]
    assert decode_export(Path("audit.bd").read_bytes()).manifest
    assert personalised.json("keys", "audit", "--out", "audit.bd") == rows


def test_the_unit_card_goes_onto_the_key_and_back(personalised: Program, soft: SoftOffice) -> None:
    card = soft.card([b"one" * 500, b"two"], 7)
    Path("card").write_bytes(card.encode())
    assert (
        personalised.json("keys", "card", "--put", "card", "--pin-file", "pin.txt")["card_version"]
        == 7
    )
    assert personalised.json("keys", "card", "--pin-file", "pin.txt")["sections"] == 2
    personalised.json("keys", "card", "--out", "copy", "--pin-file", "pin.txt")
    assert UnitCard.decode(Path("copy").read_bytes()) == card
    assert personalised.json("keys", "chain")["card_version"] == 7


def test_a_signed_filing_is_put_into_the_outbox_listed_and_taken_out_again(
    personalised: Program, letter: Path
) -> None:
    test_a_form_takes_the_unit_from_the_key_and_becomes_a_signed_filing(personalised, letter)
    put = personalised.json("outbox", "put", "用编申请", "--pin-file", "pin.txt")
    [row] = personalised.json("outbox", "list")
    assert (row["seq"], row["bytes"], row["complete"]) == (1, put["bytes"], True)
    personalised.json("outbox", "drop", str(row["name"]), "--pin-file", "pin.txt")
    assert personalised.json("outbox", "list") == []


def test_an_interrupted_run_says_that_nothing_is_signed_twice(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("biandun.keys.list", interrupt)
    status, _, err = program("keys", "list")
    assert status == 130
    assert "interrupted" in err


def test_no_keys_is_an_empty_list_and_not_an_error(program: Program) -> None:
    assert program.json("keys", "list", key=False) == []
    status, out, err = program("keys", "list")
    assert "biandun doctor" in err
    assert (status, out.strip()) == (0, "没有可显示的内容。")


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name, command in group.commands.items():
        found.append(((*path, name), command))
        if isinstance(command, click.Group):
            found += commands(command, (*path, name))
    return found


def test_no_command_takes_a_secret_on_its_command_line() -> None:
    words = {
        option for _, command in commands(main) for one in command.params for option in one.opts
    }
    secret = {
        word
        for word in words
        if set(word.strip("-").split("-")) & {"pin", "passphrase", "secret", "token"}
    }
    assert {word for word in secret if not word.endswith(("-file", "-fd"))} == set()
    assert "--pin-file" in secret


def test_the_version_says_what_the_product_is_not(program: Program) -> None:
    status, out, _ = program("--version")
    assert status == 0
    assert "不是经认证的商用密码产品" in out


def test_every_label_has_both_languages() -> None:
    assert all(len(pair) == 2 and all(pair) for pair in LABELS.values())


def test_a_pin_comes_from_a_descriptor_that_is_read_once(personalised: Program) -> None:
    read, write = os.pipe()
    os.write(write, b"135790\nnot this\n")
    os.close(write)
    Path("new.txt").write_text("246802\n")
    changed = personalised.json("keys", "change-pin", "--pin-fd", read, "--new-pin-file", "new.txt")
    os.close(read)
    assert changed["user"] == 0
    Path("old.txt").write_text("135790\n")
    status, _, err = personalised(
        "keys",
        "change-pin",
        "--pin-file",
        "old.txt",
        "--new-pin-file",
        "new.txt",
        "--json",
        key=True,
    )
    assert (status, json.loads(err)["error"]["tries_left"]) == (6, 5)


def test_a_wrong_pin_in_a_file_is_tried_once(personalised: Program, letter: Path) -> None:
    _, out, _ = personalised("filing", "example")
    Path("form.json").write_text(out)
    personalised.json("filing", "prepare", "form.json", "--out", "filing")
    Path("wrong.txt").write_text("000000\n")
    status, _, err = personalised(
        "filing", "sign", "filing", "--pin-file", "wrong.txt", "--json", key=True
    )
    error = json.loads(err)["error"]
    assert (status, error["code"], error["tries_left"]) == (6, "pin-wrong", 5)


def test_without_a_terminal_and_without_a_file_nobody_is_asked(personalised: Program) -> None:
    _, out, _ = personalised("filing", "example")
    Path("form.json").write_text(out)
    personalised.json("filing", "prepare", "form.json", "--out", "filing")
    status, _, err = personalised("filing", "sign", "filing", "--json", key=True)
    assert (status, json.loads(err)["error"]["code"]) == (6, "pin-required")


def test_a_person_at_a_terminal_is_told_the_tries_and_asked_before_the_last(
    personalised: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = personalised("filing", "example")
    Path("form.json").write_text(out)
    personalised.json("filing", "prepare", "form.json", "--out", "filing")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "000000")
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    status, _, err = personalised("filing", "sign", "filing", key=True)
    assert status == 6
    assert "还可以再试 5 次" in err
    assert asked == ["这是最后一次机会，确定继续吗？"]


def test_completion_offers_the_serial_numbers_that_are_plugged_in(
    simulated_key: SimulatedKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "announced"
    folder.mkdir()
    monkeypatch.setenv("BIANDUN_PORTS", str(folder))
    (folder / "BD-000001.json").write_text(
        json.dumps({"port": simulated_key.port, "pid": simulated_key.pid})
    )
    context = click.Context(main)
    assert [item.value for item in complete_serial(context, click.Option(["--serial"]), "BD")] == [
        "BD-000001"
    ]


def test_a_serial_number_in_small_letters_names_the_key(
    simulated_key: SimulatedKey,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BIANDUN_PORTS", str(tmp_path))
    (tmp_path / "BD-000001.json").write_text(
        json.dumps({"port": simulated_key.port, "pid": simulated_key.pid})
    )
    assert run(["keys", "wipe", "--serial", "bd-000001", "--yes", "bd-000001"]) == 0
    assert "BD-000001" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(shell: str, program: Program) -> None:
    status, out, _ = program("completion", shell)
    assert status == 0
    assert "_BIANDUN_COMPLETE" in out


# --- a new key pair ---------------------------------------------------
@pytest.fixture
def succeeding(personalised: Program, soft: SoftOffice) -> tuple[Program, bytes]:
    """A program whose key may ask for a new pair, and its point."""
    with keys.open(port=personalised.port) as key:
        device_key, point = key.profile().device_key, key.info.public_key or b""
        powers = ["filing", "succession"]
        grant = soft.grant_for(
            key.info.serial, point, version=2, device_key=device_key, role="unit", purposes=powers
        )
        key.personalise(grant)
    return personalised, point


def test_a_new_key_pair_by_two_files(succeeding: tuple[Program, bytes], soft: SoftOffice) -> None:
    program, point = succeeding
    asked = program.json("keys", "succeed", "--out", "request.bd", "--pin-file", "pin.txt")
    assert asked["seq"] == 1
    granted = soft.succeed(Succession.decode(Path("request.bd").read_bytes()), point, 3)
    Path("answer.bd").write_bytes(granted.encode())
    shown = program.json("keys", "personalise", "answer.bd")
    assert (shown["seq"], shown["receipt_verified_by_key"], shown["public_key"] != point.hex()) == (
        1,
        True,
        True,
    )
    assert program.json("keys", "personalise", "answer.bd")["public_key"] == shown["public_key"]


def test_a_receipt_that_the_key_cannot_follow_any_more_says_so_and_the_new_pair_is_in_force(
    succeeding: tuple[Program, bytes], soft: SoftOffice
) -> None:
    program, point = succeeding
    program.json("keys", "succeed", "--out", "request.bd", "--pin-file", "pin.txt")
    granted = soft.succeed(Succession.decode(Path("request.bd").read_bytes()), point, 3)
    with keys.open(port=program.port, ui=Person()) as key:
        soft.leaves.append(bytes(32))
        later = soft.receipt(0, granted.receipt.read().statement_id)
        key.keep_receipt(later)
    broken = Granted(granted.grant, granted.receipt, (bytes(32),))
    Path("answer.bd").write_bytes(broken.encode())
    status, _, err = program("keys", "personalise", "answer.bd", "--json", key=True)
    assert (status, json.loads(err)["error"]["code"]) == (7, "receipt-older")
    assert program.json("keys", "info")["public_key"] != point.hex()


def test_a_file_that_is_no_grant_is_refused(personalised: Program) -> None:
    Path("answer.bd").write_bytes(b"\xa1\x00\x78\x1dbiandun-succession-grant/1abc")
    status, _, err = personalised("keys", "personalise", "answer.bd", "--json", key=True)
    assert status != 0
    assert json.loads(err)["error"]["code"] == "file-kind"
