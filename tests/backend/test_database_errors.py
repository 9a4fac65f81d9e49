"""Whatever the database says has a name: at the office's command line with the next step that
helps, over HTTP without a word of where the office keeps things.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connections

from biandun_office.cli.main import run
from biandun_office.evidence.models import Blob
from biandun_office.issuance.selectors import status_of
from biandun_office.office import startup
from biandun_office.platform import files
from biandun_office.platform.errors import SERVER
from biandun_protocol.wire.numbers import STANDING_REVOKED, STANDING_SUSPENDED
from tests.backend.bench import ONLY_POSTGRESQL, ONLY_SQLITE, PASSPHRASE, Bench
from tests.backend.databases import Databases
from tests.backend.people import Key
from tests.support.small_disk import room_for

# SQLSTATE of PostgreSQL: what it is at the command line, and over HTTP (None: a fault of ours)
STATES: dict[str, tuple[str | None, str | None]] = {
    "53100": ("storage-full", "storage-full"),
    "53200": ("office-busy", "office-busy"),
    "53300": ("office-busy", "office-busy"),
    "55P03": ("office-busy", "office-busy"),
    "57014": ("office-busy", "office-busy"),
    "40001": ("office-busy", "office-busy"),
    "40P01": ("office-busy", "office-busy"),
    "42501": ("database-refused", None),
    "25006": ("database-refused", None),
    "08006": ("database-unreachable", "office-busy"),
    "57P01": ("database-unreachable", "office-busy"),
    "57P02": ("database-unreachable", "office-busy"),
    "57P03": ("database-unreachable", "office-busy"),
    "42P01": (None, None),
    "23505": (None, None),
}


def raised(cause: Exception, kind: type[Exception] = OperationalError) -> Exception:
    """As Django raises what the driver did."""
    try:
        raise kind(str(cause)) from cause
    except kind as error:
        return error


def codes(error: Exception) -> tuple[str | None, str | None]:
    found = [files.of_database(path, error) for path in (Path("office"), None)]
    for problem in found:
        assert problem is None or "office.sqlite3" not in problem.message("en")
    if found[1] is not None and "path" in found[1].values:
        assert found[1].values["path"] == SERVER
    return (found[0] and found[0].code, found[1] and found[1].code)  # type: ignore[return-value]


@pytest.mark.parametrize("state", STATES)
def test_what_postgresql_says_has_a_name(state: str) -> None:
    assert codes(raised(psycopg.errors.lookup(state)("said"))) == STATES[state]


@pytest.mark.parametrize("kind", [psycopg.OperationalError, psycopg.InterfaceError])
def test_a_connection_that_is_gone_has_a_name(kind: type[Exception]) -> None:
    error = raised(kind("the connection is closed"), InterfaceError)
    assert codes(error) == ("database-unreachable", "office-busy")


def test_what_is_raised_for_an_error_of_the_driver_is_seen_through() -> None:
    try:
        try:
            raise raised(psycopg.errors.InsufficientPrivilege("permission denied"), DatabaseError)
        except DatabaseError:
            raise DatabaseError("Unable to create the table")  # noqa: B904 - as Django does it
    except DatabaseError as error:
        assert codes(error) == ("database-refused", None)


@ONLY_POSTGRESQL
def test_an_account_that_may_make_no_tables_is_told_so_and_leaves_nothing(
    databases: Databases,
    new_database: Callable[..., str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        owner.execute("DROP ROLE IF EXISTS biandun_test_poor")
        owner.execute("CREATE ROLE biandun_test_poor LOGIN")
        (tmp_path / "secret").write_text(PASSPHRASE.secret)
        words = ["--data", str(tmp_path / "office"), "--json", "--database"]
        words += [url.replace("postgres@", "biandun_test_poor@")]
        try:
            assert run([*words, "init", "--passphrase-file", str(tmp_path / "secret")]) == 4
        finally:
            connections.close_all()
            owner.execute("DROP ROLE biandun_test_poor")
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["code"], "permission denied" in error["message"]) == ("database-refused", True)
    assert "OWNER TO" in error["next"]
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@ONLY_POSTGRESQL
@pytest.mark.parametrize("command", ["suspend", "sweep-blobs"])
def test_a_command_that_waits_for_others_in_vain_says_that_the_office_is_busy(
    command: str, office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    url = startup.database_of(office.folder)
    # shorter than the twenty seconds of a real office
    with psycopg.connect(url, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 300')  # type: ignore[arg-type]
        other.execute("SELECT pg_advisory_lock(%s)", [0x6264_6F66_6669_6365])
        connections.close_all()
        words = ["--serial", key.serial, "--reason", "x"] if command == "suspend" else []
        assert run(["--data", str(office.folder), "--json", command, *words]) == 1
        assert json.loads(capsys.readouterr().err)["error"]["code"] == "office-busy"


# --- a full disk under the office's own database ----------------------
STOPS = {"suspend": STANDING_SUSPENDED, "revoke": STANDING_REVOKED}


def stop(command: str, office: Bench, key: Key, capsys: pytest.CaptureFixture[str]) -> str:
    """Stop a key on a full disk; return the next step."""
    startup.connections.close_all()
    words = ["--serial", key.serial, "--reason", "被盗"]
    capsys.readouterr()
    with room_for(0):
        assert run(["--data", str(office.folder), "--json", command, *words]) == 7
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["code"] == "storage-full"
    return error["next"]


@pytest.fixture
def served_from_a_full_disk(office: Bench, key: Key, monkeypatch: pytest.MonkeyPatch):
    """A server has the database open, so that it can be opened; it takes nothing more."""
    other = startup.connections["default"].get_new_connection(
        startup.connections["default"].get_connection_params()
    )
    other.execute("SELECT count(*) FROM evidence_blob").fetchone()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    yield
    other.close()


@pytest.mark.parametrize("command", STOPS)
@pytest.mark.usefixtures("served_from_a_full_disk")
@ONLY_SQLITE
def test_who_stops_a_key_on_a_full_disk_is_sent_to_the_sweep_and_then_it_works(
    command: str, office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    office.put(b"nobody names this")
    Blob.objects.update(stored_at=0)
    next_step = stop(command, office, key, capsys)
    assert "biandun-office sweep-blobs" in next_step and "17" in next_step
    assert run(["--data", str(office.folder), "sweep-blobs"]) == 0
    words = ["--serial", key.serial, "--reason", "被盗"]
    assert run(["--data", str(office.folder), command, *words]) == 0
    assert status_of(key.serial).standing == STOPS[command]


@pytest.mark.usefixtures("served_from_a_full_disk")
@ONLY_SQLITE
def test_where_there_is_nothing_to_sweep_nobody_is_sent_there(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
) -> None:
    office.put(b"uploaded a moment ago")
    assert "sweep-blobs" not in stop("revoke", office, key, capsys)


@ONLY_SQLITE
def test_where_the_database_cannot_be_opened_room_for_that_comes_first(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    next_step = stop("revoke", office, key, capsys)
    assert "1 MB" in next_step and "sweep-blobs" in next_step


@ONLY_POSTGRESQL
def test_the_disk_of_the_database_server_is_not_called_the_data_folder(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise raised(psycopg.errors.DiskFull("could not extend file"))

    monkeypatch.setattr("biandun_office.keylife.services.certificate_of_serial", full)
    words = ["--data", str(office.folder), "--lang", "en", "revoke", "--serial", key.serial]
    assert run([*words, "--reason", "x"]) == 7
    said = capsys.readouterr().err
    assert "[storage-full]" in said and "and the database was not written" in said
    assert "database server" in said and str(office.folder) not in said and "sweep" not in said


@ONLY_SQLITE
def test_over_http_a_full_disk_names_no_command_of_the_office(office: Bench) -> None:
    startup.connections.close_all()
    with room_for(0):
        answer = office.put(b"x" * 100_000)
    assert answer.status_code in (500, 507)
    said = answer.content.decode()
    assert "sweep" not in said and str(office.folder) not in said
