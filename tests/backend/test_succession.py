"""A key in service gets a new key pair: one chain under two of them; with a key that runs the real
firmware.
"""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from biandun.key import succession
from biandun.keys import Key
from biandun_office.cli.main import run
from biandun_office.evidence import chain
from biandun_office.evidence.models import Alert, ForkEvidence, Gap, Statement
from biandun_office.issuance import services
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.issuance.selectors import certificate_of_serial
from biandun_office.issuance.services import Term
from biandun_office.keylife import services as keylife
from biandun_office.keylife import successions
from biandun_office.platform import clock
from biandun_office.platform.errors import Refused
from biandun_office.reception.log_check import check_log
from biandun_protocol import cose
from biandun_protocol.errors import ProtocolProblem
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.succession import Granted, Succession
from biandun_protocol.wire import codec
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.messages import Grant, PossessionManifest, SuccessionManifest
from biandun_protocol.wire.numbers import SCHEMA_POSSESSION, SCHEMA_SUCCESSION
from tests.backend.bench import ONLY_SQLITE, ORIGIN, PASSPHRASE, SIGNED, Bench
from tests.backend.bench import rows as held_rows
from tests.backend.genuine import sign
from tests.backend.people import Key as SoftKey
from tests.backend.test_orders import challenge
from tests.backend.test_orders import give as order
from tests.support.signers import signer_from

DAY = 86_400
State = Certificate.State


def answer(office: Bench, asked: Succession, **changed: object) -> Granted:
    given = give(office, asked.encode(), **changed)
    return Granted.decode(given.answer)


def give(office: Bench, request: bytes, **changed: object) -> successions.Succeeded:
    options = {"deliver": lambda raw: None, "term": Term(1000, 30, clock.now()), **changed}
    return successions.issue_successor(authority=office.authority, request=request, **options)  # type: ignore[arg-type]


def swap(office: Bench, key: Key) -> Granted:
    granted = answer(office, succession.ask(key))
    succession.install(key, granted)
    return granted


def refused(office: Bench, request: bytes) -> str:
    with pytest.raises(Refused) as caught:
        give(office, request)
    return caught.value.code


def log_in(office: Bench, key: Key) -> object:
    signed = key.login(ORIGIN, bytes.fromhex(office.challenge()))
    return office.post(signed.encode(), SIGNED, "/login").json()


# --- the whole way ----------------------------------------------------
def test_the_chain_goes_on_under_the_new_pair_without_a_gap(office: Bench, genuine: Key):
    assert office.post(sign(office, genuine, 1)).status_code == 201
    swap(office, genuine)
    assert office.post(sign(office, genuine, 2)).status_code == 201
    assert [row.seq for row in Statement.objects.order_by("leaf_index")] == [1, 2, 3]
    assert len({row.kid for row in Statement.objects.all()}) == 2
    assert not Gap.objects.exists()
    assert check_log(office.office).faults == []


def test_the_statement_is_in_the_log_and_its_receipt_is_kept_by_the_key(
    office: Bench, genuine: Key
):
    asked = succession.ask(genuine)
    granted = answer(office, asked)
    succession.install(genuine, granted)
    statement = cose.parse(asked.named.statement, purpose="succession")
    payload = verify_receipt(granted.receipt, statement, office.issuer, office.office.algorithm)
    assert (payload.leaf_index, genuine.fetch(seq=1).receipt) == (0, granted.receipt)
    raw = office.get(f"/statements/{statement.id.hex()}/receipt").content
    assert Receipt.decode(raw).read().statement_id == statement.id


def test_what_the_old_pair_signed_arrives_late_and_fills_the_gap(office: Bench, genuine: Key):
    late = sign(office, genuine, 1)
    swap(office, genuine)
    assert [(first, gap.seq) for gap, first in chain.open_gaps()] == [(1, 1)]
    assert office.post(sign(office, genuine, 3)).status_code == 201
    assert office.post(late).status_code == 201
    assert not chain.open_gaps()


def test_an_export_of_links_by_the_new_pair_closes_a_gap_of_the_old_one(
    office: Bench, genuine: Key
):
    sign(office, genuine, 1)
    swap(office, genuine)
    links = genuine.export_links(1, 1)
    closed = office.post(links.encode(), SIGNED, "/links").json()
    assert closed == {"closed": [1], "open": []}


def test_until_it_has_the_answer_a_key_goes_on_with_the_old_pair(office: Bench, genuine: Key):
    granted = answer(office, succession.ask(genuine))
    assert office.post(sign(office, genuine, 1)).status_code == 201
    for _ in range(3):
        assert "token" in str(log_in(office, genuine))
    succession.install(genuine, granted)
    assert office.post(sign(office, genuine, 2)).status_code == 201


def test_the_overlap_ends(office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch):
    late = sign(office, genuine, 1)
    swap(office, genuine)
    now = clock.now()
    office.at(monkeypatch, now + 31 * DAY)
    assert office.post(late).json()["code"] == "certificate-superseded"


def test_without_overlap_nothing_of_the_old_pair_is_taken_in(
    office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch
):
    late = sign(office, genuine, 1)
    succession.install(
        genuine, answer(office, succession.ask(genuine), term=Term(1000, 0, clock.now()))
    )
    now = clock.now()
    office.at(monkeypatch, now + 1)
    assert office.post(late).json()["code"] == "certificate-superseded"


def test_powers_unit_and_device_key_stay(office: Bench, genuine: Key):
    before = genuine.profile()
    swap(office, genuine)
    after = genuine.profile()
    assert (after.role, after.purposes, after.uscc, after.device_key) == (
        before.role,
        before.purposes,
        before.uscc,
        before.device_key,
    )
    assert after.public_key != before.public_key


def test_a_key_succeeds_twice_and_is_renewed_in_between(office: Bench, genuine: Key):
    swap(office, genuine)
    grant = services.renew(
        authority=office.authority,
        serial=genuine.info.serial,
        days=100,
        now=clock.now(),
        deliver=lambda raw: None,
    ).grant
    genuine.personalise(codec.decode(Grant, grant))
    swap(office, genuine)
    assert office.post(sign(office, genuine, 9)).status_code == 201
    assert [row.state for row in Certificate.objects.order_by("version")] == [
        *[State.SUPERSEDED] * 3,
        State.ACTIVE,
    ]
    assert len(set(Certificate.objects.values_list("chain", flat=True))) == 1
    assert StateChange.objects.filter(reason="succeeded").count() == 2


def test_the_same_request_again_gets_the_same_certificate(office: Bench, genuine: Key):
    asked = succession.ask(genuine)
    first, second = answer(office, asked), give(office, asked.encode())
    assert second.repeated
    assert Granted.decode(second.answer).grant.profile_statement == first.grant.profile_statement
    assert Certificate.objects.count() == 2
    assert Statement.objects.count() == 1


def test_an_answer_that_was_lost_is_given_again_after_the_overlap(
    office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch
):
    asked, now = succession.ask(genuine), clock.now()
    give(office, asked.encode(), term=Term(1000, 0, now))
    office.at(monkeypatch, now + 60)
    succession.install(genuine, answer(office, asked))
    assert office.post(sign(office, genuine, 1)).status_code == 201


def test_a_request_that_was_lost_is_made_anew_under_a_renewed_certificate(
    office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch
):
    first = succession.ask(genuine)
    grant = services.renew(
        authority=office.authority,
        serial=genuine.info.serial,
        days=100,
        overlap_days=1,
        now=clock.now(),
        deliver=lambda raw: None,
    ).grant
    genuine.personalise(codec.decode(Grant, grant))
    now = clock.now()
    office.at(monkeypatch, now + 2 * DAY)
    second = succession.ask(genuine)
    assert second.named.manifest == first.named.manifest  # the same pair
    succession.install(genuine, answer(office, second))
    assert office.post(sign(office, genuine, 1)).status_code == 201


def test_a_key_with_many_statements_of_others_beside_it_is_looked_up_by_an_index(office: Bench):
    key = soft(office)
    asked, _, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    newest = certificate_of_serial(key.serial)
    with CaptureQueriesContext(connection) as queries:
        chain.check_key_pair_order(newest, newest, 5)
        chain.top(newest.chain)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # a table of one row is read whole whatever there is
            cursor.execute("SET enable_seqscan = off")
        for query in [
            query["sql"]
            for query in queries.captured_queries
            if "evidence_statement" in query["sql"]
        ]:
            cursor.execute(
                ("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + query
            )
            plan = str(cursor.fetchall())
            assert "Index" in plan or "USING INDEX" in plan or "COVERING INDEX" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "SCAN evidence_statement" not in plan, plan


def test_the_answer_proves_that_the_log_only_grew(office: Bench, genuine: Key):
    first = sign(office, genuine, 1)
    genuine.keep_receipt(Receipt.decode(office.post(first).content))
    other = office.new_key(serial="BD-TEST-0009")
    for number in range(3):
        office.file(other, reason=f"别的 {number}。")
    granted = swap(office, genuine)
    assert granted.consistency
    assert genuine.chain().log_size == 5


# --- what stops a key stops all of its pairs --------------------------
def test_who_revokes_a_key_stops_what_its_old_pair_signed(office: Bench, genuine: Key):
    late = sign(office, genuine, 1)
    swap(office, genuine)
    keylife.revoke(serial=genuine.info.serial, reason="lost", now=clock.now())
    assert office.post(late).json()["code"] == "certificate-revoked"


def test_an_old_pair_that_signs_after_the_new_one_is_a_fork(office: Bench):
    key = soft(office)
    asked, old, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    assert office.file(key, reason="新密钥对。").status_code == 201
    copied = clone(old, key)
    stolen = office.file(copied, reason="被复制的旧密钥对。")
    assert (stolen.status_code, stolen.json()["code"]) == (409, "chain-broken")
    assert certificate_of_serial(key.serial).state == State.SUSPENDED
    assert (ForkEvidence.objects.count(), Alert.objects.filter(kind=Alert.Kind.FORK).count()) == (
        1,
        1,
    )
    assert office.file(key, reason="随后。").json()["code"] == "key-suspended"


def test_an_old_pair_that_went_on_is_found_out_when_the_new_one_signs(office: Bench):
    key = soft(office)
    asked, old, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    copied = clone(old, key)
    copied.seq += 2  # leaves numbers out, so that no name contradicts another
    copied.head = bytes(32)
    assert office.file(copied, reason="被复制的旧密钥对。").status_code == 201
    assert office.file(key, reason="新密钥对。").json()["code"] == "chain-broken"
    assert certificate_of_serial(key.serial).state == State.SUSPENDED


def test_an_old_pair_tells_no_names_once_the_new_one_has_signed(office: Bench):
    key = soft(office)
    asked, old, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    assert office.file(key, reason="新密钥对。").status_code == 201
    told = office.post(clone(old, key).links(key.seq + 1, [bytes([7]) * 32]), SIGNED, "/links")
    assert told.json()["code"] == "certificate-superseded"
    assert office.file(key, reason="随后。").status_code == 201


@pytest.mark.parametrize("seen", ["login", "filing", "links"])
def test_an_old_pair_does_not_log_in_once_the_new_one_has_been_seen(
    seen: str, office: Bench, genuine: Key, monkeypatch: pytest.MonkeyPatch
):
    granted = answer(office, succession.ask(genuine))
    now = clock.now()
    office.at(monkeypatch, now + 3 * DAY)
    signed = genuine.login(ORIGIN, bytes.fromhex(office.challenge()))
    office.at(monkeypatch, now)
    succession.install(genuine, granted)
    if seen == "login":
        assert "token" in str(log_in(office, genuine))
    elif seen == "filing":
        assert office.post(sign(office, genuine, 1)).status_code == 201
    else:
        links = genuine.export_links(1, 1)
        office.post(links.encode(), SIGNED, "/links")
    office.at(monkeypatch, now + 3 * DAY)  # what is remembered of logins is gone by then
    office.challenge()
    answered = office.post(signed.encode(), SIGNED, "/login")
    assert answered.json()["code"] == "certificate-superseded"


# --- what is refused --------------------------------------------------
@pytest.mark.parametrize("part", ["named", "proof"])
def test_a_request_with_a_flipped_bit_changes_nothing(part: str, office: Bench, genuine: Key):
    asked = succession.ask(genuine)
    before = held_rows()
    signed = getattr(asked, part)
    for name in ("statement", "manifest"):
        content = getattr(signed, name)
        for position in range(3, len(content), 61):
            broken = bytearray(content)
            broken[position] ^= 0x10
            parts = {
                "statement": signed.statement,
                "manifest": signed.manifest,
                name: bytes(broken),
            }
            halves = {"named": asked.named, "proof": asked.proof, part: type(signed)(**parts)}
            with pytest.raises((ProtocolProblem, Refused)):
                give(office, Succession(**halves).encode())
    assert (held_rows(), Certificate.objects.count()) == (before, 1)


@pytest.mark.parametrize(
    ("decide", "code"), [("suspend", "key-suspended"), ("revoke", "certificate-revoked")]
)
def test_a_key_that_is_stopped_gets_no_new_pair(
    decide: str, code: str, office: Bench, genuine: Key
):
    asked = succession.ask(genuine)
    getattr(keylife, decide)(serial=genuine.info.serial, reason="test", now=clock.now())
    assert refused(office, asked.encode()) == code
    assert (Certificate.objects.count(), Statement.objects.count()) == (1, 0)


def test_an_answer_that_cannot_be_handed_over_never_was(office: Bench, genuine: Key):
    def fail(raw: bytes) -> None:
        raise OSError("no disk")

    asked = succession.ask(genuine)
    with pytest.raises(OSError, match="no disk"):
        give(office, asked.encode(), deliver=fail)
    assert (Certificate.objects.get().state, Statement.objects.count()) == (State.ACTIVE, 0)


def test_a_request_of_a_pair_that_was_succeeded_is_too_late(office: Bench):
    key = soft(office)
    first, old, fresh = ask_softly(key)
    second, _, _ = ask_softly(clone(old, key, seq=key.seq), seed=91)
    succeed_softly(office, key, first, fresh)
    assert refused(office, second.encode()) == "certificate-superseded"


def test_a_pair_that_another_key_has_is_not_certified_again(office: Bench):
    key, other = soft(office), office.new_key(serial="BD-TEST-0009")
    asked, _, _ = ask_softly(key, signer=other.signer)
    assert refused(office, asked.encode()) == "key-registered"


@pytest.mark.parametrize("decide", ["nobody", "revoke", "suspend"])
def test_a_pair_that_was_succeeded_is_never_certified_again(decide: str, office: Bench):
    key = soft(office)
    asked, old, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    if decide != "nobody":
        getattr(keylife, decide)(serial=key.serial, reason="stolen", now=clock.now())
    for signer in (old.signer, fresh.signer):
        thief = SoftKey(serial="BD-TEST-0666", signer=signer, device_key=signer_from(71).public_key)
        with pytest.raises(Refused) as caught:
            office.issue(thief, office.offer())
        assert caught.value.code == "key-registered"


@pytest.mark.parametrize(
    ("changed", "field"), [("office_id", "office_id"), ("device_key", "device_key")]
)
def test_a_new_pair_for_another_office_or_device_is_refused(
    changed: str, field: str, office: Bench
):
    key = soft(office)
    value = "elsewhere" if changed == "office_id" else signer_from(99).public_key
    asked, _, _ = ask_softly(key, **{changed: value})
    with pytest.raises(Refused) as caught:
        give(office, asked.encode())
    assert (caught.value.code, caught.value.values["field"]) == ("certificate-mismatch", field)


def test_a_key_whose_role_has_no_succession_is_refused_by_the_office_too(office: Bench):
    key = soft(office, purposes=("filing",))
    asked, _, _ = ask_softly(key)
    assert refused(office, asked.encode()) == "purpose-refused"


def test_an_image_from_before_the_change_does_not_go_on_and_the_key_itself_does(office: Bench):
    key = soft(office)
    asked, old, fresh = ask_softly(key)
    succeed_softly(office, key, asked, fresh)
    with pytest.raises(Refused) as caught:
        order(office, challenge(old, seq=key.seq))
    assert (caught.value.code, caught.value.values["field"]) == ("certificate-mismatch", "kid")
    given, manifest, _ = order(office, challenge(key, seq=key.seq, head=key.head), spare=0)
    assert (given.seq, manifest.head) == (key.seq, key.head)


# --- soft keys --------------------------------------------------------
def soft(office: Bench, **changed: object) -> SoftKey:
    """A key without policy, with a device key."""
    device = signer_from(70).public_key
    key = SoftKey(serial="BD-TEST-0007", device_key=device)
    grant = office.issue(key, office.offer(), **changed)
    key.personalise(codec.decode(Grant, grant))
    return key


def clone(old: SoftKey, of: SoftKey, seq: int | None = None) -> SoftKey:
    """Somebody has the old private key, and knows where the chain stands."""
    copied = SoftKey(
        serial=of.serial, signer=old.signer, profile=old.profile, device_key=of.device_key
    )
    copied.seq, copied.head = of.seq if seq is None else seq, of.head
    return copied


def ask_softly(
    key: SoftKey,
    seed: int = 90,
    signer: object = None,
    office_id: str = "longlan",
    device_key: bytes | None = None,
) -> tuple[Succession, SoftKey, SoftKey]:
    """What a key asks: the request, the key as it was, and the new pair."""
    old = SoftKey(serial=key.serial, signer=key.signer, profile=key.profile)
    fresh = SoftKey(
        serial=key.serial,
        signer=signer or signer_from(seed),
        device_key=device_key or key.device_key,
    )  # type: ignore[arg-type]
    manifest = codec.encode(
        SuccessionManifest(SCHEMA_SUCCESSION, office_id, key.serial, fresh.signer.public_key)
    )
    statement = key.sign(manifest, "succession")
    name = cose.parse(statement, purpose="succession").id
    proof = PossessionManifest(
        SCHEMA_POSSESSION,
        office_id,
        name[:16],
        key.serial,
        fresh.signer.public_key,
        fresh.device_key,
    )
    signed = fresh._sign("possession", codec.encode(proof), {}, with_unit=False)
    return Succession(type(signed)(statement, manifest), signed), old, fresh


def succeed_softly(office: Bench, key: SoftKey, asked: Succession, fresh: SoftKey) -> None:
    key.personalise(answer(office, asked).grant)
    key.signer = fresh.signer
    assert key.head == cose.parse(asked.named.statement, purpose="succession").id != wire.FIRST_PREV


# --- the command line -------------------------------------------------
@ONLY_SQLITE
def test_succeed_by_the_command_line(
    office: Bench, genuine: Key, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "secret").write_text(PASSPHRASE.secret)
    request, out = tmp_path / "request.bd", tmp_path / "answer.bd"
    request.write_bytes(succession.ask(genuine).encode())
    command = [
        "--data",
        str(office.folder),
        "--json",
        "succeed",
        str(request),
        "--passphrase-file",
        str(tmp_path / "secret"),
    ]
    assert run([*command, "--out", str(out)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["version"], shown["again"], shown["serial"]) == (2, False, genuine.info.serial)
    succession.install(genuine, Granted.decode(out.read_bytes()))
    assert run([*command, "--out", str(tmp_path / "again.bd")]) == 0
    assert json.loads(capsys.readouterr().out)["again"]
    assert run([*command, "--out", str(out)]) == 7
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-exists"
    request.write_bytes(b"something else")
    assert run([*command, "--out", str(tmp_path / "none.bd")]) != 0
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "file-kind"
