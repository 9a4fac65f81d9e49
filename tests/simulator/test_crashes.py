"""Host and key die at the worst moments; the signature survives, once."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import errors, keys
from biandun_protocol.wire import frames
from biandun_protocol.wire.numbers import KIND_ERROR, KIND_REPLY
from biandun_simulator.simulated_key import SimulatedKey, SimulatorFailed
from tests.support import softkey
from tests.support.person import Person

MANIFEST = softkey.manifest()
NAME = b"one and the same"

# A host that signs and is killed the moment it has sent one more frame than `frames`.
DYING_HOST = """
import os, signal, sys
from biandun import keys
from biandun.key import transport
from biandun.ui import Silent
from biandun_protocol.secret import Secret

class Person(Silent):
    def new_key(self, *_):
        return True

port, manifest, die_at = sys.argv[1], bytes.fromhex(sys.argv[2]), int(sys.argv[3])
count = 0
genuine = transport.SerialTransport.write

def write(self, data):
    global count
    genuine(self, data)
    count += 1
    if count == die_at:
        os.kill(os.getpid(), signal.SIGKILL)

transport.SerialTransport.write = write
with keys.open(port=port, ui=Person()) as key:
    key.unlock(Secret(b"135790"))
    key.sign(manifest, purpose="filing", idempotency_key=b"one and the same", claimed_time=1795500000)
"""
WRITES = [
    "resync",
    "info",
    "read_certificate",
    "hello",
    "unlock",
    "sign_begin",
    "data",
    "sign_finish",
]


def wait_for_answer(port: str) -> None:
    """Read the key's line until its answer comes that nobody is there to read any more.

    A new host is reason enough for a key to drop what it has not begun to sign, so nobody may come
    before that.
    """
    line, reader = os.open(port, os.O_RDWR | os.O_NOCTTY), frames.FrameReader()
    try:
        while True:
            frame = reader.next()
            if frame is not None and frame.kind in (KIND_REPLY, KIND_ERROR):
                return
            if frame is None:
                assert select.select([line], [], [], 60)[0], "no answer"
                data = os.read(line, 4096)
                reader.put(data, len(data))
    finally:
        os.close(line)


@pytest.mark.parametrize("die_at", range(1, len(WRITES) + 1), ids=WRITES)
def test_a_host_killed_after_any_request_and_an_unplugged_key_end_in_one_signature(
    die_at: int, simulated: SimulatedKey
) -> None:
    command = [sys.executable, "-c", DYING_HOST, simulated.port, MANIFEST.hex(), str(die_at)]
    died = subprocess.run(command, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    if WRITES[die_at - 1] == "sign_finish":
        wait_for_answer(simulated.port)

    with keys.open(port=simulated.port, ui=Person()) as key:
        before = key.chain().seq
        kept = key.fetch(idempotency_key=NAME).statement if before else None
    assert before == (1 if WRITES[die_at - 1] == "sign_finish" else 0)
    simulated.unplug()
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        signed = key.sign(MANIFEST, purpose="filing", idempotency_key=NAME, claimed_time=1795500000)
        assert (signed.seq, key.chain().seq) == (1, 1)
        assert kept in (None, signed.statement)
        assert key.sign(MANIFEST, purpose="filing", idempotency_key=NAME) == signed


def test_a_key_killed_while_it_waits_for_its_button_has_signed_nothing(
    simulated: SimulatedKey,
) -> None:
    simulated.presence = "wait"

    class Puller(Person):
        def need_presence(self, serial: str) -> None:
            os.kill(simulated.pid, signal.SIGKILL)

    with keys.open(port=simulated.port, ui=Puller()) as key, pytest.raises(errors.Unplugged):
        key.sign(MANIFEST, purpose="filing", idempotency_key=NAME)
    simulated.unplug()
    simulated.presence = "accept"
    simulated.plug()
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert key.chain().seq == 0
        assert key.sign(MANIFEST, purpose="filing", idempotency_key=NAME).seq == 1


def test_a_state_folder_is_all_that_a_key_is(simulated: SimulatedKey, tmp_path: Path) -> None:
    with keys.open(port=simulated.port, ui=Person()) as key:
        signed = key.sign(MANIFEST, purpose="filing", idempotency_key=NAME)
    simulated.unplug()
    moved = simulated.folder.rename(tmp_path / "elsewhere")
    with (
        SimulatedKey("BD-000001", moved, announce=False) as again,
        keys.open(port=again.port, ui=Person()) as key,
    ):
        assert key.fetch(seq=1).statement == signed.statement


def test_somebody_who_leaves_while_the_key_waits_takes_the_request_along(
    simulated: SimulatedKey,
) -> None:
    simulated.presence = "wait"

    class Leaving(Person):
        def need_presence(self, serial: str) -> None:
            raise KeyboardInterrupt

    with keys.open(port=simulated.port, ui=Leaving()) as key, pytest.raises(KeyboardInterrupt):
        key.sign(MANIFEST, purpose="filing", idempotency_key=NAME)
    simulated.presence = "accept"  # a late finger
    with keys.open(port=simulated.port, ui=Person()) as key:
        assert key.chain().seq == 0


def test_a_key_whose_power_is_cut_in_any_flash_operation_of_a_signature_signs_once(
    make_key: Callable[..., SimulatedKey],
) -> None:
    """Until a run needs fewer operations than the cut waits for: then nothing was cut and the sweep
    is over.
    """
    sequences: list[int] = []
    for cut_at in range(1, 30):
        simulated = make_key()
        simulated.cut_power(cut_at, share=cut_at % 3 / 2, seed=cut_at, scattered=bool(cut_at % 2))
        try:
            simulated.plug()
            with keys.open(port=simulated.port, ui=Person()) as key:
                key.sign(MANIFEST, purpose="filing", idempotency_key=NAME, claimed_time=1795500000)
        except (SimulatorFailed, errors.LinkProblem):
            simulated.unplug()
        else:
            break
        simulated.plug()
        with keys.open(port=simulated.port, ui=Person()) as key:
            sequences.append(key.chain().seq)
            signed = key.sign(
                MANIFEST, purpose="filing", idempotency_key=NAME, claimed_time=1795500000
            )
            assert (signed.seq, key.chain().seq) == (1, 1)
        assert simulated.log_path.read_text() == ""
    assert len(sequences) >= 6  # two for the PIN's count, two for the seed, two for the statement
    assert set(sequences) == {0, 1}
    assert sequences == sorted(sequences)
