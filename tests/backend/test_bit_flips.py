"""One wrong bit anywhere: refused, always, and without a trace."""

import random

from biandun_protocol import cose
from tests.backend.bench import ONLY_SQLITE, Bench, digest_of, rows
from tests.support.softkey import SoftKey


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@ONLY_SQLITE  # wrong bytes never reach the database
def test_every_single_bit_of_a_statement_counts_before_it_is_accepted(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    for bit in range(8 * len(statement)):
        answer = office.post(flipped(statement, bit))
        assert 400 <= answer.status_code < 500, bit
    assert rows() == (0, 0, 0, 0, 0)
    assert office.post(statement).status_code == 201


@ONLY_SQLITE  # wrong bytes never reach the database
def test_no_single_bit_makes_a_second_case_of_an_accepted_statement(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    receipt = office.post(statement).content
    before = rows()
    for bit in range(8 * len(statement)):
        answer = office.post(flipped(statement, bit))
        same = answer.status_code == 200 and answer.content == receipt
        assert same or 400 <= answer.status_code < 500, bit
    assert rows() == before
    assert (
        cose.parse(statement, purpose="filing").id.hex()
        == office.post(statement)["Biandun-Statement"]
    )


@ONLY_SQLITE  # wrong bytes never reach the database
def test_a_thousand_random_bits_of_an_attachment_are_noticed(office: Bench):
    chosen = random.Random(20261124)
    attachment = chosen.randbytes(60_000)
    for _ in range(1000):
        answer = office.put(
            flipped(attachment, chosen.randrange(8 * len(attachment))), digest_of(attachment)
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "blob-mismatch")
    assert office.client.head(f"/blobs/{digest_of(attachment)}").status_code == 404
