"""Manifests: canonical, and refused when their halves or the key's header contradict each other."""

from typing import Any

import pytest

from biandun_protocol import cbor, cose, package
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms.registry import FORMS, Row, row_of
from biandun_protocol.wire.messages import ProfileManifest
from biandun_protocol.wire.numbers import (
    CLASS_SIMULATED,
    LIMIT_MANIFEST,
    LIMIT_SUMMARY,
    SCHEMA_PROFILE,
)
from tests.support.signers import signer_from
from tests.support.softkey import SoftKey, application, attachment, manifest

RAW = manifest(attachments=(attachment(b"content"),), case="629900-2026-0001")


def refusal(raw: bytes) -> tuple[str, Any]:
    with pytest.raises(ManifestProblem) as caught:
        package.read(raw)
    return caught.value.code, caught.value.values.get("field")


def altered(summary: dict[int, Any] | None = None, body: dict[str, Any] | None = None) -> bytes:
    first, second = cbor.loads(RAW)  # type: ignore[misc]
    return cbor.dumps([{**first, **(summary or {})}, {**second, **(body or {})}])


@pytest.fixture
def key() -> SoftKey:
    unit = application()
    softkey = SoftKey(signer=signer_from(5))
    softkey.profile = ProfileManifest(
        SCHEMA_PROFILE, 1, softkey.serial, softkey.signer.public_key, unit.uscc, unit.unit_code, unit.unit_name, unit.region,
        ["filing"], CLASS_SIMULATED, 0, 2**33, bytes(32),
    )  # fmt: skip
    return softkey


def signed(key: SoftKey, raw: bytes, **changed: object) -> cose.Statement:
    return cose.parse(key.sign(raw, **changed), purpose="filing")  # type: ignore[arg-type]


def test_a_manifest_reads_back_as_the_form_it_was_built_from() -> None:
    form = application(attachments=(attachment(b"x"),), case="c-1")
    read = package.read(package.build(form))
    assert (read.form, read.summary.attachments, read.summary.case) == (form, 1, "c-1")


@pytest.mark.parametrize("row", FORMS.values(), ids=lambda row: row.form_type)
def test_every_form_is_found_by_its_class(row: Row) -> None:
    form = object.__new__(row.form)
    assert row_of(form) is row


def test_the_same_form_always_gives_the_same_bytes() -> None:
    assert manifest() == manifest()


def test_the_summary_fits_what_the_key_reads() -> None:
    longest = manifest(case="x" * 32)
    assert len(cbor.dumps(cbor.loads(longest)[0])) <= LIMIT_SUMMARY  # type: ignore[index]


@pytest.mark.parametrize(
    ("summary", "field"),
    [
        ({1: "11629900MB0000019C"}, "uscc"),
        ({3: 0}, "attachments"),
        ({3: 2}, "attachments"),
        ({4: "another"}, "case"),
    ],
)
def test_a_summary_that_contradicts_its_body_is_refused(
    summary: dict[int, Any], field: str
) -> None:
    assert refusal(altered(summary)) == ("manifest-contradicts", field)


def test_a_summary_without_the_bodys_case_is_refused() -> None:
    first, body = cbor.loads(RAW)  # type: ignore[misc]
    del first[4]
    assert refusal(cbor.dumps([first, body])) == ("manifest-contradicts", "case")


@pytest.mark.parametrize("summary", [{0: "biandun-filing/2"}, {0: "other"}, {2: "retirement"}])
def test_an_unknown_schema_or_business_is_refused(summary: dict[int, Any]) -> None:
    assert refusal(altered(summary))[0] == "schema-unknown"


@pytest.mark.parametrize(
    ("summary", "field"), [({3: 51}, 3), ({1: 7}, 1), ({9: 0}, None), ({4: "x" * 33}, 4)]
)
def test_a_malformed_summary_is_refused(summary: dict[int, Any], field: int | None) -> None:
    assert refusal(altered(summary)) == ("manifest-malformed", field)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"not CBOR", "材料清单格式不正确：不是规范编码的 CBOR（"),
        (cbor.dumps([{}]), "材料清单格式不正确：应由摘要和正文两项组成。"),
        (altered({1: 7}), "材料清单格式不正确：第 1 项 uscc 缺少，或不符合要求。"),
        (altered({9: 0}), "材料清单格式不正确：它不是应有的记录，或有多余的项。"),
    ],
)
def test_a_person_reads_what_of_a_manifest_is_malformed(raw: bytes, said: str) -> None:
    with pytest.raises(ManifestProblem) as caught:
        package.read(raw)
    assert caught.value.message().startswith(said)
    assert "?" not in caught.value.message("en")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xa0",
        cbor.dumps([]),
        cbor.dumps([{}]),
        cbor.dumps([{}, {}, {}]),
        RAW + b"\0",
        RAW[:-1],
        b"\x9f" + RAW[1:] + b"\xff",
    ],
    ids=["nothing", "a map", "empty", "one", "three", "trailing byte", "cut", "indefinite"],
)
def test_what_is_no_pair_of_summary_and_body_is_malformed(raw: bytes) -> None:
    assert refusal(raw)[0] == "manifest-malformed"


def test_a_body_that_breaks_a_rule_is_named() -> None:
    assert refusal(altered(body={"reason": ""})) == ("form-invalid", "reason")


def test_a_manifest_over_the_limit_is_not_even_decoded() -> None:
    assert refusal(bytes(LIMIT_MANIFEST + 1))[0] == "manifest-too-large"


def test_the_largest_form_fits_the_limit() -> None:
    item = application().items[0]
    files = tuple(attachment(b"x", "件" * 116 + f"{number:04}") for number in range(50))
    raw = manifest(items=(item,) * 20, reason="由" * 2000, attachments=files, case="x" * 32)
    assert len(raw) < LIMIT_MANIFEST


def test_building_refuses_a_form_that_breaks_a_rule() -> None:
    with pytest.raises(ManifestProblem, match="case"):
        package.build(application(case="案" * 11))


def test_a_statement_over_the_manifest_compares(key: SoftKey) -> None:
    package.compare(signed(key, RAW), package.read(RAW))


def test_a_statement_over_another_manifest_is_refused(key: SoftKey) -> None:
    with pytest.raises(ManifestProblem) as caught:
        package.compare(signed(key, RAW), package.read(manifest()))
    assert caught.value.code == "digest-mismatch"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("length", 1),
        ("uscc", "11629900MB0000019C"),
        ("unit_code", "629900-0009"),
        ("region", "629902"),
    ],
)
def test_a_header_that_contradicts_the_manifest_is_refused(
    key: SoftKey, field: str, value: object
) -> None:
    with pytest.raises(ManifestProblem) as caught:
        package.compare(signed(key, RAW, **{field: value}), package.read(RAW))
    assert (caught.value.code, caught.value.values["field"]) == ("manifest-contradicts", field)
