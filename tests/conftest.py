"""For all rooms: figures that tests measure are printed at the end of the run and kept in
build/figures.json.
"""

import atexit
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import remembered

# what fixtures for a whole run remember, of keys that they met; each test has a memory of its own
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="biandun-state-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)
remembered.install()
# nohup and shells without job control have programs ignore these, and ours stay so; tests send them
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(
            number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        )
# a busy machine is slow, not wrong: no example is judged by its time
settings.register_profile("biandun", deadline=None)
settings.load_profile("biandun")
FIGURES = Path(__file__).parent.parent / "build" / "figures.json"


# files that keep a worker busy longest come first, or the other would wait for them at the end; the
# rest is in random order
LONGEST = (
    "test_lifetime",
    "test_fuzz",
    "test_wear",
    "test_budgets",
    "test_constant_time",
    "test_journey",
    "test_crypto",
    "test_orders",
    "test_power_cut",
    "test_serve",
    "test_kernels",
    "test_output",
    "test_time",
    "test_update",
    "test_lost_files",
    "test_unblock",
    "test_sm2_journey",
    "test_vault",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files of LONGEST before the others; inside a file the order stays."""
    items.sort(
        key=lambda item: (
            LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST)
        )
    )


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test knows the keys of another, nor those of whoever runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """A function name, value: notes a figure that this test measured."""
    return lambda name, value: record_property(f"figure:{name}", value)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures of all workers."""
    figures: dict[str, object] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("figure:"):
                    figures[name.removeprefix("figure:")] = value
    if not figures:
        return
    terminalreporter.section("figures")
    for name, value in sorted(figures.items()):
        terminalreporter.write_line(f"{name}: {value}")
    FIGURES.parent.mkdir(exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
