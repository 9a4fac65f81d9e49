"""The CDDL files describe the bytes that the code really makes, and nothing wider."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pycddl
import pytest

from biandun_protocol import cbor, codes, package
from biandun_protocol.wire import codec, messages
from biandun_protocol.wire.messages import Summary
from tests.support import softkey

ROOM = Path(__file__).resolve().parents[2] / "protocol"
MESSAGES: dict[str, Any] = json.loads((ROOM / "vectors/messages.json").read_text("utf-8"))
STATEMENTS: dict[str, Any] = json.loads((ROOM / "vectors/statements.json").read_text("utf-8"))
SM2: dict[str, Any] = json.loads((ROOM / "vectors/statements-sm2.json").read_text("utf-8"))
# refused by rules that a grammar of one item cannot express; statement.cddl names them at its head
BEYOND_CDDL = {
    "purpose swapped", "wrong typ", "wrong sub", "seq 1 with a prev", "kid of another key", "iss too long",
}  # fmt: skip
BEYOND_CDDL_IN_SM2 = {
    "alg of ES256 under the kid of an SM2 key", "statement of the ES256 suite", "kid of the office", "purpose swapped",
    "kid of the same point on P-256",
}  # fmt: skip
HEADER_RULES = {
    "filing": "chained-header",
    "login": "unchained-header",
    "possession": "possession-header",
    "receipt": "office-header",
}
# pycddl does not see unknown keys of a map that may be empty
MAY_BE_EMPTY = {
    name
    for name, kind in vars(messages).items()
    if isinstance(kind, type) and issubclass(kind, codec.Message)
    if not any(required for *_, required in kind.FIELDS)
}


def grammar(name: str, rule: str) -> pycddl.Schema:
    """The file's grammar, beginning at ``rule`` (CDDL begins at the first rule)."""
    return pycddl.Schema(f"start = {rule}\n" + (ROOM / f"{name}.cddl").read_text("utf-8"))


def accepts(schema: pycddl.Schema, raw: bytes) -> bool:
    """pycddl alone does not mind trailing bytes, so our own strict decoder is asked first."""
    try:
        if raw[:1] != b"\xd2":
            cbor.loads(raw)
        schema.validate_cbor(raw)
    except (cbor.CborError, pycddl.ValidationError):
        return False
    return True


def accepts_parts(schemas: list[pycddl.Schema], raw: bytes) -> bool:
    """An array, whole and item by item: pycddl does not see unknown keys of a map that stands in an
    array.
    """
    try:
        items = cbor.loads(raw)
    except cbor.CborError:
        return False
    whole, *parts = schemas
    if not accepts(whole, raw) or not isinstance(items, list):
        return False
    return all(
        accepts(schema, cbor.dumps(item))
        for schema, item in zip(parts, items[-len(parts) :], strict=True)
    )


def accepts_message(kind: str) -> Callable[[bytes], bool]:
    if not kind.endswith("Request") or kind == "KeyRequest":
        whole = grammar("wire", kind)
        return lambda raw: accepts(whole, raw)
    schemas = [grammar("wire", kind), grammar("wire", kind.removesuffix("Request") + "Fields")]
    return lambda raw: accepts_parts(schemas, raw)


def accepts_manifest(raw: bytes) -> bool:
    return accepts_parts(
        [grammar("filing", rule) for rule in ("manifest", "use-approval-summary", "use-approval")],
        raw,
    )


@pytest.mark.parametrize("name", ["wire", "statement", "filing"])
def test_the_grammar_itself_is_well_formed(name: str) -> None:
    assert pycddl.Schema((ROOM / f"{name}.cddl").read_text("utf-8"))


@pytest.mark.parametrize("kind", sorted({entry["type"] for entry in MESSAGES["valid"]}))
def test_a_message_is_what_its_grammar_says(kind: str) -> None:
    taken_by = accepts_message(kind)
    good = {
        entry["name"]: taken_by(bytes.fromhex(entry["cbor"]))
        for entry in MESSAGES["valid"]
        if entry["type"] == kind
    }
    broken = [entry for entry in MESSAGES["invalid"] if entry["type"] == kind]
    if kind in MAY_BE_EMPTY:
        broken = [entry for entry in broken if "unknown" not in entry["name"]]
    bad = {entry["name"]: taken_by(bytes.fromhex(entry["cbor"])) for entry in broken}
    assert [name for name, taken in good.items() if not taken] == []
    assert [name for name, taken in bad.items() if taken] == []


@pytest.mark.parametrize(
    "entry",
    [*STATEMENTS["valid"], *({**entry, "name": f"sm2-{entry['name']}"} for entry in SM2["valid"])],
    ids=lambda entry: entry["name"],
)
def test_a_statement_is_what_its_grammar_says(entry: dict[str, Any]) -> None:
    assert accepts(grammar("statement", "statement"), bytes.fromhex(entry["statement"]))
    assert accepts(grammar("statement", "protected"), bytes.fromhex(entry["protected"]))
    assert accepts(grammar("statement", "to-be-signed"), bytes.fromhex(entry["tbs"]))


def test_the_header_of_a_refused_statement_breaks_the_grammar_unless_it_is_named() -> None:
    assert headers_taken(STATEMENTS) == BEYOND_CDDL
    assert headers_taken(SM2) == BEYOND_CDDL_IN_SM2


def headers_taken(vectors: dict[str, Any]) -> set[str]:
    schemas = {purpose: grammar("statement", rule) for purpose, rule in HEADER_RULES.items()}
    taken: set[str] = set()
    for entry in vectors["refused"]:
        if entry["form"] and not entry["name"].startswith(("signature", "high-s", "digest")):
            protected = cbor.loads(bytes.fromhex(entry["statement"])[1:])
            assert isinstance(protected, list)
            if protected[0] and accepts(schemas[entry["purpose"]], protected[0]):
                taken.add(entry["name"])
    return taken


def test_a_receipt_payload_is_what_its_grammar_says() -> None:
    schema = grammar("statement", "receipt-payload")
    wrong = [
        entry["name"]
        for entry in STATEMENTS["receipts"]
        if accepts(schema, bytes.fromhex(entry["payload"]))
        != (entry["code"] != "receipt-malformed")
    ]
    assert wrong == []


def test_a_log_leaf_is_what_its_grammar_says() -> None:
    schema = grammar("statement", "log-leaf")
    leaf = bytes.fromhex(STATEMENTS["receipts"][0]["leaf"])
    assert accepts(schema, leaf)
    assert not accepts(schema, cbor.dumps(cbor.loads(leaf)[:3]))  # type: ignore[index]


FULL = softkey.manifest(
    attachments=(softkey.attachment(b"one"), softkey.attachment(b"two", "纪要.pdf", "minutes")),
    case="629900-2026-0001",
)


@pytest.mark.parametrize(
    "raw",
    [softkey.manifest(), FULL, softkey.manifest(supervisor_uscc=None, application_document=None)],
    ids=["usual", "with everything", "smallest"],
)
def test_a_manifest_is_what_its_grammar_says(raw: bytes) -> None:
    assert accepts_manifest(raw)


def broken_manifests() -> dict[str, bytes]:
    summary, body = cbor.loads(FULL)  # type: ignore[misc]
    edits: dict[str, dict[str, Any]] = {
        "extra field": {"extra": 1},
        "region in letters": {"region": "62990x"},
        "no items": {"items": []},
        "21 items": {"items": body["items"] * 21},
        "reason in bytes": {"reason": b"x"},
        "date with slashes": {"prepared_on": "2026/11/24"},
        "uscc with an O": {"uscc": "O" * 18},
        "number 0": {"items": [{**body["items"][0], "number": 0}]},
        "unknown quota type": {"items": [{**body["items"][0], "quota_type": "XXX"}]},
        "unknown media type": {
            "attachments": [{**body["attachments"][0], "media_type": "text/html"}]
        },
        "short digest": {"attachments": [{**body["attachments"][0], "sha256": bytes(31)}]},
        "empty attachment": {"attachments": [{**body["attachments"][0], "size": 0}]},
        "document without title": {
            "application_document": {"doc_no": "1", "issuer": "x", "issued_on": "2026-11-24"}
        },
    }
    made = {name: cbor.dumps([summary, {**body, **edit}]) for name, edit in edits.items()}
    made |= {
        f"without {name}": cbor.dumps([summary, {k: v for k, v in body.items() if k != name}])
        for name in ("uscc", "items", "reason")
    }
    made["summary missing"] = cbor.dumps([body])
    made["summary with another schema"] = cbor.dumps([{**summary, 0: "biandun-filing/2"}, body])
    made["51 attachments announced"] = cbor.dumps([{**summary, 3: 51}, body])
    made["trailing byte"] = FULL + b"\0"
    return made


@pytest.mark.parametrize(("name", "raw"), broken_manifests().items())
def test_a_broken_manifest_is_refused_by_the_grammar_and_by_the_reader(
    name: str, raw: bytes
) -> None:
    assert not accepts_manifest(raw)
    with pytest.raises(package.ManifestProblem):
        package.read(raw)


def test_the_code_tables_of_the_grammar_are_those_of_the_forms() -> None:
    text = (ROOM / "filing.cddl").read_text("utf-8")
    for table in (
        "quota_types",
        "funding_forms",
        "entry_methods",
        "post_categories",
        "attachment_roles",
        "media_types",
    ):
        assert " / ".join(f'"{code}"' for code in codes.TABLES[table]) in text


def test_the_summary_of_the_wire_grammar_takes_every_filing_summary() -> None:
    summary = codec.from_map(Summary, cbor.loads(FULL)[0])  # type: ignore[index]
    assert accepts(grammar("wire", "Summary"), codec.encode(summary))
