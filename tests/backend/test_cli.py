"""``biandun-office``: results are printed in one place, problems say what to do, secrets stay out
of arguments.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from biandun_office.cli.main import cli, run
from biandun_office.office import startup
from biandun_office.platform import append_only
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Grant, Offer
from tests.backend.bench import ONLY_SQLITE, PASSPHRASE, SCHOOL, Bench
from tests.support.softkey import SoftKey


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "secret").write_text(PASSPHRASE.secret + "\n")
    return str(tmp_path / "secret")


def ok(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(arguments) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def test_an_office_from_init_to_grant(tmp_path: Path, capsys, secret: str):
    office, backup, offer = tmp_path / "office", tmp_path / "office.backup", tmp_path / "offer.bd"
    base = ["--data", str(office), "--json"]
    made = json.loads(
        ok(capsys, *base, "init", "--passphrase-file", secret, "--backup", str(backup))
    )
    assert (made["office_id"], made["units"], made["backup"]["restored"]) == ("longlan", 4, True)
    ok(capsys, *base, "offer", "--unit", SCHOOL, "--out", str(offer))
    key = SoftKey()
    request = tmp_path / "request.bd"
    request.write_bytes(codec.encode(key.prove_possession(codec.decode(Offer, offer.read_bytes()))))
    grant = tmp_path / "grant.bd"
    issued = json.loads(
        ok(capsys, *base, "issue", str(request), "--out", str(grant), "--passphrase-file", secret)
    )
    assert (issued["serial"], issued["uscc"], issued["purposes"]) == (
        key.serial,
        SCHOOL,
        ["filing", "receipt-ack", "succession", "login", "link"],
    )
    assert codec.decode(Grant, grant.read_bytes()).x509
    again = json.loads(
        ok(
            capsys,
            "--json",
            "restore",
            "--from",
            str(backup),
            "--into",
            str(tmp_path / "b"),
            "--passphrase-file",
            secret,
        )
    )
    assert again["restored"] is True


@pytest.mark.parametrize(
    ("options", "purposes"),
    [
        (
            ["--role", "supervisor"],
            ["filing", "countersign", "receipt-ack", "succession", "login", "link"],
        ),
        (["--role", "officer"], ["decision", "succession", "login", "link"]),
        (["--role", "officer", "--purpose", "login"], ["login"]),
    ],
)
def test_a_role_or_purposes_say_what_a_key_is_for(
    office: Bench, tmp_path: Path, capsys, secret: str, options: list[str], purposes: list[str]
):
    request = tmp_path / "request.bd"
    request.write_bytes(
        codec.encode(SoftKey().prove_possession(office.offer("11629900MB0000000F")))
    )
    arguments = [
        "--data",
        str(office.folder),
        "--json",
        "issue",
        str(request),
        *options,
        "--passphrase-file",
        secret,
    ]
    assert (
        json.loads(ok(capsys, *arguments, "--out", str(tmp_path / "grant.bd")))["purposes"]
        == purposes
    )


def test_units_are_listed(office: Bench, capsys):
    assert "陇澜市第一中学" in ok(capsys, "--data", str(office.folder), "units")
    listed = json.loads(ok(capsys, "--data", str(office.folder), "--json", "units"))
    assert [unit["uscc"] for unit in listed] == [
        "11629900MB0000000F",
        "11629900MB0000019C",
        SCHOOL,
        "126299214390001547",
    ]


@ONLY_SQLITE  # about the command line only
def test_people_read_chinese_first(office: Bench, capsys):
    assert re.match("大小 +0\n", ok(capsys, "--data", str(office.folder), "log-check"))


@ONLY_SQLITE  # about the command line only
def test_english_on_request(office: Bench, capsys):
    assert re.search(
        "consistent +yes", ok(capsys, "--data", str(office.folder), "--lang", "en", "log-check")
    )


@ONLY_SQLITE  # about the command line only
def test_the_folder_may_come_from_the_environment(office: Bench, capsys, monkeypatch):
    monkeypatch.setenv("BIANDUN_OFFICE_DATA", str(office.folder))
    assert json.loads(ok(capsys, "--json", "log-check"))["ok"] is True


def test_a_problem_is_message_and_next_step_on_stderr(tmp_path: Path, capsys):
    assert run(["--data", str(tmp_path), "units"]) == 4
    assert capsys.readouterr() == (
        "",
        "编办服务尚未初始化。\n请先运行 biandun-office init。 [office-not-initialised]\n",
    )


def test_a_problem_as_json(tmp_path: Path, capsys):
    assert run(["--data", str(tmp_path), "--json", "units"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err)["error"]["code"] == "office-not-initialised"


def test_wrong_usage_ends_with_two(capsys):
    assert run(["no-such-command"]) == 2
    assert run(["--json", "no-such-command"]) == 2
    assert '"code": "usage"' in capsys.readouterr().err


def test_a_missing_folder_option_is_wrong_usage(capsys, monkeypatch):
    monkeypatch.delenv("BIANDUN_OFFICE_DATA", raising=False)
    assert run(["units"]) == 2


@ONLY_SQLITE  # about the command line only
def test_without_a_passphrase_and_a_terminal_the_command_says_so(
    office: Bench, tmp_path: Path, command: list[str]
):
    arguments = ["--data", str(office.folder), "--json", "backup", "--out", str(tmp_path / "b")]
    answer = subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 5
    assert json.loads(answer.stderr)["error"]["code"] == "passphrase-missing"


@ONLY_SQLITE  # about the command line only
def test_a_passphrase_may_come_through_a_descriptor(office: Bench, tmp_path: Path, capsys):
    reader, writer = os.pipe()
    os.write(writer, PASSPHRASE.secret.encode())
    os.close(writer)
    ok(
        capsys,
        "--data",
        str(office.folder),
        "backup",
        "--out",
        str(tmp_path / "b"),
        "--passphrase-fd",
        str(reader),
    )


@ONLY_SQLITE  # about the command line only
def test_a_wrong_passphrase_ends_with_five(office: Bench, tmp_path: Path, capsys):
    (tmp_path / "wrong").write_text("not the passphrase")
    arguments = [
        "--data",
        str(office.folder),
        "backup",
        "--out",
        str(tmp_path / "b"),
        "--passphrase-file",
        str(tmp_path / "wrong"),
    ]
    assert run(arguments) == 5
    assert not (tmp_path / "b").exists()


@ONLY_SQLITE  # about the command line only
def test_an_offer_does_not_overwrite_a_file(office: Bench, tmp_path: Path, capsys):
    (tmp_path / "offer.bd").write_text("mine")
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "offer",
                "--unit",
                SCHOOL,
                "--out",
                str(tmp_path / "offer.bd"),
            ]
        )
        == 7
    )
    assert (tmp_path / "offer.bd").read_text() == "mine"


def test_a_grant_that_cannot_be_written_leaves_the_offer_open(
    office: Bench, tmp_path: Path, capsys, secret: str
):
    request = tmp_path / "request.bd"
    request.write_bytes(codec.encode(SoftKey().prove_possession(office.offer())))
    base = [
        "--data",
        str(office.folder),
        "issue",
        str(request),
        "--passphrase-file",
        secret,
        "--out",
    ]
    assert run([*base, str(tmp_path / "no" / "folder" / "grant.bd")]) == 7
    assert run([*base, str(tmp_path / "grant.bd")]) == 0


def test_a_broken_log_ends_with_nine_and_says_where(office: Bench, key: SoftKey, capsys):
    office.file(key)
    with startup.connections["default"].cursor() as cursor:
        for statement in append_only.removal(
            startup.connections["default"].vendor, "evidence_statement"
        ):
            cursor.execute(statement)
        cursor.execute("UPDATE evidence_statement SET received = 1")
    assert run(["--data", str(office.folder), "--json", "log-check"]) == 9
    out, err = capsys.readouterr()
    assert json.loads(out)["ok"] is False
    assert json.loads(err)["error"]["code"] == "log-broken"


def test_sweeping_reports_what_it_removed(office: Bench, capsys):
    office.put(b"nobody needs this")
    assert json.loads(
        ok(capsys, "--data", str(office.folder), "--json", "sweep-blobs", "--older-than", "24h")
    ) == {
        "removed": 0,
        "bytes": 0,
    }


def test_the_openapi_document_is_printed_without_an_office(capsys):
    assert json.loads(ok(capsys, "openapi"))["info"]["version"] == "1"


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_no_command_takes_a_secret_as_an_argument(name: str):
    options = [option for parameter in cli.commands[name].params for option in parameter.opts]
    assert not {"--passphrase", "--password", "--pin"} & set(options)
