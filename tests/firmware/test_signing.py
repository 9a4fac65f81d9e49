"""What a key signs, what it refuses, and that it never signs twice."""

import itertools
from hashlib import sha256

import pytest

import etoken.vault.statements
from biandun import errors
from biandun.key.connection import Connection
from biandun.keys import Key
from biandun_protocol import cbor, cose, package
from biandun_protocol.secret import Secret
from biandun_protocol.wire import codec, frames
from biandun_protocol.wire import statement as wire_statement
from biandun_protocol.wire.messages import SignBeginRequest, SignFinishRequest, Summary
from biandun_protocol.wire.numbers import CLASS_SIMULATED, KIND_DATA, LIMIT_MANIFEST, SCHEMA_FILING
from etoken import version
from etoken.crypto import points
from etoken.store.journal import StoreFull
from etoken.vault.statements import Statements
from etoken.vault.vault import Vault
from tests.firmware.conftest import Wire, ask, refusal
from tests.firmware.testboard import MemoryFlash, PowerCut, TestBoard
from tests.support import softkey
from tests.support.person import PIN, Person
from tests.support.softoffice import NOW, SoftOffice

MANIFEST = softkey.manifest()
NAME = b"k" * 16


def sign(key: Key, manifest: bytes = MANIFEST, name: bytes = NAME, **options: object):
    return key.sign(manifest, purpose="filing", idempotency_key=name, **options)  # type: ignore[arg-type]


def raw_manifest(size: int = 2048, **summary: object) -> bytes:
    """A manifest of ``size`` bytes whose body means nothing: the key does not read it."""
    fields = {
        "schema": SCHEMA_FILING,
        "uscc": "12629900MB00000274",
        "filing_type": "use-approval",
        "attachments": 0,
        **summary,
    }
    head = b"\x82" + codec.encode(Summary(**fields))  # type: ignore[arg-type]
    return head + cbor.dumps(bytes(size - len(head) - 3 if size < 60000 else size - len(head) - 5))


def test_the_header_says_who_signed_what_and_when(key: Key, office: SoftOffice) -> None:
    statement = cose.parse(sign(key, claimed_time=NOW).statement, purpose="filing")
    cose.verify(statement, key.public_key or pytest.fail())
    package.compare(statement, package.read(MANIFEST))
    header = statement.header
    assert (header.serial, header.uscc, header.unit_code, header.region) == (
        "BD-TEST-0001",
        office.uscc,
        office.unit_code,
        "629900",
    )
    assert (header.seq, header.prev, header.manifest_length) == (1, bytes(32), len(MANIFEST))
    assert (header.presence, header.firmware, header.hardware_class, header.claimed_time) == (
        1,
        version.VERSION,
        CLASS_SIMULATED,
        NOW,
    )
    assert header.log_point is None


def test_the_key_writes_the_same_header_as_the_reference_in_plain_python(
    key: Key, office: SoftOffice
) -> None:
    reference = softkey.SoftKey(serial=key.info.serial, firmware=version.VERSION)
    reference.personalise(office.grant_for(key.info.serial, key.info.public_key or b""))
    reference.signer.public_key = key.info.public_key or b""
    ours = wire_statement.split(sign(key, claimed_time=0).statement)[0]
    theirs = wire_statement.split(reference.sign(MANIFEST, claimed_time=0))[0]
    assert ours == theirs


def test_each_statement_names_the_one_before(key: Key) -> None:
    signed = [sign(key, name=bytes([n]) * 16) for n in range(4)]
    for before, after in itertools.pairwise(signed):
        header = cose.parse(after.statement, purpose="filing").header
        assert (header.seq, header.prev) == (before.seq + 1, before.statement_id)
    assert key.chain().head == signed[-1].statement_id


def test_the_same_idempotency_key_gives_the_same_statement_and_moves_nothing(
    key: Key, wire: Wire
) -> None:
    first = sign(key)
    assert sign(key) == first
    assert sign(wire.restart()) == first
    assert key.chain().seq == 1


def test_the_same_idempotency_key_for_another_manifest_is_an_error(key: Key) -> None:
    first = sign(key)
    assert refusal(lambda: sign(key, softkey.manifest(reason="另一份"))) == "idempotency-conflict"
    assert sign(key) == first


def test_a_statement_is_there_after_unplugging(key: Key, wire: Wire) -> None:
    signed = sign(key)
    kept = wire.restart().fetch(idempotency_key=NAME)
    assert (kept.statement, kept.seq, kept.receipt) == (signed.statement, 1, None)


def test_fetch_of_what_was_never_signed_is_not_found(key: Key) -> None:
    assert refusal(lambda: key.fetch(idempotency_key=b"?" * 16)) == "not-found"
    assert refusal(lambda: key.fetch(seq=1)) == "not-found"
    assert refusal(lambda: key.fetch(seq=0)) == "not-found"


REFUSED = {
    "unit-mismatch": raw_manifest(uscc="11629900MB0000019C"),
    "schema-unknown": raw_manifest(schema="biandun-filing/2"),
    "summary-malformed: not an array": b"\x83" + MANIFEST[1:],
    "summary-malformed: not a map": b"\x82\x01" + bytes(100),
    "summary-malformed: too long": b"\x82"
    + cbor.dumps({0: SCHEMA_FILING, 5: "x" * 1100})
    + bytes(100),
    "summary-malformed: unknown field": b"\x82"
    + cbor.dumps({0: SCHEMA_FILING, 1: "x", 2: "y", 3: 0, 9: 1})
    + b"\x40",
    "summary-malformed: missing field": b"\x82" + cbor.dumps({0: SCHEMA_FILING}) + b"\x40",
    "summary-malformed: never ends": b"\x82\xa5\x00\x78\x28",
    "summary-malformed: not deterministic": b"\x82\xa4\x00\x78\x05hello" + bytes(50),
    "summary-malformed: too many attachments": b"\x82"
    + cbor.dumps({0: SCHEMA_FILING, 1: "x", 2: "y", 3: 51})
    + b"\x40",
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_key_refuses_a_manifest_that_its_policy_does_not_allow(case: str, key: Key) -> None:
    assert refusal(lambda: sign(key, REFUSED[case])) == case.partition(":")[0]
    assert key.chain().seq == 0


@pytest.mark.parametrize("purpose", ["decision", "countersign", "login", "receipt", "nonsense", ""])
def test_the_key_refuses_a_purpose_that_the_office_did_not_grant(purpose: str, key: Key) -> None:
    assert (
        refusal(lambda: key.sign(MANIFEST, purpose=purpose, idempotency_key=NAME))
        == "purpose-refused"
    )


def test_a_key_without_the_filing_purpose_refuses_to_file(blank: Key) -> None:
    office = SoftOffice(purposes=("login",))
    blank.personalise(office.grant(blank.answer_offer(office.offer())))
    blank.set_pin(PIN)
    assert refusal(lambda: sign(blank)) == "purpose-refused"


def begin(key: Key, manifest: bytes, **changed: object) -> int:
    fields = {
        "idempotency_key": NAME,
        "purpose": "filing",
        "length": len(manifest),
        "digest": sha256(manifest).digest(),
        **changed,
    }
    key.unlock(PIN)
    ask(key, SignBeginRequest(**fields))  # type: ignore[arg-type]
    return key.connection.last_id


def finish(key: Key) -> bytes:
    return ask(key, SignFinishRequest(NAME))


def test_a_digest_that_the_bytes_do_not_have_is_refused(key: Key) -> None:
    key.connection.stream(begin(key, MANIFEST, digest=bytes(32)), MANIFEST, 8)
    assert refusal(lambda: finish(key)) == "digest-mismatch"


def test_fewer_bytes_than_announced_are_refused(key: Key) -> None:
    stream = begin(key, MANIFEST)
    key.connection.transport.write(frames.encode_frame(KIND_DATA, stream, 0, MANIFEST[:300]))
    assert refusal(lambda: finish(key)) == "length-mismatch"


def test_more_bytes_than_announced_are_refused_on_the_spot(key: Key) -> None:
    stream = begin(key, MANIFEST, length=100)
    assert refusal(lambda: key.connection.stream(stream, MANIFEST, 8)) == "length-mismatch"


def test_a_manifest_over_the_limit_is_refused_before_a_byte_of_it_travels(key: Key) -> None:
    request = cbor.dumps(
        [SignBeginRequest.NUMBER, {0: NAME, 1: "filing", 2: LIMIT_MANIFEST + 1, 3: bytes(32)}]
    )
    assert refusal(lambda: key.connection.call_sealed(key.secure(), request)) == "bad-field"


def test_a_manifest_of_exactly_the_limit_is_signed(key: Key) -> None:
    manifest = raw_manifest(LIMIT_MANIFEST)
    assert len(manifest) == LIMIT_MANIFEST
    assert (
        cose.parse(sign(key, manifest).statement, purpose="filing").digest
        == sha256(manifest).digest()
    )


def test_finishing_without_a_stream_signs_nothing(key: Key) -> None:
    assert refusal(lambda: finish(key)) == "no-stream"


def test_finishing_under_another_key_than_was_announced_signs_nothing(key: Key) -> None:
    key.connection.stream(begin(key, MANIFEST), MANIFEST, 8)
    other = SignFinishRequest(b"o" * 16)
    assert refusal(lambda: ask(key, other)) == "no-stream"


def test_a_rejected_signature_leaves_no_stream_behind(key: Key, wire: Wire) -> None:
    wire.presence(False)
    assert refusal(lambda: sign(key)) == "presence-refused"
    wire.presence(True)
    assert refusal(lambda: finish(key)) == "no-stream"
    assert sign(key).seq == 1


def test_a_claimed_time_before_the_last_verified_office_time_is_refused(
    key: Key, office: SoftOffice
) -> None:
    key.keep_receipt(office.take_in(sign(key, claimed_time=NOW).statement, received=NOW + 100))
    assert refusal(lambda: sign(key, name=b"l" * 16, claimed_time=NOW + 99)) == "clock-behind"
    assert sign(key, name=b"l" * 16, claimed_time=NOW + 100).seq == 2


def test_a_key_that_has_seen_its_certificate_expire_signs_no_more(
    blank: Key, office: SoftOffice
) -> None:
    blank.personalise(office.grant(blank.answer_offer(office.offer()), not_after=NOW + 10))
    blank.set_pin(PIN)
    blank.keep_receipt(office.take_in(sign(blank, claimed_time=NOW).statement, received=NOW + 11))
    assert (
        refusal(lambda: sign(blank, name=b"l" * 16, claimed_time=NOW + 20)) == "certificate-expired"
    )


def test_a_statement_carries_the_log_point_that_the_key_verified(
    key: Key, office: SoftOffice
) -> None:
    key.keep_receipt(office.take_in(sign(key, claimed_time=NOW).statement))
    header = cose.parse(sign(key, name=b"l" * 16).statement, purpose="filing").header
    assert header.log_point == (1, key.chain().log_root)


def test_a_power_cut_at_any_flash_operation_of_a_signature_loses_and_doubles_nothing(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    flash = wire.key.board.flash
    sign(key, name=b"1" * 16)
    start, cells = flash.operations, bytes(flash.cells)
    whole = sign(key, name=b"2" * 16)
    for cut in range(start + 1, flash.operations + 1):
        flash.cells[:] = cells
        flash.operations, flash.fail_after = start, cut
        again = wire.restart()
        with pytest.raises(PowerCut):
            sign(again, name=b"2" * 16)
        flash.fail_after = -1
        again = wire.restart()
        assert again.chain().seq in (1, 2)
        signed = sign(again, name=b"2" * 16)
        assert (signed.seq, again.chain().seq) == (2, 2)
        header = cose.parse(signed.statement, purpose="filing").header
        assert header.prev == cose.parse(whole.statement, purpose="filing").header.prev


def anchored(flash: MemoryFlash) -> Vault:
    """A vault that has its anchor, as every key that ever signs."""
    vault, anchor = Vault(flash), SoftOffice().anchor
    if not vault.identity.anchor():
        vault.identity.set_anchor(SoftOffice().root.public_key, anchor.statement, anchor.manifest)
    return vault


def fill(statements: Statements, start: int, count: int) -> None:
    for number in range(start, start + count):
        statements.append(number.to_bytes(16, "big"), "filing", bytes(32), bytes(350), bytes(64))


def give_receipt(statements: Statements, seq: int) -> None:
    statements.keep_receipt(seq, bytes(300), bytes(600), seq, bytes(32), NOW)


def test_a_full_store_drops_receipted_statements_first_and_never_one_that_waits() -> None:
    flash = MemoryFlash()
    statements = anchored(flash).statements
    for number in range(1, 401):
        fill(statements, number, 1)
        if number != 3:
            give_receipt(statements, number)
    again = anchored(flash).statements
    assert (again.seq, again.head) == (400, statements.head)
    assert again.by_seq(3) is not None
    assert again.find((400).to_bytes(16, "big")) is not None
    assert again.by_seq(2) is None


def test_what_made_room_for_others_is_still_not_signed_again(key: Key, wire: Wire) -> None:
    sign(key, name=b"1" * 16)
    sign(key, name=b"2" * 16)
    statements = wire.key.token.vault.statements
    for seq in (1, 2):
        give_receipt(statements, seq)
    statements._compact(1)
    again = wire.restart()
    assert refusal(lambda: sign(again, name=b"1" * 16)) == "idempotency-conflict"
    assert again.chain().seq == 2


def test_a_store_full_of_waiting_statements_takes_every_receipt_and_then_signs_again() -> None:
    flash = MemoryFlash(16 * 4096)
    statements = anchored(flash).statements
    with pytest.raises(StoreFull):
        fill(statements, 1, 1000)
    full = statements.seq
    assert full > 20
    for seq in range(1, full + 1):
        statements = anchored(flash).statements  # unplugged in between
        give_receipt(statements, seq)
        assert statements.log_size == seq
    assert statements.waiting() == 0
    fill(statements, full + 1, 5)
    assert anchored(flash).statements.seq == full + 5


def test_a_full_store_still_counts_pins(wire: Wire, key: Key) -> None:
    statements = wire.key.token.vault.statements
    with pytest.raises(StoreFull):
        fill(statements, 2, 1000)
    for left in (5, 4, 3):
        with pytest.raises(errors.KeyRefused) as caught:
            key.unlock(Secret(b"000000"))
        assert caught.value.tries_left == left
    key.unlock(PIN)
    assert refusal(lambda: sign(key)) == "store-full"


def test_a_cut_between_receipt_and_log_point_is_made_good_by_handing_the_receipt_in_again(
    key: Key, wire: Wire, office: SoftOffice
) -> None:
    flash = wire.key.board.flash
    receipt = office.take_in(sign(key, claimed_time=NOW).statement)
    start, cells = flash.operations, bytes(flash.cells)
    key.keep_receipt(receipt)
    for cut in range(start + 1, flash.operations + 1):
        flash.cells[:] = cells
        flash.operations, flash.fail_after = start, cut
        again = wire.restart()
        with pytest.raises(PowerCut):
            again.keep_receipt(receipt)
        flash.fail_after = -1
        again = wire.restart()
        again.keep_receipt(receipt)
        state = again.chain()
        assert (state.receipted, state.log_size, state.time_floor) == (1, 1, NOW), cut


def test_a_receipt_that_comes_between_begin_and_finish_is_heeded(
    key: Key, office: SoftOffice
) -> None:
    receipt = office.take_in(
        sign(key, name=b"1" * 16, claimed_time=NOW).statement, received=NOW + 100
    )
    stream = begin(key, MANIFEST, claimed_time=NOW + 50)
    key.connection.stream(stream, MANIFEST, 8)
    key.keep_receipt(receipt)
    assert refusal(lambda: finish(key)) == "clock-behind"


@pytest.mark.parametrize("place", ["Record", "put"])
def test_running_out_of_memory_around_the_commit_never_signs_a_number_twice(
    place: str, key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(key, name=b"1" * 16)
    statements = wire.key.token.vault.statements
    genuine_put = statements._journal.put

    def starve(*arguments: object) -> None:
        monkeypatch.undo()
        raise MemoryError

    if place == "Record":
        monkeypatch.setattr(etoken.vault.statements, "Record", starve)
    else:

        def put_then_starve(*arguments: object) -> None:
            genuine_put(*arguments)  # type: ignore[arg-type]
            starve()

        monkeypatch.setattr(statements._journal, "put", put_then_starve)
    with pytest.raises(errors.KeyRefused) as caught:
        sign(key, name=b"2" * 16)
    assert caught.value.code == "out-of-memory"
    second = sign(wire.restart(), name=b"2" * 16)
    assert second.seq == 2
    again = wire.restart()
    assert (again.chain().seq, again.fetch(seq=2).statement) == (2, second.statement)


def test_a_damaged_key_signs_nothing_and_gives_back_what_it_has(key: Key, wire: Wire) -> None:
    first = sign(key, name=b"1" * 16)
    sign(key, name=b"2" * 16)
    cells = wire.key.board.flash.cells
    cells[cells.index(b"2" * 16)] ^= 1
    again = wire.restart()
    assert again.fetch(seq=1).statement == first.statement
    assert refusal(lambda: sign(again, name=b"3" * 16)) == "store-damaged"
    assert refusal(lambda: again.unlock(PIN)) == "store-damaged"


def test_a_store_full_of_waiting_statements_refuses_to_sign_another(office: SoftOffice) -> None:
    small = Wire(TestBoard(flash=MemoryFlash(16 * 4096)))
    key = Key(Connection(small), Person())
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    count = 0
    with pytest.raises(errors.KeyRefused) as caught:
        while count < 100:
            sign(key, name=count.to_bytes(16, "big"))
            count += 1
    assert caught.value.code == "store-full"
    assert 20 < count < 80
    assert key.chain().seq == count
    assert key.fetch(seq=1).seq == 1


def test_every_signature_has_fresh_entropy_in_its_nonce(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh: list[bytes] = []
    given: list[bytes] = []
    made, take = points.Nonces, wire.key.token.entropy.take
    monkeypatch.setattr(points, "Nonces", lambda *given: (fresh.append(given[2]), made(*given))[1])
    monkeypatch.setattr(
        wire.key.token.entropy, "take", lambda size: (given.append(take(size)), given[-1])[1]
    )
    sign(key, name=b"1" * 16)
    sign(key, name=b"2" * 16)
    assert fresh == given
    assert [len(one) for one in fresh] == [32, 32]
    assert fresh[0] != fresh[1]


def test_a_new_link_drops_the_manifest_of_the_old_one(key: Key, wire: Wire) -> None:
    key.connection.stream(begin(key, MANIFEST), MANIFEST, 8)
    again = wire.open()
    again.unlock(PIN)
    assert refusal(lambda: finish(again)) == "no-stream"
