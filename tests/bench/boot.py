"""boot_ms and key_pss_mib: how soon a simulated key answers, and what it holds when idle.

Value: from the call of the launcher to the first valid ``info`` reply, on a personalised key.
Reference: a bare interpreter in the same launcher, with the same heap and opened by the same
transport, until it has answered one byte.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from biandun import keys as biandun_keys
from biandun.key.transport import SerialTransport
from biandun_simulator import interpreter
from biandun_simulator.launcher import Launched
from tests.bench.keys import SERIAL, fresh_key
from tests.bench.rows import Row, Scale, alternate, percentile

BARE = """
import select, sys
line = select.poll()
line.register(sys.stdin, select.POLLIN)
line.poll()
sys.stdout.write(sys.stdin.read(1))
while True:
    line.poll()
"""


def measure(scale: Scale) -> Iterator[Row]:
    """Boot in turns; the last idle key of each round is weighed."""
    simulated = fresh_key(scale.folder, "boot")
    weights: list[float] = []

    def key(number: int) -> list[float]:
        times: list[float] = []
        for _ in range(scale.warm_up + scale.boots):
            began = time.perf_counter()
            simulated.plug()
            with biandun_keys.open(port=simulated.port) as opened:
                times.append((time.perf_counter() - began) * 1000)
                assert opened.info.serial == SERIAL
            weight = pss(simulated.pid)
            simulated.unplug()
        weights.append(weight)
        return [percentile(times[scale.warm_up :], 0.5)]

    def bare(number: int) -> list[float]:
        times = [boot_bare(scale.folder) for _ in range(scale.warm_up + scale.boots)]
        return [percentile(times[scale.warm_up :], 0.5)]

    (value,), (reference,) = alternate(scale.rounds, key, bare)
    yield Row(
        "boot_ms",
        value,
        "ms",
        "lower",
        scale.rounds * scale.boots,
        reference,
        "median; personalised key, compiled before",
        goal=2.5,
    )
    yield Row(
        "key_pss_mib",
        median(weights),
        "MiB",
        "lower",
        scale.rounds,
        note=f"PSS of one idle key, heap {interpreter.BOARD_HEAP >> 10} KiB; no reference: the heap is the board's, not ours",
    )


def boot_bare(folder: Path) -> float:
    """Milliseconds until a bare interpreter has answered one byte."""
    began = time.perf_counter()
    launched = Launched(["-c", BARE], log=folder / "bare.log", heap=interpreter.BOARD_HEAP)
    transport = SerialTransport(launched.port)
    try:
        transport.write(b"?")
        while not transport.read():
            pass
        return (time.perf_counter() - began) * 1000
    finally:
        transport.close()
        launched.kill()


def pss(pid: int) -> float:
    """Proportional set size of a process in MiB."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    assert found is not None
    return int(found[1]) / 1024
