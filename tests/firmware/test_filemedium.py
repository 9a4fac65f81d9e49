"""The file behind a simulated board's flash."""

from pathlib import Path

from biandun_protocol.wire.flashmodel import NorFlash
from etoken.boards.filemedium import FileMedium

SECTOR, SIZE = 64, 256


def test_a_file_keeps_what_was_programmed_and_erased(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    for part in (0, 1):
        medium = FileMedium(str(path), SIZE, b"\xff")
        flash = NorFlash(SIZE, SECTOR, medium)
        flash.program(100 * part, bytes([part]) * 50)
        flash.erase(SECTOR * part)
        kept = path.read_bytes()  # with the operating system before the file is closed
        view = bytearray(30)
        flash.read_into(120, memoryview(view))
        assert view == kept[120:150]
        medium.close()
    assert path.read_bytes() == b"\xff" * (2 * SECTOR) + b"\x01" * 22 + b"\xff" * (SIZE - 150)


def test_a_file_is_never_half_made(tmp_path: Path) -> None:
    path = tmp_path / "flash"
    path.with_suffix(".new").write_bytes(b"left by a process that died")
    FileMedium(str(path), 10000, b"\xff").close()
    assert path.read_bytes() == b"\xff" * 10000
    assert [one.name for one in tmp_path.iterdir()] == ["flash"]
