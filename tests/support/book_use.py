"""Who uses the book of words, read from the sources of all rooms: what is missing, unused, or never
filled.

Each function returns names of faults, so that a test shows all of them and a small source of its
own shows that the fault would be found.
"""

import ast
import re
import string
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "protocol/biandun_protocol",
    "host/biandun",
    "simulator/biandun_simulator",
    "backend/biandun_office",
)
Sources = Mapping[str, ast.Module]
CHINESE = re.compile(r"[\u3400-\u9fff]")
# not by their names: a table of statuses uses no code that nobody raises
TABLES = {"_STATUS"}


@cache
def book() -> dict[str, Any]:
    """The book as it stands in its file."""
    return tomllib.loads((ROOT / "protocol/messages.toml").read_text("utf-8"))


@cache
def sources() -> Sources:
    """Every module of the product, but for the one that is the book."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text("utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != "book.py"
    }


def blanks(text: str) -> set[str]:
    """The names in braces of a text."""
    return {name.partition(".")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """The constants that are docstrings, or other text that nobody uses."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """The constant texts of a module, parts of f-strings too, without its docstrings."""
    left_out = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and TABLES & set(_targets(node)):
            left_out |= set(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in left_out:
            yield node


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def names(modules: Sources) -> set[str]:
    """Whatever may name a field or a code: constant texts, arguments by keyword, fields of classes,
    functions.
    """
    found: set[str] = set()
    for tree in modules.values():
        found |= {str(text.value) for text in texts(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
            elif isinstance(node, ast.FunctionDef):
                found.add(node.name)
    return found


def named(call: ast.AST) -> str:
    """The last name of what a call calls."""
    called = call.func if isinstance(call, ast.Call) else call
    return getattr(called, "id", "") or getattr(called, "attr", "")


@dataclass
class Raised:
    """What is raised: where each code is, the values that come with it, and those that come with a
    code that is only known when it runs.
    """

    where: dict[str, str] = field(default_factory=dict)
    values: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    open: set[str] = field(default_factory=set)


def problems(modules: Sources) -> dict[str, str]:
    """Every class of problem -> its own code."""
    classes = [
        node
        for tree in modules.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    found = {"Problem": "internal"}
    grown = True
    while grown:
        before = len(found)
        for one in classes:
            bases = [named(base) for base in one.bases if named(base) in found]
            if bases and one.name not in found:
                own = [
                    str(line.value.value)
                    for line in one.body
                    if isinstance(line, ast.Assign | ast.AnnAssign)
                    and "code" in _targets(line)
                    and isinstance(line.value, ast.Constant)
                ]
                found[one.name] = own[0] if own else found[bases[0]]
        grown = len(found) > before
    return found


def raised(modules: Sources) -> Raised:
    """What the modules raise."""
    classes = problems(modules)
    result = Raised(where={code: name for name, code in classes.items()})
    for place, tree in modules.items():
        for function in ast.walk(tree):
            if not isinstance(function, ast.FunctionDef | ast.Module):
                continue
            gathered = _gathered(function)
            for call in _own_calls(function):
                name = named(call)
                if name not in {*classes, "JsonFault"} and not _is_of_super(call):
                    continue
                given = {one.arg for one in call.keywords if one.arg}
                for spread in (one.value for one in call.keywords if one.arg is None):
                    given |= gathered.get(ast.unparse(spread), set())
                first = call.args[0] if call.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    result.where[first.value] = f"{place}:{call.lineno}"
                    result.values[first.value] |= given
                elif first is None and name in classes:
                    result.values[classes[name]] |= given
                else:
                    result.open |= given
            for name, keys in gathered.items():
                if name.endswith("values"):
                    result.open |= keys
    return result


def _is_of_super(call: ast.Call) -> bool:
    """``super().__init__(...)``"""
    return (
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "__init__"
        and named(call.func.value) == "super"
    )


def _own_calls(function: ast.AST) -> Iterator[ast.Call]:
    """The calls of a function, without those of functions inside it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _own_calls(node)


def _gathered(function: ast.AST) -> dict[str, set[str]]:
    """Names of dictionaries that are written out, or updated, in a function -> their keys."""
    found: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for target in node.targets:
                found[ast.unparse(target)] |= {
                    str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)
                }
        elif isinstance(node, ast.Call) and named(node) == "update":
            owner = ast.unparse(node.func).removesuffix(".update")
            found[owner] |= {one.arg for one in node.keywords if one.arg}
    return found


def unknown_errors(words: Mapping[str, Any], modules: Sources) -> list[str]:
    """Codes that are raised and stand in no entry of the book, with their place."""
    where = raised(modules).where
    return sorted(f"{code} ({where[code]})" for code in set(where) - set(words["errors"]))


def unused(words: Mapping[str, Any], modules: Sources) -> list[str]:
    """Entries of the book whose name stands nowhere in the sources."""
    known = names(modules)
    literal = {str(text.value) for tree in modules.values() for text in texts(tree)}
    found = [f"errors.{code}" for code in words["errors"] if code not in literal]
    steps = {entry["next"] for entry in words["errors"].values() if isinstance(entry["next"], str)}
    found += [f"next_steps.{name}" for name in words["next_steps"] if name not in steps]
    found += [f"labels.{name}" for name in words["labels"] if name not in known]
    found += [f"office.labels.{name}" for name in words["office"]["labels"] if name not in known]
    for section in ("codes", "values"):
        found += [
            f"{section}.{part}.{code}"
            for part, entries in words[section].items()
            for code in entries
            if code not in known and not _composed(code, literal)
        ]
    return found + [
        f"phrases.{section}.{name}"
        for section, entries in words["phrases"].items()
        for name in entries
        if not {f"{section}.{name}"} & literal and not _composed(f"{section}.{name}", literal)
    ]


def _composed(code: str, literal: set[str]) -> bool:
    """Is a dotted code put together of its beginning and its other parts?"""
    beginning, *others = code.split(".")
    return bool(others) and f"{beginning}." in literal and set(others) <= literal


def never_filled(words: Mapping[str, Any], modules: Sources) -> list[str]:
    """Blanks of errors that nothing which raises the error has a value for."""
    values = raised(modules)
    return [
        f"errors.{code} {{{name}}}"
        for code, entry in words["errors"].items()
        for name in sorted(blanks_of(entry, words))
        if name not in values.values[code] | values.open
    ]


def unfilled(words: Mapping[str, Any], modules: Sources) -> list[str]:
    """Places that raise an error by a code that is written out and leave a blank of its message."""
    classes = problems(modules)
    found: list[str] = []
    for place, tree in modules.items():
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or named(call) not in classes:
                continue
            given = {one.arg for one in call.keywords}
            first = call.args[0] if call.args else ast.Constant(classes[named(call)])
            code = first.value if isinstance(first, ast.Constant) else None
            if None not in given and code in words["errors"]:
                left = blanks_of(words["errors"][code], words) - given
                found += [f"{place}:{call.lineno} {code} {{{name}}}" for name in sorted(left)]
    return found


def phrases(modules: Sources) -> Iterator[tuple[str, str, set[str]]]:
    """(place, name, values) of every phrase that is asked for by a name that is written out."""
    for place, tree in modules.items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and named(call) == "phrase":
                given = {one.arg for one in call.keywords if one.arg}
                for text in ast.walk(call.args[0]):
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield f"{place}:{call.lineno}", text.value, given


def wrong_phrases(words: Mapping[str, Any], modules: Sources) -> list[str]:
    """Phrases that are asked for and do not exist, or with other values than they have blanks."""
    known = {
        f"{section}.{name}": blanks(entry["zh"])
        for section, entries in words["phrases"].items()
        for name, entry in entries.items()
    }
    beginnings = {f"{section}." for section in words["phrases"]}
    return [
        f"{name} ({place})"
        if name not in known
        else f"{name} {sorted(known[name] ^ given)} ({place})"
        for place, name, given in phrases(modules)
        if name not in beginnings and known.get(name) != given
    ]


def blanks_of(entry: Mapping[str, Any], words: Mapping[str, Any]) -> set[str]:
    """The blanks of an error's four texts."""
    step = entry["next"] if isinstance(entry["next"], dict) else words["next_steps"][entry["next"]]
    return set().union(*(blanks(t) for t in (entry["zh"], entry["en"], step["zh"], step["en"])))


def unequal(entries: Iterable[tuple[str, Mapping[str, str]]]) -> list[str]:
    """Places whose Chinese and English have different blanks."""
    return [place for place, pair in entries if blanks(pair["zh"]) != blanks(pair["en"])]


# Chinese that stands beside the code that it belongs to, with the reason
KEPT = {
    "protocol/biandun_protocol/forms": "a form's words stand beside its fields",
    "protocol/biandun_protocol/codes.py": "code tables, written from codes/*.json: data",
    "backend/biandun_office/api.py": "title of the interface's description, a help text",
    "backend/biandun_office/cli/offices.py": "the default of an option: data",
    "backend/biandun_office/evidence/fork_text.py": "a whole document in both languages",
    "backend/biandun_office/office/x509.py": "names inside certificates: bytes that are signed",
    "backend/biandun_office/registry/services.py": "fictitious units: data",
}
# names of tables and columns for the administration, and of Django's apps
_DJANGO = ("models.py", "apps.py")
_HELP = {"help", "verbose_name", "verbose_name_plural", "help_text"}


def loose_chinese(modules: Sources, kept: Iterable[str] = ()) -> list[str]:
    """Chinese texts in a module that are neither help of a command nor kept where they are."""
    return [
        f"{place}:{text.lineno}: {text.value}"
        for place, tree in modules.items()
        if not place.endswith(_DJANGO) and "/migrations/" not in place
        if not any(place.startswith(one) for one in kept)
        for text in texts(tree)
        if CHINESE.search(str(text.value)) and text not in _helps(tree)
    ]


def kept_for_nothing(modules: Sources, kept: Iterable[str]) -> list[str]:
    """Places that need no exception any more."""
    loose = loose_chinese(modules)
    return [one for one in kept if not any(place.startswith(one) for place in loose)]


def _helps(tree: ast.Module) -> set[ast.AST]:
    """Texts of options: the argument ``help``, and constants called so."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and node.arg in _HELP) or (
            isinstance(node, ast.Assign) and all(name.endswith("_HELP") for name in _targets(node))
        ):
            found |= set(ast.walk(node.value))
    return found
