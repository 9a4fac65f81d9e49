"""``biandun office case`` and ``cases``: a person reads all of a case that was filed, agreed to and
accepted, in words (golden transcripts).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler

from biandun.cli import office as commands
from biandun.cli.main import run
from biandun.office_client import Office
from biandun_protocol.secret import Secret
from tests.backend.bench import ONLY_SQLITE, ORIGIN, SCHOOL, Bench

GOLDEN = Path(__file__).parent / "transcripts"
# what no two runs share, and what stands in its place
CHANGING = {
    r"\b[0-9a-f]{16}(?:[0-9a-f]{48})?\b": "<statement>",
    r"\d{4}年\d+月\d+日 \d\d:\d\d|\d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d": "<moment>",
    r"(629900HB)\d{4}": r"\1YYYY",
}

pytestmark = ONLY_SQLITE  # the same words on either


@pytest.fixture
def case(office: Bench, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A case that an officer, who is logged in at the workstation, has accepted."""
    filed = office.file(office.new_key(SCHOOL))
    bureau, officer = office.supervisor(), office.officer()
    assert office.countersign(bureau, filed["Biandun-Statement"]).status_code == 201
    assert office.decide(officer, filed).status_code == 201
    token = office.login(officer)

    def client(_url: str) -> Office:
        logged_in = Office(ORIGIN, transport=httpx.WSGITransport(WSGIHandler()))
        logged_in.use(Secret(token.encode()))
        return logged_in

    monkeypatch.setattr(commands, "_office", client)
    return filed["Biandun-Case"]


def read(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on the screen, without what changes from run to run and blanks that pad it."""
    said = capsys.readouterr().out
    for pattern, instead in CHANGING.items():
        said = re.sub(pattern, instead, said)
    return re.sub(r" {2,}", "  ", said)


def same_as(name: str, said: str) -> None:
    """Compare with the transcript, which is written anew when it is not there."""
    path = GOLDEN / name
    if not path.exists():
        path.write_text(said, "utf-8")
    assert said == path.read_text("utf-8")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", ["case", "show"])
def test_a_case_is_read_whole_in_words(
    command: str, language: str, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["office", command, case, "--office", ORIGIN, "--lang", language]) == 0
    same_as(f"{command}.{language}.txt", read(capsys))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_cases_are_listed_in_words(
    language: str, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["office", "cases", "--office", ORIGIN, "--lang", language]) == 0
    said = read(capsys)
    assert case[:8] in said
    same_as(f"cases.{language}.txt", said)
