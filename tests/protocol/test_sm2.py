"""The SM2 suite: its frozen vectors, its verifier against the standard and against another library,
and the border to ES256.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import gmssl_fast
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biandun_protocol import certificate, cose, sm2
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.errors import Problem, ReceiptProblem, StatementProblem
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire.messages import IssuerManifest
from biandun_protocol.wire.numbers import KEY_PURPOSES, OFFICE_PURPOSES, SCHEMA_ISSUER
from tests.support.signers import signer_from
from tests.support.softkey import SoftKey
from tests.support.softoffice import SoftOffice

FOLDER = Path(__file__).resolve().parents[2] / "protocol/vectors"
VECTORS: dict[str, Any] = json.loads((FOLDER / "statements-sm2.json").read_text("utf-8"))
KEYS = {entry["name"]: PublicKey(SM2, bytes.fromhex(entry["public"])) for entry in VECTORS["keys"]}
VALID = {entry["name"]: entry for entry in VECTORS["valid"]}
UNIT = KEYS["unit"].point

# GB/T 32918.5-2017 A.2: the signature of "message digest"
SAMPLE_POINT = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SAMPLE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def named(section: str) -> Any:
    return pytest.mark.parametrize(
        "entry", VECTORS[section], ids=lambda entry: entry["name"].replace(" ", "-")
    )


def parse(entry: dict[str, Any]) -> cose.Statement:
    return cose.parse(bytes.fromhex(entry["statement"]), purpose=entry["purpose"])


def code_of(caught: pytest.ExceptionInfo[Problem]) -> str:
    return caught.value.code


@named("valid")
def test_a_good_statement_in_sm2_parses_and_verifies_for_ever(entry: dict[str, Any]) -> None:
    statement = parse(entry)
    cose.verify(statement, KEYS[entry["signer"]])
    assert (statement.tbs.hex(), statement.id.hex()) == (entry["tbs"], entry["statement_id"])
    assert statement.covers(bytes.fromhex(entry["manifest"]))


@named("refused")
def test_a_statement_in_sm2_that_breaks_one_rule_is_refused_by_its_code(
    entry: dict[str, Any],
) -> None:
    with pytest.raises(StatementProblem) as caught:
        cose.verify(parse(entry), KEYS[entry["signer"]])
    assert (code_of(caught), caught.value.values.get("field")) == (entry["code"], entry["field"])


@named("receipts")
def test_a_receipt_in_sm2_is_judged_as_its_vector_says(entry: dict[str, Any]) -> None:
    statement = parse(VALID[entry["of"]])
    receipt = Receipt(bytes.fromhex(entry["receipt"]), bytes.fromhex(entry["payload"]))
    issuer = IssuerManifest(
        SCHEMA_ISSUER, "629900", KEYS["office"].point, sha256(b"X.509 of office").digest(), 0, 2**40
    )
    if entry["code"] == "ok":
        assert verify_receipt(receipt, statement, issuer, SM2).statement_id == statement.id
        return
    with pytest.raises((ReceiptProblem, StatementProblem)) as caught:
        verify_receipt(receipt, statement, issuer, SM2)
    assert code_of(caught) == entry["code"]


@named("keys")
def test_the_key_id_is_that_of_the_named_curve(entry: dict[str, Any]) -> None:
    signer = signer_from(int(entry["private"], 16), SM2)
    assert (signer.public_key.hex(), PublicKey.of(signer).kid.hex()) == (
        entry["public"],
        entry["kid"],
    )


def test_the_vectors_have_a_good_statement_in_sm2_for_every_purpose() -> None:
    assert {entry["purpose"] for entry in VECTORS["valid"]} == set(KEY_PURPOSES) | set(
        OFFICE_PURPOSES
    )


def test_another_library_verifies_every_signature_of_the_vectors() -> None:
    for entry in VECTORS["valid"]:
        judge = gmssl_fast.SM2(public_key=KEYS[entry["signer"]].point.hex())
        assert judge.verify(bytes.fromhex(entry["tbs"]), parse(entry).signature), entry["name"]


def test_the_name_of_a_statement_is_not_what_is_signed() -> None:
    statement = parse(VALID["filing"])
    assert statement.id == sm2.sm3(statement.tbs)
    assert sm2.message_digest(UNIT, statement.tbs) != int.from_bytes(statement.id, "big")


def test_the_sample_of_the_standard_verifies() -> None:
    assert sm2.verify(SAMPLE_POINT, b"message digest", SAMPLE)


def test_the_identity_digest_is_the_standards() -> None:
    wanted = "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3"
    assert sm2.identity_digest(SAMPLE_POINT).hex() == wanted


@settings(max_examples=25, deadline=None)
@given(secret=st.integers(1, sm2.N - 2), message=st.binary(max_size=200))
def test_what_another_library_signs_verifies_and_nothing_else(secret: int, message: bytes) -> None:
    signer = signer_from(secret, SM2)
    signature = signer.sign(message)
    assert sm2.verify(signer.public_key, message, signature)
    assert not sm2.verify(signer.public_key, message + b"\0", signature)


def number(value: int) -> bytes:
    return value.to_bytes(32, "big")


R, S = SAMPLE[:32], SAMPLE[32:]
BAD_SIGNATURES = {
    "r of zero": bytes(32) + S,
    "s of zero": R + bytes(32),
    "r of the order": number(sm2.N) + S,
    "s of the order": R + number(sm2.N),
    "r above the order": b"\xff" * 32 + S,
    "s above the order": R + b"\xff" * 32,
    "r and s that add up to the order": R + number(sm2.N - int.from_bytes(R, "big")),
    "s negated": R + number(sm2.N - int.from_bytes(S, "big")),
    "r and s exchanged": S + R,
    "one byte short": SAMPLE[:63],
    "one byte long": SAMPLE + b"\0",
    "nothing": b"",
}


@pytest.mark.parametrize("signature", BAD_SIGNATURES.values(), ids=BAD_SIGNATURES)
def test_a_signature_outside_the_standard_is_refused(signature: bytes) -> None:
    with pytest.raises(StatementProblem) as caught:
        PublicKey(SM2, SAMPLE_POINT).verify(b"message digest", signature)
    assert code_of(caught) == "signature-invalid"


BAD_POINTS = {
    "nothing": b"",
    "zeros": bytes(65),
    "the origin": b"\x04" + bytes(64),
    "coordinates beyond the field": b"\x04" + b"\xff" * 64,
    "a point beside the curve": SAMPLE_POINT[:-1] + bytes([SAMPLE_POINT[-1] ^ 1]),
    "a compressed point": b"\x03" + SAMPLE_POINT[1:33],
    "the hybrid form": b"\x07" + SAMPLE_POINT[1:],
    "a point of P-256": signer_from(7).public_key,
}


@pytest.mark.parametrize("point", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_public_key_that_is_no_point_of_the_curve_is_refused(point: bytes) -> None:
    with pytest.raises(StatementProblem) as caught:
        PublicKey(SM2, point).verify(b"message digest", SAMPLE)
    assert code_of(caught) == "key-invalid"


def test_a_signature_under_another_identity_is_refused() -> None:
    entry = next(
        entry for entry in VECTORS["refused"] if entry["name"] == "signature with another identity"
    )
    statement = parse(entry)
    assert not sm2.verify(UNIT, statement.tbs, statement.signature)


def test_a_statement_in_sm2_is_no_statement_of_a_key_certified_for_es256() -> None:
    with pytest.raises(StatementProblem) as caught:
        cose.verify(parse(VALID["filing"]), PublicKey(ES256, UNIT))
    assert code_of(caught) == "algorithm-mismatch"
    assert "SM2" in caught.value.message("zh") and "ES256" in caught.value.message("en")


def test_a_statement_in_es256_is_no_statement_of_a_key_certified_for_sm2() -> None:
    es256 = json.loads((FOLDER / "statements.json").read_text("utf-8"))
    entry = next(entry for entry in es256["valid"] if entry["name"] == "filing")
    with pytest.raises(StatementProblem) as caught:
        cose.verify(parse(entry), KEYS["unit"])
    assert code_of(caught) == "algorithm-mismatch"


def test_a_root_in_sm2_certifies_nobody_in_es256() -> None:
    office = SoftOffice()  # all of it in ES256, and named by the right office
    with pytest.raises(StatementProblem) as caught:
        certificate.verify_issuer(
            office.anchor, PublicKey(SM2, SoftOffice(algorithm=SM2).root.public_key)
        )
    assert code_of(caught) == "algorithm-mismatch"


def test_a_proof_of_possession_in_another_suite_is_refused() -> None:
    office, key = SoftOffice(algorithm=SM2), SoftKey()
    request = key.prove_possession(office.offer())
    with pytest.raises(StatementProblem) as caught:
        office.grant(request)
    assert code_of(caught) == "algorithm-mismatch"
