"""A unit that has forgotten its PIN, and the two officers who let it in again, all of it real
programs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import SCHOOL
from tests.system.journey import CommandFailed, Journey

pytestmark = pytest.mark.slow

KEY = "BD-000001"
OFFICERS = ("测试员甲", "测试员乙")


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """An office with two officers, each with a passphrase, and one key of a school."""
    with Journey(tmp_path_factory.mktemp("unblock")) as made:
        made.plug(1, "--otp")
        made.found_office()
        for name in OFFICERS:
            (made.folder / name).write_text(f"only {name} knows this")
            made.office("officer", name, "--passphrase-file", made.folder / name)
        made.office("name-officers", *OFFICERS, "--passphrase-file", made.passphrase)
        made.enrol(SCHOOL, KEY)
        yield made


def pin_file(journey: Journey, pin: str) -> Path:
    path = journey.folder / f"pin-{pin}"
    path.write_text(pin)
    return path


def code(journey: Journey, officer: str) -> Path:
    """Read an officer what the key shows, and take the code down."""
    asked = journey.run("biandun", "keys", "unblock-request", "--serial", KEY)
    heard = (
        "--serial",
        asked["serial"],
        "--user",
        asked["user"],
        "--number",
        asked["number"],
        "--check",
        asked["check"],
    )
    given = journey.office(
        "unblock-code", *heard, "--officer", officer, "--passphrase-file", journey.folder / officer
    )
    path = journey.folder / f"code-{officer}"
    path.write_text(given["code"].lower())
    return path


def unblock(journey: Journey, *codes: Path, pin: str) -> dict[str, object]:
    words = [word for path in codes for word in ("--code-file", path)]
    shares = journey.folder / "shares.bd"
    return journey.run(
        "biandun",
        "keys",
        "unblock",
        *words,
        "--new-pin-file",
        pin_file(journey, pin),
        "--shares",
        shares,
        "--serial",
        KEY,
    )


def test_a_locked_key_comes_back(journey: Journey) -> None:
    """One test, because each part begins where the one before has left the key."""
    before = journey.run("biandun", "keys", "info", "--serial", KEY)
    with pytest.raises(CommandFailed) as caught:
        for _ in range(7):
            try:
                journey.run(
                    "biandun",
                    "keys",
                    "card",
                    "--serial",
                    KEY,
                    "--pin-file",
                    pin_file(journey, "000000"),
                )
            except CommandFailed as failed:
                if failed.code != "pin-wrong":
                    raise
    assert caught.value.code == "pin-locked"

    first, second = (code(journey, officer) for officer in OFFICERS)
    with pytest.raises(CommandFailed) as caught:
        unblock(journey, first, first, pin="864209")
    assert caught.value.code == "unblock-wrong"
    assert unblock(journey, second, first, pin="864209")["number"] == 2
    after = journey.run("biandun", "keys", "info", "--serial", KEY)
    assert after == before
    with pytest.raises(CommandFailed) as caught:
        unblock(journey, first, second, pin="975310")
    assert caught.value.code == "unblock-wrong"

    assert journey.office("shares", journey.folder / "shares.bd")["number"] == 2
    assert (
        unblock(journey, *(code(journey, officer) for officer in OFFICERS), pin="135790")["number"]
        == 3
    )
    journey.office("shares", journey.folder / "shares.bd")
    journey.run(
        "biandun",
        "keys",
        "set-pin",
        "--user",
        "1",
        "--new-pin-file",
        pin_file(journey, "246802"),
        "--serial",
        KEY,
        "--pin-file",
        pin_file(journey, "135790"),
    )
    users = journey.run(
        "biandun",
        "keys",
        "remove-user",
        "1",
        "--serial",
        KEY,
        "--pin-file",
        pin_file(journey, "135790"),
    )
    assert users["users"] == [0]
