"""An office whose clock was 400 days ahead, its keys and its clerks: real programs, whose clocks
are set by a file.
"""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.system.conftest import SCHOOL
from tests.system.journey import CommandFailed, Journey, pdf

KEY = "BD-000001"
FAR = 400 * 86_400
SHIFTED = Path(__file__).parents[1] / "support" / "shifted"


class Place(Journey):
    """A workplace in which somebody sets clocks: the office's, and those of whoever runs
    ``biandun``.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.offset = folder / "offset"
        self.set_clocks(0)
        self.environment |= {"PYTHONPATH": str(SHIFTED), "SHIFTED_BY": str(self.offset)}

    def set_clocks(self, offset: int) -> None:
        """In one step, so that a running program never reads half of it."""
        aside = self.folder / "offset.new"
        aside.write_text(str(offset))
        aside.replace(self.offset)

    def confirm(self, offset: int = 0) -> dict[str, object]:
        """A person types what a second source says."""
        at = datetime.fromtimestamp(datetime.now(UTC).timestamp() + offset, UTC).isoformat()
        return self.office("clock", "confirm", "--at", at, "--source", "广播报时")

    def signed(self, name: str) -> Path:
        folder = self.folder / name
        form = {**self.run("biandun", "filing", "example"), "reason": f"{name}（虚构数据）"}
        (self.folder / "form.json").write_text(json.dumps(form, ensure_ascii=False))
        (self.folder / "letter.pdf").write_bytes(pdf())
        attach = ("--attach", "application_document=letter.pdf")
        self.run(
            "biandun", "filing", "prepare", "form.json", *attach, "--out", folder, "--serial", KEY
        )
        self.with_pin("filing", "sign", folder, serial=KEY)
        return folder

    def submit(self, folder: Path) -> dict[str, object]:
        return self.run("biandun", "filing", "submit", folder, "--office", self.url)

    def keep(self, folder: Path) -> None:
        self.run("biandun", "filing", "keep", folder, "--serial", KEY, "--office", self.url)

    def doctor(self) -> list[str]:
        """What the doctor finds, the office's clock beside the key's."""
        command = [str(self.programs / "biandun"), "--json", "doctor", "--office", self.url]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.folder,
            check=False,
            timeout=60,
        )
        assert done.returncode == 13, done.stderr
        return [finding["code"] for finding in json.loads(done.stdout)["findings"]]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as made:
        made.plug(1)
        made.found_office()
        made.serve()
        made.enrol(SCHOOL, KEY)
        yield made


def refused(place: Place, *arguments: object) -> str:
    with pytest.raises(CommandFailed) as caught:
        place.run(*arguments)  # type: ignore[arg-type]
    return caught.value.code


def test_a_key_that_saw_a_time_400_days_ahead_signs_again_after_the_offices_order(
    place: Place,
) -> None:
    """One test, because each part begins where the one before has left office and key."""
    first = place.signed("first")
    place.set_clocks(FAR)  # while the server runs
    assert (
        refused(place, "biandun", "filing", "submit", first, "--office", place.url)
        == "office-clock-ahead"
    )
    assert [row["kind"] for row in place.office("alerts")] == ["CLOCK"]
    place.confirm(FAR)  # by a second source that is as wrong
    assert place.submit(first)["new"] is True
    place.keep(first)

    place.set_clocks(0)
    second = place.folder / "second"
    with pytest.raises(CommandFailed) as caught:
        place.signed("second")
    assert caught.value.code == "clock-behind"
    heard = datetime.fromtimestamp(datetime.now(UTC).timestamp() + FAR, UTC)
    assert (
        f" {heard.year}-" in caught.value.error
        and f" {datetime.now(UTC).year}-" in caught.value.error
    )
    assert httpx.get(f"{place.url}/health").json()["clock"] == "office-clock-behind"

    assert place.confirm()["corrected"] is True
    assert "key-ahead" in place.doctor()
    challenge, order = place.folder / "challenge.bd", place.folder / "order.bd"
    place.run("biandun", "keys", "challenge", "--out", challenge, "--serial", KEY)
    words = (
        "--do",
        "set-time",
        "--reason",
        "时钟曾超前",
        "--out",
        order,
        "--passphrase-file",
        place.passphrase,
    )
    place.office("order", challenge, *words)
    place.run("biandun", "keys", "carry-out", order, "--serial", KEY)

    place.with_pin("filing", "sign", second, serial=KEY)
    assert place.submit(second)["new"] is True
    place.keep(second)
    place.keep(first)
    chain = place.run("biandun", "keys", "chain", "--serial", KEY)
    assert datetime.fromisoformat(chain["time_floor"]) <= datetime.now(UTC)
    assert place.office("log-check")["ok"] is True
    assert refused(place, "biandun", "keys", "carry-out", order, "--serial", KEY) == "order-stale"
