"""Whatever one place of the repository says about another is there: links between pages, and pages,
headings, sections and decisions that code, comments and pages cite.
"""

import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from biandun_protocol.codes import TABLES

ROOT = Path(__file__).parent.parent
SPEC = "protocol/SPEC.md"
MANY_LINES = re.DOTALL | re.MULTILINE
# folders that are made, not kept
MADE = {"build", "dist", "node_modules", "__pycache__", "htmlcov"}
TEXTS = {".md", ".py", ".pyi", ".toml", ".c", ".cddl", ".yml", ".yaml", ".txt", ".cfg", ""}

LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\))?)\)")
CITED = re.compile(r"(?<![\w/.-])(docs/[\w./-]+\.md)(?:, \"([^\"]+)\")?")
SECTION = re.compile(r"\bSPEC(?:\.md)?`?,? §(\d+(?:\.\d+)*)")
DECISION = re.compile(r"\bdecisions? (\d{4})\b")
# what a stranger who has only this repository cannot open
ELSEWHERE = re.compile(r"\.\./shared\b|(?<![\w.])/work/|\b(?:TOKEN|DOMAIN)(?:\.md)? (?:section|§)")


def texts(root: Path) -> Iterator[Path]:
    """The text files that people keep, in the folder and below it."""
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in MADE:
            continue
        if path.is_dir():
            yield from texts(path)
        elif path.suffix in TEXTS and path != Path(__file__):
            yield path


def prose(text: str) -> str:
    """The text with wrapped lines joined, in comments too, so that a citation may be wrapped."""
    return re.sub(r"\s*\n[ \t]*(?:#:? ?|\* |// )?[ \t]*", " ", text)


def without_code(page: str) -> str:
    """The page without fenced blocks and code in a line."""
    page = re.sub(r"^ *(```|~~~).*?^ *\1[ \t]*$", "", page, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", page)


@cache
def headings(path: Path) -> frozenset[str]:
    """The headings of a page as they stand, without marks of emphasis and links."""
    page = re.sub(
        r"^ *(```|~~~).*?^ *\1[ \t]*$", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    found = re.findall(r"^#{1,6} +(.+?) *#*$", page, re.MULTILINE)
    return frozenset(re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", one).replace("`", "") for one in found)


def anchor(heading: str) -> str:
    """The name that a forge gives to a heading: lower case, blanks as hyphens, no punctuation."""
    kept = (
        one
        for one in heading.lower()
        if one in " -_" or unicodedata.category(one)[0] in "LN" or unicodedata.combining(one)
    )
    return "".join(kept).strip().replace(" ", "-")


def broken_links(page: Path, text: str, root: Path) -> Iterator[str]:
    """Links of a page that lead to nothing, or out of the repository."""
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, fragment = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.is_relative_to(root) or not file.exists():
            yield f"links to {target}, which is not there"
        elif (
            fragment
            and file.suffix == ".md"
            and fragment not in {anchor(one) for one in headings(file)}
        ):
            yield f"links to {target}, whose heading is not there"


def broken_citations(text: str, root: Path) -> Iterator[str]:
    """Pages, headings, sections and decisions that a text names and that are not there."""
    joined = prose(text)
    for name, heading in CITED.findall(joined):
        if not (root / name).is_file():
            yield f"names {name}, which is not there"
        elif heading and heading not in headings(root / name):
            yield f'names {name}, "{heading}", whose heading is not there'
    numbers = {one.split(" ")[0] for one in headings(root / SPEC)}
    for number in SECTION.findall(joined):
        if number not in numbers:
            yield f"names SPEC §{number}, which is not there"
    for number in DECISION.findall(joined):
        if not list((root / "docs" / "decisions").glob(f"{number}-*.md")):
            yield f"names decision {number}, which is not there"
    for found in ELSEWHERE.findall(joined):
        yield f"names {found}, which a stranger cannot open"


def faults(path: Path, text: str, root: Path = ROOT) -> list[str]:
    """What is wrong with a text, one sentence a fault."""
    name = path.relative_to(root)
    found = list(broken_citations(text, root))
    if path.suffix == ".md":
        found += broken_links(path, text, root)
    return [f"{name} {one}" for one in found]


def test_whatever_is_cited_or_linked_to_is_there() -> None:
    found = [fault for path in texts(ROOT) for fault in faults(path, path.read_text("utf-8"))]
    assert found == []


def test_every_design_page_is_cited_or_linked_to() -> None:
    pages = {path.name for path in (ROOT / "docs" / "design").glob("*.md")} - {"README.md"}
    index = (ROOT / "docs" / "design" / "README.md").read_text("utf-8")
    assert pages == {target for target in LINK.findall(index) if target in pages}


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert {path.name for path in folder.glob("0*.md")} - listed == set()


@pytest.mark.parametrize("table", ["quota_type", "funding_form", "entry_method", "post_category"])
def test_the_page_of_terms_has_the_codes_of_the_forms(table: str) -> None:
    page = (ROOT / "docs" / "design" / "terms.md").read_text("utf-8")
    (section,) = re.findall(rf"^Code of the field `{table}`\.$(.*?)(?:^## |\Z)", page, MANY_LINES)
    rows = re.findall(r"^\| (\S+) \| (.+) \| `(\w+)` \|$", section, re.M)
    assert {code: (zh, en) for zh, en, code in rows} == TABLES[f"{table}s".replace("ys", "ies")]


def test_the_fragments_make_a_changelog() -> None:
    """A fragment with a kind or a name that nobody knows stops a release."""
    command = [sys.executable, "-m", "towncrier", "build", "--draft", "--version", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kinds = {path.name.split(".")[-2] for path in (ROOT / "changelog.d").glob("*.*.md")}
    assert len(re.findall("^### ", done.stdout, re.MULTILINE)) == len(kinds)
    assert not re.findall(r"^- (?!.*\(#\d+(?:, #\d+)*\)$)", done.stdout, re.MULTILINE)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A repository of two pages and a decision."""
    (tmp_path / "docs" / "decisions").mkdir(parents=True)
    (tmp_path / "protocol").mkdir()
    (tmp_path / SPEC).write_text("# Protocol\n\n### 6.8 Unblocking\n", "utf-8")
    (tmp_path / "docs" / "key.md").write_text("# The key\n\n## PIN, and `vault` 口令\n", "utf-8")
    (tmp_path / "docs" / "decisions" / "0001-first.md").write_text("# 0001 First\n", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "[a](key.md) [b](key.md#pin-and-vault-口令) [c](#here) [d](https://example.org/x)\n# Here",
        "```\n[no link](nowhere.md)\n```\nand `[none](either.md)`",
        'see docs/key.md, "PIN, and vault 口令"',
        '# see docs/key.md, "PIN, and\n    # vault 口令".',
        "SPEC §6.8, SPEC.md §6.8, decision 0001",
    ],
)
def test_a_good_text_has_no_fault(house: Path, text: str) -> None:
    page = house / "docs" / "page.md"
    page.write_text(text, "utf-8")
    assert faults(page, text, house) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](kay.md)", "links to kay.md, which is not there"),
        ("[a](../../key.md)", "links to ../../key.md, which is not there"),
        ("[a](key.md#pin)", "links to key.md#pin, whose heading is not there"),
        ("[a](#nowhere)", "links to #nowhere, whose heading is not there"),
        ("see docs/kay.md", "names docs/kay.md, which is not there"),
        ('see docs/key.md, "PIN"', 'names docs/key.md, "PIN", whose heading is not there'),
        ('# docs/key.md, "PIN\n# and"', 'names docs/key.md, "PIN and", whose heading is not there'),
        ("SPEC §6.9", "names SPEC §6.9, which is not there"),
        ("decision 0002", "names decision 0002, which is not there"),
        ("TOKEN section 5", "names TOKEN section, which a stranger cannot open"),
        ("in ../shared/design", "names ../shared, which a stranger cannot open"),
    ],
)
def test_a_broken_reference_is_found(house: Path, text: str, fault: str) -> None:
    page = house / "docs" / "page.md"
    page.write_text(text, "utf-8")
    assert faults(page, text, house) == [f"docs/page.md {fault}"]
