"""Faults of the key itself: each has an error of its own, signs nothing, and is written down."""

from collections.abc import Callable
from typing import Any

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_protocol.wire.numbers import (
    ERROR_ENTROPY_FAILED,
    ERROR_SECRET_INVALID,
    ERROR_SIGNATURE_FAULT,
)
from etoken.crypto import ecdsa, programs, sm2
from etoken.crypto.curves import P256, SM2P256V1
from etoken.crypto.faults import SecretInvalid
from etoken.crypto.points import points
from etoken.store.journal import Journal, StoreDamaged, StoreFull
from etoken.vault.faults import Faults
from etoken.vault.vault import Vault
from tests.firmware.conftest import Wire
from tests.firmware.test_signing import refusal, sign
from tests.firmware.testboard import MemoryFlash, PowerCut, TestBoard
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice


def octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


OUT_OF_RANGE = [0, P256.n, P256.n + 1, (1 << 256) - 1]


def put_secret(wire: Wire, secret: bytes) -> None:
    identity = wire.key.token.vault.identity
    assert identity.public_key is not None
    identity.set_key_pair(secret, identity.public_key)


@pytest.mark.parametrize("secret", OUT_OF_RANGE)
def test_a_stored_private_key_out_of_range_signs_nothing(secret: int, key: Key, wire: Wire) -> None:
    first = sign(key, name=b"1" * 16)
    key.unlock(PIN)
    good = wire.key.token.vault.identity.secret()
    put_secret(wire, octets(secret))
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "secret-invalid"
    assert key.chain().seq == 1
    assert key.fetch(seq=1).statement == first.statement
    info = wire.restart().info
    assert (info.faults, info.last_fault) == (1, ERROR_SECRET_INVALID)
    assert wire.key.board.reported == []  # a fault of the key is no bug of the firmware
    put_secret(wire, good)
    assert sign(wire.open(), name=b"2" * 16).seq == 2


@pytest.mark.parametrize("secret", [1, P256.n - 1])
def test_a_private_key_at_the_edge_of_its_range_signs(secret: int) -> None:
    public = ecdsa.public_key(octets(secret))
    assert ecdsa.verify(public, b"text", ecdsa.sign(octets(secret), public, b"text", b""))


@pytest.mark.parametrize("secret", OUT_OF_RANGE)
def test_a_private_key_out_of_range_has_no_point(secret: int) -> None:
    with pytest.raises(SecretInvalid):
        ecdsa.public_key(octets(secret))


@pytest.mark.parametrize("secret", [0, SM2P256V1.n - 1, SM2P256V1.n, (1 << 256) - 1])
def test_an_sm2_private_key_ends_at_n_minus_2(secret: int) -> None:
    public = sm2.public_key(octets(SM2P256V1.n - 2))
    with pytest.raises(SecretInvalid):
        sm2.sign(octets(secret), public, b"text", b"")
    with pytest.raises(SecretInvalid):
        sm2.public_key(octets(secret))


@pytest.mark.parametrize("secret", [1, SM2P256V1.n - 2])
def test_an_sm2_private_key_at_the_edge_of_its_range_signs(secret: int) -> None:
    public = sm2.public_key(octets(secret))
    assert sm2.verify(public, b"text", sm2.sign(octets(secret), public, b"text", b""))


def test_a_fresh_signature_that_does_not_verify_never_leaves_the_key(
    key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(key, name=b"1" * 16)
    machine: Any = points(P256)
    genuine, made = machine._machine.run, []

    def disturbed(program: bytes, io: bytearray) -> int:
        flags = genuine(program, io)
        if program == machine._spelt[id(programs.SIGN_ES256)]:
            io[32 * programs.IO_S + 31] ^= 1
            made.append(bytes(io[32 * programs.IO_R : 32 * programs.IO_R + 64]))
        return flags

    monkeypatch.setattr(machine._machine, "run", disturbed)
    answers = wire.key.feed

    def look(data: bytes) -> bytes:
        answer = answers(data)
        assert not any(signature in answer for signature in made)
        return answer

    monkeypatch.setattr(wire.key, "feed", look)
    assert refusal(lambda: sign(key, name=b"2" * 16)) == "signature-fault"
    assert len(made) == 1
    assert made[0] not in bytes(wire.key.board.flash.cells)
    assert key.chain().seq == 1
    monkeypatch.undo()
    key = wire.open()
    assert (key.info.faults, key.info.last_fault) == (1, ERROR_SIGNATURE_FAULT)
    assert sign(key, name=b"2" * 16).seq == 2  # a passing disturbance does not lock the key


def test_a_private_key_that_is_not_the_one_of_its_point_signs_nothing(key: Key, wire: Wire) -> None:
    put_secret(wire, octets(12345))
    assert refusal(lambda: sign(key)) == "signature-fault"
    assert key.chain().seq == 0


SIGNERS: dict[str, Callable[[Key], object]] = {
    "login": lambda key: key.login("https://office.test", b"n" * 16),
    "link": lambda key: key.export_links(1, 1),
}


@pytest.mark.parametrize("purpose", SIGNERS)
@pytest.mark.parametrize(("secret", "code"), [(0, "secret-invalid"), (12345, "signature-fault")])
def test_every_command_that_signs_has_the_same_errors(
    purpose: str, secret: int, code: str, wire: Wire
) -> None:
    office = SoftOffice(purposes=("filing", "login", "link"))
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    sign(key)
    put_secret(wire, octets(secret))
    assert refusal(lambda: SIGNERS[purpose](key)) == code


def test_a_new_key_has_no_faults_and_says_nothing_of_them(key: Key) -> None:
    assert (key.info.faults, key.info.last_fault) == (None, None)


def test_each_failure_is_one_entry_with_its_number_and_boot(key: Key, wire: Wire) -> None:
    key.unlock(PIN)
    good = wire.key.token.vault.identity.secret()
    put_secret(wire, octets(0))
    for name in (b"1" * 16, b"2" * 16):
        assert refusal(lambda name=name: sign(key, name=name)) == "secret-invalid"
    key = wire.restart()
    put_secret(wire, octets(54321))
    assert refusal(lambda: sign(key, name=b"3" * 16)) == "signature-fault"
    put_secret(wire, good)
    wire.key.board.entropy = lambda size: None  # type: ignore[method-assign]
    for name in (b"4" * 16, b"5" * 16):
        assert refusal(lambda name=name: sign(key, name=name)) == "entropy-failed"
    logged = [
        (fault.count, fault.code, fault.boots) for fault in wire.key.token.vault.faults.entries()
    ]
    assert logged == [
        (1, ERROR_SECRET_INVALID, 1),
        (2, ERROR_SECRET_INVALID, 1),
        (3, ERROR_SIGNATURE_FAULT, 2),
        (4, ERROR_ENTROPY_FAILED, 2),
    ]


def test_the_log_keeps_the_last_eight_and_counts_them_all() -> None:
    flash = MemoryFlash()
    faults = Faults(Journal(flash))
    assert (faults.entries(), faults.last()) == ([], None)
    for number in range(1, 21):
        faults.add(60 + number % 3, number // 4)
        faults = Faults(Journal(flash))
        last = faults.last()
        assert last is not None
        assert (last.count, last.code, last.boots) == (number, 60 + number % 3, number // 4)
        assert [fault.count for fault in faults.entries()] == list(
            range(max(1, number - 7), number + 1)
        )


def test_the_log_survives_a_reset_and_compaction(key: Key, wire: Wire, office: SoftOffice) -> None:
    put_secret(wire, octets(0))
    assert refusal(lambda: sign(key)) == "secret-invalid"
    office.reset(key)
    info = wire.restart().info
    assert (info.faults, info.last_fault) == (1, ERROR_SECRET_INVALID)
    vault = wire.key.token.vault
    vault._journal.compact()
    assert [fault.code for fault in Vault(wire.key.board.flash).faults.entries()] == [
        ERROR_SECRET_INVALID
    ]


def test_a_power_cut_while_a_fault_is_logged_leaves_it_logged_or_not() -> None:
    whole = MemoryFlash(16 * 4096)
    faults = Faults(Journal(whole))
    for number in range(9):
        faults.add(60, number)
    start, cells = whole.operations, bytes(whole.cells)
    faults.add(61, 9)
    for cut in range(start + 1, whole.operations + 1):
        flash = MemoryFlash(16 * 4096)
        flash.cells[:] = cells
        faults = Faults(Journal(flash))
        flash.operations, flash.fail_after = start, cut
        with pytest.raises(PowerCut):
            faults.add(61, 9)
        flash.fail_after = -1
        counts = [fault.count for fault in Faults(Journal(flash)).entries()]
        assert counts in (list(range(2, 10)), list(range(3, 11)))


@pytest.mark.parametrize("trouble", [StoreFull, StoreDamaged, OSError, MemoryError])
def test_a_log_that_cannot_be_written_does_not_hide_the_refusal(
    trouble: type[Exception], key: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(code: int, boots: int) -> None:
        raise trouble

    monkeypatch.setattr(wire.key.token.vault.faults, "add", refuse)
    put_secret(wire, octets(0))
    assert refusal(lambda: sign(key)) == "secret-invalid"
    assert [type(error) for error in wire.key.board.reported] == [trouble]


def test_a_key_that_is_full_still_logs_its_faults(office: SoftOffice) -> None:
    wire = Wire(TestBoard(flash=MemoryFlash(16 * 4096)))
    key = wire.open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    with pytest.raises(errors.KeyRefused) as caught:
        for count in range(100):
            sign(key, name=count.to_bytes(16, "big"))
    assert caught.value.code == "store-full"
    faults = wire.key.token.vault.faults
    for number in range(200):
        faults.add(61, number)
    last = wire.open().info
    assert (last.faults, last.last_fault) == (200, 61)
