"""Ctrl-C at any line of what writes files: the result is there whole or not at all, and nothing
lies beside it.
"""

import shutil
from pathlib import Path

import pytest

from biandun import files, filings, folders
from biandun.filings import Folder, Source, preparing
from tests.support.interrupting import at_every_line


def test_a_filing_is_prepared_whole_or_not_at_all(form: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    attached = tmp_path / "a.pdf"
    attached.write_bytes(b"%PDF-1.7")
    read = filings.read_form(form)
    lines = 0
    for where, stopped in at_every_line(
        [files, preparing],
        lambda: filings.prepare(place / "filing", read, [Source(attached, "other")]),
    ):
        lines += 1
        names = [path.name for path in place.iterdir()]
        assert names in ([], ["filing"]), where
        assert stopped, where
        if names:
            assert Folder(place / "filing").manifest().form.attachments[0].name == "a.pdf", where
            shutil.rmtree(place / "filing")
    assert lines > 40


@pytest.mark.parametrize("write", [files.write_file, folders.replace_file])
def test_a_file_is_written_whole_or_not_at_all(write, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    lines = 0
    for where, stopped in at_every_line([files, folders], lambda: write(place / "file", b"whole")):
        lines += 1
        assert stopped, where
        found = {path.name: path.read_bytes() for path in place.iterdir()}
        assert found in ({}, {"file": b"whole"}), where
        (place / "file").unlink(missing_ok=True)
    assert lines >= 10


def test_what_does_not_tidy_is_found(tmp_path: Path) -> None:
    """The control: a writer that lets its part lie about."""
    from tests.host import untidy

    left = []
    for _ in at_every_line([untidy], lambda: untidy.write(tmp_path / "file")):
        left += [path.name for path in tmp_path.iterdir() if path.name != "file"]
    assert "part" in left
