"""Evidence only grows: Python refuses, the database refuses, and the log finds out whoever goes
around both.
"""

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from biandun_office.evidence import audits
from biandun_office.evidence.models import Node, Receipt, Statement
from biandun_office.issuance.models import CodeGiven, KeyDevice, KeyShares, Officer, OfficerPair
from biandun_office.platform import append_only
from biandun_office.platform.rows import AppendOnly
from biandun_office.reception.log_check import check_log
from biandun_office.timekeeping.models import ClockCheck
from tests.backend.bench import ONLY_POSTGRESQL, ONLY_SQLITE, SIGNED, Bench, Settled
from tests.backend.people import Key
from tests.backend.test_audits import Device
from tests.backend.test_orders import challenge, give

TABLES = {
    "evidence_statement": "received",
    "evidence_node": "hash",
    "evidence_receipt": "tree_size",
    "evidence_attached": "sha256",
    "evidence_link": "received",
    "evidence_linkedname": "seq",
    "evidence_forkevidence": "received",
    "evidence_order": "reason",
    "evidence_auditring": "received",
    "flow_caseevent": "step",
    "issuance_statechange": "changed_at",
    "issuance_officerpair": "named_at",
    "issuance_keyshares": "received_at",
    "issuance_codegiven": "given_at",
    "timekeeping_clockcheck": "source",
}
LOGGED = ["evidence_statement", "evidence_node", "evidence_receipt"]


def five_filings(office: Bench) -> Key:
    key = office.new_key()
    for number in range(5):
        office.file(key, reason=f"第 {number} 份")
    return key


def something_in_every_table(office: Bench) -> None:
    key = five_filings(office)
    office.post(key.links(7, [bytes(32)]), SIGNED, "/links")
    give(office, challenge(key))
    audits.receive(raw=Device(office).export(1), algorithm=office.office.algorithm, now=1)
    office.post(key.sign(office.upload(reason="分叉。"), seq=1, prev=bytes(32)))
    first, second = (
        Officer.objects.create(name=name, public_key=b"", sealed=b"", made_at=1)
        for name in ("甲", "乙")
    )
    pair = OfficerPair.objects.create(version=1, first=first, second=second, raw=b"", named_at=1)
    shares = KeyShares.objects.create(
        device=KeyDevice.objects.earliest("pk"), pair=pair, number=1, raw=b"", received_at=1
    )
    CodeGiven.objects.create(shares=shares, officer=first, slot=0, given_at=1)
    ClockCheck.objects.create(at=1, last=2, log_size=1, source="钟")


@pytest.fixture
def filled(settled: Settled) -> Bench:
    return settled(five_filings)


@pytest.fixture
def full(settled: Settled) -> Bench:
    """Something in every table that only grows."""
    return settled(something_in_every_table)


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_change_evidence(full: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"UPDATE {table} SET {TABLES[table]} = {TABLES[table]}")


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_delete_evidence(full: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {table}")


@ONLY_SQLITE  # REPLACE is SQLite's own
@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_replace_evidence(full: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@ONLY_POSTGRESQL  # TRUNCATE is PostgreSQL's, and so are sessions that play a replica
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "how", ["TRUNCATE {} CASCADE", "SET LOCAL session_replication_role = replica; DELETE FROM {}"]
)
def test_the_database_refuses_to_empty_evidence(full: Bench, table: str, how: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(how.format(table))


@ONLY_POSTGRESQL  # ON CONFLICT DO UPDATE needs a named key there
def test_the_database_refuses_to_update_evidence_on_conflict(full: Bench):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(
            "INSERT INTO evidence_node SELECT * FROM evidence_node ON CONFLICT (level, index) DO UPDATE SET hash = ''"
        )


def triggers_of(table: str) -> set[str]:
    """The names of the triggers on a table that nobody can switch off."""
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A' AND tgrelid = %s::regclass",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.parametrize("table", TABLES)
def test_every_trigger_is_there_after_all_migrations(office: Bench, table: str):
    assert triggers_of(table) == set(append_only.trigger_names(connection.vendor, table))


def test_every_model_that_only_grows_is_protected():
    assert set(TABLES) == {
        model._meta.db_table for model in apps.get_models() if issubclass(model, AppendOnly)
    }


@pytest.mark.parametrize("model", [Statement, Node, Receipt])
def test_python_refuses_to_change_or_delete_evidence(filled: Bench, model: type):
    row = model.objects.first()
    for change in (
        row.save,
        row.delete,
        model.objects.all().delete,
        lambda: model.objects.update(**{}),
    ):
        with pytest.raises(TypeError, match="evidence cannot be"):
            change()


def test_a_database_without_triggers_for_it_is_refused_clearly():
    with pytest.raises(DatabaseError, match="not written for oracle"):
        append_only._statements("oracle", "evidence_node", [["level"]])


def test_the_log_of_an_honest_office_adds_up(filled: Bench):
    report = check_log(filled.office)
    assert (report.size, report.faults) == (5, [])
    assert report.root.hex() == filled.client.get("/log").json()["root"]


def test_an_empty_log_adds_up(office: Bench):
    assert check_log(office.office).faults == []


TAMPERINGS = [
    "UPDATE evidence_statement SET received = received + 1 WHERE leaf_index = 2",
    "UPDATE evidence_statement SET raw = x'00' WHERE leaf_index = 4",
    "UPDATE evidence_statement SET digest = '" + "0" * 64 + "' WHERE leaf_index = 1",
    "UPDATE evidence_statement SET statement_id = '" + "0" * 64 + "' WHERE leaf_index = 1",
    "DELETE FROM evidence_statement WHERE leaf_index = 4",
    "DELETE FROM evidence_statement WHERE leaf_index = 2",
    "UPDATE evidence_node SET hash = zeroblob(32) WHERE level = 1",
    "DELETE FROM evidence_node WHERE level = 2",
    "DELETE FROM evidence_receipt WHERE statement_id = 4",
    "UPDATE evidence_receipt SET bundle = (SELECT bundle FROM evidence_receipt WHERE statement_id = 3) WHERE statement_id = 4",
    "UPDATE evidence_receipt SET bundle = x'00'",
    "UPDATE flow_case SET state = 'ACCEPTED'",
    "UPDATE flow_caseevent SET after = 'SUBMITTED' WHERE step = 1",
    "UPDATE flow_caseevent SET action = 'flow.use_approval.resubmitted'",
    "DELETE FROM flow_caseevent",
]


@pytest.mark.parametrize("sql", TAMPERINGS)
def test_whoever_drops_the_triggers_is_found_out_by_the_log(filled: Bench, sql: str):
    for table in [*LOGGED, "flow_caseevent"]:
        for statement in append_only.removal(connection.vendor, table):
            execute(statement)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
        else:
            cursor.execute("SET session_replication_role = replica")
            for sqlite, postgresql in (
                ("x'00'", "'\\x00'::bytea"),
                ("zeroblob(32)", f"'\\x{'00' * 32}'::bytea"),
            ):
                sql = sql.replace(sqlite, postgresql)
        cursor.execute(sql)
    assert check_log(filled.office).faults
