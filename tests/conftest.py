"""For all rooms: figures that tests measure are printed at the end of the run and kept in build/figures.json."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

FIGURES = Path(__file__).parent.parent / "build" / "figures.json"


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
