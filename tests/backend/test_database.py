"""Which database: named once at init, without a password, and one writer at a time on either
kind.
"""

import json
from pathlib import Path

import psycopg
import pytest
from django.db import close_old_connections, connection

from biandun_office.cli.main import run
from biandun_office.installation import founding as installation
from biandun_office.office import startup
from biandun_office.platform import database
from biandun_office.platform.errors import FileProblem, OfficeStateProblem
from tests.backend import bench
from tests.backend.bench import ONLY_POSTGRESQL, PASSPHRASE, SCHOOL, Bench
from tests.backend.databases import Databases
from tests.backend.people import Key


@pytest.fixture
def secret(tmp_path: Path) -> str:
    (tmp_path / "secret").write_text(PASSPHRASE.secret + "\n")
    return str(tmp_path / "secret")


@pytest.fixture
def url(databases: Databases):
    made = databases.create()
    yield made
    startup.connections.close_all()
    databases.drop(made)


def tables(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [
            name
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        ]


def test_an_office_on_postgresql_from_init_to_restore(
    tmp_path: Path, capsys, secret: str, url: str
):
    base = ["--data", str(tmp_path / "office"), "--json"]
    assert (
        run(
            [
                "--database",
                url,
                *base,
                "init",
                "--passphrase-file",
                secret,
                "--backup",
                str(tmp_path / "backup"),
            ]
        )
        == 0
    )
    made = json.loads(capsys.readouterr().out)
    assert (made["database"], made["uscc"], made["backup"]["restored"]) == (
        url,
        "11629900MB0000000F",
        True,
    )
    assert startup.database_of(tmp_path / "office") == url
    assert not (tmp_path / "office" / startup.DATABASE).exists()
    assert run([*base, "units"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
    assert (
        run(
            [
                "--json",
                "restore",
                "--from",
                str(tmp_path / "backup"),
                "--into",
                str(tmp_path / "b"),
                "--passphrase-file",
                secret,
            ]
        )
        == 0
    )
    assert startup.database_of(tmp_path / "b") == ""
    assert (tmp_path / "b" / startup.DATABASE).is_file()


def test_the_database_may_come_from_the_environment(
    tmp_path: Path, capsys, secret: str, url: str, monkeypatch
):
    monkeypatch.setenv("BIANDUN_OFFICE_DATABASE", url)
    base = ["--data", str(tmp_path / "office")]
    assert run([*base, "init", "--passphrase-file", secret]) == 0
    assert run([*base, "offer", "--unit", SCHOOL, "--out", str(tmp_path / "offer.bd")]) == 0


def test_another_database_than_the_offices_is_refused(office: Bench, capsys):
    assert (
        run(
            [
                "--data",
                str(office.folder),
                "--database",
                "postgresql://localhost/other",
                "--json",
                "units",
            ]
        )
        == 4
    )
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "database-mismatch"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("postgresql://office:geheim@localhost/office", "database-password"),
        ("postgresql://localhost/office?password=geheim", "database-password"),
        ("mysql://localhost/office", "database-url"),
        ("office.sqlite3", "database-url"),
        ("postgresql://localhost", "database-url"),
        ("postgresql://localhost/office?nonsense=geheim", "database-url"),
        ("postgresql://[geheim", "database-url"),
    ],
)
def test_a_url_with_a_password_or_without_a_name_is_refused_and_never_shown(
    tmp_path: Path, capsys, secret: str, url: str, code: str
):
    assert (
        run(
            [
                "--data",
                str(tmp_path / "office"),
                "--database",
                url,
                "--json",
                "init",
                "--passphrase-file",
                secret,
            ]
        )
        == 4
    )
    shown = capsys.readouterr().err
    assert json.loads(shown)["error"]["code"] == code
    assert "geheim" not in shown
    assert not (tmp_path / "office").exists()


def test_a_server_that_is_away_is_a_problem_with_a_next_step(tmp_path: Path, capsys, secret: str):
    away = f"postgresql://postgres@/office?host={tmp_path}"
    assert (
        run(
            [
                "--data",
                str(tmp_path / "office"),
                "--database",
                away,
                "--json",
                "init",
                "--passphrase-file",
                secret,
            ]
        )
        == 4
    )
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "database-unreachable"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret"]


@ONLY_POSTGRESQL  # the only database that can hold something before the office comes
def test_a_second_office_in_the_same_database_is_refused_and_the_first_stays(
    office: Bench, tmp_path: Path
):
    url = startup.database_of(office.folder)
    with pytest.raises(OfficeStateProblem) as caught:
        bench.found(tmp_path / "second", url)
    assert caught.value.code == "database-not-empty"
    assert not (tmp_path / "second").exists()
    startup.use_office(office.folder)
    assert bench.rows() == (0, 0, 0, 0, 0)


def test_a_founding_that_fails_at_the_end_leaves_the_database_empty(tmp_path: Path, url: str):
    def fail(work: Path) -> None:
        raise FileProblem("file-unwritable", path="backup", detail="disk full")

    identity = bench.Identity("longlan", "陇澜市委编办", "629900", database=url)
    founding = bench.Founding(identity, PASSPHRASE, bench.CHEAP, bench.clock.now())
    with pytest.raises(FileProblem):
        installation.found(tmp_path / "office", founding, before_rename=fail)
    startup.connections.close_all()
    assert tables(url) == []
    assert list(tmp_path.iterdir()) == []


# the SQLite file says so by a pragma, which test_serve tries by killing the server
@ONLY_POSTGRESQL
def test_what_is_committed_is_on_disk(office: Bench):
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)


@ONLY_POSTGRESQL  # SQLite locks its file
def test_a_writer_waits_for_the_writer_before_it(office: Bench):
    other = psycopg.connect(startup.database_of(office.folder))
    with other, other.transaction(), other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [database._WRITERS])
        connection.ensure_connection()
        with connection.cursor() as mine:
            mine.execute("SET lock_timeout = '50ms'")
        answer = office.client.post(
            "/login/challenge", data={"origin": bench.ORIGIN}, content_type="application/json"
        )
        assert (answer.status_code, answer.json()["code"]) == (503, "office-busy")
    other.close()
    assert office.challenge()


@ONLY_POSTGRESQL
@pytest.mark.parametrize("path", ["/health", "/log", "/keys/BD-TEST-0001/status", "/anchors"])
def test_a_connection_that_the_server_has_closed_is_opened_again_unnoticed(
    path: str, office: Bench, key: Key
):
    assert office.get(path).status_code == 200
    with psycopg.connect(startup.database_of(office.folder), autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    close_old_connections()  # as at the beginning of a request; the test's client leaves it out
    assert office.get(path).status_code == 200
