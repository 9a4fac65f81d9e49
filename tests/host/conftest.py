"""A clerk's workplace without processes: an in-process key, a soft office, a folder."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun import filings
from biandun.filings import Folder, Source
from biandun.keys import Key
from biandun.office_client import Office
from biandun_protocol.forms.use_approval import UseApproval
from tests.firmware.conftest import Wire
from tests.firmware.testboard import TestBoard
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice
from tests.support.softserver import SoftServer
from tests.system.journey import pdf


def key_of(office: SoftOffice, serial: str) -> Key:
    key = Wire(TestBoard(serial=serial, seed=serial.encode())).open()
    key.personalise(office.grant(key.answer_offer(office.offer())))
    key.set_pin(PIN)
    return key


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def soft() -> SoftOffice:
    return SoftOffice()


@pytest.fixture
def key(wire: Wire, soft: SoftOffice) -> Key:
    key = wire.open()
    key.personalise(soft.grant(key.answer_offer(soft.offer())))
    key.set_pin(PIN)
    return key


@pytest.fixture
def server(soft: SoftOffice) -> SoftServer:
    return SoftServer(soft)


@pytest.fixture
def office(server: SoftServer) -> Iterator[Office]:
    with Office("http://office.test", transport=server.transport()) as client:
        yield client


@pytest.fixture
def form(tmp_path: Path, soft: SoftOffice) -> Path:
    unit = {
        "uscc": soft.uscc,
        "unit_code": soft.unit_code,
        "unit_name": soft.unit_name,
        "region": soft.region,
    }
    path = tmp_path / "form.json"
    path.write_text(json.dumps({**unit, **UseApproval.example}, ensure_ascii=False))
    return path


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "用编申请.pdf"
    path.write_bytes(pdf())
    return path


@pytest.fixture
def folder(tmp_path: Path, form: Path, letter: Path) -> Folder:
    """A prepared filing with one attachment."""
    return filings.prepare(
        tmp_path / "filing", filings.read_form(form), [Source(letter, "application_document")]
    )


@pytest.fixture
def filed(folder: Folder, key: Key, office: Office) -> Folder:
    """The same, signed and submitted."""
    folder.sign(key)
    folder.submit(office)
    return folder


@pytest.fixture
def bureau(soft: SoftOffice) -> Key:
    """The supervisor's key, of the same office as the school's."""
    return key_of(
        SoftOffice(
            uscc="11629900MB0000019C",
            unit_code="629900-0001",
            unit_name="陇澜市教育局",
            purposes=("filing", "countersign"),
        ),
        "BD-BUREAU",
    )
