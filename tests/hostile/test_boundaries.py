"""The table of boundaries is complete: whoever adds a reader of foreign bytes adds a row, or says
why it needs none.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import biandun_protocol
from tests.hostile.boundaries import BOUNDARIES, NOT_FOREIGN

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "protocol/biandun_protocol",
    "backend/biandun_office",
    "host/biandun",
    "simulator/biandun_simulator",
)
NAMES = ("decode", "from_", "load", "open_", "parse", "read", "split", "unseal", "verify")
# words, numbers, tables; a model of flash
WITHOUT_READERS = ("book", "catalogue", "numbers", "messages", "flashfaults")

# decoders of the library, or of somebody else: each module that calls one says whose bytes they are
# and what bounds the work
GENERAL = {
    "cbor2": {"load", "loads", "CBORDecoder"},
    "json": {"load", "loads", "JSONDecoder"},
    "tarfile": {"open", "TarFile"},
    "zipfile": {"ZipFile"},
    "pickle": {"load", "loads"},
    "marshal": {"load", "loads"},
    "plistlib": {"load", "loads"},
    "tomllib": {"load", "loads"},
    "yaml": {"load", "safe_load"},
    "csv": {"reader", "DictReader"},
    "ElementTree": {"parse", "fromstring"},
    "x509": {"load_pem_x509_certificate", "load_der_x509_certificate"},
    "answer": {"json"},
}
OWN_FILES = "files of the program's own folder"
MEANT = {
    "biandun_protocol/x509.py: x509": "one pass over DER in Rust, values only when asked for; the row x509.certificate_of",
    "biandun_office/office/x509.py: x509": "what the office has just written",
    "biandun_office/office/identity.py: x509": OWN_FILES,
    "biandun_office/issuance/selectors.py: json": "a column that the office wrote",
    "biandun_office/installation/archive.py: tarfile": "a backup, after its chunks were decrypted under the operator's passphrase; names and kinds checked",
    "biandun/office_client.py: answer": "an answer of the office: JSON is read in one pass, its depth and numbers are bounded by Python",
    "biandun_simulator/simulated_key.py: json": OWN_FILES,
    "biandun_simulator/control.py: json": "lines of bounded length on a socket of the program's own folder",
}


def general_decoders() -> Iterator[str]:
    """Which modules call one."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
                    continue
                if node.attr in GENERAL.get(node.value.id, ()):
                    yield f"{path.relative_to((ROOT / package).parent)}: {node.value.id}"


def functions(module: object) -> Iterator[tuple[str, object]]:
    """Public functions and methods that a module defines, properties as well."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:  # type: ignore[attr-defined]
            continue
        if not inspect.isclass(found):
            yield name, inspect.unwrap(found) if callable(found) else found
            continue
        for inner, method in vars(found).items():
            bare = (
                method.fget if isinstance(method, property) else getattr(method, "__func__", method)
            )
            if not inner.startswith("_"):
                yield f"{name}.{inner}", bare


def readers() -> Iterator[str]:
    """What reads bytes and may refuse them, or is named like it."""
    prefix = biandun_protocol.__name__ + "."
    for found in pkgutil.walk_packages(biandun_protocol.__path__, prefix):
        if found.name.rpartition(".")[2] in WITHOUT_READERS:
            continue
        for name, function in functions(importlib.import_module(found.name)):
            if not inspect.isfunction(function):
                continue
            takes = [
                str(kind) for place, kind in function.__annotations__.items() if place != "return"
            ]
            raw = any("bytes" in kind or "memoryview" in kind for kind in takes)
            refuses = "raises" in (function.__doc__ or "").lower()
            named = name.rpartition(".")[2].startswith(NAMES)
            if (raw and refuses) or (named and (raw or refuses)):
                yield f"{found.name.removeprefix(prefix)}.{name}"


def covered() -> set[str]:
    return {name.partition(" ")[0] for name in BOUNDARIES} | {
        name for row in BOUNDARIES.values() for name in row.covers
    }


def test_every_reader_of_foreign_bytes_has_a_row_or_a_reason() -> None:
    assert sorted(set(readers()) - covered() - set(NOT_FOREIGN)) == []


def test_every_row_and_every_reason_is_about_something_that_is_there() -> None:
    missing = list[str]()
    for name in covered() | set(NOT_FOREIGN):
        try:
            pkgutil.resolve_name(
                name
                if name.startswith("biandun_office.")
                else f"{biandun_protocol.__name__}.{name}"
            )
        except (ImportError, AttributeError):
            missing.append(name)
    assert missing == []


def test_every_call_of_a_general_decoder_is_meant() -> None:
    assert sorted(set(general_decoders()) ^ set(MEANT)) == []
