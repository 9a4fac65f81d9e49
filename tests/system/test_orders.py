"""Keys and their office, all of it real programs: a key that was set back, filings that travel on a
key, one that is missing, one that is handed on.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import SCHOOL
from tests.system.journey import CommandFailed, Journey, pdf

pytestmark = pytest.mark.slow

KEY = "BD-000001"


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """An office that serves and one key of a school, with one-time-programmable memory."""
    with Journey(tmp_path_factory.mktemp("orders")) as made:
        made.plug(1, "--otp")
        made.found_office()
        made.serve()
        made.enrol(SCHOOL, KEY)
        yield made


def signed(journey: Journey, name: str) -> Path:
    """A filing, signed and not handed in."""
    folder = journey.folder / name
    form = {**journey.run("biandun", "filing", "example"), "reason": f"{name}（虚构数据）"}
    (journey.folder / "form.json").write_text(json.dumps(form, ensure_ascii=False))
    (journey.folder / "letter.pdf").write_bytes(pdf())
    attach = ("--attach", "application_document=letter.pdf")
    journey.run(
        "biandun", "filing", "prepare", "form.json", *attach, "--out", folder, "--serial", KEY
    )
    journey.with_pin("filing", "sign", folder, serial=KEY)
    return folder


def submit(journey: Journey, folder: Path) -> dict[str, object]:
    return journey.run("biandun", "filing", "submit", folder, "--office", journey.url)


def order(journey: Journey, purpose: str, *options: object) -> Path:
    """Carry a challenge to the office and its order back."""
    challenge, given = journey.folder / "challenge.bd", journey.folder / f"{purpose}.bd"
    journey.run("biandun", "keys", "challenge", "--out", challenge, "--serial", KEY)
    words = (
        "--do",
        purpose,
        "--reason",
        "核查无误",
        "--out",
        given,
        "--passphrase-file",
        journey.passphrase,
    )
    journey.office("order", challenge, *words, *options)
    return given


def audited(journey: Journey) -> list[str]:
    """Carry the key's audit ring to the office; what is new in it there."""
    export = journey.folder / "audit.bd"
    journey.run("biandun", "keys", "audit", "--out", export, "--serial", KEY)
    return journey.office("audit", export)["new"]


def seq(folder: Path) -> int:
    return int(json.loads((folder / "filing.json").read_text())["seq"])


def test_a_key_in_its_life(journey: Journey) -> None:
    """One test, because each part begins where the one before has left the key."""
    flash = journey.folder / "keys" / f"{KEY}.flash"
    submit(journey, signed(journey, "first"))
    journey.unplug()
    older = flash.read_bytes()
    journey.plug(1, "--otp")
    late = signed(journey, "late")  # not handed in yet when the flash is set back
    submit(journey, signed(journey, "third"))
    journey.unplug()
    flash.write_bytes(older)
    journey.plug(1, "--otp")
    with pytest.raises(CommandFailed) as caught:
        signed(journey, "refused")
    assert caught.value.code == "rolled-back"
    given = order(journey, "reinstate", "--spare", 5)
    assert journey.run("biandun", "keys", "carry-out", given, "--serial", KEY)["seq"] == 8
    went_on = signed(journey, "went-on")
    assert seq(went_on) == 9
    assert submit(journey, went_on)["new"] is True
    assert submit(journey, late)["new"] is True
    assert journey.office("alerts") == []

    travelling = signed(journey, "travelling")
    journey.with_pin("outbox", "put", travelling, serial=KEY)
    [handed] = journey.with_pin("outbox", "submit", "--office", journey.url, serial=KEY)
    assert (handed["problem"], bool(handed["case"])) == (None, True)
    assert journey.run("biandun", "outbox", "list", "--serial", KEY) == []
    assert journey.run("biandun", "outbox", "collect", travelling, "--serial", KEY)["seq"] == 10

    events = audited(journey)
    assert [event.split()[1] for event in events] == [
        "personalised",
        "pin-set",
        "set-back",
        "reinstated",
    ]

    under_the_old_pair = signed(journey, "under-the-old-pair")
    asked, answered = journey.folder / "request.bd", journey.folder / "answer.bd"
    assert journey.with_pin("keys", "succeed", "--out", asked, serial=KEY)["seq"] == 12
    given = journey.office(
        "succeed", asked, "--out", answered, "--passphrase-file", journey.passphrase
    )
    assert (given["version"], given["again"]) == (2, False)
    assert journey.run("biandun", "keys", "personalise", answered, "--serial", KEY)["seq"] == 12
    under_the_new_pair = signed(journey, "under-the-new-pair")
    assert [seq(folder) for folder in (under_the_old_pair, under_the_new_pair)] == [11, 13]
    for folder in (under_the_new_pair, under_the_old_pair):
        assert submit(journey, folder)["new"] is True
        assert (
            journey.run("biandun", "filing", "keep", folder, "--serial", KEY)[
                "receipt_verified_by_key"
            ]
            is True
        )
        journey.run(
            "biandun", "filing", "verify", folder, "--root", journey.folder / "office" / "root.pem"
        )  # fails when a step does
    # it is signed: by the pair that the key had then
    journey.with_pin("filing", "sign", under_the_old_pair, serial=KEY)
    assert [event.split()[1] for event in audited(journey)] == ["succeeded"]
    assert journey.office("alerts") == []

    not_heard_yet = signed(journey, "not-heard-yet")
    journey.office("suspend", "--serial", KEY, "--reason", "单位报失")
    for call in (
        lambda: submit(journey, not_heard_yet),
        # which lets the key hear of it
        lambda: journey.with_pin("office", "login", "--office", journey.url, serial=KEY),
        lambda: signed(journey, "stopped"),
    ):
        with pytest.raises(CommandFailed) as caught:
            call()
        assert caught.value.code == "key-suspended"
    journey.office("resume", "--serial", KEY, "--reason", "已找回")
    word = journey.folder / "status.bd"
    journey.office(
        "status", "--serial", KEY, "--out", word, "--passphrase-file", journey.passphrase
    )
    assert journey.run("biandun", "keys", "status", word, "--serial", KEY)["standing"] == "active"
    assert submit(journey, not_heard_yet)["new"] is True
    assert seq(signed(journey, "resumed")) == 15
    assert [event.split()[1] for event in audited(journey)] == ["status-taken", "status-taken"]

    given = order(journey, "reset")
    journey.run("biandun", "keys", "carry-out", given, "--yes", KEY, "--serial", KEY)
    with pytest.raises(CommandFailed) as caught:
        journey.run("biandun", "keys", "carry-out", given, "--yes", KEY, "--serial", KEY)
    assert caught.value.code == "wrong-state"
    assert journey.enrol(SCHOOL, KEY)["state"] == "personalised"
    assert [event.split()[1] for event in audited(journey)] == ["reset", "personalised", "pin-set"]
    anew = signed(journey, "anew")
    assert (seq(anew), submit(journey, anew)["new"]) == (1, True)
    assert journey.office("log-check")["ok"] is True
