"""The whole way through real programs: what must be true of every filing, whoever fails on the
way.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from biandun import errors, keys
from biandun.office_client import Office
from biandun_protocol.algorithms import P256_ORDER
from biandun_protocol.forms.use_approval import UseApproval
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import statement as wire
from tests.support.person import Person
from tests.system.conftest import SCHOOL
from tests.system.demo import certificates_verify, statements_verify
from tests.system.journey import BIN, CommandFailed, Journey

JUDGE = Path("build/judge/bin/python")
COSE_TYPE = 'application/cose; cose-type="cose-sign1"'


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Another office, and a key of the school's that filed ``before`` there and has signed
    ``after``.
    """
    with Journey(tmp_path_factory.mktemp("elsewhere")) as made:
        made.plug()
        made.found_office()
        made.serve()
        made.enrol(SCHOOL, "BD-000001")
        (made.folder / "form.json").write_text(json.dumps(made.run("biandun", "filing", "example")))
        for name in ("before", "after"):
            made.run("biandun", "filing", "prepare", "form.json", "--out", name)
            signed(made, made.folder / name)
        submit(made, made.folder / "before")
        yield made


def signed(journey: Journey, folder: Path, serial: str = "BD-000001") -> Path:
    journey.with_pin("filing", "sign", folder, serial=serial)
    return folder


def submit(journey: Journey, folder: Path) -> dict[str, object]:
    return journey.run("biandun", "filing", "submit", folder, "--office", journey.url)


def case_of(journey: Journey, accepted: dict[str, object]) -> dict[str, Any]:
    """The case as the office's officer sees it."""
    journey.with_pin("office", "login", "--office", journey.url, serial="BD-000004")
    return journey.run("biandun", "office", "case", accepted["case"], "--office", journey.url)


def test_a_filing_becomes_a_case_with_a_receipt_that_the_key_keeps(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    accepted = submit(journey, folder)
    journey.run("biandun", "filing", "keep", folder, "--serial", "BD-000001")
    case = case_of(journey, accepted)
    assert accepted["new"] is True
    assert case["state"] == "PENDING_SUPERVISOR"
    assert journey.office("log-check")["ok"] is True


def test_strangers_verify_certificate_statement_and_receipt(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    submit(journey, folder)
    journey.run("biandun", "filing", "export", folder)
    assert certificates_verify(folder)
    assert statements_verify(JUDGE, folder)


@pytest.mark.parametrize(
    "name", ["statement.cose", "manifest.cbor", "receipt.cose", "receipt-payload.cbor"]
)
def test_strangers_notice_a_changed_byte(
    name: str, journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    submit(journey, folder)
    journey.run("biandun", "filing", "export", folder)
    certificates_verify(folder)
    genuine = (folder / name).read_bytes()
    (folder / name).write_bytes(genuine[:-1] + bytes((genuine[-1] ^ 1,)))
    with pytest.raises(subprocess.CalledProcessError):
        statements_verify(JUDGE, folder)


def test_openssl_refuses_the_certificate_under_another_root(
    journey: Journey, prepare: Callable[..., Path], elsewhere: Journey
) -> None:
    folder = signed(journey, prepare())
    submit(journey, folder)
    shutil.copy(elsewhere.folder / "office" / "root.pem", folder / "root.pem")
    with pytest.raises(subprocess.CalledProcessError):
        certificates_verify(folder)


def test_the_key_refuses_a_manifest_of_another_unit(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = prepare(serial="BD-000001")
    with pytest.raises(CommandFailed) as caught:
        signed(journey, folder, serial="BD-000002")
    assert (caught.value.code, caught.value.status) == ("unit-mismatch", 7)


def test_an_office_that_is_down_loses_nothing(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(CommandFailed) as caught:
        journey.run("biandun", "filing", "submit", folder, "--office", "http://127.0.0.1:9")
    assert (caught.value.code, caught.value.status) == ("office-unreachable", 9)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert submit(journey, folder)["new"] is True


def test_submitting_again_files_nothing_new(journey: Journey, prepare: Callable[..., Path]) -> None:
    folder = signed(journey, prepare())
    first, second = submit(journey, folder), submit(journey, folder)
    assert second == {**first, "new": False}


def test_two_clients_at_once_make_one_case_and_one_receipt(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    copies = [folder, journey.folder / f"{folder.name}-copy"]
    shutil.copytree(folder, copies[1])
    results: list[dict[str, object]] = []
    threads = [
        threading.Thread(target=lambda one=one: results.append(submit(journey, one)))
        for one in copies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({str(result["case"]) for result in results}) == 1
    assert sorted(result["new"] for result in results) == [False, True]
    assert (copies[0] / "receipt.cbor").read_bytes() == (copies[1] / "receipt.cbor").read_bytes()


def test_the_malleated_twin_of_a_statement_is_refused_and_says_why(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = signed(journey, prepare())
    accepted = submit(journey, folder)
    protected, digest, signature = wire.split((folder / "statement.cose").read_bytes())
    s = P256_ORDER - int.from_bytes(signature[32:], "big")
    twin = wire.assemble(protected, digest, signature[:32] + s.to_bytes(32, "big"))
    answer = httpx.post(
        f"{journey.url}/statements",
        content=twin,
        headers={"Content-Type": COSE_TYPE},
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "signature-high-s")
    assert len(case_of(journey, accepted)["statements"]) == 1


def test_a_program_killed_while_the_key_waits_can_be_run_again(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folder = prepare()
    presence = journey.folder / "keys" / "BD-000001.presence"
    before = journey.run("biandun", "keys", "chain", "--serial", "BD-000001")["seq"]
    presence.write_text("wait")
    try:
        command = [
            str(BIN / "biandun"),
            "filing",
            "sign",
            str(folder),
            "--serial",
            "BD-000001",
            "--pin-file",
            str(journey.pin),
        ]
        waiting = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env=journey.environment, cwd=journey.folder
        )
        assert waiting.stderr is not None
        # the form comes first, then the prompt to press the button
        assert any("BD-000001" in line for line in waiting.stderr)
        os.kill(waiting.pid, signal.SIGKILL)
        waiting.wait()
        waiting.stderr.close()
    finally:
        presence.write_text("accept")
    after = journey.with_pin("filing", "sign", folder, serial="BD-000001")
    assert after["seq"] == before + 1


def test_receipts_may_reach_the_key_in_any_order(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    folders = [signed(journey, prepare()) for _ in range(3)]
    for folder in folders:
        submit(journey, folder)
    for folder in reversed(folders):
        kept = journey.run("biandun", "filing", "keep", folder, "--serial", "BD-000001")
        assert kept["receipt_verified_by_key"] is True


def test_a_receipt_from_another_office_is_refused_by_the_key(
    journey: Journey, prepare: Callable[..., Path], elsewhere: Journey
) -> None:
    submit(journey, signed(journey, prepare()))
    receipt = Receipt.decode((elsewhere.folder / "before" / "receipt.cbor").read_bytes())
    with (
        keys.open(port=journey.ports["BD-000001"]) as key,
        pytest.raises(errors.KeyRefused) as caught,
    ):
        key.keep_receipt(receipt)
    assert caught.value.code == "receipt-foreign"


def test_a_receipt_of_another_filing_in_the_folder_is_noticed_before_the_key_is_asked(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    one, two = (signed(journey, prepare()) for _ in range(2))
    submit(journey, one)
    submit(journey, two)
    shutil.copy(two / "receipt.cbor", one / "receipt.cbor")
    with pytest.raises(CommandFailed) as caught:
        journey.run("biandun", "filing", "keep", one, "--serial", "BD-000001")
    assert (caught.value.code, caught.value.status) == ("receipt-mismatch", 8)


OPINION = ("--opinion", "agree", "--text", "同意申报。", "--by", "测试员乙")
LETTER = (
    "--document-no",
    "陇澜教函〔2026〕18号",
    "--document-title",
    "申请",
    "--document-date",
    "2026-11-20",
)
DECISION = ("--decision", "accept", "--text", "予以受理。", "--by", "测试员丙")


def consented(journey: Journey, folder: Path) -> Path:
    journey.with_pin(
        "filing", "countersign", signed(journey, folder), *OPINION, *LETTER, serial="BD-000003"
    )
    return folder


def test_a_filing_with_its_supervisors_consent_is_accepted_by_the_officer(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    accepted = submit(journey, consented(journey, prepare()))
    assert case_of(journey, accepted)["state"] == "SUBMITTED"
    words = (
        accepted["case"],
        *DECISION,
        "--office",
        journey.url,
        "--out",
        f"decision-{accepted['case']}",
    )
    decided = journey.with_pin("office", "decide", *words, serial="BD-000004")
    again = journey.with_pin("office", "decide", *words, serial="BD-000004")
    case = case_of(journey, accepted)
    assert (decided["new"], again["new"], case["state"]) == (True, False, "ACCEPTED")
    assert [step["purpose"] for step in case["history"]] == ["filing", "countersign", "decision"]


def test_an_officer_reads_a_filing_and_brings_it_home_and_another_bureaus_unit_may_not(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    accepted = submit(journey, consented(journey, prepare()))
    case, office = accepted["case"], ("--office", journey.url)
    journey.with_pin("office", "login", *office, serial="BD-000004")
    shown = journey.run("biandun", "office", "show", case, *office)
    fetched = journey.folder / f"fetched-{case}"
    journey.run("biandun", "office", "fetch", case, "--out", fetched, *office)
    verdict = journey.run(
        "biandun", "filing", "verify", fetched, "--root", journey.folder / "office" / "root.pem"
    )
    assert (shown["body"]["reason"], shown["opinions"][0]["opinion"]) == (
        UseApproval.example["reason"],
        "agree",
    )
    assert (
        shown["attachments"][0]["sha256"]
        == sha256((fetched / "attachments" / "letter.pdf").read_bytes()).hexdigest()
    )
    assert (verdict["verdict"], {step["part"] for step in verdict["steps"]}) == (
        "good",
        {"", "countersign"},
    )
    journey.with_pin("office", "login", *office, serial="BD-000002")
    for command in (("show", case), ("fetch", case, "--out", journey.folder / "stolen")):
        with pytest.raises(CommandFailed) as caught:
            journey.run("biandun", "office", *command, *office)
        assert (caught.value.code, caught.value.status) == ("case-not-found", 10)
    assert not (journey.folder / "stolen").exists()


def test_a_unit_may_not_decide_and_a_stranger_may_not_consent(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    accepted = submit(journey, signed(journey, prepare()))
    with pytest.raises(CommandFailed) as caught:
        journey.with_pin(
            "office",
            "decide",
            accepted["case"],
            *DECISION,
            "--office",
            journey.url,
            "--out",
            "x",
            serial="BD-000001",
        )
    assert caught.value.status in (7, 10)
    folder = signed(journey, prepare())
    with pytest.raises(CommandFailed) as caught:
        journey.with_pin("filing", "countersign", folder, *OPINION, *LETTER, serial="BD-000002")
    assert caught.value.code == "purpose-refused"


def test_a_lost_package_leaves_a_gap_that_the_names_of_the_statements_close(
    journey: Journey, prepare: Callable[..., Path]
) -> None:
    lost, found = signed(journey, prepare()), signed(journey, prepare())
    shutil.rmtree(lost)
    submit(journey, found)
    first = json.loads((found / "filing.json").read_text())["seq"] - 1
    journey.with_pin(
        "keys", "export-links", "--first", first, "--out", f"links-{first}.bd", serial="BD-000001"
    )
    closed = journey.run(
        "biandun", "office", "close-gap", f"links-{first}.bd", "--office", journey.url
    )
    assert closed["closed"] == [first]


def test_a_revoked_key_files_no_more_and_keeps_its_receipts(elsewhere: Journey) -> None:
    before, after = elsewhere.folder / "before", elsewhere.folder / "after"
    accepted = submit(elsewhere, before)
    elsewhere.office("revoke", "--serial", "BD-000001", "--reason", "遗失（虚构）")
    with pytest.raises(CommandFailed) as caught:
        submit(elsewhere, after)
    assert (caught.value.code, caught.value.status) == ("certificate-revoked", 10)
    assert submit(elsewhere, before) == accepted


def office_refuses(journey: Journey, *arguments: object) -> str:
    with pytest.raises(CommandFailed) as caught:
        journey.office(*arguments)
    return caught.value.code


def test_a_backup_that_is_none_is_not_restored(journey: Journey, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(b"not a backup")
    words = (
        "restore",
        "--from",
        tmp_path / "backup",
        "--into",
        tmp_path / "office",
        "--passphrase-file",
        journey.passphrase,
    )
    assert office_refuses(journey, *words) == "file-kind"
    assert not (tmp_path / "office").exists()


def test_a_port_that_is_taken_is_named(journey: Journey) -> None:
    port = journey.url.rsplit(":", 1)[1]
    assert (
        office_refuses(journey, "serve", "--port", port, "--passphrase-file", journey.passphrase)
        == "port-taken"
    )


def test_a_blob_that_is_not_there_is_not_found(journey: Journey) -> None:
    person = Person(journey.pin.read_bytes().strip())
    with (
        keys.open(port=journey.ports["BD-000004"], ui=person) as key,
        Office(journey.url) as office,
    ):
        office.login(key)
        with pytest.raises(errors.OfficeRefused) as caught:
            office.get_bytes(f"/blobs/{'0' * 64}")
    assert caught.value.code == "blob-not-found"
