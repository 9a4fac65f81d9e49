"""A key that signs ten thousand times has as much memory left as after a hundred."""

import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from biandun_protocol import cose, receipt
from biandun_protocol.wire import merkle
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_simulator import firmware, interpreter
from biandun_simulator.simulated_key import SimulatedKey
from etoken.boards.filemedium import FileMedium
from etoken.vault.vault import Vault
from tests.firmware.test_signing import raw_manifest
from tests.support.person import PIN
from tests.support.softoffice import NOW, SoftOffice

RESULT = Path(__file__).parents[2] / "build" / "heap.json"
EARLY, LATE = 100, 10_000
SERVED = 700  # statements the key has behind it when it is started


class LongLog:
    """The office's log with every complete subtree remembered: ten thousand receipts in seconds, by
    RFC 9162 section 2.1.
    """

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.root = cache(self._root)

    def _root(self, first: int, end: int) -> bytes:
        if end - first == 1:
            return self.leaves[first]
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        return merkle.node_hash(self.root(first, middle), self.root(middle, end))

    def inclusion(self, index: int, first: int, end: int) -> list[bytes]:
        """Hashes beside the way from a leaf up, lowest first."""
        if end - first == 1:
            return []
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        if index < middle:
            return [*self.inclusion(index, first, middle), self.root(middle, end)]
        return [*self.inclusion(index, middle, end), self.root(first, middle)]

    def consistency(self, size: int, first: int, end: int, whole: bool = True) -> list[bytes]:
        """PROOF of RFC 9162 section 2.1.4.1 from the log of ``size`` leaves."""
        if size == 0:
            return []
        if size == end:
            return [] if whole else [self.root(first, end)]
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        if size <= middle:
            return [*self.consistency(size, first, middle, whole), self.root(middle, end)]
        return [*self.consistency(size, middle, end, False), self.root(first, middle)]


def serve(path: Path, log: LongLog) -> None:
    """Give a personalised flash image the records of SERVED receipted statements."""
    medium = FileMedium(str(path), path.stat().st_size, b"\xff")
    statements = Vault(NorFlash(medium=medium)).statements
    for number in range(1, SERVED + 1):
        statements.append(
            b"served" + number.to_bytes(10, "big"), "filing", bytes(32), bytes(420), bytes(64)
        )
        log.leaves.append(merkle.leaf_hash(number.to_bytes(4, "big")))
        root = log.root(0, number) if number == SERVED else bytes(32)
        statements.keep_receipt(number, bytes(300), bytes(600), number, root, NOW)
    medium.close()


@pytest.mark.slow
def test_free_heap_after_10000_signatures_equals_that_after_100(
    make_key: Callable[..., SimulatedKey], tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    simulated, office, log = make_key(), SoftOffice(), LongLog()
    serve(simulated.flash_path, log)
    (tmp_path / "manifest").write_bytes(raw_manifest(2048))
    files = [
        simulated.flash_path,
        simulated.folder / f"{simulated.serial}.presence",
        tmp_path / "manifest",
    ]
    heap = f"heapsize={interpreter.BOARD_HEAP}"
    runner = Path(__file__).with_name("wear_runner.py")
    free: list[int] = []
    compactions = 0
    with subprocess.Popen(
        [
            interpreter.find(),
            "-X",
            heap,
            str(runner),
            simulated.serial,
            *map(str, files),
            PIN.reveal().decode(),
        ],
        env={"MICROPYPATH": firmware.search_path()},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        answer = ""
        while len(free) < LATE:
            running.stdin.write(f"{len(free).to_bytes(16, 'big').hex()} {answer}\n")
            words = running.stdout.readline().split()
            assert len(words) == 3, (
                f"the key died at signature {len(free) + 1} with {free[-1:]} bytes free: {running.stdout.read()}"
            )
            free.append(int(words[1]))
            compactions += int(words[2])
            answer = " ".join(
                part.hex() for part in receipt_for(bytes.fromhex(words[0]), office, log)
            )
        running.stdin.close()
    early, late = free[EARLY - 1], free[LATE - 1]
    result = {
        "signatures": len(free),
        "compactions": compactions,
        "compared": {str(EARLY): early, str(LATE): late},
        "least": min(free),
        "most": max(free),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    figure(f"free heap after {EARLY} signatures, B", early)
    figure(f"free heap after {LATE} signatures, B", late)
    assert compactions > 100
    assert early == late


def receipt_for(statement: bytes, office: SoftOffice, log: LongLog) -> list[bytes]:
    """Take a statement into the log; its receipt, and the proof from the log as it was."""
    parsed, before = cose.parse(statement, purpose="filing"), len(log.leaves)
    log.leaves.append(merkle.leaf_hash(wire.log_leaf(parsed.id, statement, parsed.digest, NOW)))
    size = before + 1
    payload = wire.ReceiptPayload(
        parsed.id, before, size, log.root(0, size), log.inclusion(before, 0, size), NOW
    )
    made = receipt.sign_receipt(
        office.issuer,
        office_id=office.office_id,
        region=office.region,
        x5t=office.issuer_manifest.x5t,
        payload=payload,
    )
    return [made.statement, made.payload, *log.consistency(before, 0, size)]
