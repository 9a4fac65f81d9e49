"""A kept contradiction is whole, stays whole, and can be read by officers and verified by whoever
has openssl.
"""

import hashlib
import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from biandun_office.cli.main import run
from biandun_office.evidence import audits, blobs, fork_export, services
from biandun_office.evidence.models import Blob, ForkEvidence
from biandun_office.installation import backup
from biandun_office.office.identity import Office
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from biandun_protocol.wire import merkle
from tests.backend import bench
from tests.backend.bench import CHEAP, HOSPITAL, ONLY_SQLITE, PASSPHRASE, SIGNED, Bench, digest_of
from tests.backend.people import Key, name
from tests.backend.test_audits import Device
from tests.backend.test_chain import FORKS
from tests.support.softkey import attachment, manifest

PDF = b"%PDF-1.7 an attachment that only the fork names"
JUDGE = Path("build/judge/bin/python")


def forked(office: Bench, key: Key, **form: object) -> bytes:
    """Number 1 is accepted, another number 1 is refused and kept; returns the latter."""
    assert office.file(key).status_code == 201
    raw = manifest(**{"attachments": (attachment(PDF),), "reason": "同一序号的另一份。", **form})
    office.put(PDF)
    office.put_manifest(raw)
    statement = key.sign(raw, seq=1, prev=bytes(32))
    assert office.post(statement).json()["code"] == "chain-fork"
    return statement


def exported(
    office: Bench, out: Path, capsys: pytest.CaptureFixture[str], fork: str = ""
) -> tuple[Path, dict[str, object]]:
    """The export by the command, and its description."""
    found = fork or fork_export.listed()[0].name
    assert (
        run(["--data", str(office.folder), "--json", "export-fork", found[:12], "--out", str(out)])
        == 0
    )
    capsys.readouterr()
    return out, json.loads((out / "fork.json").read_bytes())


def missing(about: dict[str, object]) -> dict[str, str]:
    return {one["file"]: one["why"] for one in about["missing"]}  # type: ignore[attr-defined]


def test_the_sweep_spares_what_a_kept_fork_rests_on(office: Bench, key: Key):
    forked(office, key)
    assert services.sweep_blobs(older_than=clock.now() + 1) == (0, 0)
    assert blobs.read(digest_of(PDF), 100) == PDF


@pytest.mark.parametrize("make", [make for *_, make in FORKS], ids=lambda make: make.__name__)
def test_no_kind_of_fork_loses_a_file_to_the_sweep(office: Bench, key: Key, make):
    office.post(make(office, key))
    office.put(b"nothing names this one")
    fork = fork_export.export(fork_export.listed()[0], office.office)
    services.sweep_blobs(older_than=clock.now() + 1)
    again = fork_export.export(fork_export.listed()[0], office.office)
    assert (again.missing, set(again.files)) == ([], set(fork.files))
    assert blobs.size_of(digest_of(b"nothing names this one")) is None


def test_a_fork_whose_row_of_a_file_was_lost_in_a_crash_keeps_the_file(office: Bench, key: Key):
    forked(office, key)
    Blob.objects.filter(pk=digest_of(PDF)).delete()
    services.sweep_blobs(older_than=clock.now() + 1)
    assert blobs.read(digest_of(PDF), 100) == PDF


@pytest.mark.parametrize("uploaded", ["nothing", "manifest", "attachment"])
def test_a_contradiction_is_kept_though_its_files_never_came_and_the_export_says_so(
    office: Bench, key: Key, tmp_path: Path, capsys, uploaded: str
):
    office.file(key)
    raw = manifest(attachments=(attachment(PDF),), reason="从未上传。")
    if uploaded == "manifest":
        office.put_manifest(raw)
    if uploaded == "attachment":
        office.put(PDF)
    statement = key.sign(raw, seq=1, prev=bytes(32))
    assert office.post(statement).json()["code"] == "chain-fork"
    assert ForkEvidence.objects.get().statement_id == name(statement).hex()
    _, about = exported(office, tmp_path / "fork", capsys)
    absent = (
        f"kept/attachments/{digest_of(PDF)}" if uploaded == "manifest" else "kept/manifest.cbor"
    )
    assert missing(about) == {absent: "never uploaded"}
    assert absent in (tmp_path / "fork" / "README.txt").read_text()


def test_files_of_a_fork_that_come_later_are_kept_too(office: Bench, key: Key):
    office.file(key)
    raw = manifest(attachments=(attachment(PDF),), reason="后来才上传。")
    office.post(key.sign(raw, seq=1, prev=bytes(32)))
    office.put_manifest(raw)
    office.put(PDF)
    services.sweep_blobs(older_than=clock.now() + 1)
    assert fork_export.export(fork_export.listed()[0], office.office).missing == []


def test_a_contradiction_whose_manifest_breaks_the_rules_is_kept_with_its_attachments(
    office: Bench, key: Key
):
    office.file(key)
    raw = bytearray(manifest(attachments=(attachment(PDF),), reason="格式不合规。"))
    office.put(PDF)
    at = raw.index(b"2026-11-")
    raw[at : at + 4] = b"2O26"  # a letter: no date
    office.put_manifest(bytes(raw))
    assert office.post(key.sign(bytes(raw), seq=1, prev=bytes(32))).json()["code"] == "chain-fork"
    services.sweep_blobs(older_than=clock.now() + 1)
    assert (
        f"kept/attachments/{digest_of(PDF)}"
        in fork_export.export(fork_export.listed()[0], office.office).files
    )


def test_a_statement_without_its_files_that_contradicts_nothing_suspends_nobody(
    office: Bench, key: Key
):
    office.file(key)
    answer = office.post(key.sign(manifest(reason="正常的下一份。")))
    assert answer.json()["code"] == "blob-missing"
    assert ForkEvidence.objects.count() == 0


def test_the_export_has_both_sides_with_everything_up_to_the_root(
    office: Bench, key: Key, tmp_path: Path, capsys
):
    statement = forked(office, key)
    out, about = exported(office, tmp_path / "fork", capsys)
    assert (out / "kept" / "statement.cose").read_bytes() == statement
    whole = {
        "statement.cose",
        "manifest.cbor",
        "certificate.pem",
        "certificate.der",
        "profile.cose",
        "profile.cbor",
    }
    for side in ("kept", "known-1"):
        assert whole <= {path.name for path in (out / side).iterdir()}
        assert len(list((out / side / "attachments").iterdir())) == 1
    assert {path.name for path in (out / "office").iterdir()} == {
        "root.pem",
        "issuing.pem",
        "issuer.cose",
        "issuer.cbor",
    }
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    listed = {one["path"]: one for one in about["files"]}  # type: ignore[index, attr-defined]
    assert found - {"fork.json"} == set(listed)
    assert all(
        sha256((out / path).read_bytes()).hexdigest() == one["sha256"]
        for path, one in listed.items()
    )
    assert missing(about) == {}


def openssl(*arguments: object) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@ONLY_SQLITE  # about files
@pytest.mark.skipif(not JUDGE.exists(), reason="make judge")
def test_openssl_and_python_cwt_verify_both_sides_and_the_receipt(
    office: Bench, key: Key, tmp_path: Path, capsys
):
    forked(office, key)
    out, _ = exported(office, tmp_path / "fork", capsys)
    for side in ("kept", "known-1"):
        openssl(
            "verify",
            "-CAfile",
            out / "office/root.pem",
            "-untrusted",
            out / "office/issuing.pem",
            out / side / "certificate.pem",
        )
        (tmp_path / "public.pem").write_text(
            openssl("x509", "-in", out / side / "certificate.pem", "-noout", "-pubkey")
        )
        signature = ("-signature", out / side / "signature.der", out / side / "tbs")
        openssl("dgst", "-sha256", "-verify", tmp_path / "public.pem", *signature)
        assert (out / side / "tbs").read_bytes()[-32:] == sha256(
            (out / side / "manifest.cbor").read_bytes()
        ).digest()
    for statement, purpose, certificate, signed in (
        ("kept/statement.cose", "filing", "kept/certificate.pem", "kept/manifest.cbor"),
        ("known-1/receipt.cose", "receipt", "office/issuing.pem", "known-1/receipt-payload.cbor"),
        ("log/receipt.cose", "receipt", "office/issuing.pem", "log/receipt-payload.cbor"),
        ("office/issuer.cose", "issuer", "office/root.pem", "office/issuer.cbor"),
        ("kept/profile.cose", "profile", "office/issuing.pem", "kept/profile.cbor"),
    ):
        judge = [
            str(JUDGE),
            "tests/system/judge.py",
            str(out / statement),
            purpose,
            str(out / certificate),
            str(out / signed),
        ]
        done = subprocess.run(judge, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_openssl_verifies_an_export_in_sm2(tmp_path: Path, capsys):
    bench.found(tmp_path / "office", suite="SM2")
    office = Bench(tmp_path / "office")
    forked(office, office.new_key())
    out, _ = exported(office, tmp_path / "fork", capsys)
    identity = "distid:1234567812345678"
    (tmp_path / "public.pem").write_text(
        openssl("x509", "-in", out / "kept/certificate.pem", "-noout", "-pubkey")
    )
    how = (
        "-verify",
        "-rawin",
        "-digest",
        "sm3",
        "-pkeyopt",
        identity,
        "-pubin",
        "-inkey",
        tmp_path / "public.pem",
    )
    openssl("pkeyutl", *how, "-in", out / "kept/tbs", "-sigfile", out / "kept/signature.der")
    assert (out / "kept/tbs").read_bytes()[-32:] == hashlib.new(
        "sm3", (out / "kept/manifest.cbor").read_bytes()
    ).digest()


def test_the_proofs_of_the_log_hold(office: Bench, key: Key):
    import cbor2

    other = office.new_key(HOSPITAL, "BD-TEST-0002")
    forked(office, key)
    for number in range(3):
        office.file(other, **bench.HOSPITAL_FORM, reason=f"之后第 {number} 份。")
    files = fork_export.export(fork_export.listed()[0], office.office).files
    statement, index, size, root, path, _ = cbor2.loads(files["known-1/receipt-payload.cbor"])  # type: ignore[arg-type]
    leaf = merkle.leaf_hash(files["known-1/received.cbor"])  # type: ignore[arg-type]
    assert merkle.verify_inclusion(leaf, index, size, path, root)
    *_, newest_size, newest_root, _, _ = cbor2.loads(files["log/receipt-payload.cbor"])  # type: ignore[arg-type]
    (growth,) = json.loads(files["log/consistency.json"])  # type: ignore[arg-type]
    proof = [bytes.fromhex(node) for node in growth["path"]]
    assert (growth["first"], growth["second"], newest_size) == (size, newest_size, 4)
    assert merkle.verify_consistency(size, root, newest_size, newest_root, proof)
    assert statement.hex() == ForkEvidence.objects.get().known


def test_an_export_of_links_that_contradicts_comes_with_what_it_contradicts(
    office: Bench, key: Key, tmp_path: Path, capsys
):
    assert office.post(key.links(5, [b"\x05" * 32]), SIGNED, "/links").status_code in (200, 201)
    assert (
        office.post(key.links(5, [b"\x06" * 32]), SIGNED, "/links").json()["code"] == "chain-broken"
    )
    out, about = exported(office, tmp_path / "fork", capsys)
    assert (about["kind"], missing(about)) == ("links", {})
    for side, link in (("kept", b"\x06"), ("known-1", b"\x05")):
        assert link * 32 in (out / side / "manifest.cbor").read_bytes()
        assert (out / side / "certificate.pem").is_file()


@ONLY_SQLITE  # about files
def test_a_contradicting_audit_ring_can_be_read_and_verified(office: Bench, tmp_path: Path, capsys):
    device = Device(office)
    first, second = device.export(3), device.export(3, detail=1)
    audits.receive(raw=first, algorithm=office.office.algorithm, now=5)
    with pytest.raises(Refused):
        audits.receive(raw=second, algorithm=office.office.algorithm, now=6)
    out, about = exported(office, tmp_path / "fork", capsys, sha256(second).hexdigest())
    assert (about["kind"], about["known"], missing(about)) == (
        "audit",
        sha256(first).hexdigest(),
        {},
    )
    for side in ("kept", "known-1"):
        signature = ("-signature", out / side / "signature.der", out / side / "tbs")
        openssl("dgst", "-sha256", "-verify", out / side / "device-key.pem", *signature)


@ONLY_SQLITE  # about files
@pytest.mark.parametrize("change", ["deleted", "altered"])
def test_an_export_says_which_file_is_lost_or_altered(
    office: Bench, key: Key, tmp_path: Path, capsys, change: str
):
    forked(office, key)
    path = blobs.path_of(digest_of(PDF))
    if change == "deleted":
        path.unlink()
    else:
        path.write_bytes(PDF[:-1] + b"?")
    _, about = exported(office, tmp_path / "fork", capsys)
    ((file, why),) = missing(about).items()
    assert file == f"kept/attachments/{digest_of(PDF)}"
    assert why.startswith({"deleted": "lost", "altered": "altered"}[change])


@ONLY_SQLITE  # about files
def test_an_attachment_goes_out_under_its_digest_whatever_its_name_says(office: Bench, key: Key):
    office.file(key)
    raw = manifest(attachments=(attachment(PDF, name="AAAAAAAAAA.pdf"),), reason="坏名字。")
    office.put(PDF)
    office.put_manifest(raw := raw.replace(b"AAAAAAAAAA", b"../../../x"))
    assert office.post(key.sign(raw, seq=1, prev=bytes(32))).json()["code"] == "chain-fork"
    made = fork_export.export(fork_export.listed()[0], office.office)
    assert [path for path in made.files if ".." in path] == []
    assert b"../../../x.pdf" in made.files["fork.json"]  # type: ignore[operator]


@ONLY_SQLITE  # about files
@pytest.mark.parametrize(
    "name_of", [lambda known: "0" * 64, lambda known: known[:7], lambda known: ""]
)
def test_a_name_that_is_unknown_short_or_of_several_is_not_found(office: Bench, key: Key, name_of):
    forked(office, key)
    with pytest.raises(Refused) as caught:
        fork_export.find(name_of(fork_export.listed()[0].name))
    assert caught.value.code == "fork-not-found"


@ONLY_SQLITE  # about files
def test_an_existing_folder_is_left_alone(office: Bench, key: Key, tmp_path: Path, capsys):
    forked(office, key)
    (tmp_path / "fork").mkdir()
    found = fork_export.listed()[0].name
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "--json",
                "export-fork",
                found,
                "--out",
                str(tmp_path / "fork"),
            ]
        )
        == 7
    )
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-exists"
    assert list((tmp_path / "fork").iterdir()) == []


def test_an_officer_reads_every_file_over_http(office: Bench, key: Key):
    forked(office, key)
    token = office.login(office.officer())
    (fork,) = office.get("/forks", token).json()["forks"]
    about = json.loads(office.get(f"/forks/{fork['name']}/fork.json", token).content)
    for file in about["files"]:
        answer = office.get(f"/forks/{fork['name']}/{file['path']}", token)
        content = b"".join(answer) if not answer.streaming else b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        answer.close()
        assert (answer.status_code, sha256(content).hexdigest()) == (200, file["sha256"]), file[
            "path"
        ]
    for path in ("../office.json", "kept/../../office.json", "none"):
        assert office.get(f"/forks/{fork['name']}/{path}", token).status_code == 404


def test_a_backup_and_the_copied_files_carry_the_whole_fork(
    office: Bench, key: Key, tmp_path: Path
):
    forked(office, key)
    before = fork_export.export(fork_export.listed()[0], office.office)
    tried = backup.make(office.folder, tmp_path / "office.backup", PASSPHRASE, CHEAP)
    assert tried.blobs_needed == len([path for path in blobs.folder().rglob("*") if path.is_file()])
    backup.restore(tmp_path / "office.backup", tmp_path / "again", PASSPHRASE)
    shutil.copytree(office.folder / "blobs", tmp_path / "again" / "blobs", dirs_exist_ok=True)
    again = Bench(tmp_path / "again")
    after = fork_export.export(fork_export.listed()[0], Office.load(again.folder))
    assert after.missing == []
    assert after.files["fork.json"] == before.files["fork.json"]


def test_what_older_programs_kept_of_forks_counts_as_evidence_after_the_migration(
    office: Bench, key: Key
):
    from django.core.management import call_command

    forked(office, key)
    call_command("migrate", "evidence", "0007", verbosity=0, interactive=False)
    Blob.objects.filter(pk=digest_of(PDF)).update(referenced=False)
    call_command("migrate", verbosity=0, interactive=False)
    assert Blob.objects.get(pk=digest_of(PDF)).referenced


def test_forks_are_listed_for_people_and_machines(office: Bench, key: Key, capsys):
    statement = forked(office, key)
    assert run(["--data", str(office.folder), "--json", "forks"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["kind"], row["reason"], row["serial"]) == (
        name(statement).hex(),
        "statement",
        "chain-fork",
        key.serial,
    )
    assert run(["--data", str(office.folder), "forks"]) == 0
    assert row["name"] in capsys.readouterr().out
