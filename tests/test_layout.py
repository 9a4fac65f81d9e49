"""How the rooms lie: no circle among the modules of any room, arrows of the office run down, and SQL
by hand names tables of its own room only.

The contracts stand in pyproject.toml and `make lint` checks them; here each of them is shown to
catch what it is for.  They do not count imports for a type checker alone, from which nothing follows
at run time.  Circles do: whoever reads one module of them has to read the others.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import grimp
import pytest
from django.apps import apps
from grimp import ImportGraph
from importlinter.contracts.layers import LayersContract

from biandun_office.office import startup

ROOT = Path(__file__).parent.parent
ROOMS = ["biandun_protocol", "etoken", "biandun", "biandun_simulator", "biandun_office"]
OFFICE = ROOT / "backend" / "biandun_office"


def circles(graph: ImportGraph) -> list[list[str]]:
    """Every group of modules that import each other round about, by name (Tarjan's algorithm)."""
    numbers: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_ones: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        numbers[module] = lowest[module] = len(numbers)
        open_ones.append(module)
        for other in graph.find_modules_directly_imported_by(module):
            if other not in numbers:
                visit(other)
                lowest[module] = min(lowest[module], lowest[other])
            elif other in open_ones:
                lowest[module] = min(lowest[module], numbers[other])
        if lowest[module] == numbers[module]:
            place = open_ones.index(module)
            group = sorted(open_ones[place:])
            del open_ones[place:]
            if len(group) > 1:
                found.append(group)

    for module in sorted(graph.modules):
        if module not in numbers:
            visit(module)
    return found


@pytest.mark.parametrize("package", ROOMS)
def test_no_modules_of_a_room_import_each_other_in_a_circle(package: str):
    assert circles(grimp.build_graph(package, cache_dir=None)) == []


def test_a_circle_through_several_modules_is_found():
    graph = ImportGraph()
    for importer, imported in ("ab", "bc", "ca", "cd"):
        graph.add_import(importer=importer, imported=imported)
    assert circles(graph) == [["a", "b", "c"]]


def layers() -> LayersContract:
    """The contract of the office's rooms, as `make lint` checks it."""
    document: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (options,) = (
        one
        for one in document["tool"]["importlinter"]["contracts"]
        if one.get("containers") == ["biandun_office"]
    )
    # the linter's own reader of TOML hands yes and no on as words
    words = {name: str(one) if isinstance(one, bool) else one for name, one in options.items()}
    session = {"root_packages": ["biandun_office"], "root_package": "biandun_office"}
    return LayersContract(options["name"], session, words)


@pytest.fixture(scope="module")
def office() -> ImportGraph:
    """Who imports whom in the office."""
    return grimp.build_graph("biandun_office", exclude_type_checking_imports=True, cache_dir=None)


def is_kept(graph: ImportGraph) -> bool:
    return bool(layers().check(graph, verbose=False).kept)


def test_arrows_of_the_office_run_down(office: ImportGraph):
    assert is_kept(office)


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("evidence.services", "flow.services"),
        ("evidence.selectors", "reception.services"),
        ("ledger", "flow.models"),
        ("issuance.selectors", "evidence.models"),
        ("timekeeping.selectors", "evidence.selectors"),
        ("registry.selectors", "issuance.models"),
        ("platform.throttle", "office.signing"),
        ("office.startup", "registry.models"),
        ("keylife.services", "reception.services"),
        ("reception.services", "installation.founding"),
        ("flow.effects", "cli.main"),
    ],
)
def test_a_planted_arrow_that_runs_up_or_sideways_breaks_the_contract(
    importer: str, imported: str, office: ImportGraph
):
    planted = deepcopy(office)
    planted.add_import(importer=f"biandun_office.{importer}", imported=f"biandun_office.{imported}")
    assert not is_kept(planted)


def test_a_room_that_the_contract_does_not_name_breaks_it(office: ImportGraph):
    planted = deepcopy(office)
    planted.add_module("biandun_office.attic")
    assert not is_kept(planted)


@cache
def tables() -> dict[str, str]:
    """The office's tables, each with its room."""
    assert startup  # has set Django up
    return {model._meta.db_table: model._meta.app_label for model in apps.get_models()}


def foreign_tables(room: str, source: str) -> list[str]:
    """The tables of other rooms that a module's strings name, and those whose models it hands to
    what writes SQL by hand (``platform.sql``, ``platform.pending``).
    """
    tree = ast.parse(source)
    texts = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    words = set(chain.from_iterable(re.findall(r"\w+", text) for text in texts))
    named = {word for word in words if tables().get(word, room) != room}
    return sorted(named | set(_foreign_models(room, tree)))


WRITERS = {"insert", "insert_numbered", "insert_many", "instance"}


def _homes(tree: ast.Module) -> dict[str, str]:
    """The models that a module imports, by the names that it has for them, each with its room."""
    return {
        alias.asname or alias.name: node.module.split(".")[1]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.endswith(".models")
        and node.module.startswith("biandun_office.")
        for alias in node.names
    }


def _foreign_models(room: str, tree: ast.Module) -> Iterator[str]:
    homes = _homes(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr in WRITERS and isinstance(first, ast.Name):
                home = homes.get(first.id, room)
                if home != room:
                    yield f"{home}_{first.id.lower()}"


def modules() -> Iterable[tuple[str, Path]]:
    """Every module of the office with its room; what migrations did stays as it was."""
    for path in OFFICE.rglob("*.py"):
        parts = path.relative_to(OFFICE).parts
        if "migrations" not in parts:
            yield parts[0].removesuffix(".py"), path


def test_sql_by_hand_names_tables_of_its_own_room_only():
    named = {
        str(path.relative_to(OFFICE)): found
        for room, path in modules()
        if (found := foreign_tables(room, path.read_text("utf-8")))
    }
    assert named == {}


@pytest.mark.parametrize(
    "source",
    [
        '_X = "SELECT 1 FROM evidence_statement JOIN issuance_certificate ON 1 = 1"',
        "_X = f'SELECT {1} FROM issuance_certificate'",
        "from biandun_office.issuance.models import Certificate\nsql.insert_many(Certificate, [])",
    ],
)
def test_planted_sql_over_the_table_of_another_room_is_found(source: str):
    assert foreign_tables("evidence", source) == ["issuance_certificate"]
    assert foreign_tables("issuance", source.replace("evidence_statement", "x")) == []


def foreign_rows(room: str, source: str) -> list[str]:
    """The models of other rooms whose rows a module reads or writes by itself, instead of asking
    their room.
    """
    tree = ast.parse(source)
    homes = _homes(tree)
    return sorted(
        f"{homes[node.value.id]}.{node.value.id}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "objects"
        and isinstance(node.value, ast.Name)
        and homes.get(node.value.id, room) != room
    )


def test_rows_of_a_room_are_read_and_written_by_that_room_only():
    found = {
        str(path.relative_to(OFFICE)): rows
        for room, path in modules()
        if (rows := foreign_rows(room, path.read_text("utf-8")))
    }
    assert found == {}


def test_a_planted_query_over_the_rows_of_another_room_is_found():
    source = "from biandun_office.issuance.models import Certificate as C\nC.objects.filter(kid='')"
    assert foreign_rows("keylife", source) == ["issuance.C"]
    assert foreign_rows("issuance", source) == []


def test_the_rooms_are_set_up_by_django_alone():
    """As a worker of a server does it, or of these tests: nobody has imported ``startup`` before."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "biandun_office.settings"}
    program = "import django; django.setup()"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, cwd=ROOT)
