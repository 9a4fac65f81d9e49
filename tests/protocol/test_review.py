"""Countersignatures and decisions: forms of their own, signed for purposes of their own."""

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pycddl
import pytest

from biandun_protocol import package
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms import reading
from biandun_protocol.forms.countersign import Countersign
from biandun_protocol.forms.decision import Decision
from biandun_protocol.forms.form import ApplicationDocument, to_body
from biandun_protocol.secret import Secret
from tests.support.softkey import application, attachment

LETTER = ApplicationDocument(
    doc_no="陇澜教函〔2026〕18号",
    title="关于使用编制的申请",
    issuer="陇澜市教育局",
    issued_on="2026-11-20",
)
AGREE = Countersign(
    uscc="11629900MB0000019C",
    unit_code="629900-0001",
    unit_name="陇澜市教育局",
    region="629900",
    statement=bytes(range(32)),
    opinion="agree",
    text="同意。",
    document=LETTER,
    attachments=(attachment(b"%PDF-1.7"),),
    prepared_by="测试员乙",
    prepared_on="2026-11-24",
)
ACCEPT = Decision(
    uscc="11629900MB0000019C",
    unit_code="629900-0000",
    unit_name="陇澜市委编办",
    region="629900",
    case="629900HB2026000001",
    statement=bytes(range(32)),
    decision="accept",
    text="材料齐全，予以受理。",
    prepared_by="测试员丙",
    prepared_on="2026-11-24",
)
GRAMMAR = (Path(__file__).parents[2] / "protocol" / "filing.cddl").read_text("utf-8")


@pytest.mark.parametrize(
    ("form", "purpose"),
    [(AGREE, "countersign"), (ACCEPT, "decision")],
    ids=["countersign", "decision"],
)
def test_a_form_comes_back_from_its_manifest(form: package.Form, purpose: str) -> None:
    assert package.purpose_of(form) == purpose
    read = package.read(package.build(form), purpose)
    assert (read.form, read.summary.filing_type) == (form, purpose)


@pytest.mark.parametrize("purpose", ["filing", "countersign", "decision"])
@pytest.mark.parametrize(
    "form", [application(), AGREE, ACCEPT], ids=["filing", "countersign", "decision"]
)
def test_a_manifest_is_read_for_its_own_purpose_only(form: package.Form, purpose: str) -> None:
    if package.purpose_of(form) == purpose:
        package.read(package.build(form), purpose)
        return
    with pytest.raises(ManifestProblem) as caught:
        package.read(package.build(form), purpose)
    assert caught.value.code == "schema-unknown"


BROKEN: list[tuple[package.Form, dict[str, Any], str]] = [
    (AGREE, {"opinion": "maybe"}, "opinion"),
    (AGREE, {"statement": bytes(31)}, "statement"),
    (AGREE, {"text": " "}, "text"),
    (AGREE, {"document": None}, "document"),
    (AGREE, {"document": replace(LETTER, issued_on="today")}, "document.issued_on"),
    (AGREE, {"uscc": "11629900MB0000019X"}, "uscc"),
    (AGREE, {"region": "62990"}, "region"),
    (AGREE, {"prepared_by": ""}, "prepared_by"),
    (AGREE, {"prepared_on": "2026-13-01"}, "prepared_on"),
    (AGREE, {"attachments": (attachment(b"%PDF"), attachment(b"%PDF2"))}, "attachments"),
    (ACCEPT, {"decision": "agree"}, "decision"),
    (ACCEPT, {"case": ""}, "case"),
    (ACCEPT, {"statement": b""}, "statement"),
    (ACCEPT, {"text": ""}, "text"),
    (ACCEPT, {"unit_name": " x"}, "unit_name"),
]


@pytest.mark.parametrize(
    ("form", "changed", "place"), BROKEN, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_field_that_breaks_its_rule_is_named(
    form: Any, changed: dict[str, Any], place: str
) -> None:
    with pytest.raises(ManifestProblem) as caught:
        package.build(replace(form, **changed))
    assert (caught.value.code, caught.value.values["field"]) == ("form-invalid", place)


def test_a_filing_may_be_returned_without_a_document() -> None:
    package.build(replace(AGREE, opinion="return", document=None))


def test_a_decision_has_no_attachments_in_its_body() -> None:
    body = to_body(ACCEPT)
    with pytest.raises(ManifestProblem):
        reading.read(Decision, {**body, "attachments": []})


@pytest.mark.parametrize(
    ("form", "rule"),
    [(AGREE, "countersign"), (ACCEPT, "decision")],
    ids=["countersign", "decision"],
)
def test_the_grammar_takes_what_is_signed_and_refuses_what_is_broken(
    form: package.Form, rule: str
) -> None:
    grammar = pycddl.Schema(f"start = {rule}-manifest\n" + GRAMMAR)
    good = package.build(form)
    grammar.validate_cbor(good)
    for name in (b"prepared_by", b"statement", b"unit_name"):
        with pytest.raises(pycddl.ValidationError):
            grammar.validate_cbor(good.replace(name, b"x" * len(name)))


def test_a_secret_shows_nothing_wherever_it_ends_up() -> None:
    secret = Secret(b"135790")
    for shown in (repr(secret), str(secret), f"{secret}", f"{[secret]}", f"{ {'pin': secret} }"):
        assert "135790" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        hash(secret)
    assert secret != Secret(b"135790")
