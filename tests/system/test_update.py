"""A firmware release from its maker through the office to a key that runs it, all of it real
programs and a real image.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import SCHOOL
from tests.system.journey import CommandFailed, Journey

KEY = "BD-000001"


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """An office and one key of a school that can be updated."""
    with Journey(tmp_path_factory.mktemp("update")) as made:
        made.plug(1, "--otp", "--updatable")
        made.found_office()
        made.enrol(SCHOOL, KEY)
        yield made


def released(journey: Journey, version: str, number: int, *options: object) -> Path:
    """Made by the vendor, approved by the office."""
    made, approved = (
        journey.folder / f"firmware-{version}.bd",
        journey.folder / f"approved-{version}.bd",
    )
    words = ("release", "--version", version, "--number", number, "--out", made, *options)
    assert journey.run("biandun-sim", *words)["version"] == version
    journey.office(
        "approve-release", made, "--out", approved, "--passphrase-file", journey.passphrase
    )
    return approved


def again(journey: Journey) -> dict[str, object]:
    """Pull the key out and plug it in."""
    journey.unplug()
    journey.plug()
    return journey.run("biandun", "keys", "info", "--serial", KEY)


def test_a_key_runs_what_vendor_and_office_have_signed_and_stays_itself(journey: Journey) -> None:
    """One test, because each part begins where the one before has left the key."""
    before = journey.run("biandun", "keys", "info", "--serial", KEY)
    with pytest.raises(CommandFailed) as caught:
        released(journey, "0.2.0", 2)
        journey.run(
            "biandun", "firmware", "update", journey.folder / "firmware-0.2.0.bd", "--serial", KEY
        )
    assert caught.value.code == "release-unapproved"
    approved = journey.folder / "approved-0.2.0.bd"
    assert journey.run("biandun", "firmware", "show", approved)["approved"] is True
    assert journey.run("biandun", "firmware", "update", approved, "--serial", KEY)["number"] == 2
    assert again(journey) == {**before, "firmware": "0.2.0"}
    journey.with_pin("keys", "change-pin", "--new-pin-file", journey.pin, serial=KEY)

    secure = released(journey, "0.3.0", 3, "--floor", 3)
    journey.run("biandun", "firmware", "update", secure, "--serial", KEY)
    assert again(journey)["firmware"] == "0.3.0"
    with pytest.raises(CommandFailed) as caught:
        journey.run("biandun", "firmware", "update", approved, "--serial", KEY)
    assert caught.value.code == "release-older"
    events = [row["event"] for row in journey.run("biandun", "keys", "audit", "--serial", KEY)]
    assert events == ["personalised", "pin-set", "updated", "pin-changed", "updated"]
