"""Account for every file of a filing folder: what proves it, or that nothing does.

A file is verified by a step of ``evidence``, or the same as what a verified file says (the files
that openssl and other tools want), or a note of this program, or it is named: changed, missing, not
looked at, or no plain file.
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

VERIFIED = "verified"  # ``by`` is the step that proves it
SAME = "same"  # it says what the verified file named in ``by`` says
NOTE = "note"  # filing.json: it contradicts nothing, and proves nothing
CHANGED = "changed"  # it contradicts what it should come from, ``by``
UNCHECKED = "unchecked"  # the step that would prove it, ``by``, did not hold or was not reached
MISSING = "missing"  # a whole folder has it; what is there is none the worse
UNKNOWN = "unknown"  # not looked at
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
    """One file, by its name in the folder, what is found of it (a word of this module), and what
    that rests on.
    """

    name: str
    finding: str
    by: str = ""


def account(contents: Contents, parts: Iterable[Part], root_pem: bytes | None) -> list[File]:
    """Every file of the folder by name, and those that a whole one would have; ``root_pem`` as the
    verifier was given it.
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
    """A file that says again what a verified one says."""
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
    """The DER in a PEM file of one certificate and nothing else.

    Raises ValueError for any other spelling.
    """
    raw = ssl.PEM_cert_to_DER_cert(content.decode("ascii"))
    if ssl.DER_cert_to_PEM_cert(raw).encode() != content:
        raise ValueError
    return raw


def _root(part: Part, content: bytes, root_pem: bytes | None) -> bool:
    """Is it the very certificate that the verifier has, or the one that the root named when it
    certified the office?
    """
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
    """Does filing.json contradict nothing that was signed?"""
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
    unwritten = ("", 0)  # a computer that stopped between the statement and the note
    agrees = all(fields.get(name) in (value, *unwritten) for name, value in signed.items())
    return agrees and set(fields) == set(State.__dataclass_fields__)
