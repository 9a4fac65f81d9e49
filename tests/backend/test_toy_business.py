"""A business that only this test has goes the whole way: its form is one file and one row, its
procedure another file, and no line of the programs knows it.
"""

import json
from pathlib import Path

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler

from biandun import evidence, filings, retrieval
from biandun.cli.main import run
from biandun.filings import Folder, Source
from biandun.keys import Key
from biandun.office_client import Office
from biandun_office.flow import replay, table
from biandun_office.flow.business import FIRST, NONE, Business, Step
from biandun_protocol import book, package
from biandun_protocol.catalogue import Phrase
from biandun_protocol.forms import registry
from biandun_protocol.forms.mistakes import FormProblem
from biandun_protocol.forms.registry import Row
from biandun_protocol.terminal.words import word
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend.bench import ORIGIN, Bench
from tests.support.toy_form import Seats
from tests.system.journey import pdf

KIND = (PURPOSE_FILING, "seats")
ROW = Row(
    *KIND,
    Seats.__module__,
    "Seats",
    Phrase("座席借用申请表", "application for seats"),
    "ZX",
    Phrase("座席借用", "loan of seats"),
)
BUSINESS = Business(
    name="seats",
    filing_type="seats",
    steps=(Step("filed", KIND, FIRST, (NONE,), ("WAITING",)),),
    waits_for=lambda _unit: "WAITING",
)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FORMS, KIND, ROW)
    monkeypatch.setitem(registry.OF_CLASSES, (ROW.module, ROW.class_name), ROW)
    monkeypatch.setitem(book.CODES, "WAITING", ("待办理", "waiting"))
    monkeypatch.setitem(table.BUSINESSES, BUSINESS.letters, BUSINESS)


@pytest.fixture
def prepared(genuine: Key, tmp_path: Path) -> Folder:
    letter = tmp_path / "说明.pdf"
    letter.write_bytes(pdf())
    unit = filings.unit_of(genuine)
    form = {**unit.known(), "prepared_on": "2026-11-24", **Seats.example}
    return filings.prepare(tmp_path / "seats", form, [Source(letter, "other")], "seats", unit=unit)


@pytest.fixture
def filed(prepared: Folder, genuine: Key, office: Bench) -> tuple[Folder, str]:
    """The same, signed by the key and taken in by the office, with the number of its case."""
    prepared.sign(genuine)
    with Office(ORIGIN, transport=httpx.WSGITransport(WSGIHandler())) as client:
        return prepared, prepared.submit(client).case


def test_its_form_is_read_back_as_it_was_filled_in(prepared: Folder) -> None:
    form = prepared.manifest().form
    assert isinstance(form, Seats)
    assert (form.seats, [one.name for one in form.attachments]) == (12, ["说明.pdf"])


def test_its_mistakes_are_all_told(genuine: Key, tmp_path: Path) -> None:
    form = {**filings.unit_of(genuine).known(), **Seats.example, "seats": 41, "purpose": ""}
    with pytest.raises(FormProblem) as caught:
        filings.prepare(tmp_path / "out", form, [], "seats")
    assert [one.place for one in caught.value.mistakes] == ["prepared_on", "seats", "purpose"]


def test_the_office_opens_a_case_of_its_own_letters(filed: tuple[Folder, str]) -> None:
    assert filed[1].startswith("629900ZX2026")


def test_its_folder_verifies(filed: tuple[Folder, str]) -> None:
    with Office(ORIGIN, transport=httpx.WSGITransport(WSGIHandler())) as client:
        root = client.anchors()["root.pem"]
    assert evidence.verify_folder(filed[0].path, root).good


def test_the_case_is_read_from_the_office_with_its_form(
    filed: tuple[Folder, str], genuine: Key
) -> None:
    with Office(ORIGIN, transport=httpx.WSGITransport(WSGIHandler())) as client:
        client.use(client.login(genuine).token)
        case = retrieval.read(client, filed[1])
    assert (case.details.state_name, case.filing.manifest.form) == (
        "待办理",
        filed[0].manifest().form,
    )


def test_people_read_what_it_is_called_and_what_was_done(filed: tuple[Folder, str]) -> None:
    del filed
    assert [word("kind", "ZX", one) for one in ("zh", "en")] == ["座席借用", "loan of seats"]
    assert word("action", "flow.seats.filed", "zh") == word(
        "action", "flow.use_approval.filed", "zh"
    )


def test_the_log_played_again_leads_to_the_same_cases(filed: tuple[Folder, str]) -> None:
    assert (replay.replay().faults, replay.replay().unread) == ([], 0)


def test_the_commands_know_it(
    filed: tuple[Folder, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["filing", "show", str(filed[0].path)]) == 0
    shown = capsys.readouterr().out
    assert [
        one for one in ("座席借用申请表", "12 席", "教研会", "说明.pdf") if one not in shown
    ] == []
    assert run(["filing", "example", "seats"]) == 0
    assert json.loads(capsys.readouterr().out) == Seats.example
    assert run(["filing", "schema", "seats"]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["seats"]["maximum"] == 40


def test_it_is_no_other_form_of_its_purpose(
    prepared: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = (prepared.path / "manifest.cbor").read_bytes()
    monkeypatch.delitem(registry.FORMS, KIND)
    with pytest.raises(package.ManifestProblem) as caught:
        package.read(raw)
    assert caught.value.code == "schema-unknown"
