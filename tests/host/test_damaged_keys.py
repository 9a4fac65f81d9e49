"""A key whose flash is damaged, or whose PIN is locked, is told so by list, info and doctor, with
what helps.
"""

import json
from collections.abc import Callable

import pytest

from biandun import doctor, errors, keys
from biandun.cli.main import run
from biandun.key.session import Key
from biandun.keys import PortInfo
from biandun_protocol.secret import Secret
from biandun_protocol.wire.numbers import LIMIT_PIN_TRIES
from tests.firmware.conftest import Wire
from tests.support import softkey


@pytest.fixture
def signed(key: Key) -> Key:
    key.sign(softkey.manifest(), purpose="filing", idempotency_key=b"k" * 16)
    return key


@pytest.fixture
def plugged(signed: Key, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Wire:
    """The key as the programs find it: each opens it anew, after a restart."""
    place = PortInfo("in-process", signed.info.serial, simulated=True)
    monkeypatch.setattr(keys, "scan", lambda: [place])
    monkeypatch.setattr(keys, "open_port", lambda port, ui=None: wire.restart())
    return wire


def flip(wire: Wire, at: int) -> None:
    wire.key.board.flash.cells[at] ^= 1


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, object]:
    capsys.readouterr()
    status = run([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def active_bank(wire: Wire) -> int:
    """Where the records of the bank that counts begin."""
    journal = wire.key.token.vault._journal
    return journal._base(journal._bank)


def test_list_says_damaged_and_not_blank(plugged: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    flip(plugged, active_bank(plugged))
    status, rows = printed(capsys, "keys", "list")
    assert isinstance(rows, list)
    [row] = rows
    assert (status, row["state"], row["problem"]) == (0, "damaged", "store-damaged")
    assert row["unit_name"] == "陇澜市第一中学"
    assert row["fix"]


def test_info_says_what_can_still_be_read_and_what_to_do(
    plugged: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(plugged, active_bank(plugged))
    _, info = printed(capsys, "keys", "info")
    assert isinstance(info, dict)
    assert (info["state"], info["problem"]) == ("damaged", "store-damaged")
    assert {"certificate", "statements"} <= set(info["readable"])
    assert info["fix"]


def test_what_a_key_with_a_rotten_header_signed_can_still_be_fetched(
    plugged: Wire, signed: Key
) -> None:
    before = signed.fetch(seq=1)
    flip(plugged, active_bank(plugged))
    assert plugged.restart().fetch(seq=1) == before


def test_a_key_with_a_rotten_header_writes_nothing(plugged: Wire) -> None:
    flip(plugged, active_bank(plugged))
    cells = bytes(plugged.key.board.flash.cells)
    again = plugged.restart()
    with pytest.raises(errors.KeyRefused):
        again.unlock(Secret(b"246810"))
    assert bytes(plugged.key.board.flash.cells) == cells


def test_the_doctor_says_damaged_and_nothing_that_follows_from_it(plugged: Wire) -> None:
    flip(plugged, active_bank(plugged))
    assert [finding.problem.code for finding in doctor.examine().findings if finding.serial] == [
        "store-damaged"
    ]


@pytest.mark.parametrize("where", ["header", "records"])
def test_no_flipped_byte_makes_a_key_look_blank(where: str, plugged: Wire) -> None:
    start = active_bank(plugged)
    end = plugged.key.token.vault._journal._end
    places = range(12) if where == "header" else range(12, end, max(1, end // 40))
    for at in places:
        flip(plugged, start + at)
        again = plugged.restart()
        assert again.condition().damaged, at
        flip(plugged, start + at)
    assert not plugged.restart().condition().damaged


def lock_out(wire: Wire) -> None:
    key = wire.open()
    for _ in range(LIMIT_PIN_TRIES):
        wire.key.board.clock.now += 10**6
        with pytest.raises(errors.KeyRefused):
            key.unlock(Secret(b"000000"))


COMMANDS: dict[str, Callable[[object], object]] = {
    "list": lambda said: said[0],  # type: ignore[index]
    "info": lambda said: said,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_locked_key_is_told_with_the_command_that_helps(
    command: str, plugged: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    lock_out(plugged)
    _, said = printed(capsys, "keys", command)
    row = COMMANDS[command](said)
    assert isinstance(row, dict)
    assert row["problem"] == "pin-locked"
    assert "biandun keys unblock" in row["fix"]


def test_the_doctor_does_not_call_a_locked_key_healthy(plugged: Wire) -> None:
    lock_out(plugged)
    problems = [finding.problem for finding in doctor.examine().findings]
    [locked] = [problem for problem in problems if problem.code == "pin-locked"]
    assert "biandun keys unblock" in locked.next_step("zh")
