"""The office's orders to one key: reset yourself, or go on after you were set back."""

import pytest

from biandun_office.evidence import chain, forks
from biandun_office.evidence.models import LinkedName, Order
from biandun_office.issuance.models import Certificate
from biandun_office.issuance.selectors import certificate_of_serial
from biandun_office.keylife import orders
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from biandun_protocol.algorithms import PublicKey
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.orders import decode_challenge, decode_order, verify_order
from biandun_protocol.wire import codec
from biandun_protocol.wire.messages import Challenge, OrderManifest
from biandun_protocol.wire.numbers import SCHEMA_CHALLENGE
from tests.backend.bench import Bench
from tests.backend.people import Key, name
from tests.backend.test_chain import missing, statements


def challenge(key: Key, *, seq: int = 0, head: bytes = bytes(32), **changed: object) -> bytes:
    fields: dict[str, object] = {
        "schema": SCHEMA_CHALLENGE,
        "serial": key.serial,
        "kid": PublicKey.of(key.signer).kid,
        "nonce": b"n" * 16,
        "generation": 0,
        "seq": seq,
        "head": head,
        "forgotten": 2,
        **changed,
    }
    return codec.encode(Challenge(**fields))  # type: ignore[arg-type]


def give(
    office: Bench, raw: bytes, purpose: str = "reinstate", **changed: object
) -> tuple[orders.IssuedOrder, OrderManifest, bytes]:
    written: list[bytes] = []
    given = orders.issue_order(
        authority=office.authority,
        challenge=raw,
        purpose=purpose,
        reason="核查无误",
        now=clock.now(),
        deliver=written.append,
        **changed,  # type: ignore[arg-type]
    )
    order = decode_order(written[0])
    return given, verify_order(order, office.issuer, office.office.algorithm), order.statement_id


def test_a_key_that_was_set_back_goes_on_behind_what_the_office_knows(office: Bench, key: Key):
    for statement in statements(office, key, 3):
        office.post(statement)
    _, manifest, _ = give(office, challenge(key, seq=1))
    assert (manifest.serial, manifest.nonce, manifest.seq, manifest.head) == (
        key.serial,
        b"n" * 16,
        3 + orders.SPARE,
        None,
    )


def test_what_the_key_remembers_and_the_office_does_not_counts_too(office: Bench, key: Key):
    assert give(office, challenge(key, seq=7), spare=10)[1].seq == 17


def test_the_next_statement_follows_the_order_and_what_is_missing_is_a_gap(office: Bench, key: Key):
    for statement in statements(office, key, 3):
        office.post(statement)
    _, manifest, order = give(office, challenge(key, seq=1), spare=5)
    assert manifest.seq == 8
    assert (
        office.post(key.sign(office.upload(reason="续签。"), seq=9, prev=order)).status_code == 201
    )
    assert missing(key) == [(4, 7)]


def test_statements_that_were_still_on_their_way_fill_the_numbers_left_free(
    office: Bench, key: Key
):
    signed = statements(office, key, 4)
    office.post(signed[0])
    _, _, order = give(office, challenge(key, seq=1), spare=5)
    assert (
        office.post(key.sign(office.upload(reason="续签。"), seq=7, prev=order)).status_code == 201
    )
    assert [office.post(statement).status_code for statement in signed[1:]] == [201] * 3


def test_a_statement_that_follows_anything_but_the_order_is_a_fork(office: Bench, key: Key):
    first, _ = statements(office, key, 2)
    office.post(first)
    give(office, challenge(key, seq=1), spare=5)
    answer = office.post(key.sign(office.upload(reason="续签。"), seq=7, prev=name(first)))
    assert answer.json()["code"] == "chain-broken"
    assert certificate_of_serial(key.serial).state == Certificate.State.SUSPENDED


@pytest.mark.parametrize(("known", "seq"), [(3, 1), (1, 1)], ids=["the office's", "the key's"])
def test_without_numbers_left_free_the_head_is_one_that_is_known(
    office: Bench, key: Key, known: int, seq: int
):
    signed = statements(office, key, 3)
    for statement in signed[:known]:
        office.post(statement)
    _, manifest, _ = give(office, challenge(key, seq=seq, head=name(signed[0])), spare=0)
    assert (manifest.seq, manifest.head) == (known, name(signed[known - 1]))
    assert LinkedName.objects.count() == 0


def test_the_same_challenge_again_gets_the_same_order(office: Bench, key: Key):
    raw = challenge(key)
    first, _, order = give(office, raw)
    assert give(office, raw)[2] == order
    assert Order.objects.count() == 1
    assert first.row.reason == "核查无误"


def test_a_reset_revokes_the_certificate(office: Bench, key: Key):
    _, manifest, _ = give(office, challenge(key), "reset")
    assert (manifest.seq, manifest.head) == (None, None)
    assert certificate_of_serial(key.serial).state == Certificate.State.REVOKED
    assert office.file(key).json()["code"] == "certificate-revoked"


def test_a_revoked_key_does_not_go_on_and_may_be_reset(office: Bench, key: Key):
    give(office, challenge(key), "reset")
    with pytest.raises(Refused) as caught:
        give(office, challenge(key, nonce=b"m" * 16))
    assert caught.value.code == "certificate-revoked"
    assert give(office, challenge(key, nonce=b"m" * 16), "reset")[1].nonce == b"m" * 16


@pytest.mark.parametrize("forgotten", [None, 0])
def test_a_key_that_was_not_set_back_gets_no_order_to_go_on(
    office: Bench, key: Key, forgotten: int | None
):
    with pytest.raises(Refused) as caught:
        give(office, challenge(key, forgotten=forgotten))
    assert caught.value.code == "not-set-back"
    assert LinkedName.objects.count() == 0


def test_a_challenge_that_claims_far_more_than_the_office_knows_is_refused(office: Bench, key: Key):
    with pytest.raises(Refused) as caught:
        give(office, challenge(key, seq=(1 << 63) - 1))
    assert caught.value.code == "challenge-implausible"
    assert give(office, challenge(key, seq=5))[1].seq == 5 + orders.SPARE


def test_a_reset_deals_with_the_forks_of_the_key(office: Bench, key: Key):
    first, second, _ = statements(office, key, 3)
    office.post(first)
    office.post(second)
    office.post(key.sign(office.upload(reason="分叉。"), seq=2, prev=name(first)))
    assert len(forks.open_alerts()) == 1
    give(office, challenge(key), "reset")
    assert forks.open_alerts() == []


def test_numbers_that_nobody_signed_are_a_gap_that_a_person_closes(office: Bench, key: Key):
    _, _, order = give(office, challenge(key), spare=5)
    office.post(key.sign(office.upload(reason="续签。"), seq=6, prev=order))
    [(first, last)] = missing(key)
    chain.close_gap(serial=key.serial, seq=last, reason="指令预留的序号", now=clock.now())
    assert (first, missing(key)) == (1, [])
    with pytest.raises(Refused) as caught:
        chain.close_gap(serial=key.serial, seq=last, reason="again", now=clock.now())
    assert caught.value.code == "gap-unknown"


def test_a_long_reason_is_kept_as_far_as_it_fits(office: Bench, key: Key):
    given = orders.issue_order(
        authority=office.authority,
        challenge=challenge(key),
        purpose="reset",
        reason="长" * 900,
        now=clock.now(),
        deliver=lambda raw: None,
    )
    assert given.row.reason == "长" * 400


def test_a_suspended_key_may_be_told_how_to_go_on(office: Bench, key: Key):
    first, second, _ = statements(office, key, 3)
    office.post(first)
    office.post(second)
    office.post(key.sign(office.upload(reason="分叉。"), seq=2, prev=name(first)))
    assert give(office, challenge(key, seq=1))[1].seq == 2 + orders.SPARE


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"kid": bytes(16)}, "certificate-unknown"), ({"serial": "BD-OTHER"}, "certificate-mismatch")],
    ids=["another key pair", "another serial number"],
)
def test_a_challenge_of_a_key_that_the_office_does_not_know_is_refused(
    office: Bench, key: Key, changed: dict[str, object], code: str
):
    with pytest.raises(Refused) as caught:
        give(office, challenge(key, **changed))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert Order.objects.count() == 0


@pytest.mark.parametrize(
    "raw", [b"", b"\xff junk", codec.encode(OrderManifest("biandun-order/1", "BD", b"n" * 16))]
)
def test_another_file_is_no_challenge(office: Bench, raw: bytes):
    with pytest.raises(ManifestProblem):
        give(office, raw)


def test_an_order_that_cannot_be_written_was_never_given(office: Bench, key: Key):
    def full(raw: bytes) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        orders.issue_order(
            authority=office.authority,
            challenge=challenge(key),
            purpose="reset",
            reason="x",
            now=clock.now(),
            deliver=full,
        )
    assert Order.objects.count() == 0
    assert certificate_of_serial(key.serial).state == Certificate.State.ACTIVE


def test_a_file_that_orders_nothing_is_no_order(office: Bench, key: Key):
    with pytest.raises(StatementProblem):
        decode_order(key.links(1, [bytes(32)]))
    with pytest.raises(ManifestProblem):
        decode_order(b"\xff")
    assert decode_challenge(challenge(key)).forgotten == 2
