"""Accounts for every file of a filing folder: which check proves it, or that none does.

A file is verified by a step of ``evidence``; or it repeats a verified file (for openssl and other
tools); or it is a note of this program; or it is reported as changed, missing, not checked, or not
a regular file.
"""

import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from biandun.anchors import load_root
from biandun.checks import Part
from biandun.contents import PLAIN, Contents
from biandun.errors import FolderProblem
from biandun.filings.folder import FORMAT, State
from biandun_protocol import cose, jsontext
from biandun_protocol.errors import Problem
from biandun_protocol.receipt import Receipt

VERIFIED = "verified"  # proved by step ``by``
SAME = "same"  # has the same content as the verified file ``by``
NOTE = "note"  # filing.json: consistent, but no evidence
CHANGED = "changed"  # contradicts the file ``by``, from which it is derived
UNCHECKED = "unchecked"  # step ``by``, which would prove it, failed or was not reached
MISSING = "missing"  # absent from this folder; the other files are valid without it
UNKNOWN = "unknown"  # not checked
REFUSED = "refused"  # a link or a special file: not opened
WRONG = (CHANGED, REFUSED)

OF_STEP = {
    "issuer.cose": "office_key",
    "issuer.cbor": "office_key",
    "profile.cose": "unit_certificate",
    "profile.cbor": "unit_certificate",
    "certificate.der": "unit_certificate",
    "manifest.cbor": "material",
    "statement.cose": "signature",
    "receipt.cbor": "office_receipt",
}
EXPORTED = ("receipt.cose", "receipt-payload.cbor", "certificate.pem")  # all of them, or none


@dataclass(frozen=True)
class File:
    """A file's name, the finding (a constant of this module), and its basis ``by``."""

    name: str
    finding: str
    by: str = ""


def account(contents: Contents, parts: Iterable[Part], root_pem: bytes | None) -> list[File]:
    """The findings for every file of the folder and for those that are missing, by name.

    ``root_pem`` is the root that the verifier was given, or None.
    """
    files: dict[str, File] = {}
    for part in parts:
        files |= {file.name: file for file in _of_part(contents, part, root_pem)}
    for name, kind in contents.entries.items():
        if kind != PLAIN:
            files[name] = File(name, REFUSED)
        elif name not in files:
            files[name] = File(name, UNKNOWN)
    return [files[name] for name in sorted(files)]


def _of_part(contents: Contents, part: Part, root_pem: bytes | None) -> Iterable[File]:
    there = {
        name: part.inside + name in contents.entries
        for name in (*OF_STEP, *EXPORTED, "filing.json")
    }
    for name, step in OF_STEP.items():
        if there[name]:
            yield _proved(part, name, step)
    for attachment in part.manifest.form.attachments if part.manifest else ():
        if f"{part.inside}attachments/{attachment.name}" in contents.entries:
            yield _proved(part, f"attachments/{attachment.name}", "material")
    for name, check in (("root.pem", _root), ("issuing.pem", _issuing)):
        yield _compared(
            contents,
            part,
            name,
            "office_key",
            "issuer.cose",
            lambda raw, check=check: check(part, raw, root_pem),
        )
    if any(there[name] for name in EXPORTED):
        yield _compared(
            contents,
            part,
            "certificate.pem",
            "unit_certificate",
            "certificate.der",
            lambda raw: _leaf(part, raw),
        )
        for name, at in (("receipt.cose", 0), ("receipt-payload.cbor", 1)):
            yield _compared(
                contents,
                part,
                name,
                "office_receipt",
                "receipt.cbor",
                lambda raw, at=at: _receipt(part, raw, at),
            )
    yield _compared(
        contents,
        part,
        "filing.json",
        "signature",
        "statement.cose",
        lambda raw: _note(part, raw),
        NOTE,
    )


def _proved(part: Part, name: str, step: str) -> File:
    return File(part.inside + name, VERIFIED if part.passed(step) else UNCHECKED, step)


def _compared(
    contents: Contents,
    part: Part,
    name: str,
    step: str,
    source: str,
    agrees: Callable[[bytes], bool],
    same: str = SAME,
) -> File:
    """Compare a file with the verified file that it repeats."""
    full = part.inside + name
    if full not in contents.entries:
        return File(full, MISSING)
    if not part.passed(step):
        return File(full, UNCHECKED, step)
    try:
        good = agrees(contents.read(full))
    except (Problem, ValueError, RecursionError):
        good = False
    return File(full, same if good else CHANGED, source)


def _pem(content: bytes) -> bytes:
    """The DER of a PEM file with one certificate and nothing else.

    Raises ValueError for any other encoding.
    """
    raw = ssl.PEM_cert_to_DER_cert(content.decode("ascii"))
    if ssl.DER_cert_to_PEM_cert(raw).encode() != content:
        raise ValueError
    return raw


def _root(part: Part, content: bytes, root_pem: bytes | None) -> bool:
    """Is it the verifier's root certificate, or the one that the issuer statement names?"""
    fingerprint = sha256(_pem(content)).digest()
    if root_pem is not None and load_root(root_pem)[1] == fingerprint.hex():
        return True
    return cose.parse(part.read("issuer.cose"), purpose="issuer").header.x5t == fingerprint


def _issuing(part: Part, content: bytes, _root_pem: bytes | None) -> bool:
    return part.issuer is not None and sha256(_pem(content)).digest() == part.issuer.x5t


def _leaf(part: Part, content: bytes) -> bool:
    return _pem(content) == part.read("certificate.der")


def _receipt(part: Part, content: bytes, at: int) -> bool:
    given = Receipt.decode(part.read("receipt.cbor"))
    return content == (given.statement, given.payload)[at]


def _note(part: Part, content: bytes) -> bool:
    """Does filing.json agree with what was signed?"""
    statement, manifest = part.statement, part.manifest
    if statement is None or manifest is None:
        raise FolderProblem("filing-unsigned")
    noted: object = jsontext.read(content)
    if not isinstance(noted, dict):
        return False
    fields = cast("dict[str, object]", noted)
    signed = {
        "format": FORMAT,
        "purpose": part.purpose,
        "manifest": sha256(manifest.raw).hexdigest(),
        "serial": statement.header.serial,
        "seq": statement.header.seq,
        "statement_id": statement.id.hex(),
    }
    unwritten = ("", 0)  # after a crash between writing the statement and the note
    agrees = all(fields.get(name) in (value, *unwritten) for name, value in signed.items())
    return agrees and set(fields) == set(State.__dataclass_fields__)
