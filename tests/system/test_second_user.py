"""The journey as an ordinary user, while a second user of the computer attacks: it gains nothing
and stops nothing.

As root both are users that nobody has on this computer.  As anybody else the same journey runs as
oneself, and what needs a second user is reported as skipped.  `make as-user` runs what is here in a
fresh copy, as a user made for it.
"""

import json
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.accounts import IS_ROOT, AccountJourney, account, free_uid, programs_for
from tests.system.attacks import ATTEMPTS
from tests.system.conftest import SCHOOL
from tests.system.journey import BIN, CommandFailed, pdf

pytestmark = pytest.mark.slow

needs_root = pytest.mark.skipif(
    not IS_ROOT,
    reason="A SECOND USER WAS NOT TRIED: only root can be somebody else; see make as-user",
)
ROOT = Path(__file__).parents[2]
FIXTURE_TEST = """
from biandun import keys

def test_a_key_says_who_it_is(simulated_key):
    with keys.open(port=simulated_key.port) as key:
        assert key.info.serial == "BD-000001"
    simulated_key.unplug()
    simulated_key.plug()
    with keys.open(port=simulated_key.port) as key:
        assert key.info.serial == "BD-000001"
"""


@pytest.fixture(scope="module")
def owner() -> int | None:
    """Who the keys and the office belong to: a user of the test, or oneself."""
    if not IS_ROOT:
        return None
    return free_uid(61_000)


@pytest.fixture(scope="module")
def programs(owner: int | None, place: Path) -> Path:
    """Where the programs are that this user can run."""
    if owner is None:
        return BIN
    found = programs_for(owner, place)
    if found is None:
        pytest.skip(
            "AN ORDINARY USER WAS NOT TRIED: it may not read this checkout; see make as-user"
        )
    return found


@pytest.fixture(scope="module")
def attacker(owner: int | None) -> int:
    assert owner is not None
    return free_uid(owner + 1)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may enter, with one for temporary files that all share."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        (Path(made) / "shared").mkdir()
        (Path(made) / "shared").chmod(0o1777)
        yield Path(made)


@pytest.fixture(scope="module")
def trapped(place: Path, owner: int | None) -> dict[Path, bytes]:
    """What a second user has prepared before: the folder that platformdirs would take, and links at
    names that can be guessed.
    """
    shared, victim = place / "shared", place / "victim"
    uid = os.geteuid() if owner is None else owner
    victim.write_bytes(b"keep me")
    if owner is not None:
        os.chown(victim, uid, uid)
        stranger = free_uid(owner + 1)
        trap = shared / f"runtime-{uid}"
        trap.mkdir(mode=0o777)
        trap.chmod(0o777)
        for path in (trap / "biandun" / "locks", trap / "biandun" / "ports"):
            path.mkdir(parents=True)
        (trap / "biandun" / "ports" / "BD-000666.json").write_text(
            json.dumps({"port": "/dev/null", "pid": os.getpid()})
        )
        for path in (trap, *trap.rglob("*")):
            os.chown(path, stranger, stranger)
        for name in ("biandun", "biandun.lock", "office", "filing.json"):
            (shared / name).symlink_to(victim)
            os.lchown(shared / name, stranger, stranger)
    return {victim: b"keep me"}


@pytest.fixture(scope="module")
def journey(
    place: Path, owner: int | None, programs: Path, trapped: dict[Path, bytes]
) -> Iterator[AccountJourney]:
    """An office and a school's key with its PIN, all as an ordinary user; the home lets others look
    at its names.
    """
    with AccountJourney(place / "home", place / "shared", owner, programs) as made:
        made.folder.chmod(0o755)
        made.start("keys", "biandun-sim", "run", "--count", "1")
        made.found_office()
        made.serve()
        made.enrol(SCHOOL, "BD-000001")
        yield made


def sign(journey: AccountJourney, name: str) -> Path:
    """A filing of the school, prepared and signed."""
    form, letter = journey.folder / f"{name}.json", journey.folder / f"{name}.pdf"
    form.write_text(json.dumps(journey.run("biandun", "filing", "example"), ensure_ascii=False))
    letter.write_bytes(pdf())
    out = journey.folder / name
    attach = f"application_document={letter}"
    journey.run(
        "biandun",
        "filing",
        "prepare",
        form,
        "--out",
        out,
        "--attach",
        attach,
        "--serial",
        "BD-000001",
    )
    journey.with_pin("filing", "sign", out, serial="BD-000001")
    return out


def plan(journey: AccountJourney) -> dict[str, Any]:
    """What there is to attack, found in the owner's folders rather than listed, so that what is new
    is attacked too.
    """
    everything = list(journey.folder.rglob("*"))
    kinds = {path: path.lstat().st_mode for path in everything}
    own = journey.folder / ".local" / "state" / "biandun"
    keys = [json.loads(path.read_text()) for path in (own / "runtime" / "ports").glob("*.json")]
    assert keys, "the keys announce themselves elsewhere: look there"
    pids = [key["pid"] for key in keys] + [process.pid for process in journey._running.values()]
    files = [path for path in everything if stat.S_ISREG(kinds[path])]
    private = [
        path
        for path in files
        if own in path.parents or path.parent.name == "office" or path.suffix == ".txt"
    ]
    return {
        "ports": [key["port"] for key in keys],
        "pids": pids,
        "url": journey.url,
        "files": [str(path) for path in files],
        "folders": [str(path) for path in (journey.folder, *everything) if path.is_dir()],
        "private": [str(path) for path in private],
        "sockets": [str(path) for path in everything if stat.S_ISSOCK(kinds[path])],
    }


def attacked(journey: AccountJourney, uid: int, place: Path, only: list[str]) -> dict[str, object]:
    """What a user gains by each attempt, while everything runs."""
    orders = place / "plan.json"
    orders.write_text(json.dumps({**plan(journey), "only": only}))
    done = subprocess.run(
        [
            str(journey.programs / "python"),
            str(ROOT / "tests" / "system" / "attacks.py"),
            str(orders),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **account(uid),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def gained(journey: AccountJourney, attacker: int, place: Path) -> dict[str, object]:
    """What the second user gains."""
    sign(journey, "before")
    return attacked(journey, attacker, place, list(ATTEMPTS))


def test_an_ordinary_user_signs_and_verifies(journey: AccountJourney) -> None:
    folder = sign(journey, "mine")
    journey.run("biandun", "filing", "submit", folder, "--office", journey.url)
    journey.with_pin("filing", "keep", folder, "--office", journey.url, serial="BD-000001")
    assert (folder / "receipt.cbor").exists()


def test_the_doctor_finds_nothing_wrong_for_an_ordinary_user(journey: AccountJourney) -> None:
    found = journey.run("biandun", "doctor")
    assert (found["keys"], found["findings"]) == (["BD-000001"], [])


def test_a_port_that_was_used_is_there_again_for_an_ordinary_user(journey: AccountJourney) -> None:
    for _ in range(2):
        assert [row["problem"] for row in journey.run("biandun", "keys", "list")] == [None]


def test_everything_of_an_ordinary_user_lies_in_folders_of_its_own(
    journey: AccountJourney, owner: int | None
) -> None:
    uid = os.geteuid() if owner is None else owner
    own = journey.folder / ".local" / "state" / "biandun"
    for path in (own, *own.rglob("*"), *(journey.folder / "office").rglob("*")):
        assert path.lstat().st_uid == uid
        if path.is_dir():
            assert path.stat().st_mode & 0o077 == 0, path


def test_the_fixture_works_for_an_ordinary_user(journey: AccountJourney) -> None:
    folder = journey.folder / "project"
    folder.mkdir()
    (folder / "test_mine.py").write_text(FIXTURE_TEST)
    if journey.account:
        os.chown(folder, journey.account["user"], journey.account["user"])
    done = subprocess.run(
        [
            str(journey.programs / "python"),
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:randomly",
            "-c",
            os.devnull,
            "--rootdir",
            ".",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=journey.environment,
        **journey.account,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@needs_root
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_second_user_gains_nothing(attempt: str, gained: dict[str, object]) -> None:
    assert gained[attempt] == "nothing"


@needs_root
def test_the_same_attempts_gain_something_for_the_first_user(
    journey: AccountJourney, place: Path, gained: dict[str, object]
) -> None:
    harmless = [
        "opens_the_serial_port",
        "reads_what_is_private",
        "takes_locks",
        "looks_into_processes",
    ]
    for name, got in attacked(journey, journey.account["user"], place, harmless).items():
        assert got != "nothing", name


COMMANDS = {
    "keys list": ("biandun", "keys", "list", "--json"),
    "keys info": ("biandun", "keys", "info", "--port", "{port}", "--json"),
    "doctor": ("biandun", "doctor", "--json"),
    "unplug": ("biandun-sim", "unplug", "--serial", "BD-000001"),
    "run": (
        "biandun-sim",
        "run",
        "--state",
        "{home}/.local/state/biandun/simulator",
        "--first",
        "1",
    ),
    "office": ("biandun-office", "--data", "{home}/office", "--json", "log-check"),
    "sign": ("biandun", "filing", "sign", "{home}/before", "--json"),
}


@needs_root
@pytest.mark.parametrize("name", COMMANDS)
def test_a_second_user_with_the_first_ones_environment_is_refused_by_name(
    name: str, journey: AccountJourney, attacker: int, gained: dict[str, object]
) -> None:
    port = plan(journey)["ports"][0]
    program, *words = [word.format(home=journey.folder, port=port) for word in COMMANDS[name]]
    done = subprocess.run(
        [str(journey.programs / program), *words],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=journey.environment,
        timeout=60,
        **account(attacker),
    )
    assert "Traceback" not in done.stderr, done.stderr
    said = done.stdout + done.stderr
    assert done.returncode != 0 or '"problem"' in said
    assert journey.account["user"] != attacker
    assert [row["problem"] for row in journey.run("biandun", "keys", "list")] == [None]


@needs_root
def test_a_second_user_stops_nothing(
    journey: AccountJourney, gained: dict[str, object], trapped: dict[Path, bytes]
) -> None:
    folder = sign(journey, "after")
    journey.run("biandun", "filing", "submit", folder, "--office", journey.url)
    assert {path: path.read_bytes() for path in trapped} == trapped
    assert journey.run("biandun", "doctor")["findings"] == []


@needs_root
def test_a_form_that_a_second_user_exchanges_is_not_signed(
    journey: AccountJourney, attacker: int, place: Path
) -> None:
    form = place / "shared" / "form.json"
    form.write_text(json.dumps(journey.run("biandun", "filing", "example"), ensure_ascii=False))
    os.chown(form, attacker, attacker)
    form.chmod(0o644)
    out = journey.folder / "swapped"
    journey.run("biandun", "filing", "prepare", form, "--out", out, "--serial", "BD-000001")
    prepared = (out / "manifest.cbor").read_bytes()
    # what was prepared is a copy in a folder of one's own
    form.write_text(form.read_text().replace("1", "9"))
    journey.with_pin("filing", "sign", out, serial="BD-000001")
    assert (out / "manifest.cbor").read_bytes() == prepared


@needs_root
def test_a_folder_that_a_second_user_owns_is_refused_by_the_office(
    journey: AccountJourney, attacker: int, place: Path
) -> None:
    trap = place / "shared" / "new office"
    trap.mkdir()
    os.chown(trap, attacker, attacker)
    trap.chmod(0o777)
    words = (
        "init",
        "--backup",
        journey.folder / "other.backup",
        "--passphrase-file",
        journey.passphrase,
    )
    with pytest.raises(CommandFailed) as caught:
        journey.office("--data", trap, *words)
    assert caught.value.code == "folder-foreign"
    assert list(trap.iterdir()) == []


ELSEWHERE = (
    ("XDG_RUNTIME_DIR", ["keys", "list"]),
    ("XDG_STATE_HOME", ["doctor"]),
    ("BIANDUN_PORTS", ["keys", "list"]),
)


@needs_root
def test_an_environment_of_another_user_is_named_and_nothing_of_it_written(
    journey: AccountJourney, attacker: int, place: Path
) -> None:
    """What `su` without a minus leaves behind, and what BIANDUN_PORTS may point at."""
    theirs = place / "shared" / "theirs"
    theirs.mkdir()
    theirs.chmod(0o755)
    os.chown(theirs, attacker, attacker)
    genuine = dict(journey.environment)
    try:
        for name, words in ELSEWHERE:
            journey.environment = {**genuine, name: str(theirs)}
            try:
                said = str(journey.run("biandun", *words))
            except CommandFailed as failed:
                said = str(failed)
            assert "Traceback" not in said
            assert list(theirs.iterdir()) == []
    finally:
        journey.environment = genuine
