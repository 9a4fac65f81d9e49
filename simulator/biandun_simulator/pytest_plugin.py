"""pytest fixtures: one simulated key, or several.

    def test_a_key_says_who_it_is(simulated_key):
        with keys.open(port=simulated_key.port) as key: ...

The simulator is imported when a fixture is used, because pytest loads this module in every run,
also where no key is needed.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from biandun_simulator.simulated_key import SimulatedKey


@pytest.fixture
def simulated_keys(tmp_path: Path) -> "Iterator[Callable[[str], SimulatedKey]]":
    """A function that plugs in a key with a given serial number and returns it.

    The keys do not announce themselves; all are unplugged when the test ends.
    """
    from biandun_simulator.simulated_key import SimulatedKey  # noqa: PLC0415

    made: list[SimulatedKey] = []

    def make(serial: str = "BD-000001") -> SimulatedKey:
        key = SimulatedKey(serial, tmp_path / "keys", announce=False)
        made.append(key)
        key.plug()
        return key

    yield make
    for key in made:
        key.unplug()


@pytest.fixture
def simulated_key(simulated_keys: "Callable[[str], SimulatedKey]") -> "SimulatedKey":
    """One blank key, plugged in."""
    return simulated_keys("BD-000001")
