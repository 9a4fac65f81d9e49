"""The office's data folder: whoever could write there could exchange database and keys, so nothing
is done in such a folder.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun_office.installation.founding import require_empty
from biandun_office.office.startup import use_office
from biandun_office.platform import folders
from biandun_office.platform.errors import FileProblem

STRANGER = 54_321


def link(folder: Path) -> str:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to(folder.parent / "elsewhere")
    return "folder-link"


def opened(folder: Path) -> str:
    folder.mkdir()
    folder.chmod(0o777)
    return "folder-open"


def foreign(folder: Path) -> str:
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can make a folder that belongs to somebody else")
    os.chown(folder, STRANGER, STRANGER)
    return "folder-foreign"


@pytest.mark.parametrize("use", [use_office, require_empty])
@pytest.mark.parametrize("make", [link, opened, foreign])
def test_a_data_folder_that_is_not_the_operators_own_is_refused(
    make: Callable[[Path], str], use: Callable[[Path], None], tmp_path: Path
) -> None:
    code = make(tmp_path / "office")
    with pytest.raises(FileProblem) as caught:
        use(tmp_path / "office")
    assert caught.value.code == code
    assert str(tmp_path / "office") in caught.value.message("zh")
    assert list((tmp_path / "office").iterdir()) == []


def test_a_folder_that_is_not_there_or_ones_own_is_no_problem(tmp_path: Path) -> None:
    folders.require_own(tmp_path / "office")
    (tmp_path / "office").mkdir()
    folders.require_own(tmp_path / "office")
