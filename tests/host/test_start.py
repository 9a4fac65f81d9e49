"""What a command does not need is not imported: starting stays quick."""

import subprocess
import sys

import pytest


def imported(*words: str) -> set[str]:
    script = "import sys; from biandun.cli.main import run; run(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("words", [["--help"], ["filing", "--help"], ["keys", "list"]])
def test_what_reads_no_form_does_not_import_pydantic(words: list[str]) -> None:
    found = imported(*words)
    assert "biandun.cli.main" in found
    assert {"pydantic", "pydantic_core", "biandun_protocol.forms.reading"} & found == set()
