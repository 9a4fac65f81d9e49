"""A full disk and a slow server: nothing half written, nothing lost, and a name for it."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from biandun import errors, filings
from biandun.files import read_file, write_file
from biandun.filings import Folder
from biandun.folders import replace_file
from biandun.keys import Key
from biandun.office_client import Office
from biandun_office.platform import files
from tests.support.small_disk import room_for
from tests.support.softserver import SoftServer


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From now on every write runs out of space when the list holds 0; counts down otherwise."""
    left = [0]
    genuine = os.fsync

    def fsync(descriptor: int) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1
        genuine(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return left


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("written", range(3))
def test_preparing_on_a_full_disk_leaves_no_folder(
    written: int, full_disk: list[int], tmp_path: Path, form: Path, letter: Path
) -> None:
    full_disk[0] = written
    before = names(tmp_path)
    with pytest.raises(errors.FolderProblem) as caught:
        filings.prepare(
            tmp_path / "filing", filings.read_form(form), [filings.Source(letter, "other")]
        )
    assert (caught.value.code, caught.value.exit_status) == ("storage-full", 12)
    assert names(tmp_path) == before


def test_a_file_is_whole_or_untouched_wherever_the_disk_fills(tmp_path: Path) -> None:
    path, content = tmp_path / "file", bytes(200)
    path.write_bytes(b"before")
    writers = (
        lambda: write_file(path, content, replace=True),
        lambda: replace_file(path, content),
    )
    for size in range(len(content)):
        for write in writers:
            with room_for(size), pytest.raises(errors.FolderProblem) as caught:
                write()
            assert caught.value.code == "storage-full"
            assert names(tmp_path) == ["file"]
            assert path.read_bytes() == b"before"


def test_a_large_file_is_read_no_further_than_an_attachment_is_long(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)  # a file with a hole
    with pytest.raises(errors.FolderProblem) as caught:
        read_file(tmp_path / "large")
    assert caught.value.code == "file-too-large"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device of Linux")
def test_a_file_without_end_is_not_even_opened() -> None:
    with pytest.raises(errors.FolderProblem) as caught:
        read_file(Path("/dev/zero"))
    assert caught.value.code == "file-special"


def test_a_device_is_never_put_out_of_its_place(tmp_path: Path) -> None:
    device = tmp_path / "device"
    os.mkfifo(device)
    with pytest.raises(errors.FolderProblem) as caught:
        write_file(device, b"a record", replace=True)
    assert caught.value.code == "file-unwritable"
    assert device.is_fifo()


@pytest.mark.parametrize("size", [0, 10, 100, 300])
def test_preparing_where_no_file_may_grow_leaves_no_folder(
    size: int, tmp_path: Path, form: Path, letter: Path
) -> None:
    before = names(tmp_path)
    read = filings.read_form(form)
    with room_for(size), pytest.raises(errors.FolderProblem) as caught:
        filings.prepare(tmp_path / "filing", read, [filings.Source(letter, "other")])
    assert (caught.value.code, names(tmp_path)) == ("storage-full", before)


@pytest.mark.parametrize("written", range(6))
def test_a_disk_that_fills_while_signing_loses_no_signature(
    written: int, folder: Folder, key: Key, full_disk: list[int]
) -> None:
    full_disk[0] = written
    with pytest.raises(errors.FolderProblem):
        folder.sign(key)
    full_disk[0] = 1000
    signature = Folder(folder.path).sign(key)
    assert (signature.seq, key.chain().seq) == (1, 1)
    assert Folder(folder.path).statement() == signature.statement


def test_a_disk_that_fills_while_submitting_loses_no_receipt(
    folder: Folder, key: Key, office: Office, server: SoftServer, full_disk: list[int]
) -> None:
    full_disk[0] = 1000
    folder.sign(key)
    full_disk[0] = 0
    with pytest.raises(errors.FolderProblem):
        folder.submit(office)
    full_disk[0] = 1000
    assert Folder(folder.path).submit(office).new is False
    assert len(server.receipts) == 1


def test_a_server_that_never_answers_is_given_up_by_name() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with (
            Office(url, timeout=httpx.Timeout(0.1)) as office,
            pytest.raises(errors.OfficeTimeout) as caught,
        ):
            office.get_json("/log")
    assert (caught.value.exit_status, caught.value.retriable) == (9, True)


@pytest.mark.parametrize("write", [write_file, files.write])
def test_ctrl_c_while_a_file_is_written_leaves_nothing_beside_it(
    write: Callable[[Path, bytes], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "statement.cose", b"x")
    assert list(tmp_path.iterdir()) == []
