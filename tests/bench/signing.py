"""sign_p50_ms, sign_p95_ms, sign_wire_bytes, and the same with a session: one signature of a 2 KB
manifest.

Value: the host library signs through the pseudo-terminal; the PIN was given once, the button
accepts.  With a session each message is sealed; it was opened, and the device key shown, before the
first.  Reference: the same handlers on the same unix board, called by a MicroPython program without
a link (sign_runner.py).
"""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from biandun import keys as biandun_keys
from biandun_simulator import firmware, interpreter
from tests.bench.keys import SERIAL, fresh_key, manifest_of
from tests.bench.rows import Row, Scale, alternate, percentile
from tests.support.person import PIN, Person

SIZE = 2048
NOW = 1_795_500_000


def measure(scale: Scale) -> Iterator[Row]:
    """Sign in turns, in each round on a key that has signed nothing."""
    manifest = manifest_of(SIZE)
    wire_bytes: dict[bool, list[int]] = {False: [], True: []}

    def through_the_line(number: int, sealed: bool = False) -> list[float]:
        times: list[float] = []
        made = fresh_key(scale.folder, f"sign{number}-{sealed}", sealed=sealed)
        with made as simulated, biandun_keys.open(port=simulated.port, ui=Person()) as key:
            key.pin_in_clear = not sealed
            key.unlock(PIN)
            assert key.is_secure is sealed
            link = key.connection
            for index in range(scale.warm_up + scale.signatures):
                before = link.sent_bytes + link.received_bytes - link.keepalive_bytes
                began = time.perf_counter()
                key.sign(
                    manifest,
                    purpose="filing",
                    idempotency_key=index.to_bytes(16, "big"),
                    claimed_time=NOW,
                )
                times.append((time.perf_counter() - began) * 1000)
                wire_bytes[sealed].append(
                    link.sent_bytes + link.received_bytes - link.keepalive_bytes - before
                )
        return points(times[scale.warm_up :])

    def in_process(number: int) -> list[float]:
        home = fresh_key(scale.folder, f"sign-reference{number}").folder
        (home / "manifest").write_bytes(manifest)
        return points(run_reference(home, scale.warm_up + scale.signatures)[scale.warm_up :])

    def sealed(number: int) -> list[float]:
        return through_the_line(number, sealed=True)

    (p50, p95), (sealed50, sealed95), (reference50, reference95) = alternate(
        scale.rounds, through_the_line, sealed, in_process
    )
    note = f"{SIZE} bytes of manifest"
    yield Row(
        "sign_p50_ms",
        p50,
        "ms",
        "lower",
        scale.rounds * scale.signatures,
        reference50,
        note,
        goal=1.3,
    )
    yield Row(
        "sign_p95_ms",
        p95,
        "ms",
        "lower",
        scale.rounds * scale.signatures,
        reference95,
        note,
        goal=1.3,
    )
    runs = scale.rounds * scale.signatures
    yield Row(
        "sign_sealed_p50_ms",
        sealed50,
        "ms",
        "lower",
        runs,
        reference50,
        f"{note}, in a session",
        goal=1.6,
    )
    yield Row(
        "sign_sealed_p95_ms",
        sealed95,
        "ms",
        "lower",
        runs,
        reference95,
        f"{note}, in a session",
        goal=1.6,
    )
    for name, sizes in (
        ("sign_wire_bytes", wire_bytes[False]),
        ("sign_sealed_wire_bytes", wire_bytes[True]),
    ):
        yield Row(
            name,
            percentile([float(size) for size in sizes], 0.5),
            "B",
            "lower",
            len(sizes),
            note=f"both ways, {SIZE} bytes of manifest, keep-alives left out; no reference: what must cross depends on the format",
        )


def points(times: list[float]) -> list[float]:
    """Median and 95th percentile."""
    return [percentile(times, 0.5), percentile(times, 0.95)]


def run_reference(home: Path, count: int) -> list[float]:
    """Sign ``count`` times inside MicroPython; milliseconds each."""
    command = [
        interpreter.find(),
        "-X",
        f"heapsize={interpreter.BOARD_HEAP}",
        str(Path(__file__).with_name("sign_runner.py")),
    ]
    arguments = [
        SERIAL,
        home / f"{SERIAL}.flash",
        home / f"{SERIAL}.presence",
        home / "manifest",
        PIN.reveal().decode(),
        NOW,
        count,
    ]
    done = subprocess.run(
        [*command, *map(str, arguments)],
        env={"MICROPYPATH": firmware.search_path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return [int(line) / 1000 for line in done.stdout.split()]
