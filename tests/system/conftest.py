"""One office for the whole run of a worker; each test brings its own keys and filings."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.journey import Journey, pdf

SCHOOL, BUREAU, HOSPITAL = "12629900MB00000274", "11629900MB0000019C", "126299214390001547"


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Personalised keys of the school, the hospital, the school's bureau and an officer, and a
    running office.
    """
    with Journey(tmp_path_factory.mktemp("journey")) as made:
        made.plug(4)
        made.found_office()
        made.serve()
        made.enrol(SCHOOL, "BD-000001")
        made.enrol(HOSPITAL, "BD-000002")
        made.enrol(BUREAU, "BD-000003", role="supervisor")
        made.enrol(made.office_uscc(), "BD-000004", role="officer")
        yield made


@pytest.fixture(scope="session")
def _numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture(scope="session")
def _example(journey: Journey) -> dict[str, object]:
    return journey.run("biandun", "filing", "example")


@pytest.fixture
def prepare(
    journey: Journey, _numbers: Iterator[int], _example: dict[str, object]
) -> Callable[..., Path]:
    """A function that prepares a filing of the school and returns its folder."""

    def make(serial: str = "BD-000001", attachment: bytes | None = None, **form: object) -> Path:
        folder = journey.folder / f"filing{next(_numbers)}"
        (journey.folder / "form.json").write_text(
            json.dumps({**_example, **form}, ensure_ascii=False)
        )
        (journey.folder / "letter.pdf").write_bytes(attachment or pdf())
        journey.run(
            "biandun",
            "filing",
            "prepare",
            "form.json",
            "--attach",
            "application_document=letter.pdf",
            "--out",
            folder,
            "--serial",
            serial,
        )
        return folder

    return make
