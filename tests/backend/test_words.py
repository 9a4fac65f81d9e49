"""What people type in commands is kept as it is, or refused: no database is asked to take what it
cannot, and nothing of it is cut off.
"""

import json
from pathlib import Path

import click
import pytest

from biandun_office.cli.main import run
from biandun_office.issuance.models import Certificate, StateChange
from biandun_office.server import listen
from biandun_protocol.errors import Problem
from tests.backend.bench import Bench
from tests.backend.people import Key
from tests.system import trees

# who reads these says himself what is wrong: libpq's parser, and the check of an address
ELSEWHERE = {"database", "origins"}
NO_WORDS = {
    "bytes that are no text": "a\udcffb",
    "nothing": "",
    "blanks": "  ",
    "a null character": "a\0b",
    "what a terminal obeys": "\x1b[31m",
    "another direction": "a\u202eb",
    "no end": "字" * 5000,
}


def texts() -> list[tuple[str, click.Parameter]]:
    return [
        (f"{context.command_path} {parameter.name}", parameter)
        for context in trees.contexts("biandun-office")
        for parameter in context.command.params
        if isinstance(parameter.type, click.types.StringParamType) or parameter.type.name == "text"
        if parameter.name not in ELSEWHERE
    ]


@pytest.mark.parametrize("value", NO_WORDS.values(), ids=NO_WORDS)
def test_every_text_of_every_command_refuses_what_cannot_be_kept(value: str):
    taken: list[str] = []
    for place, parameter in texts():
        try:
            parameter.type.convert(value, parameter, None)
        except click.BadParameter:
            continue
        taken.append(place)
    assert taken == []
    assert len(texts()) > 10


def test_a_reason_is_kept_whole_or_refused_and_a_key_stopped_all_the_same(
    office: Bench, key: Key, capsys: pytest.CaptureFixture[str]
):
    def stop(reason: str) -> int:
        words = ["--data", str(office.folder), "--json", "revoke", "--serial", key.serial]
        return run([*words, "--reason", reason])

    assert stop("字" * 391) == 2
    assert json.loads(capsys.readouterr().err)["error"]["code"] == "usage"
    assert Certificate.objects.get().state == "ACTIVE"
    assert stop("字" * 390) == 0
    assert StateChange.objects.get().reason == "字" * 390


@pytest.mark.parametrize("region", ["", "62990", "6299000", "62990x", "xxxxxx", "６２９９0"])
def test_an_office_is_founded_in_a_region_or_not_at_all(
    region: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "secret").write_text("a passphrase for tests")
    words = ["--data", str(tmp_path / "office"), "init", "--region", region]
    assert run([*words, "--passphrase-file", str(tmp_path / "secret")]) == 2
    assert not (tmp_path / "office").exists()


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test", "a\u2028b", "a\udcffb"])
def test_an_address_that_cannot_be_asked_for_is_named(host: str):
    with pytest.raises(Problem) as caught:
        listen(host, 0)
    assert caught.value.code == "port-taken"


@pytest.mark.parametrize("number", ["-1", str(2**31), "9" * 30])
def test_a_descriptor_that_is_none_is_a_usage_error(number: str, office: Bench):
    assert run(["--data", str(office.folder), "serve", "--passphrase-fd", number]) == 2
