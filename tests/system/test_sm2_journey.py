"""The way of a filing in SM2 with SM3, through real programs, and what strangers say of it."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.demo import certificates_verify, statements_verify
from tests.system.journey import CommandFailed, Journey, pdf

pytestmark = pytest.mark.slow

JUDGE = Path("build/judge/bin/python")
SCHOOL, BUREAU = "12629900MB00000274", "11629900MB0000019C"
SCHOOL_KEY, BUREAU_KEY, OFFICER_KEY, BLANK, FOREIGN = (
    f"BD-00000{number}" for number in range(1, 6)
)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """An office in SM2 that serves, three keys of it, a blank one, and one for another office."""
    with Journey(tmp_path_factory.mktemp("sm2")) as made:
        made.plug(5)
        made.found_office("sm2")
        made.serve()
        made.enrol(SCHOOL, SCHOOL_KEY)
        made.enrol(BUREAU, BUREAU_KEY, role="supervisor")
        made.enrol(made.office_uscc(), OFFICER_KEY, role="officer")
        yield made


@pytest.fixture(scope="module")
def accepted(journey: Journey) -> Path:
    """The folder of a filing that went the whole way to its decision."""
    folder, at = journey.folder / "filing", ("--office", journey.url)
    (journey.folder / "form.json").write_text(
        json.dumps(journey.run("biandun", "filing", "example"), ensure_ascii=False)
    )
    (journey.folder / "letter.pdf").write_bytes(pdf())
    attach = ("--attach", "application_document=letter.pdf")
    journey.run(
        "biandun",
        "filing",
        "prepare",
        "form.json",
        *attach,
        "--out",
        folder,
        "--serial",
        SCHOOL_KEY,
    )
    journey.with_pin("filing", "sign", folder, serial=SCHOOL_KEY)
    letter = (
        "--document-no",
        "陇澜教函〔2026〕18号",
        "--document-title",
        "申请",
        "--document-date",
        "2026-11-20",
    )
    opinion = ("--opinion", "agree", "--text", "同意申报。", "--by", "测试员乙", *letter, *attach)
    journey.with_pin("filing", "countersign", folder, *opinion, serial=BUREAU_KEY)
    handed_in = journey.run("biandun", "filing", "submit", folder, *at)
    journey.with_pin("office", "login", *at, serial=OFFICER_KEY)
    words = (
        "--decision",
        "accept",
        "--text",
        "予以受理。",
        "--by",
        "测试员丙",
        "--out",
        journey.folder / "decision",
    )
    journey.with_pin("office", "decide", handed_in["case"], *words, *at, serial=OFFICER_KEY)
    for one in (folder, folder / "countersign", journey.folder / "decision"):
        journey.run("biandun", "filing", "export", one)
    return folder


def copied(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_the_case_is_accepted_and_the_log_agrees(journey: Journey, accepted: Path) -> None:
    case = json.loads((accepted / "filing.json").read_text())["case"]
    assert (
        journey.run("biandun", "office", "case", case, "--office", journey.url)["state"]
        == "ACCEPTED"
    )
    assert journey.office("log-check")["ok"] is True


def test_an_officer_reads_the_case_and_brings_it_home(journey: Journey, accepted: Path) -> None:
    case, at = json.loads((accepted / "filing.json").read_text())["case"], ("--office", journey.url)
    shown = journey.run("biandun", "office", "show", case, *at)
    assert (shown["opinions"][0]["opinion"], shown["decisions"][0]["decision"]) == (
        "agree",
        "accept",
    )
    fetched = journey.folder / "fetched"
    journey.run("biandun", "office", "fetch", case, "--out", fetched, *at)
    verdict = journey.run(
        "biandun", "filing", "verify", fetched, "--root", journey.folder / "office" / "root.pem"
    )
    assert (verdict["good"], {step["part"] for step in verdict["steps"]}) == (
        True,
        {"", "countersign", "decision"},
    )


def test_each_key_keeps_the_receipt_of_what_it_signed(journey: Journey, accepted: Path) -> None:
    folders = (
        (SCHOOL_KEY, accepted),
        (BUREAU_KEY, accepted / "countersign"),
        (OFFICER_KEY, journey.folder / "decision"),
    )
    for serial, folder in folders:
        kept = journey.run("biandun", "filing", "keep", folder, "--serial", serial)
        assert kept["receipt_verified_by_key"] is True


def test_the_folder_verifies_offline(journey: Journey, accepted: Path) -> None:
    root = journey.folder / "office" / "root.pem"
    assert journey.run("biandun", "filing", "verify", accepted, "--root", root)["good"] is True


def test_openssl_verifies_certificates_statements_and_receipts(
    journey: Journey, accepted: Path
) -> None:
    folders = {
        "filing": accepted,
        "countersign": accepted / "countersign",
        "decision": journey.folder / "decision",
    }
    for purpose, folder in folders.items():
        assert certificates_verify(folder, "sm2")
        assert statements_verify(JUDGE, folder, purpose, "sm2")


@pytest.mark.parametrize(
    "name", ["statement.cose", "manifest.cbor", "receipt.cose", "receipt-payload.cbor"]
)
def test_openssl_notices_a_changed_byte(name: str, accepted: Path, tmp_path: Path) -> None:
    folder = copied(accepted, tmp_path)
    genuine = (folder / name).read_bytes()
    (folder / name).write_bytes(genuine[:-1] + bytes((genuine[-1] ^ 1,)))
    with pytest.raises(subprocess.CalledProcessError):
        statements_verify(JUDGE, folder, suite="sm2")


def test_openssl_refuses_the_certificate_under_another_root(
    journey: Journey, accepted: Path, tmp_path: Path
) -> None:
    folder, other = copied(accepted, tmp_path), Journey(tmp_path / "other")
    other.found_office("sm2")
    shutil.copy(other.folder / "office" / "root.pem", folder / "root.pem")
    with pytest.raises(subprocess.CalledProcessError):
        certificates_verify(folder, "sm2")


def test_the_list_of_keys_says_the_suite(journey: Journey) -> None:
    suites = {row["serial"]: row["suite"] for row in journey.run("biandun", "keys", "list")}
    assert (suites[SCHOOL_KEY], suites[BLANK]) == ("SM2", None)
    assert journey.run("biandun", "keys", "info", "--serial", SCHOOL_KEY)["suite"] == "SM2"


def test_a_key_of_an_office_in_es256_gets_no_certificate_here(
    journey: Journey, tmp_path: Path
) -> None:
    other = Journey(tmp_path / "es256")
    other.found_office()
    other.office("offer", "--unit", SCHOOL, "--out", tmp_path / "offer")
    journey.run(
        "biandun",
        "keys",
        "enroll",
        tmp_path / "offer",
        "--out",
        tmp_path / "request",
        "--serial",
        FOREIGN,
    )
    with pytest.raises(CommandFailed) as caught:
        journey.office(
            "issue",
            tmp_path / "request",
            "--out",
            tmp_path / "grant",
            "--passphrase-file",
            journey.passphrase,
        )
    assert caught.value.code == "algorithm-mismatch"
    assert not (tmp_path / "grant").exists()
