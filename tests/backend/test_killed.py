"""An office killed under load: what was acknowledged is there, and the log adds up."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from biandun_office.office import signing, startup
from biandun_office.platform import clock
from biandun_office.reception import intake
from biandun_office.reception.log_check import check_log
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend.bench import Bench
from tests.backend.serving import Served
from tests.support.softkey import SoftKey, manifest

COSE = {"Content-Type": "application/cose"}
CLIENTS = 6
EACH = 8


class Acknowledged:
    """Statements with their receipts, as they come; the office is killed the moment ``last`` has
    come.
    """

    def __init__(self, served: Served, last: int) -> None:
        self.pairs: list[tuple[bytes, bytes]] = []
        self._served, self._last, self._lock = served, last, threading.Lock()

    def add(self, statement: bytes, receipt: bytes) -> None:
        with self._lock:
            self.pairs.append((statement, receipt))
            if len(self.pairs) == self._last:
                os.killpg(self._served.process.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "last",
    [1, 5, pytest.param(14, marks=pytest.mark.slow), pytest.param(31, marks=pytest.mark.slow)],
)
def test_no_acknowledged_statement_is_lost_by_a_kill_under_concurrent_load(
    office: Bench, start_server: Callable[[], Served], last: int
):
    keys = [office.new_key(serial=f"BD-TEST-4{number:03}") for number in range(CLIENTS)]
    packages = [[_package(office, key, number) for number in range(EACH)] for key in keys]
    startup.connections.close_all()
    served = start_server()
    acknowledged, together = Acknowledged(served, last), threading.Barrier(CLIENTS)

    def submit(statements: list[bytes]) -> None:
        with httpx.Client(base_url=served.url, timeout=30) as client:
            client.get("/health")  # connected, so that all submit at once
            together.wait()
            for statement in statements:
                try:
                    answer = client.post("/statements", content=statement, headers=COSE)
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged.add(statement, answer.content)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(submit, packages))
    served.process.wait(20)
    assert last <= len(acknowledged.pairs) < CLIENTS * EACH, (
        "it was killed while others were on their way"
    )
    assert check_log(office.office).faults == []
    given = dict(acknowledged.pairs)
    # what was cut off is taken in now, the rest answered as before
    for raw in (raw for raws in packages for raw in raws):
        accepted = intake.receive(
            raw, purpose=PURPOSE_FILING, now=clock.now(), signer=signing.signer()
        )
        if raw in given:
            assert (accepted.created, accepted.bundle) == (False, given[raw])
    report = check_log(office.office)
    assert (report.faults, report.size) == ([], CLIENTS * EACH)


def _package(office: Bench, key: SoftKey, number: int) -> bytes:
    """A statement whose manifest is uploaded."""
    raw = manifest(reason=f"{key.serial} 第 {number} 份")
    office.put_manifest(raw)
    return key.sign(raw)
