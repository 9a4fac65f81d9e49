"""An office that an older version of the program founded: it says so, is brought up to date, and
holds what it held.
"""

import json
import shutil
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from biandun_office.cli.main import run
from biandun_office.evidence.models import Gap, LinkedName
from biandun_office.installation import backup as backups
from biandun_office.issuance.models import Certificate
from biandun_office.office import startup
from biandun_office.platform import append_only, database
from biandun_office.reception.log_check import check_log
from tests.backend.bench import CHEAP, ONLY_SQLITE, PASSPHRASE, Bench, rows
from tests.backend.databases import Databases
from tests.backend.people import name
from tests.backend.test_append_only import TABLES, triggers_of

OLDER = (("evidence", "0006"), ("issuance", "0004"))  # before key pairs could succeed each other


def back_to_older() -> None:
    for app, migration in OLDER:
        call_command("migrate", app, migration, verbosity=0, interactive=False)


def answer(
    office: Bench, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, dict[str, object]]:
    status = run(["--data", str(office.folder), "--json", *words])
    out, err = capsys.readouterr()
    return status, json.loads(out or err)


def test_an_office_of_an_older_program_says_so_until_it_is_migrated(
    office: Bench, capsys: pytest.CaptureFixture[str]
):
    key = office.new_key()
    assert office.file(key).status_code == 201
    held = rows()
    back_to_older()
    status, shown = answer(office, capsys, "log-check")
    assert (status, shown["error"]["code"]) == (4, "office-older")  # type: ignore[index]
    status, shown = answer(office, capsys, "migrate")
    assert (status, shown["steps"]) == (
        0,
        [
            "issuance 0005_chain",
            "evidence 0007_chains_of_several_pairs",
            "evidence 0008_files_of_forks",
            "issuance 0006_doubted",
        ],
    )
    assert answer(office, capsys, "migrate")[1]["steps"] == []
    assert answer(office, capsys, "log-check")[1]["ok"] is True
    certificate = Certificate.objects.get()
    assert (rows(), certificate.chain) == (held, certificate.kid)


def test_chains_with_gaps_and_links_go_on_after_a_migration(office: Bench):
    key = office.new_key()
    key.seq = 1  # the first never arrives
    statement = key.sign(office.upload(), seq=3, prev=bytes(range(32)))
    assert office.post(statement).status_code == 201
    office.post(key.links(2, [bytes(range(32))]), "application/biandun-signed+cbor", "/links")
    back_to_older()
    call_command("migrate", verbosity=0, interactive=False)
    assert (Gap.objects.filter(closed=None).get().chain, LinkedName.objects.get().chain) == (
        key_chain(),
        key_chain(),
    )
    key.seq, key.head = 3, name(statement)
    assert office.file(key, reason="随后。").status_code == 201
    assert check_log(office.office).faults == []


def key_chain() -> str:
    return Certificate.objects.get().kid


def test_evidence_stays_append_only_through_a_migration(office: Bench):
    back_to_older()
    call_command("migrate", verbosity=0, interactive=False)
    for table in TABLES:
        assert triggers_of(table) == set(append_only.trigger_names(connection.vendor, table))


def test_an_office_of_a_newer_program_is_left_alone(
    office: Bench, capsys: pytest.CaptureFixture[str]
):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('evidence', '9999_later', '2027-01-01')"
        )
    for command in ("units", "migrate"):
        status, shown = answer(office, capsys, command)
        assert (status, shown["error"]["code"]) == (4, "office-newer")  # type: ignore[index]


def test_a_new_office_has_nothing_pending(office: Bench):
    assert database.pending() == []


@ONLY_SQLITE
def test_a_lost_database_is_not_founded_anew(office: Bench, capsys: pytest.CaptureFixture[str]):
    connection.close()
    for path in office.folder.glob(f"{startup.DATABASE}*"):
        path.unlink()
    for command in ("units", "migrate", "log-check"):
        status, shown = answer(office, capsys, command)
        assert (status, shown["error"]["code"]) == (4, "database-lost")  # type: ignore[index]


@ONLY_SQLITE
@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_backup_of_an_older_program_restores_into_either(
    into: str,
    office: Bench,
    databases: Databases,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    assert office.file(office.new_key()).status_code == 201
    back_to_older()
    backups.make(office.folder, tmp_path / "older", PASSPHRASE, CHEAP)
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    words = ["restore", "--from", str(tmp_path / "older"), "--into", str(tmp_path / "restored")]
    database = ["--database", databases.create()] if into == "postgresql" else []
    assert run(["--json", *database, *words, "--passphrase-file", str(tmp_path / "secret")]) == 0
    assert run(["--data", str(tmp_path / "restored"), "--json", "migrate"]) == 0
    # as its page says
    shutil.copytree(office.folder / "blobs", tmp_path / "restored" / "blobs", dirs_exist_ok=True)
    capsys.readouterr()
    assert run(["--data", str(tmp_path / "restored"), "--json", "log-check"]) == 0
    assert json.loads(capsys.readouterr().out)["size"] == 1
