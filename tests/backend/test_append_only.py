"""Evidence only grows: Python refuses, the database refuses, and the log finds out whoever goes around both."""

import pytest
from django.db import DatabaseError, connection, transaction

from biandun_office.evidence import append_only
from biandun_office.evidence.audit import check_log
from biandun_office.evidence.models import Node, Receipt, Statement
from tests.backend.bench import Bench
from tests.support.softkey import SoftKey

TABLES = ["evidence_statement", "evidence_node", "evidence_receipt"]
COLUMNS = {"evidence_statement": "received", "evidence_node": "hash", "evidence_receipt": "tree_size"}


@pytest.fixture
def filled(office: Bench, key: SoftKey) -> Bench:
    for number in range(5):
        office.file(key, reason=f"第 {number} 份")
    return office


def execute(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_change_evidence(filled: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"UPDATE {table} SET {COLUMNS[table]} = 0")


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_delete_evidence(filled: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_the_database_refuses_to_replace_evidence(filled: Bench, table: str):
    with pytest.raises(DatabaseError, match="append-only"):
        execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.parametrize("table", TABLES)
def test_every_trigger_is_there_after_all_migrations(filled: Bench, table: str):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        assert {name for (name,) in cursor.fetchall()} == set(append_only.trigger_names(table))


@pytest.mark.parametrize("model", [Statement, Node, Receipt])
def test_python_refuses_to_change_or_delete_evidence(filled: Bench, model: type):
    row = model.objects.first()
    for change in (row.save, row.delete, model.objects.all().delete, lambda: model.objects.update(**{})):
        with pytest.raises(TypeError, match="evidence cannot be"):
            change()


def test_a_database_without_triggers_for_it_is_refused_clearly():
    with pytest.raises(DatabaseError, match="not written for postgresql"):
        append_only._statements("postgresql", "evidence_node", [["level"]])


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
]


@pytest.mark.parametrize("sql", TAMPERINGS)
def test_whoever_drops_the_triggers_is_found_out_by_the_log(filled: Bench, sql: str):
    connection.cursor().execute("PRAGMA foreign_keys = OFF")
    for table in TABLES:
        for name in append_only.trigger_names(table):
            execute(f"DROP TRIGGER {name}")
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert check_log(filled.office).faults
