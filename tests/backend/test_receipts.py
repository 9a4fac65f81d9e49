"""GET /statements/{id} and its receipt."""

import pytest

from biandun_protocol import cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.receipt import Receipt, verify_receipt
from tests.backend.bench import ONLY_SQLITE, Bench, digest_of
from tests.backend.people import Key
from tests.support.softkey import SoftKey


def path_of(statement: bytes) -> str:
    return f"/statements/{cose.parse(statement, purpose='filing').id.hex()}"


def test_a_statement_can_be_looked_up(office: Bench, key: Key):
    statement = key.sign(office.upload())
    answer = office.post(statement)
    found = office.get(path_of(statement), office.login(key)).json()
    assert found["case"] == answer["Biandun-Case"]
    assert found["state"] == "PENDING_SUPERVISOR"
    assert (found["serial"], found["uscc"], found["seq"], found["gap"]) == (
        key.serial,
        key.profile.uscc,
        1,
        False,
    )
    assert (found["leaf_index"], found["tree_size"]) == (0, 1)


@pytest.mark.parametrize("part", ["", "/raw", "/receipt"])
def test_an_unknown_statement_is_not_found(office: Bench, key: Key, part: str):
    answer = office.get(f"/statements/{digest_of(b'')}{part}", office.login(key))
    assert (answer.status_code, answer.json()["code"]) == (404, "statement-not-found")


@pytest.mark.parametrize("part", ["", "/raw", "/receipt"])
def test_a_malformed_name_is_refused(office: Bench, key: Key, part: str):
    assert (
        office.get(f"/statements/xyz{part}", office.login(key)).json()["code"] == "digest-malformed"
    )


def test_a_statement_is_given_out_byte_for_byte(office: Bench, key: Key):
    statement = key.sign(office.upload())
    office.post(statement)
    answer = office.get(path_of(statement) + "/raw", office.login(key))
    assert (answer.content, answer["Content-Type"]) == (statement, "application/cose")


def test_a_receipt_takes_no_login_and_the_statement_does(office: Bench, key: Key):
    statement = key.sign(office.upload())
    office.post(statement)
    assert office.get(path_of(statement) + "/receipt").status_code == 200
    for part in ("", "/raw"):
        assert office.get(path_of(statement) + part).json()["code"] == "login-required"


def test_the_stored_receipt_can_be_fetched_again(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    bundle = office.post(statement).content
    answer = office.client.get(path_of(statement) + "/receipt")
    assert answer.content == bundle
    assert answer["Content-Type"] == "application/biandun-receipt+cbor"


def test_the_stored_receipt_is_given_while_its_tree_is_large_enough(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    bundle = office.post(statement).content
    office.file(key, reason="后来的业务。")
    assert office.client.get(path_of(statement) + "/receipt?at_least=1").content == bundle


def test_a_receipt_over_a_larger_tree_is_signed_on_demand(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    office.post(statement)
    for number in range(4):
        office.file(key, reason=f"后来的业务 {number}")
    bundle = office.client.get(path_of(statement) + "/receipt?at_least=3").content
    payload = verify_receipt(
        Receipt.decode(bundle), cose.parse(statement, purpose="filing"), office.issuer, ES256
    )
    assert (payload.leaf_index, payload.tree_size) == (0, 5)


def test_a_receipt_over_more_than_the_log_holds_is_refused(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    office.post(statement)
    answer = office.client.get(path_of(statement) + "/receipt?at_least=2")
    assert (answer.status_code, answer.json()["code"]) == (422, "proof-range")


@pytest.mark.parametrize("value", ["many", "1.5", ""])
@ONLY_SQLITE  # refused before the database is asked
def test_a_size_that_is_no_number_is_refused(office: Bench, key: SoftKey, value: str):
    statement = key.sign(office.upload())
    office.post(statement)
    answer = office.client.get(f"{path_of(statement)}/receipt?at_least={value}")
    assert (answer.status_code, answer.json()["code"]) == (400, "request-invalid")


def test_every_receipt_of_a_growing_log_verifies(office: Bench, key: SoftKey):
    for number in range(20):
        statement = key.sign(office.upload(reason=f"第 {number} 份"))
        receipt = Receipt.decode(office.post(statement).content)
        assert (
            verify_receipt(
                receipt, cose.parse(statement, purpose="filing"), office.issuer, ES256
            ).tree_size
            == number + 1
        )
