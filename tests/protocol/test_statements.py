"""What a verifier accepts and refuses (SPEC.md section 4), by the frozen vectors."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from biandun_protocol import cose
from biandun_protocol.algorithms import ES256, P256_ORDER, PublicKey, SoftwareSigner
from biandun_protocol.errors import ReceiptProblem, StatementProblem
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import IssuerManifest
from biandun_protocol.wire.numbers import KEY_PURPOSES, OFFICE_PURPOSES, SCHEMA_ISSUER

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "protocol/vectors/statements.json").read_text("utf-8")
)
KEYS = {
    entry["name"]: PublicKey(ES256, bytes.fromhex(entry["public"])) for entry in VECTORS["keys"]
}
VALID = {entry["name"]: entry for entry in VECTORS["valid"]}


def named(section: str) -> Any:
    return pytest.mark.parametrize(
        "entry", VECTORS[section], ids=lambda entry: entry["name"].replace(" ", "-")
    )


def parse(entry: dict[str, Any]) -> cose.Statement:
    return cose.parse(bytes.fromhex(entry["statement"]), purpose=entry["purpose"])


@named("valid")
def test_a_good_statement_parses_and_verifies_for_ever(entry: dict[str, Any]) -> None:
    statement = parse(entry)
    cose.verify(statement, KEYS[entry["signer"]])
    assert (statement.tbs.hex(), statement.id.hex()) == (entry["tbs"], entry["statement_id"])
    assert statement.raw.hex() == entry["statement"]
    assert statement.header.purpose == entry["purpose"]
    assert (statement.header.issuer, statement.header.subject) == (
        entry["issuer"],
        entry["subject"],
    )


@named("refused")
def test_a_statement_that_breaks_one_rule_is_refused_by_its_code(entry: dict[str, Any]) -> None:
    with pytest.raises(StatementProblem) as caught:
        cose.verify(parse(entry), KEYS[entry["signer"]])
    assert caught.value.code == entry["code"]
    assert caught.value.values.get("field") == entry["field"]


@named("receipts")
def test_a_receipt_is_judged_as_its_vector_says(entry: dict[str, Any]) -> None:
    statement = parse(VALID[entry["of"]])
    receipt = Receipt(bytes.fromhex(entry["receipt"]), bytes.fromhex(entry["payload"]))
    issuer = IssuerManifest(
        SCHEMA_ISSUER, "629900", KEYS["office"].point, sha256(b"X.509 of office").digest(), 0, 2**40
    )
    if entry["code"] == "ok":
        assert verify_receipt(receipt, statement, issuer, ES256).statement_id == statement.id
        return
    with pytest.raises((ReceiptProblem, StatementProblem)) as caught:
        verify_receipt(receipt, statement, issuer, ES256)
    assert caught.value.code == entry["code"]


@named("keys")
def test_the_private_keys_of_the_vectors_belong_to_their_public_keys(entry: dict[str, Any]) -> None:
    signer = SoftwareSigner(ec.derive_private_key(int(entry["private"], 16), ec.SECP256R1()))
    assert signer.public_key.hex() == entry["public"]
    assert signer.algorithm.kid_of(signer.public_key).hex() == entry["kid"]


def test_the_vectors_have_a_good_statement_for_every_purpose() -> None:
    assert {entry["purpose"] for entry in VECTORS["valid"]} == set(KEY_PURPOSES) | set(
        OFFICE_PURPOSES
    )


@pytest.mark.parametrize("purpose", [*KEY_PURPOSES, *OFFICE_PURPOSES])
def test_a_statement_is_refused_wherever_another_purpose_is_expected(purpose: str) -> None:
    others = [entry for entry in VECTORS["valid"] if entry["purpose"] != purpose]
    for entry in others:
        with pytest.raises(StatementProblem):
            cose.parse(bytes.fromhex(entry["statement"]), purpose=purpose)


def test_every_signature_in_the_vectors_has_a_low_s() -> None:
    scalars = [int(entry["signature"][64:], 16) for entry in VECTORS["signatures"]]
    assert max(scalars) <= P256_ORDER // 2


def test_the_optional_fields_arrive_typed() -> None:
    header = parse(VALID["filing-with-everything"]).header
    assert (header.user_slot, header.user_record, header.card_version) == (0, bytes(range(16)), 3)
    assert header.log_point == (7, bytes(range(32)))
    assert header.batch == (bytes(32), 0, 64)
    assert header.claimed_time == 1795478400
    assert header.serial == "BD-TEST-0001"


def test_absent_fields_are_none() -> None:
    header = parse(VALID["receipt"]).header
    assert (
        header.uscc,
        header.seq,
        header.prev,
        header.presence,
        header.subject,
        header.serial,
    ) == (None,) * 5 + ("",)


def test_a_signature_changes_nothing_about_the_name_of_a_statement() -> None:
    good, twin = (
        VALID["filing"],
        next(entry for entry in VECTORS["refused"] if entry["name"] == "high-s twin"),
    )
    assert (
        cose.parse(bytes.fromhex(twin["statement"]), purpose="filing").id.hex()
        == good["statement_id"]
    )


@pytest.mark.parametrize("place", range(0, 700, 7))
def test_a_statement_with_any_bit_flipped_is_refused(place: int) -> None:
    entry = VALID["filing"]
    raw = bytearray.fromhex(entry["statement"])
    raw[place % len(raw)] ^= 1 << place % 8
    with pytest.raises(StatementProblem):
        cose.verify(cose.parse(bytes(raw), purpose="filing"), KEYS["unit"])


def test_a_statement_cut_anywhere_is_malformed() -> None:
    raw = bytes.fromhex(VALID["filing"]["statement"])
    for size in range(len(raw)):
        with pytest.raises(StatementProblem, match="malformed"):
            cose.parse(raw[:size], purpose="filing")


@pytest.mark.parametrize(
    "point",
    [b"", bytes(65), b"\x04" + bytes(64), b"\x04" + b"\xff" * 64],
    ids=["empty", "zeros", "origin", "off"],
)
def test_a_public_key_that_is_no_point_is_refused(point: bytes) -> None:
    statement = parse(VALID["filing"])
    with pytest.raises(StatementProblem) as caught:
        statement.header.algorithm.verify(point, statement.tbs, statement.signature)
    assert caught.value.code == "key-invalid"


def test_a_signature_of_another_length_is_refused() -> None:
    statement = parse(VALID["filing"])
    with pytest.raises(StatementProblem) as caught:
        statement.header.algorithm.verify(
            KEYS["unit"].point, statement.tbs, statement.signature[:63]
        )
    assert caught.value.code == "signature-invalid"


def test_the_office_signs_what_verifies() -> None:
    signer = SoftwareSigner(ec.derive_private_key(77, ec.SECP256R1()))
    raw = cose.sign_office(
        signer,
        purpose="checkpoint",
        office_id="629900",
        region="629900",
        x5t=bytes(32),
        manifest=b"\xa0",
    )
    statement = cose.parse(raw, purpose="checkpoint")
    cose.verify(statement, PublicKey.of(signer))
    assert (statement.header.manifest_length, statement.header.x5t, statement.header.region) == (
        1,
        bytes(32),
        "629900",
    )


def test_the_office_cannot_sign_for_a_key() -> None:
    signer = SoftwareSigner(ec.derive_private_key(77, ec.SECP256R1()))
    with pytest.raises(ValueError, match="filing"):
        cose.sign_office(
            signer,
            purpose="filing",
            office_id="629900",
            region="629900",
            x5t=bytes(32),
            manifest=b"\xa0",
        )


def test_software_signatures_always_have_a_low_s() -> None:
    signer = SoftwareSigner(ec.derive_private_key(77, ec.SECP256R1()))
    scalars = [int.from_bytes(signer.sign(bytes([number]))[32:], "big") for number in range(20)]
    assert max(scalars) <= P256_ORDER // 2


def test_a_signer_does_not_show_its_private_key() -> None:
    assert "004d" not in repr(SoftwareSigner(ec.derive_private_key(77, ec.SECP256R1())))
    assert repr(SoftwareSigner(ec.derive_private_key(77, ec.SECP256R1()))).startswith(
        "<SoftwareSigner kid="
    )


def test_the_first_link_of_a_chain_is_zeros() -> None:
    assert parse(VALID["filing"]).header.prev == wire.FIRST_PREV == bytes(32)
    assert parse(VALID["filing-second-in-the-chain"]).header.prev == parse(VALID["filing"]).id
