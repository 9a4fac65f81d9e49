"""Folders of our own: private, owned, no links; whatever is wrong with one has a name, and every
program goes on without a traceback.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from biandun import doctor, errors, folders, sessions
from biandun.cli.main import run
from biandun.key import transport
from biandun.known_keys import Known, KnownKeys
from biandun_protocol.secret import Secret
from biandun_simulator import firmware, interpreter
from biandun_simulator.simulated_key import SimulatedKey

STRANGER = 54_321
KNOWN = Known("00", "", "", "", 0)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three folders below one that stands for the user's home."""
    (tmp_path / "run").mkdir(mode=0o700)
    for name, place in (("RUNTIME_DIR", "run"), ("STATE_HOME", "state"), ("CACHE_HOME", "cache")):
        monkeypatch.setenv(f"XDG_{name}", str(tmp_path / place))
    monkeypatch.delenv("BIANDUN_PORTS", raising=False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(folder: Path) -> str:
    with pytest.raises(errors.FolderProblem) as caught:
        folders.own(folder)
    for language in ("zh", "en"):
        assert str(folder.parent) in caught.value.message(language)
        assert caught.value.next_step(language)
    return caught.value.code


# --- what uses such folders: each opened for itself, so that the next use of one is found here too ---
def write_session(tmp_path: Path) -> None:
    sessions.remember("http://office.test", Secret(b"token"))


def write_known_keys(tmp_path: Path) -> None:
    KnownKeys().remember("BD-000001", KNOWN)


def lock_a_port(tmp_path: Path) -> None:
    transport.SerialTransport(str(tmp_path / "no port"))


def plug_a_key_in(tmp_path: Path) -> None:
    with SimulatedKey("BD-000001", folders.state_folder() / "simulator", announce=False):
        pass


def announce_a_key(tmp_path: Path) -> None:
    with SimulatedKey("BD-000001", tmp_path / "keys"):
        pass


def read_session(tmp_path: Path) -> None:
    sessions.recall("http://office.test")


def read_known_keys(tmp_path: Path) -> None:
    KnownKeys().all()


USES: dict[Callable[[Path], None], tuple[Callable[[], Path], ...]] = {
    write_session: (folders.state_folder, lambda: folders.state_folder() / "sessions"),
    write_known_keys: (folders.state_folder,),
    lock_a_port: (folders.runtime_folder, lambda: folders.runtime_folder() / "locks"),
    plug_a_key_in: (folders.state_folder, lambda: folders.state_folder() / "simulator"),
    announce_a_key: (
        folders.runtime_folder,
        lambda: folders.runtime_folder() / "locks",
        lambda: folders.runtime_folder() / "ports",
    ),
}
READS: dict[Callable[[Path], None], tuple[Callable[[], Path], ...]] = {
    read_session: USES[write_session][1:],  # without its folder there is nothing to read
    read_known_keys: USES[write_known_keys],
}
CASES = [(use, folder) for use, places in {**USES, **READS}.items() for folder in places]
NAMES = [f"{use.__name__}-{number}" for number, (use, _) in enumerate(CASES)]


def problem_of(use: Callable[[Path], None], tmp_path: Path) -> str:
    with pytest.raises(errors.HostProblem) as caught:
        use(tmp_path)
    return caught.value.code


@pytest.mark.parametrize(("use", "folder"), CASES, ids=NAMES)
def test_a_link_is_not_followed_wherever_it_stands(
    use: Callable[[Path], None], folder: Callable[[], Path], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder().symlink_to(elsewhere)
    assert problem_of(use, tmp_path) == "folder-link"
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make a folder that belongs to somebody else"
)
@pytest.mark.parametrize(("use", "folder"), CASES, ids=NAMES)
def test_a_folder_of_another_user_is_not_used(
    use: Callable[[Path], None], folder: Callable[[], Path], tmp_path: Path
) -> None:
    folder().mkdir(mode=0o777, parents=True)
    os.chown(folder(), STRANGER, STRANGER)
    assert problem_of(use, tmp_path) == "folder-foreign"
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(("use", "folder"), CASES, ids=NAMES)
def test_a_folder_that_others_can_change_is_not_used(
    use: Callable[[Path], None], folder: Callable[[], Path], tmp_path: Path
) -> None:
    folder().mkdir(parents=True)
    folder().chmod(0o777)
    assert problem_of(use, tmp_path) == "folder-open"
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(("use", "folder"), CASES, ids=NAMES)
def test_a_file_in_the_place_of_a_folder_is_named(
    use: Callable[[Path], None], folder: Callable[[], Path], tmp_path: Path
) -> None:
    folder().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder().write_bytes(b"mine")
    assert problem_of(use, tmp_path) == "file-unwritable"
    assert folder().read_bytes() == b"mine"


@pytest.mark.parametrize(
    "number", [errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EIO]
)
@pytest.mark.parametrize("use", USES)
def test_a_home_that_takes_nothing_is_named(
    use: Callable[[Path], None], number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = os.open

    def full(path: str, flags: int, *rest: int, **more: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(tmp_path)):
            raise OSError(number, os.strerror(number), str(path))
        return genuine(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", full)
    full_disk = number in (errno.ENOSPC, errno.EDQUOT)
    assert problem_of(use, tmp_path) == ("storage-full" if full_disk else "file-unwritable")


@pytest.mark.parametrize(
    "command",
    [["keys", "list"], ["keys", "known"], ["doctor"], ["office", "login"], ["keys", "card"]],
)
@pytest.mark.parametrize("folder", [folders.state_folder, folders.runtime_folder])
def test_no_command_ends_in_a_traceback_for_a_folder(
    command: list[str], folder: Callable[[], Path], tmp_path: Path
) -> None:
    folder().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder().symlink_to(tmp_path)
    status = run(
        [*command, "--json"] + (["--office", "http://127.0.0.1:9"] if "login" in command else [])
    )
    assert status in (0, 3, 9, 12, 13)


# --- the folders themselves -------------------------------------------
def test_folders_are_made_for_their_owner_alone() -> None:
    folder = folders.own(folders.state_folder() / "a" / "b")
    assert [mode(one) for one in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3


def test_an_older_folder_that_others_may_read_is_closed() -> None:
    folders.state_folder().mkdir(parents=True)
    folders.state_folder().chmod(0o755)
    folders.own(folders.state_folder() / "sessions")
    assert mode(folders.state_folder()) == 0o700


def test_a_folder_that_its_owner_chose_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine").chmod(0o755)
    folders.own(tmp_path / "mine")
    assert mode(tmp_path / "mine") == 0o755


def test_a_folder_in_a_place_where_anybody_can_exchange_it_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    assert refused(tmp_path / "shared" / "mine") == "folder-open"
    # as the folder for temporary files: what one has made, nobody else may move
    (tmp_path / "shared").chmod(0o1777)
    assert mode(folders.own(tmp_path / "shared" / "mine")) == 0o700


def test_the_folder_for_temporary_files_is_never_the_runtime_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(
        folders.platformdirs,
        "user_runtime_path",
        lambda name: tmp_path / f"runtime-{os.geteuid()}" / name,
    )
    assert folders.runtime_folder() == folders.state_folder() / "runtime"

    def refuses(name: str) -> Path:
        raise PermissionError("runtime directory is owned by another user")

    monkeypatch.setattr(folders.platformdirs, "user_runtime_path", refuses)
    assert folders.runtime_folder() == folders.state_folder() / "runtime"


def test_a_file_is_put_in_the_place_of_a_link_and_not_through_it(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path = folders.own(folders.state_folder()) / "known-keys.json"
    path.symlink_to(victim)
    folders.replace_file(path, b"{}")
    assert (victim.read_bytes(), path.read_bytes(), path.is_symlink(), mode(path)) == (
        b"mine",
        b"{}",
        False,
        0o600,
    )


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = folders.state_folder() / "file"
    folders.replace_file(path, b"old")

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(errors.FolderProblem):
        folders.replace_file(path, b"new")
    assert [(one.name, one.read_bytes()) for one in path.parent.iterdir()] == [("file", b"old")]


def test_compiled_firmware_of_somebody_else_is_not_run(tmp_path: Path) -> None:
    folders.cache_folder().mkdir(parents=True)
    folders.cache_folder().chmod(0o777)
    firmware._path_of_compiled.cache_clear()
    assert firmware.search_path() == interpreter.firmware_path()
    assert list(folders.cache_folder().iterdir()) == []


def test_the_doctor_looks_at_the_folders(tmp_path: Path) -> None:
    folders.state_folder().parent.mkdir()
    folders.state_folder().symlink_to(tmp_path)
    assert [problem.code for problem in doctor.of_folders()] == ["folder-link"]
    folders.state_folder().unlink()
    assert doctor.of_folders() == []


def test_announcements_that_cannot_be_trusted_are_a_row_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.runtime_folder().mkdir(mode=0o700)
    (folders.runtime_folder() / "ports").symlink_to(tmp_path)
    assert run(["keys", "list", "--json"]) == 0
    assert '"folder-link"' in capsys.readouterr().out
