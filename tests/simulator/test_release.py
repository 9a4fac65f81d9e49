"""Releases of the installed sources for simulated keys: an image that a key of MicroPython runs,
signed by the published vendor.
"""

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from biandun.cli.main import run
from biandun.keys import open_port
from biandun_protocol.algorithms import ES256, SM2, PublicKey
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.release import Described, Release
from biandun_protocol.wire.numbers import LIMIT_PIECE
from biandun_simulator import cli, firmware, interpreter, release
from biandun_simulator.interpreter import SimulatorMissing
from biandun_simulator.simulated_key import SimulatedKey, SimulatorFailed
from etoken.boards.imagefile import images_in
from etoken.boards.vendor import SIMULATED, TARGET

SAYS = "import sys, vfs\nvfs.mount(vfs.VfsRom(memoryview(open(sys.argv[1], 'rb').read())), '/f')\nsys.path[:] = ['/f']\nfrom etoken import version\nprint(version.VERSION, version.NUMBER, version.__file__)"


def test_an_image_is_a_file_system_whose_firmware_says_its_version(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(firmware.image("9.8.7", 77))
    said = subprocess.run(
        [interpreter.find(), "-X", "heapsize=2m", "-c", SAYS, str(tmp_path / "image")],
        capture_output=True,
        text=True,
        check=True,
        env={"MICROPYPATH": ""},
    )
    assert said.stdout.split() == ["9.8.7", "77", "/f/etoken/version.mpy"]


def test_a_release_verifies_in_both_suites_under_the_points_of_simulated_boards() -> None:
    made = Release.decode(release.make(Described(TARGET, "0.2.0", 2)).encode())
    for algorithm in (ES256, SM2):
        assert (
            made.verify_vendor(PublicKey(algorithm, SIMULATED[algorithm.name])).version == "0.2.0"
        )


def test_the_program_writes_a_release_and_says_what_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "firmware.bd"
    assert (
        cli.run(["--json", "release", "--version", "0.2.0", "--number", "2", "--out", str(out)])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["number"] == 2
    assert Release.decode(out.read_bytes()).read().floor == 0


def test_without_a_compiler_there_is_no_release_and_the_program_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firmware, "_find_compiler", lambda: None)
    with pytest.raises(SimulatorMissing):
        firmware.image("0.2.0", 2)
    status = cli.run(
        ["release", "--version", "0.2.0", "--number", "2", "--out", str(tmp_path / "f")]
    )
    assert (status, (tmp_path / "f").exists()) == (SimulatorMissing.exit_status, False)


def test_an_empty_image_is_not_released() -> None:
    with pytest.raises(ManifestProblem):
        release.sign(Described(TARGET, "0.2.0", 2), b"")


def install(path: Path, image: bytes, number: int, beside: int | None = None) -> None:
    """Write an image into a key's place that is not the one that runs, complete, as an update
    leaves it.
    """
    images = images_in(str(path))
    slot = images.begin(
        number, 0, len(image), sha256(image).digest(), None if beside is None else images.at(beside)
    )
    for offset in range(0, len(image), LIMIT_PIECE):
        images.write(slot, offset, image[offset : offset + LIMIT_PIECE])
    images.finish(slot)
    images._flash.medium.close()


def test_a_key_runs_the_image_and_one_that_cannot_start_leaves_the_one_before(
    tmp_path: Path,
) -> None:
    simulated = SimulatedKey("BD-000001", tmp_path, updatable=True, announce=False)
    install(simulated.images_path, firmware.image("9.8.7", 77), 77)
    with simulated, open_port(simulated.port) as key:
        assert key.info.firmware == "9.8.7"
    install(simulated.images_path, b"\xd2\xcd\x31\x00 no firmware at all", 78, beside=0)
    for _ in range(3):
        with pytest.raises(SimulatorFailed):
            simulated.plug()
    with simulated, open_port(simulated.port) as key:
        assert key.info.firmware == "9.8.7"


def test_looking_at_a_release_needs_no_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "f.bd").write_bytes(release.make(Described(TARGET, "0.2.0", 2)).encode())
    assert run(["--json", "firmware", "show", str(tmp_path / "f.bd")]) == 0
    assert '"approved": false' in capsys.readouterr().out
