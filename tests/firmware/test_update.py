"""A firmware update: signed by two, beside the firmware that runs, kept if it passes its test;
whatever is interrupted, the key boots.

A start here is what the board's boot does: choose the slot, run the firmware of that number, let it
test itself.  The image is any bytes: what runs in this process is always the same code, under the
number of the slot.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256

import pytest

from biandun import errors
from biandun.key import updating
from biandun.keys import Key
from biandun_protocol import cbor, cose
from biandun_protocol.algorithms import ES256, SM2, Algorithm, PublicKey
from biandun_protocol.audit import verify_audit
from biandun_protocol.errors import ManifestProblem, StatementProblem
from biandun_protocol.release import Described, Release, sign_release
from biandun_protocol.wire.flashfaults import Cut
from biandun_protocol.wire.flashmodel import NorFlash, PowerCut
from biandun_protocol.wire.messages import (
    UpdateBeginReply,
    UpdateBeginRequest,
    UpdateFinishReply,
    UpdateFinishRequest,
    UpdatePartReply,
    UpdatePartRequest,
)
from biandun_protocol.wire.numbers import LIMIT_IMAGE, LIMIT_PIECE
from etoken import selftest, version
from etoken.boards.vendor import SIMULATED, TARGET
from etoken.store.images import COMPLETE, PROGRESS, Images, Installed
from tests.firmware.conftest import Wire, refusal
from tests.firmware.test_power_cut import PARTS
from tests.firmware.testboard import TestBoard
from tests.support import softkey
from tests.support.person import PIN
from tests.support.signers import signer_from
from tests.support.softoffice import SoftOffice

MANIFEST = softkey.manifest()
SECTOR = 4096
SMALL = 2 * 4 * SECTOR  # two places of three sectors: so that every operation can be cut
CAME_WITH = 1  # whatever number this firmware has by now, here it is the first
# 5,120 bytes: two sectors, three pieces
IMAGE = b"".join(sha256(b"%d" % number).digest() for number in range(160))


def simulated_release(
    number: int = 2, image: bytes = IMAGE, floor: int = 0, target: str = TARGET
) -> Release:
    from biandun_simulator.release import sign

    return sign(Described(target, f"0.{number}.0", number, floor), image)


@dataclass
class Updatable:
    """A key with two places for firmware, in service, with a statement; ``boot`` starts it as a
    board does.
    """

    monkeypatch: pytest.MonkeyPatch
    algorithm: Algorithm = ES256
    images: NorFlash = field(default_factory=lambda: NorFlash(SMALL))

    def __post_init__(self) -> None:
        self.office = SoftOffice(algorithm=self.algorithm)
        self.wire = Wire(TestBoard())
        self.key = self.boot()
        self.key.personalise(self.office.grant(self.key.answer_offer(self.office.offer())))
        self.key.set_pin(PIN)
        self.first = cose.parse(self.sign(1), purpose="filing")

    def boot(self) -> Key:
        """Choose a slot, run it; a firmware that fails its test ends the start, and the next one
        chooses again.
        """
        for _ in range(10):
            images = Images(self.images)
            slot = images.choose()
            self.running = slot.number if slot else CAME_WITH
            self.monkeypatch.setattr(version, "NUMBER", self.running)
            self.monkeypatch.setattr(version, "VERSION", f"0.{self.running}.0")
            self.wire.key.board.firmware = Installed(images, slot, TARGET, SIMULATED)
            with suppress(selftest.SelfTestFailed):
                self.key = self.wire.restart()
                return self.key
        raise AssertionError("no firmware boots")

    def sign(self, number: int) -> bytes:
        return self.key.sign(
            MANIFEST, purpose="filing", idempotency_key=bytes((number,)) * 16
        ).statement

    def update(self, release: Release | None = None) -> int:
        return updating.update(self.key, self.office.approved(release or simulated_release()))

    def updated(self, release: Release | None = None) -> None:
        """Update and start again."""
        self.update(release)
        self.boot()

    def is_itself(self) -> bool:
        """Same key pair, same certificate, PIN good, and the next statement follows the first."""
        self.key.unlock(PIN)
        header = cose.parse(self.sign(2), purpose="filing").header
        return (header.seq, header.prev) == (2, self.first.id)


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Updatable:
    return Updatable(monkeypatch)


# --- the way through --------------------------------------------------
@pytest.mark.parametrize("algorithm", [ES256, SM2], ids=["ES256", "SM2"])
def test_a_release_of_vendor_and_operator_runs_from_the_next_start_on_and_the_key_is_itself(
    algorithm: Algorithm, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Updatable(monkeypatch, algorithm)
    assert board.update() == 2
    assert board.key.refresh().firmware == "0.1.0"
    assert board.boot().info.firmware == "0.2.0"
    assert board.is_itself()


def test_updates_take_turns_and_the_one_that_runs_is_never_written_over(board: Updatable) -> None:
    for number in (2, 3, 4, 5):
        running = board.wire.key.board.firmware.running
        before = Images(board.images).read(running) if running else b""
        board.update(simulated_release(number, IMAGE + bytes((number,))))
        assert (Images(board.images).read(running) if running else b"") == before
        board.boot()
        assert board.running == number
    assert board.is_itself()


def test_an_update_is_noted(board: Updatable) -> None:
    board.updated()
    device_key = board.key.profile().device_key
    assert device_key is not None
    last = verify_audit(board.key.audit(), PublicKey(ES256, device_key)).events[-1]
    assert (last.name, last.detail) == ("updated", 2)


def test_it_needs_the_button_and_no_pin(board: Updatable) -> None:
    board.key.lock()
    board.wire.presence(False)
    assert refusal(board.update) == "presence-refused"
    board.wire.presence(True)
    assert board.update() == 2


def test_the_same_again_goes_on_where_it_stopped_also_after_unplugging(board: Updatable) -> None:
    release = board.office.approved(simulated_release())
    begin = UpdateBeginRequest(release.vendor_es256, release.operator or b"", release.manifest)
    assert board.key.call(begin, UpdateBeginReply).next == 0
    board.key.call(UpdatePartRequest(0, IMAGE[:LIMIT_PIECE]), UpdatePartReply)
    board.boot()
    board.wire.presence(False)  # it was confirmed when it began
    assert board.key.call(begin, UpdateBeginReply).next == LIMIT_PIECE
    assert board.update(simulated_release()) == 2


def test_a_finished_update_is_finished_however_often_it_is_asked_for(board: Updatable) -> None:
    assert [board.update(), board.update()] == [2, 2]
    assert board.boot().info.firmware == "0.2.0"


def test_another_release_takes_the_place_of_one_on_its_way(board: Updatable) -> None:
    board.update()
    board.updated(simulated_release(3, IMAGE[::-1]))
    assert board.running == 3


# --- what does not run ------------------------------------------------
def test_a_firmware_that_fails_its_test_is_never_tried_again_and_the_one_before_runs(
    board: Updatable, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.update()
    monkeypatch.setattr(selftest, "passes", lambda token, number: False)
    assert board.boot().info.firmware == "0.1.0"
    monkeypatch.undo()
    assert board.boot().info.firmware == "0.1.0"
    assert board.is_itself()


def test_a_firmware_that_never_gets_as_far_as_its_test_is_tried_three_times(
    board: Updatable,
) -> None:
    board.update()
    chosen = []
    for _ in range(5):  # each start dies before the firmware says anything
        slot = Images(board.images).choose()
        chosen.append(slot.number if slot else 0)
    assert chosen == [2, 2, 2, 0, 0]
    assert board.boot().info.firmware == "0.1.0"


def test_the_self_test_sees_a_wrong_number_a_wrong_hash_and_a_damaged_flash(
    board: Updatable, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = board.wire.key.token
    assert selftest.passes(token, CAME_WITH)
    assert not selftest.passes(token, CAME_WITH + 1)
    with monkeypatch.context() as context:
        context.setitem(selftest.DIGESTS, "SM2", bytes(32))
        assert not selftest.passes(token, CAME_WITH)
    token.vault._journal.damaged = True
    assert not selftest.passes(token, CAME_WITH)


# --- what is refused --------------------------------------------------
def single(board: Updatable, which: str) -> Release:
    """A release that one of the two has not signed."""
    release = board.office.approved(simulated_release())
    stranger = SoftOffice(seed=3000)
    if which == "operator":
        return stranger.approved(release)
    if which == "vendor":
        signers = (signer_from(5), signer_from(6, SM2))
        return board.office.approved(sign_release(signers, Described(TARGET, "0.2.0", 2), IMAGE))
    if which == "vendor twice":
        return replace(release, operator=release.vendor_es256)
    if which == "operator twice":
        return replace(release, vendor_es256=release.operator or b"")
    return replace(release, vendor_es256=release.vendor_sm2)


@pytest.mark.parametrize(
    "which", ["operator", "vendor", "vendor twice", "operator twice", "other suite"]
)
def test_a_release_that_is_not_signed_by_both_is_refused(which: str, board: Updatable) -> None:
    assert refusal(lambda: updating.update(board.key, single(board, which))) == "release-invalid"
    assert board.boot().info.firmware == "0.1.0"


def test_every_bit_of_a_manifest_counts(board: Updatable) -> None:
    release = board.office.approved(simulated_release())
    for bit in range(0, 8 * len(release.manifest), 7):
        flipped = bytearray(release.manifest)
        flipped[bit // 8] ^= 1 << bit % 8
        assert (
            refusal(
                lambda flipped=flipped: updating.update(
                    board.key, replace(release, manifest=bytes(flipped))
                )
            )
            == "release-invalid"
        )


def test_a_release_that_the_office_has_not_approved_is_not_sent(board: Updatable) -> None:
    with pytest.raises(ManifestProblem) as caught:
        updating.update(board.key, simulated_release())
    assert caught.value.code == "release-unapproved"


@pytest.mark.parametrize(
    "release",
    [
        simulated_release(target="rp2350"),
        simulated_release(floor=3),
        simulated_release(image=bytes(4 * SECTOR)),
    ],
)
def test_a_release_for_another_board_or_that_contradicts_itself_is_refused(
    release: Release, board: Updatable
) -> None:
    assert refusal(lambda: board.update(release)) == "release-invalid"


def test_a_downgrade_below_the_floor_is_refused_and_one_above_is_not(board: Updatable) -> None:
    board.updated(simulated_release(5, floor=4))
    assert refusal(lambda: board.update(simulated_release(3))) == "release-older"
    board.updated(simulated_release(4))
    assert board.running == 4
    assert board.is_itself()


def test_the_floor_rises_only_when_a_release_stays(
    board: Updatable, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.update(simulated_release(5, floor=5))
    with monkeypatch.context() as context:
        context.setattr(selftest, "passes", lambda token, number: False)
        board.boot()
    board.updated(simulated_release(3))
    assert board.running == 3


def test_a_reset_does_not_lower_the_floor(board: Updatable) -> None:
    board.updated(simulated_release(5, floor=4))
    board.office.reset(board.key)
    board.key.personalise(board.office.grant(board.key.answer_offer(board.office.offer())))
    assert refusal(lambda: board.update(simulated_release(3))) == "release-older"


def test_firmware_below_the_floor_signs_nothing_however_it_came_to_run(board: Updatable) -> None:
    board.updated(simulated_release(5, floor=4))
    board.images.erase(0)
    board.images.erase(SMALL // 2)  # somebody with a programmer
    board.boot()
    assert board.running == CAME_WITH
    board.key.unlock(PIN)
    assert refusal(lambda: board.sign(2)) == "firmware-outdated"
    assert board.key.fetch(seq=1).seq == 1
    board.updated(simulated_release(5, floor=4))
    assert board.is_itself()


def test_an_image_that_is_not_the_announced_one_is_not_kept(board: Updatable) -> None:
    release = board.office.approved(simulated_release())
    assert (
        refusal(lambda: updating.update(board.key, replace(release, image=IMAGE[:-1] + b"?")))
        == "digest-mismatch"
    )
    assert refusal(lambda: board.key.call(UpdateFinishRequest(), UpdateFinishReply)) == "not-found"
    assert board.update() == 2


@pytest.mark.parametrize(
    "flag", [COMPLETE, PROGRESS, PROGRESS + 2], ids=["complete", "first part", "last part"]
)
def test_a_flag_that_the_flash_does_not_keep_is_noticed(flag: int, board: Updatable) -> None:
    genuine = board.images.program

    def program(offset: int, data: bytes) -> None:
        if offset % (SMALL // 2) != flag:
            genuine(offset, data)

    board.images.program = program  # type: ignore[method-assign]
    assert refusal(board.update) == "digest-mismatch"


def test_a_header_that_the_flash_does_not_keep_is_noticed(board: Updatable) -> None:
    board.images.program = lambda offset, data: None  # type: ignore[method-assign]
    assert refusal(board.update) == "digest-mismatch"


def test_an_image_that_rots_is_not_run(board: Updatable) -> None:
    board.updated()
    board.images.program(SECTOR + 100, bytes(10))
    assert board.boot().info.firmware == "0.1.0"
    assert board.is_itself()


def test_the_same_image_with_another_floor_is_another_release(board: Updatable) -> None:
    board.update()
    board.updated(simulated_release(floor=2))
    assert refusal(lambda: board.update(simulated_release(1))) == "release-older"


def test_what_the_flash_does_not_keep_is_noticed(board: Updatable) -> None:
    genuine = board.images.read
    board.images.read = lambda offset, size: (
        genuine(offset, size)[:-1] + b"?" if size == LIMIT_PIECE else genuine(offset, size)
    )  # type: ignore[method-assign]
    assert refusal(board.update) == "digest-mismatch"


@pytest.mark.parametrize(
    ("offset", "content", "code"),
    [
        (LIMIT_PIECE, IMAGE[:LIMIT_PIECE], "bad-field"),
        (0, IMAGE[:100], "bad-field"),
        (1, IMAGE[:LIMIT_PIECE], "bad-field"),
    ],
)
def test_a_part_out_of_place_or_of_another_size_is_refused(
    offset: int, content: bytes, code: str, board: Updatable
) -> None:
    release = board.office.approved(simulated_release())
    with pytest.raises(errors.KeyRefused):
        # begun, and one part too long
        updating.update(board.key, replace(release, image=IMAGE + b"more"))
    board.wire.key.board.firmware.images.abandon(board.wire.key.board.firmware.images.filling(None))
    board.key.call(
        UpdateBeginRequest(release.vendor_es256, release.operator or b"", release.manifest),
        UpdateBeginReply,
    )
    assert (
        refusal(lambda: board.key.call(UpdatePartRequest(offset, content), UpdatePartReply)) == code
    )
    assert (
        refusal(lambda: board.key.call(UpdateFinishRequest(), UpdateFinishReply))
        == "update-incomplete"
    )


def test_parts_of_nothing_are_refused(board: Updatable) -> None:
    assert (
        refusal(lambda: board.key.call(UpdatePartRequest(0, IMAGE[:LIMIT_PIECE]), UpdatePartReply))
        == "not-found"
    )


def test_a_board_without_two_places_says_so(key: Key, office: SoftOffice) -> None:
    assert (
        refusal(lambda: updating.update(key, office.approved(simulated_release())))
        == "update-unavailable"
    )


def test_a_blank_key_knows_no_operator_and_takes_no_release(wire: Wire, office: SoftOffice) -> None:
    assert (
        refusal(lambda: updating.update(wire.open(), office.approved(simulated_release())))
        == "wrong-state"
    )


# --- the file ---------------------------------------------------------
def test_a_release_file_comes_back_as_it_was() -> None:
    release = simulated_release()
    assert Release.decode(release.encode()) == release
    for algorithm in (ES256, SM2):
        assert release.verify_vendor(PublicKey(algorithm, SIMULATED[algorithm.name])).number == 2


@pytest.mark.parametrize("raw", [b"", b"\xa0", b"\xff" * 9000, cbor.dumps({0: "biandun-offer/1"})])
def test_what_is_no_release_file_is_refused(raw: bytes) -> None:
    with pytest.raises(ManifestProblem):
        Release.decode(raw)


def test_a_release_whose_image_is_another_is_refused() -> None:
    with pytest.raises(StatementProblem) as caught:
        Release.decode(replace(simulated_release(), image=IMAGE[::-1]).encode())
    assert caught.value.code == "digest-mismatch"


def test_an_image_that_is_too_long_is_not_released() -> None:
    with pytest.raises(ManifestProblem) as caught:
        simulated_release(image=bytes(LIMIT_IMAGE + 1))
    assert caught.value.code == "too-large"


# --- every cut --------------------------------------------------------
WAYS: tuple[tuple[float | None, bool], ...] = (
    (None, False),
    (0.0, False),
    (0.4, True),
    (0.999, True),
    (1.0, False),
)


def memories(board: Updatable) -> Iterator[NorFlash]:
    yield board.images
    yield board.wire.key.board.flash


def whole_update(board: Updatable) -> None:
    """From the first byte until the new firmware has been found good, and has raised the floor."""
    board.updated(simulated_release(floor=2))


def snapshot(board: Updatable) -> list[bytes]:
    return [memory.medium.read(0, memory.size) for memory in memories(board)]


def restored(board: Updatable, cells: list[bytes]) -> None:
    for memory, content in zip(memories(board), cells, strict=True):
        memory.hook = None
        memory.medium.write(0, content)
    board.boot()


@pytest.mark.parametrize(
    "every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["a sample", "all"]
)
def test_an_update_cut_at_every_operation_boots_and_the_key_is_itself(
    board: Updatable, every: bool
) -> None:
    """Image, header, flags, and what the new firmware notes on the key's own flash, in its first
    start.
    """
    before = snapshot(board)
    counts = []
    for memory in range(2):
        restored(board, before)
        counter = Cut(list(memories(board))[memory], 1 << 30)
        whole_update(board)
        counts.append(counter.count)
    assert counts[0] > 10
    assert counts[1] > 2
    for memory, count in enumerate(counts):
        for at in range(1, count + 1):
            for seed, (share, scattered) in enumerate(WAYS, 1):
                if not every and (at + seed) % len(WAYS):
                    continue  # each operation is cut in one way
                restored(board, before)
                cut = list(memories(board))[memory]
                Cut(cut, at, share, seed + 7 * at, scattered)
                with suppress(PowerCut):
                    whole_update(board)
                cut.hook = None
                board.boot()
                assert board.running in (CAME_WITH, 2), (memory, at, share)
                assert board.is_itself(), (memory, at, share)
                whole_update(board)
                assert board.running == 2, (memory, at, share)
    if every:
        part = {
            "cut_points": sum(counts) * len(WAYS),
            "violations": [],
            "commands": ["update_begin", "update_finish", "update_part"],
        }
        PARTS.mkdir(parents=True, exist_ok=True)
        (PARTS / "update-False.json").write_text(json.dumps(part))
