"""What each command of a key needs: the least free heap with which it works, and what it writes to
flash.

Two keys are measured, in MicroPython and in both suites: one from the offer of its office to its
wipe, and one that has served for years and is about to be compacted.  Fields are as long as they
may be.  A command that neither of them meets is measured in its scene (tests/firmware/scenes.py).
Each try begins from a copy of the flash in an interpreter of its own, so what one try did
is not seen by the next; ``python -m tests.simulator.measuring`` prints the table.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from biandun_protocol import cose, recovery
from biandun_protocol.algorithms import ES256, SM2, Algorithm
from biandun_protocol.receipt import Receipt, sign_receipt
from biandun_protocol.release import Described
from biandun_protocol.session import Opening
from biandun_protocol.wire import cbor, codec, merkle
from biandun_protocol.wire import messages as m
from biandun_protocol.wire import statement as wire
from biandun_protocol.wire.flashmodel import NorFlash
from biandun_protocol.wire.numbers import (
    ERROR_OUT_OF_MEMORY,
    EVENT_BATCH_CONFIRMED,
    LIMIT_AUDIT,
    LIMIT_BATCH,
    LIMIT_LINK_EXPORT,
    LIMIT_OUTBOX,
    LIMIT_PIECE,
    LIMIT_PIN_MOST,
    LIMIT_SECTIONS,
    LIMIT_X509,
    PROTOCOL_VERSION,
    PURPOSE_REINSTATE,
    PURPOSE_RESET,
    PURPOSE_SET_TIME,
    SCHEMA_CHALLENGE,
    SCHEMA_SHARES_EXPORT,
    STANDING_ACTIVE,
    STANDING_SUSPENDED,
)
from biandun_simulator import firmware, interpreter
from biandun_simulator.release import sign as sign_firmware
from etoken.boards.filemedium import FileMedium
from etoken.boards.vendor import TARGET
from etoken.commands import all as _commands  # pyright: ignore[reportUnusedImport]  fills the table  # noqa: F401
from etoken.dispatch import COMMANDS
from etoken.meter import MeteredFlash
from etoken.vault import records
from etoken.vault.vault import Vault
from tests.firmware import described
from tests.firmware.recording import record
from tests.firmware.test_signing import raw_manifest
from tests.firmware.testboard import TestBoard
from tests.support.softoffice import NOW, SoftOffice, root_of

SERIAL = "BD-000001"
KIB = 1024
SECTOR = NorFlash().sector
MOST = 128  # KiB: more than any command takes
SERVED = 280  # statements of an old key, most of them receipted and still whole
ORDERED = {
    PURPOSE_REINSTATE: m.ReinstateRequest,
    PURPOSE_RESET: m.FactoryResetRequest,
    PURPOSE_SET_TIME: m.SetTimeRequest,
}
LEVELS = 32  # of the longest log
NONCE = b"n" * 16
PIN = b"as long as it gets, 246813579."[:LIMIT_PIN_MOST].ljust(LIMIT_PIN_MOST, b"!")
Step = tuple[str, bytes]


@dataclass
class Need:
    """What one command took at most: KiB of free heap, bytes programmed without compaction, sectors
    erased.
    """

    heap: int = 0
    flash: int = 0
    sectors: int = 0

    def add(self, other: "Need") -> None:
        self.heap = max(self.heap, other.heap)
        self.flash = max(self.flash, other.flash)
        self.sectors = max(self.sectors, other.sectors)


class Bench:
    """One key as a flash image; ``needs`` by the name of the request, heap ``exactly`` or by its
    declaration.
    """

    def __init__(self, folder: Path, exactly: bool, serial: str = SERIAL) -> None:
        self.folder = folder
        self.serial = serial
        self.exactly = exactly
        self.flash = folder / "flash"
        self.scratch = folder / "scratch"
        self.needs: defaultdict[str, Need] = defaultdict(Need)
        (folder / "presence").write_text("accept", "ascii")

    def run(self, request: codec.Request, *before: Step) -> bytes:
        """Run a request after others on the same boot, keep what it did to the flash, note what it
        wrote, return its reply.
        """
        reply, need = self._attempt(request, before, -1)
        assert reply is not None, type(request).__name__
        self.needs[type(request).__name__].add(need)
        self._keep()
        return reply

    def measure(self, request: codec.Request, *before: Step) -> bytes:
        """The same, and find out with how much free heap it works: to the KiB, or to a factor of
        two around what is declared.
        """
        declared = COMMANDS[request.NUMBER].heap
        steps = (
            range(1, MOST + 1) if self.exactly else (declared // 2, declared, 2 * declared, MOST)
        )
        found = bisect_left(
            steps, True, key=lambda kib: self._attempt(request, before, kib * KIB)[0] is not None
        )
        # at the edge one try may work and the next may not: when the garbage is collected is chance
        for enough in steps[found:]:
            reply, need = self._attempt(request, before, enough * KIB)
            if reply is not None:
                self.needs[type(request).__name__].add(replace(need, heap=enough))
                self._keep()
                return reply
        raise AssertionError(type(request).__name__)

    def _files(self) -> tuple[tuple[Path, Path], ...]:
        """The key's flash and that of its firmware, and what a try does to them."""
        return (self.flash, self.scratch), (
            self.flash.with_suffix(".images"),
            self.scratch.with_suffix(".images"),
        )

    def _keep(self) -> None:
        for kept, scratch in self._files():
            shutil.move(scratch, kept)

    def forget(self) -> None:
        """Have the flash know that it was set back, as a board with one-time-programmable memory
        would find out.
        """
        medium = FileMedium(str(self.flash), self.flash.stat().st_size, b"\xff")
        Vault(NorFlash(medium=medium)).users._note(0, 2)
        medium.close()

    def use_up(self) -> None:
        """Have the flash know that PIN 0 was set by the shares that are there, as a plug pulled
        behind that PIN leaves it.
        """
        medium = FileMedium(str(self.flash), self.flash.stat().st_size, b"\xff")
        vault = Vault(NorFlash(medium=medium))
        shares, pin = vault.recovery.shares(), vault.users._pin(0)
        assert shares is not None
        vault._journal.put(records.PIN, 0, cbor.dumps([*pin[:3], shares.number]))
        medium.close()

    def note(self) -> None:
        """Have something in the audit ring, as large as it gets."""
        medium = FileMedium(str(self.flash), self.flash.stat().st_size, b"\xff")
        Vault(NorFlash(medium=medium)).note(EVENT_BATCH_CONFIRMED, 1 << 31)
        medium.close()

    def doubt(self) -> None:
        """Have the flash hold all parts of a parcel that was not compared with its digest, as a
        plug pulled in between leaves it.
        """
        medium = FileMedium(str(self.flash), self.flash.stat().st_size, b"\xff")
        outbox = Vault(NorFlash(medium=medium)).outbox
        for parcel in outbox.parcels():
            outbox._write(parcel.place, parcel.name, parcel.digest, parcel.length, False)
        medium.close()

    def _attempt(
        self, request: codec.Request, before: tuple[Step, ...], free: int
    ) -> tuple[bytes | None, Need]:
        """One try from a copy of the flash; None when the key was out of memory."""
        for kept, scratch in self._files():
            scratch.unlink(missing_ok=True)
            if kept.exists():
                shutil.copy(kept, scratch)
        script = [
            (kind, raw.hex()) for kind, raw in (*before, ("try", codec.encode_request(request)))
        ]
        (self.folder / "script").write_text(json.dumps(script), "ascii")
        names = [str(self.folder / name) for name in ("scratch", "presence", "script")]
        heap = f"heapsize={interpreter.BOARD_HEAP}"
        done = subprocess.run(
            [
                interpreter.find(),
                "-X",
                heap,
                str(Path(__file__).with_name("budget_runner.py")),
                self.serial,
                *names,
                str(free),
            ],
            env={"MICROPYPATH": firmware.search_path()},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr, done.stderr
        reply, programmed, erased = done.stdout.split()
        need = Need(flash=max(int(programmed) - int(erased) * SECTOR, 0), sectors=int(erased))
        if reply == f"refused-{ERROR_OUT_OF_MEMORY}":
            return None, need
        assert not reply.startswith("refused"), (type(request).__name__, reply)
        return bytes.fromhex(reply), need


def ran(request: codec.Request) -> Step:
    """A request that comes before the measured one."""
    return "run", codec.encode_request(request)


UNLOCKED = ran(m.UnlockRequest(0, PIN))


def office_of(algorithm: Algorithm) -> SoftOffice:
    """An office whose names are as long as they may be."""
    purposes = ("filing", "countersign", "decision", "login", "link", "succession")
    return SoftOffice(
        algorithm=algorithm,
        unit_name="中" * 160,
        unit_code="629900-000000002",
        office_id="o" * 64,
        purposes=purposes,
    )


def young(bench: Bench, office: SoftOffice) -> None:
    """All commands, in the order of a key's life."""
    bench.measure(m.InfoRequest(PROTOCOL_VERSION))
    bench.measure(
        m.InstallAnchorRequest(
            office.root.public_key, office.anchor.statement, office.anchor.manifest
        )
    )
    public_key = codec.decode(m.GenerateKeyReply, bench.measure(m.GenerateKeyRequest())).public_key
    proof = codec.decode(m.ProvePossessionReply, bench.measure(m.ProvePossessionRequest(NONCE)))
    x509, device = bytes(LIMIT_X509), codec.decode(m.PossessionManifest, proof.manifest).device_key
    grant = office.grant_for(SERIAL, public_key, x5t=sha256(x509).digest(), device_key=device)
    bench.measure(m.PersonaliseRequest(grant.profile_statement, grant.profile_manifest, x509))
    bench.measure(m.ReadCertificateRequest())
    bench.measure(Opening(office.algorithm).request)
    renewed(bench, office)
    bench.measure(m.SetPinRequest(0, PIN))
    bench.measure(m.SetPinRequest(1, PIN), UNLOCKED)
    unblocked(bench, office, device)
    bench.measure(m.UnlockRequest(0, PIN))
    bench.measure(m.ChangePinRequest(0, PIN, PIN))
    bench.measure(m.LoginRequest("https://" + "a" * 120, NONCE), UNLOCKED)
    bench.measure(
        m.ConfirmBatchRequest("filing", [bytes((number,)) * 32 for number in range(LIMIT_BATCH)]),
        UNLOCKED,
    )
    shutil.copy(bench.flash, bench.folder / "personalised")
    receipt = receipt_from_a_long_log(office, sign(bench, office, 1))
    bench.measure(m.StoreReceiptRequest(receipt.statement, receipt.payload))
    bench.measure(m.FetchRequest(seq=1))
    bench.measure(m.ConditionRequest())
    bench.measure(m.ExportLinksRequest(1, 1), UNLOCKED)
    bench.measure(m.InfoRequest(PROTOCOL_VERSION), UNLOCKED)
    for _ in range(LIMIT_AUDIT):
        bench.note()
    bench.measure(m.ExportAuditRequest())
    bench.measure(m.LockRequest(), UNLOCKED)
    succeeded(bench, office, device)
    sign(bench, office, 3, by_the_way=True)
    carried(bench, office)
    stopped(bench, office)
    bench.forget()
    ordered(bench, office, PURPOSE_REINSTATE)
    ordered(bench, office, PURPOSE_SET_TIME)
    ordered(bench, office, PURPOSE_RESET)
    bench.measure(m.GenerateKeyRequest())
    bench.measure(m.WipeRequest(SERIAL))
    bench.measure(m.GenerateKeyRequest())


def renewed(bench: Bench, office: SoftOffice) -> None:
    """A firmware image of three parts, announced, handed over and finished."""
    image = bytes(2 * LIMIT_PIECE + 1)
    release = office.approved(sign_firmware(Described(TARGET, "v" * 24, 1 << 31), image))
    bench.measure(
        m.UpdateBeginRequest(
            release.vendor(office.algorithm), release.operator or b"", release.manifest
        )
    )
    for offset in range(0, len(image), LIMIT_PIECE):
        bench.measure(m.UpdatePartRequest(offset, image[offset : offset + LIMIT_PIECE]))
    bench.measure(m.UpdateFinishRequest())


def succeeded(bench: Bench, office: SoftOffice, device: bytes | None) -> None:
    """A new key pair, and the certificate that puts it in the place of the old one."""
    reply = codec.decode(m.SucceedReply, bench.measure(m.SucceedRequest(), UNLOCKED))
    public_key = codec.decode(m.SuccessionManifest, reply.manifest).public_key
    x509 = bytes(LIMIT_X509)
    grant = office.grant_for(
        SERIAL, public_key, version=2, x5t=sha256(x509).digest(), device_key=device
    )
    bench.measure(m.PersonaliseRequest(grant.profile_statement, grant.profile_manifest, x509))
    bench.measure(m.UnlockRequest(0, PIN))


def unblocked(bench: Bench, office: SoftOffice, device: bytes | None) -> None:
    """Officers with the longest names, both codes, and a user who leaves."""
    officers = office.officers(first_name="甲" * 20, second_name="乙" * 20).signed
    bench.measure(m.SetOfficersRequest(officers.statement, officers.manifest), UNLOCKED)
    reply = codec.decode(m.ExportSharesReply, bench.measure(m.ExportSharesRequest()))
    assert device is not None
    shares = recovery.read_shares(
        m.SharesExport(SCHEMA_SHARES_EXPORT, reply.manifest, reply.signature)
    )
    codes = (
        recovery.open_share(shares, place, officer, device, 1).reveal().decode()
        for place, officer in enumerate(office.unblockers, 1)
    )
    bench.measure(m.UnblockRequest(1, *(recovery.decode_code(code) for code in codes), PIN))
    bench.measure(m.RemoveUserRequest(1), UNLOCKED)
    bench.use_up()
    bench.measure(m.UnlockRequest(0, PIN))


def carried(bench: Bench, office: SoftOffice) -> None:
    """What a key carries: the largest unit card over another, the largest parcel, read and taken
    out again.
    """
    sections = [bytes((number,)) * LIMIT_PIECE for number in range(LIMIT_SECTIONS)]
    for version in (1, 2, 3):  # the third finds the sections of the first
        card = office.card(sections, version)
        bench.measure(m.BeginCardRequest(card.signed.statement, card.signed.manifest), UNLOCKED)
        for index in range(LIMIT_SECTIONS if version < 3 else 0):
            hand_over = bench.measure if index in (0, LIMIT_SECTIONS - 1) else bench.run
            hand_over(m.CardSectionRequest(index, sections[index]), UNLOCKED)
    bench.measure(m.ReadCardRequest(), UNLOCKED)
    bench.measure(m.ReadSectionRequest(LIMIT_SECTIONS - 1), UNLOCKED)
    name, parcel = (3).to_bytes(16, "little"), bytes(LIMIT_OUTBOX)
    begin = m.OutboxBeginRequest(name, len(parcel), office.algorithm.digest(parcel))
    bench.measure(begin, UNLOCKED)
    parts = LIMIT_OUTBOX // LIMIT_PIECE
    for index in range(parts):
        hand_over = bench.measure if index in (0, parts - 1) else bench.run
        hand_over(m.OutboxPartRequest(name, index, bytes(LIMIT_PIECE)), UNLOCKED)
    bench.measure(m.OutboxEntryRequest(0))
    bench.measure(m.OutboxReadRequest(name, parts - 1), UNLOCKED)
    bench.doubt()
    bench.measure(begin, UNLOCKED)
    # another in its place
    bench.measure(m.OutboxBeginRequest(name, len(parcel), bytes(32)), UNLOCKED)
    for index in range(parts - 1):
        bench.run(m.OutboxPartRequest(name, index, bytes(LIMIT_PIECE)), UNLOCKED)
    bench.measure(m.OutboxDropRequest(name), UNLOCKED)


def challenged(raw: bytes) -> m.Challenge:
    """What the key asks, as its office reads it."""
    reply = codec.decode(m.ChallengeReply, raw)
    return m.Challenge(
        SCHEMA_CHALLENGE, SERIAL, bytes(16), reply.nonce, reply.generation, reply.seq, reply.head
    )


def stopped(bench: Bench, office: SoftOffice) -> None:
    """The office suspends the key, and lets it go on."""
    info = codec.decode(m.InfoReply, bench.run(m.InfoRequest(PROTOCOL_VERSION)))
    for number, standing in enumerate((STANDING_SUSPENDED, STANDING_ACTIVE)):
        said = office.status(info, standing, NOW + number)
        bench.measure(m.StatusRequest(said.statement, said.manifest))


def ordered(bench: Bench, office: SoftOffice, purpose: str) -> None:
    """A challenge, and the order that answers it."""
    challenge = challenged(bench.measure(m.ChallengeRequest()))
    fields = {"time": NOW - 1, "until": NOW, "entries": 1} if purpose == PURPOSE_SET_TIME else {}
    order = office.order(purpose, challenge, challenge.seq + 64, **fields).signed
    request = ORDERED[purpose]
    bench.measure(request(order.statement, order.manifest))


def old(bench: Bench, office: SoftOffice) -> None:
    """What a key that has served for years does beside reading its certificate, in the end with a
    compaction in the middle.

    What the index of all records takes, in one piece, when it is made or grows, is no part of the
    heap of a command.
    """
    shutil.move(bench.folder / "personalised", bench.flash)
    medium = FileMedium(str(bench.flash), bench.flash.stat().st_size, b"\xff")
    statements = Vault(NorFlash(medium=medium)).statements
    for number in range(1, SERVED + 1):
        statements.append(number.to_bytes(16, "big"), "filing", bytes(32), bytes(420), bytes(64))
        office.leaves.append(sha256(b"%d" % number).digest())
        root = root_of(office.leaves) if number == SERVED else bytes(32)
        statements.keep_receipt(number, bytes(400), bytes(700), number, root, NOW)
    medium.close()
    bench.measure(m.ExportLinksRequest(SERVED - LIMIT_LINK_EXPORT + 1, LIMIT_LINK_EXPORT), UNLOCKED)
    receipt = office.take_in(sign(bench, office, SERVED + 1), NOW)
    bench.measure(
        m.StoreReceiptRequest(receipt.statement, receipt.payload, office.consistency(SERVED))
    )
    bench.measure(m.ChainStateRequest())
    bench.measure(m.FetchRequest(idempotency_key=(SERVED - 10).to_bytes(16, "big")))
    fill(bench.flash)
    sign(bench, office, SERVED + 2, by_the_way=True)
    order = office.order(PURPOSE_RESET, challenged(bench.run(m.ChallengeRequest()))).signed
    fill(bench.flash)
    bench.run(m.FactoryResetRequest(order.statement, order.manifest))


def fill(path: Path) -> None:
    """Write seeds over seeds until little more than the counting of a PIN fits."""
    scratch = path.with_suffix(".full")
    room = -1
    while room:  # once to see how many fit, once to write that many
        shutil.copy(path, scratch)
        medium = FileMedium(str(scratch), scratch.stat().st_size, b"\xff")
        meter = MeteredFlash(NorFlash(medium=medium))
        seed = Vault(meter).seed
        meter.reset()
        count = 0
        while not meter.erased and count != room:
            seed.replace(bytes(32), seed.boots)
            count += 1
        medium.close()
        room = 0 if count == room else count - 3
    shutil.move(scratch, path)


def sign(bench: Bench, office: SoftOffice, seq: int, by_the_way: bool = False) -> bytes:
    """Measure both halves of a signature, its second half ``by_the_way`` without its heap, and
    return the statement.
    """
    manifest, name = raw_manifest(2048), seq.to_bytes(16, "little")
    begin = m.SignBeginRequest(
        name, "filing", len(manifest), office.algorithm.digest(manifest), NOW + 1
    )
    bench.measure(begin, UNLOCKED)
    finish = bench.run if by_the_way else bench.measure
    raw = finish(m.SignFinishRequest(name), UNLOCKED, ran(begin), ("feed", manifest))
    reply = codec.decode(m.SignFinishReply, raw)
    assert reply.seq == seq
    return wire.assemble(reply.header, reply.digest, reply.signature)


def receipt_from_a_long_log(office: SoftOffice, statement: bytes) -> Receipt:
    """A receipt from a log of 2^32 entries, more than an office has in its life; those beside the
    first need not exist.
    """
    parsed = cose.parse(statement, purpose="filing")
    path = [sha256(b"%d" % level).digest() for level in range(LEVELS)]
    root = merkle.leaf_hash(wire.log_leaf(parsed.id, statement, parsed.digest, NOW))
    for sibling in path:
        root = merkle.node_hash(root, sibling)
    payload = wire.ReceiptPayload(parsed.id, 0, 1 << LEVELS, root, path, NOW)
    return sign_receipt(
        office.issuer,
        office_id=office.office_id,
        region=office.region,
        x5t=office.issuer_manifest.x5t,
        payload=payload,
    )


def measure(folder: Path, exactly: bool) -> dict[str, Need]:
    """Return the needs of all commands, by the name of the request."""
    needs: defaultdict[str, Need] = defaultdict(Need)
    for algorithm in (ES256, SM2):
        home = folder / algorithm.name
        home.mkdir()
        bench, office = Bench(home, exactly), office_of(algorithm)
        young(bench, office)
        old(bench, office)
        for name, need in bench.needs.items():
            needs[name].add(need)
    for command in described.DESCRIBED:
        name = _request(command)
        if name not in needs:
            needs[name] = acted(folder, command, exactly)
    return needs


def _request(command: str) -> str:
    """The name of a command's request."""
    return COMMANDS[described.DESCRIBED[command].number].request.__name__


def acted(folder: Path, command: str, exactly: bool) -> Need:
    """What a command needs in its scene."""
    recording = record(command)
    home = folder / command
    home.mkdir()
    bench = Bench(home, exactly, TestBoard().serial)
    bench.flash.write_bytes(recording.image.flash)
    before, raw = recording.up_to(command)
    steps = [("run" if one.command else "feed", one.raw) for one in before if not one.refused]
    number, fields = codec.split_request(raw)
    request = codec.from_map(COMMANDS[number].request, fields)
    bench.measure(request, *steps)
    return bench.needs[type(request).__name__]


def main(commands: list[str]) -> None:
    """Print what was measured beside what is declared: of all commands, on new keys and old ones.

    Commands that are named are measured in their scenes only, with what those have in their fields.
    """
    with tempfile.TemporaryDirectory() as folder:
        needs = (
            {_request(command): acted(Path(folder), command, exactly=True) for command in commands}
            if commands
            else measure(Path(folder), exactly=True)
        )
    for entry in COMMANDS.values():
        name = entry.request.__name__
        if name not in needs:
            continue
        need = needs[name]
        print(
            f"{name:24} heap {need.heap:3} of {entry.heap:3} KiB   flash {need.flash:5} of {entry.flash:5} B   {need.sectors} sectors"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
