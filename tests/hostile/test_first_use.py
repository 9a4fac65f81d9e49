"""What is made once is made when its module is imported: the sender of the first odd input starts
no such work.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.first_use import put_off

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "protocol/biandun_protocol",
    "backend/biandun_office",
    "host/biandun",
    "simulator/biandun_simulator",
)
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.parent.name != "wire"
]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def late_patterns(source: str) -> Iterator[str]:
    """Calls of ``re`` that compile a pattern whenever they run, or compile one only when a function
    runs.
    """
    tree = ast.parse(source)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, FUNCTIONS)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "re":
            yield f"line {node.lineno}: from re import"
        elif isinstance(node, ast.Import) and any(
            name.name == "re" and name.asname for name in node.names
        ):
            yield f"line {node.lineno}: re under another name"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "re"
        ):
            name = node.func.attr
            if name != "escape" and (name != "compile" or id(node) in inside):
                yield f"line {node.lineno}: re.{name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_compiles_its_patterns_when_it_is_imported(path: Path) -> None:
    assert list(late_patterns(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "import re\nre.fullmatch('a', 'a')",
        "import re\ndef f(a):\n    return re.compile(a)",
        "import re\nf = lambda a: re.compile(a)",
        "import re as regular",
        "from re import sub",
    ],
)
def test_a_late_pattern_is_found(source: str) -> None:
    assert list(late_patterns(source))


def test_an_early_pattern_is_none() -> None:
    assert not list(
        late_patterns(
            "import re\nA = re.compile('a')\ndef f(t): return A.sub('', t) + re.escape(t)"
        )
    )


def test_no_odd_input_is_the_first_to_import_or_to_compile_something() -> None:
    run = [sys.executable, "-m", "tests.hostile.first_use", "first"]
    assert (
        subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
        == ""
    )


@pytest.mark.parametrize(
    ("late", "module"),
    [
        ("import re; re.sub(r'(?:first|use)+', '', '')", "re._compiler"),
        ("b'\\xd6\\xd0'.decode('cp775')", "importlib._bootstrap"),
        ("import this", "importlib._bootstrap"),
    ],
)
def test_what_is_put_off_is_found(
    late: str, module: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("this", "encodings.cp775"):
        sys.modules.pop(name, None)
    found = put_off(lambda: exec(late))
    capsys.readouterr()
    assert module in found
