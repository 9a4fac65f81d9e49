"""The log: what was done and how it ended, never what was carried."""

import json
import logging
import os
from pathlib import Path

import pytest

from biandun import errors, logs
from biandun.cli.main import run
from biandun.filings import Folder
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol.secret import Secret
from tests.support.softserver import SoftServer


@pytest.fixture
def log(tmp_path: Path):
    path = tmp_path / "biandun.log"
    with logs.to_file(path):
        yield path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_filing_leaves_a_line_for_each_command_and_request(
    log: Path, folder: Folder, key: Key, office: Office
) -> None:
    folder.sign(key)
    folder.submit(office)
    noted = lines(log)
    assert {"SignBegin", "Unlock", "SignFinish"} <= {str(line.get("command")) for line in noted}
    assert {("POST", "/statements", 201)} <= {
        (line.get("method"), line.get("path"), line.get("status")) for line in noted
    }
    assert all(isinstance(line["ms"], float) and line["time"] for line in noted)


def test_a_refusal_is_noted_by_its_code(log: Path, key: Key) -> None:
    with pytest.raises(errors.KeyRefused):
        key.unlock(Secret(b"000000"))
    assert (lines(log)[-1]["command"], lines(log)[-1]["outcome"]) == ("Unlock", "pin-wrong")


def test_no_pin_token_or_content_gets_into_the_log(
    log: Path, folder: Folder, key: Key, office: Office, server: SoftServer, soft: object
) -> None:
    folder.sign(key)
    folder.submit(office)
    key.change_pin(Secret(b"135790"), Secret(b"secret-new-pin"))
    text = log.read_text("utf-8")
    for secret in ("135790", "secret-new-pin", "测试员", folder.statement().hex()[:40]):
        assert secret not in text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_log_that_cannot_be_written_ends_nothing(folder: Folder, key: Key) -> None:
    with logs.to_file(Path("/dev/full")):
        assert folder.sign(key).seq == 1


def test_who_stops_writing_a_log_leaves_logging_as_it_was(tmp_path: Path) -> None:
    before = logs.logger.level, list(logs.logger.handlers)
    with logs.to_file(tmp_path / "biandun.log"):
        assert logs.logger.isEnabledFor(logging.INFO)
    assert (logs.logger.level, logs.logger.handlers) == before


def test_a_pipe_is_no_log_and_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert run(["--log", str(tmp_path / "pipe"), "keys", "list"]) == 12
    assert "[file-special]" in capsys.readouterr().err
