"""A personalised simulated key, made once for all tests of this folder by copying its flash."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from biandun import keys
from biandun_simulator.simulated_key import SimulatedKey
from tests.support.person import PIN
from tests.support.softoffice import SoftOffice


@pytest.fixture
def office() -> SoftOffice:
    return SoftOffice()


@pytest.fixture(scope="session")
def personalised_flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    office, folder = SoftOffice(), tmp_path_factory.mktemp("personalised")
    with (
        SimulatedKey("BD-000001", folder, announce=False) as simulated,
        keys.open(port=simulated.port) as key,
    ):
        key.personalise(office.grant(key.answer_offer(office.offer())))
        key.set_pin(PIN)
    return simulated.flash_path


@pytest.fixture
def make_key(personalised_flash: Path, tmp_path: Path) -> Iterator[Callable[..., SimulatedKey]]:
    """A function that makes a personalised key with options of SimulatedKey; not plugged in yet."""
    made: list[SimulatedKey] = []

    def make(**options: object) -> SimulatedKey:
        folder = tmp_path / f"key{len(made)}"
        folder.mkdir()
        shutil.copy(personalised_flash, folder)
        made.append(SimulatedKey("BD-000001", folder, announce=False, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for key in made:
        key.unplug()
        assert not key.log_path.exists() or "OverBudget" not in key.log_path.read_text(
            "utf-8", "replace"
        )


@pytest.fixture
def simulated(make_key: Callable[..., SimulatedKey]) -> SimulatedKey:
    """A personalised key, plugged in."""
    key = make_key()
    key.plug()
    return key
