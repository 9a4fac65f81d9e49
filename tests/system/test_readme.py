"""The READMEs, typed as they stand: every command in a terminal, in an empty folder, and both
programs.
"""

import os
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.accounts import IS_ROOT, free_uid, programs_for
from tests.system.journey import BIN
from tests.system.typist import LineFailed, Typist, blocks

ROOT = Path(__file__).parents[2]
PAGES = {"zh": "README.zh-CN.md", "en": "README.md"}
PIN = "739164"
PORT = 8420


def page(language: str) -> str:
    return (ROOT / PAGES[language]).read_text("utf-8")


def shape(text: str) -> list[tuple[str, str]]:
    """What both languages must have in common: levels of headings, commands and programs, links,
    pictures, rooms.
    """
    found: list[tuple[str, str]] = []
    for block in re.split(r"^(```\w*\n.*?^```)$", text, flags=re.DOTALL | re.MULTILINE):
        if block.startswith(("```sh", "```python", "```json")):
            found.append(("block", block))
        elif block.startswith("```mermaid"):
            found.append(("arrows", str(re.findall(r"--|-->", block))))
        elif block.startswith("```"):
            found.append(
                ("commands", str([line.split("#")[0].rstrip() for line in block.splitlines()]))
            )
        else:
            found += [("heading", level) for level in re.findall(r"^(#+) ", block, re.MULTILINE)]
            found.append(
                (
                    "links",
                    str(sorted(set(re.findall(r"\]\(([^)#]+)\)", block)) - set(PAGES.values()))),
                )
            )
    return found


def free() -> bool:
    """Is the port of the README free on this machine?"""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) != 0


def on_port(line: str, port: int) -> str:
    """The line for an office on another port, where somebody else has the one that the README
    names.
    """
    if port == PORT:
        return line
    served = line.replace(" serve ", f" serve --port {port} ")
    return served.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{port}")


def unused_port() -> int:
    if free():
        return PORT
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@pytest.fixture
def typist(request: pytest.FixtureRequest) -> Iterator[Typist]:
    """An ordinary user at a terminal in an empty folder, with the environment which ``make setup``
    makes, and nothing else.
    """
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o755)
        uid = free_uid(64_000) if IS_ROOT else None
        programs = BIN if uid is None else programs_for(uid, place)
        if programs is None:
            pytest.skip("THE README WAS NOT TYPED: an ordinary user may not read this checkout")
        folder, home, runtime = (place / name for name in ("empty", "home", "runtime"))
        for one in (folder, home, runtime):
            one.mkdir(mode=0o700)
            if uid is not None:
                os.chown(one, uid, uid)
        (folder / ".venv").symlink_to(programs.parent)
        environment = {
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(runtime),
            "BIANDUN_LANG": request.param,
            "PYTHONWARNINGS": "default",
        }
        with Typist(folder, environment, {"pin": PIN, "yes": "y"}, uid) as terminal:
            yield terminal


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typist", "language"),
    [("zh", "zh"), ("en", "en")],
    indirect=["typist"],
)
def test_every_command_of_the_page_works_when_it_is_typed(typist: Typist, language: str) -> None:
    """One test, because each line begins where the one before has left keys and office."""
    port = unused_port()
    for block in blocks(page(language), "sh"):
        for line in block:
            typist.type(on_port(line, port))
    assert "Traceback" not in typist.screen

    signs, brings_its_own_key = (
        "\n".join(lines) + "\n" for lines in blocks(page(language), "python")
    )
    typist.write("pin.txt", PIN + "\n")
    typist.write("program.py", signs)
    first, second = (typist.type("python program.py") for _ in range(2))
    assert re.search(r"\b[0-9a-f]{64}\b", first)
    assert first == second
    typist.write("test_it.py", brings_its_own_key)
    assert "1 passed" in typist.type("python -m pytest -q -p no:cacheprovider test_it.py")


def test_both_languages_have_the_same_content() -> None:
    assert shape(page("zh")) == shape(page("en"))


def test_what_the_test_does_not_type_are_targets_of_make() -> None:
    first = re.search(r"^```\n(.*?)^```$", page("en"), re.DOTALL | re.MULTILINE)
    assert first is not None
    targets = re.findall(r"^make ([a-z-]+)", first[1], re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets == ["demo", "test", "bench"]
    assert [
        target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)
    ] == []


@pytest.mark.parametrize("language", PAGES)
def test_every_file_that_the_page_links_to_is_there(language: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page(language))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("typist", ["zh"], indirect=True)
def test_a_line_that_fails_is_shown_with_what_was_on_the_screen(typist: Typist) -> None:
    with pytest.raises(LineFailed, match="no-such-program"):
        typist.type("no-such-program --at-all")


@pytest.mark.skipif(not IS_ROOT, reason="ONE'S OWN ACCOUNT TYPES: only root can be somebody else")
@pytest.mark.parametrize("typist", ["zh"], indirect=True)
def test_whoever_types_is_an_ordinary_user(typist: Typist) -> None:
    typist.type('test "$(id -u)" -ne 0 && test ! -r /etc/shadow')
