"""Office ahead, right or behind × this computer ahead, right or behind × what the key has heard:
who may sign, submit and keep.

Real firmware, the host's library and the office in one process; ``R`` is the true time.  The
office's first start is by the clock of its row, so it compares that with what it has recorded.
"""

import pytest

from biandun import errors
from biandun.keys import Key
from biandun_office.platform import clock
from biandun_office.timekeeping import guard
from biandun_office.timekeeping import services as timekeeping
from biandun_protocol.receipt import Receipt
from biandun_protocol.wire import codec
from tests.backend.bench import ONLY_SQLITE, Bench
from tests.backend.genuine import enrol
from tests.firmware.conftest import Wire

FAR = 400 * 86_400
AHEAD, RIGHT, BEHIND = FAR, 0, -FAR
# what the key has heard: nothing yet, the right time, a time 400 days ahead
OLD, HEARD, FUTURE = "old", "right", "future"
SUBMITTED = ""  # and kept
OFFICE: dict[tuple[str, int], str] = {  # what the office answers
    (OLD, AHEAD): "office-clock-ahead",
    (OLD, RIGHT): SUBMITTED,
    (OLD, BEHIND): "office-clock-behind",
    (HEARD, AHEAD): "office-clock-ahead",
    (HEARD, RIGHT): SUBMITTED,
    (HEARD, BEHIND): "office-clock-behind",
    (FUTURE, AHEAD): SUBMITTED,  # by its own records it is right: somebody has confirmed it
    (FUTURE, RIGHT): "office-clock-behind",
    (FUTURE, BEHIND): "office-clock-behind",
}
KEY: dict[tuple[str, int], str] = {  # what the key answers to who asks it to sign
    (OLD, AHEAD): "",
    (OLD, RIGHT): "",
    (OLD, BEHIND): "",
    (HEARD, AHEAD): "",
    (HEARD, RIGHT): "",
    (HEARD, BEHIND): "clock-behind",
    (FUTURE, AHEAD): "",
    (FUTURE, RIGHT): "clock-behind",
    (FUTURE, BEHIND): "clock-behind",
}


class Place:
    """An office whose clock can be set, and a key; ``true`` is what time it is."""

    def __init__(self, office: Bench, heard: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.office, self.true, self._patch = office, clock.now(), monkeypatch
        self.office_clock(RIGHT)
        self.key: Key = enrol(office, Wire(), days=1000)
        office.make_certificates_timeless()
        self.number = 0
        if heard == HEARD:
            self.keep(self.submit(self.sign(RIGHT)))
        elif heard == FUTURE:
            self.office_clock(AHEAD)
            timekeeping.confirm(at=clock.now(), source="同样不准的钟")
            self.keep(self.submit(self.sign(RIGHT)))

    def office_clock(self, offset: int) -> None:
        """The office is started anew, by a clock that is off."""
        self._patch.setattr(clock, "now", lambda: self.true + offset)
        guard.forget()

    def sign(self, offset: int) -> bytes:
        self.number += 1
        raw = self.office.upload(reason=f"第 {self.number} 份。")
        claimed, name = self.true + offset, bytes((self.number,)) * 16
        return self.key.sign(
            raw, purpose="filing", idempotency_key=name, claimed_time=claimed
        ).statement

    def submit(self, statement: bytes) -> Receipt:
        answer = self.office.post(statement)
        if answer.status_code != 201:
            raise AssertionError(answer.json()["code"])
        return Receipt.decode(answer.content)

    def keep(self, receipt: Receipt) -> None:
        size = self.key.chain().log_size
        proof = (
            self.office.get(f"/log/consistency?first={size}&second={receipt.read().tree_size}")
            if size
            else None
        )
        self.key.keep_receipt(
            receipt, [bytes.fromhex(item) for item in proof.json()["path"]] if proof else None
        )  # type: ignore[attr-defined]


@pytest.mark.parametrize(("heard", "office_offset"), OFFICE)
@ONLY_SQLITE
def test_who_may_sign_submit_and_keep(
    office: Bench, heard: str, office_offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(office, heard, monkeypatch)
    floor = place.key.chain().time_floor
    signed: list[bytes] = []
    for computer in (BEHIND, RIGHT, AHEAD):
        expected = KEY[heard, computer]
        if not expected:
            signed.append(place.sign(computer))
            continue
        with pytest.raises(errors.KeyRefused) as caught:
            place.sign(computer)
        assert caught.value.code == expected
        assert errors.moment(floor) in caught.value.message("en")
        assert errors.moment(place.true + computer) in caught.value.message("zh")
    place.office_clock(office_offset)
    for statement in signed:
        answer = place.office.post(statement)
        if OFFICE[heard, office_offset]:
            assert (answer.status_code, answer.json()["code"]) == (
                503,
                OFFICE[heard, office_offset],
            )
        else:
            assert answer.status_code == 201
            place.keep(Receipt.decode(answer.content))
    if OFFICE[heard, office_offset]:
        assert place.key.chain().time_floor == floor  # nothing wrong was stated
    else:
        assert place.key.chain().time_floor == place.true + office_offset


@ONLY_SQLITE
def test_a_key_that_saw_a_time_400_days_ahead_signs_again_after_the_offices_order(
    office: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(office, FUTURE, monkeypatch)
    late = place.sign(AHEAD)  # by a computer that was wrong, too; not handed in yet
    # received by the wrong clock; its receipt is not on the key yet
    other = place.submit(place.sign(AHEAD))
    place.office_clock(RIGHT)
    timekeeping.confirm(at=clock.now(), source="广播报时")
    place.key.carry_out(office.order(codec.encode(place.key.challenge()), "set-time"))
    assert place.key.chain().time_floor == place.true
    place.keep(other)
    assert place.key.chain().time_floor == place.true
    for statement in (late, place.sign(RIGHT)):
        receipt = place.submit(statement)
        assert receipt.read().received == place.true
        place.keep(receipt)
    place.sign(RIGHT)
