"""The examples, each run as an ordinary program from an empty folder, in the order of their page."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.journey import BIN, pdf

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
# an environment without this project; it has cbor2
JUDGE = ROOT / "build" / "judge" / "bin" / "python"


class Place:
    """A folder in which examples are run, with an office and a key that the first of them makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        runtime = folder.with_name("runtime")
        runtime.mkdir(mode=0o700)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BIANDUN_")
        } | {
            "XDG_RUNTIME_DIR": str(runtime),
            "XDG_STATE_HOME": str(folder.with_name("state")),
            "BIANDUN_PORTS": str(runtime / "ports"),
            "BIANDUN_LANG": "en",
        }
        command = [sys.executable, str(EXAMPLES / "office_and_key.py")]
        with (folder.parent / "log").open("w") as log:
            self._first = subprocess.Popen(
                command,
                cwd=folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._first.stdout is not None
        self.office: str = json.loads(self._first.stdout.readline())["office"]

    def stop(self) -> int:
        """End the first example as with Ctrl-C, and return its exit status."""
        self._first.terminate()
        status = self._first.wait(timeout=30)
        assert self._first.stdout is not None
        self._first.stdout.close()
        return status

    def run(
        self, name: str, *arguments: object, python: Path | str = sys.executable
    ) -> subprocess.CompletedProcess[str]:
        command = [str(python), str(EXAMPLES / name), *map(str, arguments)]
        return self.command(command)

    def biandun(self, *arguments: str) -> None:
        done = self.command([str(BIN / "biandun"), *arguments])
        assert done.returncode == 0, done.stderr

    def command(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("examples") / "empty"
    folder.mkdir()
    made = Place(folder)
    yield made
    assert made.stop() == 0


@pytest.fixture(scope="module")
def filed(place: Place) -> str:
    """The folder of a filing that was signed and submitted, and what the program said."""
    done = place.run("sign_and_file.py", "form.json", "用编申请", place.office)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_filing_is_signed_and_filed_once_however_often_the_program_runs(
    place: Place, filed: str
) -> None:
    again = place.run("sign_and_file.py", "form.json", "用编申请", place.office)
    assert (again.returncode, again.stdout) == (0, filed)
    assert "PENDING_SUPERVISOR" in filed


def test_a_folder_is_verified_offline_and_a_changed_byte_is_found(place: Place, filed: str) -> None:
    good = place.run("verify_offline.py", "用编申请", "office/root.pem")
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "good"), good.stderr
    changed = place.folder / "changed"
    shutil.copytree(place.folder / "用编申请", changed)
    manifest = (changed / "manifest.cbor").read_bytes()
    (changed / "manifest.cbor").write_bytes(manifest[:-1] + bytes([manifest[-1] ^ 1]))
    assert place.run("verify_offline.py", "changed", "office/root.pem").returncode == 1


def test_the_api_takes_a_filing_with_an_attachment_from_any_client(
    place: Place, filed: str
) -> None:
    (place.folder / "letter.pdf").write_bytes(pdf())
    attach = ("--attach", "application_document=letter.pdf")
    place.biandun("filing", "prepare", "form.json", *attach, "--out", "second")
    place.biandun("filing", "sign", "second", "--pin-file", "pin.txt")
    first = place.run("office_api.py", "second", place.office)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("taken in: case 629900HB")
    again = place.run("office_api.py", "second", place.office)
    assert again.stdout.startswith("there already: case 629900HB")


def test_a_receipt_is_verified_without_this_project(place: Place, filed: str) -> None:
    done = place.run("verify_receipt.py", "用编申请", "office/root.pem", python=JUDGE)
    assert done.returncode == 0, done.stderr
    statement = re.findall(r"statement ([0-9a-f]{64})", filed + done.stdout)
    assert len(statement) == 2 and len(set(statement)) == 1


def test_a_receipt_of_another_statement_does_not_verify(place: Place, filed: str) -> None:
    other = place.folder / "other"
    shutil.copytree(place.folder / "用编申请", other)
    statement = bytearray((other / "statement.cose").read_bytes())
    statement[-1] ^= 1
    (other / "statement.cose").write_bytes(statement)
    done = place.run("verify_receipt.py", "other", "office/root.pem", python=JUDGE)
    assert done.returncode == 1 and "something else" in done.stderr


@pytest.mark.slow
def test_tests_bring_their_own_key(place: Place) -> None:
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    done = place.command([sys.executable, *options, str(EXAMPLES / "test_with_a_key.py")])
    assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout


def test_every_example_is_on_the_page_of_examples() -> None:
    page = (EXAMPLES / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\((\w+\.py)\)", page)) == {
        path.name for path in EXAMPLES.glob("*.py")
    }


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_leads_to_the_examples(page: str) -> None:
    assert "](examples/README.md)" in (ROOT / page).read_text("utf-8")
