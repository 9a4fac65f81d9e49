"""link_throughput, link_sealed_throughput, wire_overhead_pct: manifests of 1 MiB streamed to the
key and cancelled before anything is signed.

Value: the host library's stream through frames, windows and acknowledgements, until the key has
answered the cancel.  Reference: a bare MicroPython loop that reads the very same bytes from the
same kind of pseudo-terminal and hashes them (sink_runner.py), written to it by the same transport.
Both count megabytes (10^6) of manifest.
"""

import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from biandun import keys as biandun_keys
from biandun.key.transport import SerialTransport
from biandun.keys import Key
from biandun_protocol.wire import frames
from biandun_protocol.wire.messages import SignBeginReply, SignBeginRequest
from biandun_protocol.wire.numbers import KIND_DATA, LIMIT_FRAME, LIMIT_WINDOW
from biandun_simulator import interpreter
from biandun_simulator.launcher import Launched
from tests.bench.keys import fresh_key, manifest_of
from tests.bench.rows import Row, Scale, alternate
from tests.support.person import PIN

SIZE = 1 << 20
PIECE = 32 << 10  # what the reference's writer hands over at once


def measure(scale: Scale) -> Iterator[Row]:
    """Stream all manifests once in each round."""
    manifests = [manifest_of(SIZE, seed) for seed in range(scale.manifests)]
    requests = [
        SignBeginRequest(bytes(16), "filing", SIZE, sha256(manifest).digest(), None)
        for manifest in manifests
    ]
    wire = b"".join(frames_of(manifest) for manifest in manifests)
    total = SIZE * len(manifests)
    overhead: list[float] = []

    def through_the_link(number: int, sealed: bool = False) -> list[float]:
        made = fresh_key(scale.folder, f"stream{number}-{sealed}", sealed=sealed)
        with made as simulated, biandun_keys.open(port=simulated.port) as key:
            key.pin_in_clear = not sealed
            key.unlock(PIN)
            assert key.is_secure is sealed
            link = key.connection
            stream_and_cancel(key, requests[0], manifests[0])
            before = link.sent_bytes + link.received_bytes
            began = time.perf_counter()
            for request, manifest in zip(requests, manifests, strict=True):
                stream_and_cancel(key, request, manifest)
            took = time.perf_counter() - began
            overhead.append(100 * ((link.sent_bytes + link.received_bytes - before) / total - 1))
        return [total / took / 1e6]

    def bare_loop(number: int) -> list[float]:
        return [total / read_and_hash(scale.folder, wire) / 1e6]

    def through_a_session(number: int) -> list[float]:
        return through_the_link(number, sealed=True)

    (sealed,), (value,), (reference,) = alternate(
        scale.rounds, through_a_session, through_the_link, bare_loop
    )
    note = f"frame {LIMIT_FRAME} bytes, window {LIMIT_WINDOW} frames, manifests of 1 MiB"
    yield Row(
        "link_throughput",
        value,
        "MB/s",
        "higher",
        scale.rounds * len(manifests),
        reference,
        note,
        goal=0.5,
    )
    runs = scale.rounds * len(manifests)
    yield Row(
        "link_sealed_throughput",
        sealed,
        "MB/s",
        "higher",
        runs,
        reference,
        f"{note}, in a session",
        goal=0.5,
    )
    yield Row(
        "wire_overhead_pct",
        overhead[-1],
        "%",
        "lower",
        scale.rounds * len(manifests),
        note="bytes both ways over bytes of manifest; no reference: it follows from the format",
    )


def stream_and_cancel(key: Key, request: SignBeginRequest, manifest: bytes) -> None:
    """Send a manifest whole, then give it up."""
    link = key.connection
    opened = key.call(request, SignBeginReply)
    link.stream(link.last_id, manifest, opened.window)
    link.abort(link.last_id)


def frames_of(manifest: bytes) -> bytes:
    """The bytes that the link sends for a manifest."""
    size = frames.PAYLOAD_MAX
    return b"".join(
        frames.encode_frame(KIND_DATA, 1, start, manifest[start : start + size])
        for start in range(0, len(manifest), size)
    )


def read_and_hash(folder: Path, wire: bytes) -> float:
    """Seconds from the first byte written to the digest read back."""
    runner = str(Path(__file__).with_name("sink_runner.py"))
    launched = Launched(
        [runner, str(len(wire))], log=folder / "sink.log", heap=interpreter.BOARD_HEAP
    )
    transport = SerialTransport(launched.port)
    try:
        answer = b""
        while answer != b"ready":
            answer += transport.read()
        answer = b""
        began = time.perf_counter()
        for start in range(0, len(wire), PIECE):
            transport.write(wire[start : start + PIECE])
        while len(answer) < 32:
            answer += transport.read()
        took = time.perf_counter() - began
    finally:
        transport.close()
        launched.kill()
    assert answer == sha256(wire).digest()
    return took
