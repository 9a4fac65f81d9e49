"""POST /statements: what is accepted, and what comes back."""

import errno
import itertools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from django.db import OperationalError, connection

from biandun_office.evidence import blobs
from biandun_office.evidence.models import Statement
from biandun_office.flow.models import Case
from biandun_office.office import signing
from biandun_office.platform import clock, group_commit
from biandun_office.platform.database import writing
from biandun_office.reception import intake
from biandun_protocol import cose
from biandun_protocol.algorithms import ES256
from biandun_protocol.receipt import Receipt, verify_receipt
from biandun_protocol.wire.numbers import PURPOSE_FILING
from tests.backend import people
from tests.backend.bench import HOSPITAL, HOSPITAL_FORM, ONLY_SQLITE, Bench, rows
from tests.support.softkey import SoftKey, attachment, manifest


def test_a_filing_is_accepted_with_a_receipt_that_verifies(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    answer = office.post(statement)
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/biandun-receipt+cbor"
    payload = verify_receipt(
        Receipt.decode(answer.content),
        cose.parse(statement, purpose="filing"),
        office.issuer,
        ES256,
    )
    assert (payload.leaf_index, payload.tree_size) == (0, 1)


def test_the_answer_names_statement_and_case(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    answer = office.post(statement)
    name = cose.parse(statement, purpose="filing").id.hex()
    assert answer["Biandun-Statement"] == name
    assert answer["Location"] == f"/statements/{name}"
    assert answer["Biandun-Case"] == Case.objects.get().number


def test_what_is_stored_is_what_was_received(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    office.post(statement)
    assert bytes(Statement.objects.get().raw) == statement


def test_the_same_statement_again_gets_the_same_receipt_and_changes_nothing(
    office: Bench, key: SoftKey
):
    statement = key.sign(office.upload())
    first = office.post(statement)
    office.file(key, reason="之后的另一份业务。")
    before = rows()
    again = office.post(statement)
    assert again.status_code == 200
    assert again.content == first.content
    assert again["Biandun-Case"] == first["Biandun-Case"]
    assert rows() == before


def test_a_repeated_statement_gets_its_receipt_after_the_certificate_has_expired(
    office: Bench, key: SoftKey, monkeypatch
):
    statement = key.sign(office.upload())
    first = office.post(statement)
    later = clock.now() + 200 * 86_400
    office.at(monkeypatch, later)
    assert office.post(statement).content == first.content


def test_a_repeated_statement_gets_its_receipt_while_the_disk_does_not_give_its_files_back(
    office: Bench, key: SoftKey, monkeypatch: pytest.MonkeyPatch
):
    statement = key.sign(office.upload())
    first = office.post(statement)

    def broken(*_: object) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(blobs, "read", broken)
    again = office.post(statement)
    assert (again.status_code, again.content) == (200, first.content)
    with pytest.raises(OSError):
        intake.receive(
            key.sign(office.upload(reason="另一份。")),
            purpose=PURPOSE_FILING,
            now=clock.now(),
            signer=signing.signer(),
        )


@pytest.mark.parametrize("form", [{}, {"attachments": ()}], ids=["attachments", "none"])
@pytest.mark.parametrize("reason", ["database is locked", "database or disk is full"])
def test_a_repeated_statement_gets_its_receipt_while_the_office_cannot_write(
    office: Bench,
    key: SoftKey,
    monkeypatch: pytest.MonkeyPatch,
    form: dict[str, object],
    reason: str,
):
    statement, other = (
        key.sign(office.upload(**form)),
        key.sign(office.upload(reason="另一份。", **form)),
    )
    first = office.post(statement)

    @contextmanager
    def refused() -> Iterator[None]:
        raise OperationalError(reason)
        yield

    monkeypatch.setattr(group_commit, "writing", refused)
    again = office.post(statement)
    assert (again.status_code, again.content) == (200, first.content)
    assert office.post(other).status_code in (503, 507)


def test_a_statement_whose_commit_was_one_gets_its_receipt_though_the_answer_was_lost(
    office: Bench, key: SoftKey, monkeypatch: pytest.MonkeyPatch
):
    @contextmanager
    def lost() -> Iterator[None]:
        with writing():
            yield
        raise OperationalError("server closed the connection unexpectedly")

    statement = key.sign(office.upload())
    monkeypatch.setattr(group_commit, "writing", lost)
    answer = office.post(statement)
    assert answer.status_code == 200
    assert Receipt.decode(answer.content).read().statement_id == people.name(statement)


def test_parameters_of_the_content_type_are_allowed(office: Bench, key: SoftKey):
    statement = key.sign(office.upload())
    assert office.post(statement, 'application/cose; cose-type="cose-sign1"').status_code == 201


def test_a_filing_without_attachments_is_accepted(office: Bench, key: SoftKey):
    assert office.file(key, attachments=()).status_code == 201


def test_a_case_waits_for_the_supervisor_if_the_unit_has_one(office: Bench, key: SoftKey):
    office.file(key)
    assert Case.objects.get().state == "PENDING_SUPERVISOR"


def test_a_case_is_submitted_at_once_if_the_unit_has_no_supervisor(office: Bench):
    hospital = office.new_key(HOSPITAL)
    office.file(hospital, **HOSPITAL_FORM)
    assert Case.objects.get().state == "SUBMITTED"


def test_case_numbers_count_by_region(office: Bench, key: SoftKey, monkeypatch):
    hospital = office.new_key(HOSPITAL, serial="BD-TEST-0002")
    office.make_certificates_timeless()
    office.at(monkeypatch, 1_795_500_000)  # 2026-11-24 in China
    filed = [(hospital, HOSPITAL_FORM), (key, {}), (hospital, HOSPITAL_FORM), (key, {})]
    numbers = [
        office.file(one, reason=f"第 {n} 份", **form)["Biandun-Case"]
        for n, (one, form) in enumerate(filed)
    ]
    assert numbers == [
        "629921HB2026000001",
        "629900HB2026000001",
        "629921HB2026000002",
        "629900HB2026000002",
    ]


def test_the_year_of_a_case_number_is_the_year_in_china(office: Bench, key: SoftKey, monkeypatch):
    office.make_certificates_timeless()
    office.at(monkeypatch, 1_798_732_801)  # 2026-12-31T16:00:01Z
    assert office.file(key)["Biandun-Case"] == "629900HB2027000001"


def test_a_filing_that_was_returned_may_be_filed_again_under_its_case(office: Bench, key: SoftKey):
    filed = office.file(key)
    office.countersign(
        office.supervisor(), filed["Biandun-Statement"], opinion="return", document=None
    )
    answer = office.file(key, case=filed["Biandun-Case"], reason="补正后重新提交。")
    assert answer.status_code == 201
    assert answer["Biandun-Case"] == filed["Biandun-Case"]
    assert [(event.step, event.version) for event in Case.objects.get().events.all()] == [
        (1, 1),
        (2, 1),
        (3, 2),
    ]
    assert Case.objects.get().state == "PENDING_SUPERVISOR"


def test_times_of_reception_never_fall(office: Bench, key: SoftKey, monkeypatch):
    office.file(key)
    first = Statement.objects.get().received
    office.make_certificates_timeless()
    office.at(monkeypatch, first - 60)
    office.file(key, reason="时钟被拨回。")
    assert list(Statement.objects.order_by("leaf_index").values_list("received", flat=True)) == [
        first,
        first,
    ]


def test_an_accepted_statement_is_logged_by_its_action_without_names_of_people(
    office: Bench, key: SoftKey, caplog
):
    logger = logging.getLogger("biandun")
    logger.addHandler(caplog.handler)
    logger.setLevel(logging.INFO)
    try:
        answer = office.file(key, prepared_by="测试员甲")
    finally:
        logger.removeHandler(caplog.handler)
        logger.setLevel(logging.WARNING)
    record = caplog.records[-1]
    assert record.message == "evidence.statement.accepted"
    assert record.fields["case"] == answer["Biandun-Case"]  # type: ignore[attr-defined]
    assert "测试员甲" not in str(record.fields)  # type: ignore[attr-defined]


def test_every_missing_attachment_is_named_at_once(office: Bench, key: SoftKey):
    contents = [b"first", b"second", b"third"]
    raw = manifest(
        attachments=tuple(
            attachment(content, name=f"{n}.pdf") for n, content in enumerate(contents)
        )
    )
    office.put(raw)
    office.put(contents[1])
    answer = office.post(key.sign(raw))
    assert answer.status_code == 409
    assert answer.json()["missing"] == [
        attachment(contents[0]).sha256.hex(),
        attachment(contents[2]).sha256.hex(),
    ]


def test_fifty_attachments_are_accepted(office: Bench, key: SoftKey):
    contents = [f"附件 {number}".encode() for number in range(50)]
    for content in contents:
        office.put(content)
    raw = manifest(
        attachments=tuple(
            attachment(content, name=f"{n}.pdf") for n, content in enumerate(contents)
        )
    )
    office.put(raw)
    assert office.post(key.sign(raw)).status_code == 201


@ONLY_SQLITE  # its driver tells every statement, also those that do not go through Django's cursor
def test_taking_a_filing_in_costs_a_known_number_of_queries(office: Bench, key: SoftKey):
    office.file(key)
    statement = key.sign(office.upload(reason="第二份。"))
    seen: list[str] = []
    connection.ensure_connection()
    connection.connection.set_trace_callback(
        lambda text: None if text.startswith("--") else seen.append(text)
    )
    intake.receive(statement, purpose=PURPOSE_FILING, now=clock.now(), signer=signing.signer())
    connection.connection.set_trace_callback(None)
    # an insertion is told again by each trigger that it fires
    verbs = [text.split()[0] for text, _ in itertools.groupby(seen)]
    assert (len(verbs), verbs.count("BEGIN"), verbs.count("COMMIT"), verbs.count("UPDATE")) == (
        18,
        1,
        1,
        1,
    ), seen


def test_an_attachment_that_rotted_on_the_offices_disk_has_to_come_again(
    office: Bench, key: SoftKey
):
    content = b"%PDF-1.7 a letter"
    office.put(content)
    statement = key.sign(office.upload(attachments=(attachment(content),)))
    path = blobs.path_of(sha256(content).hexdigest())
    path.chmod(0o600)
    path.write_bytes(content[:-1] + b"?")
    answer = office.post(statement)
    assert (answer.status_code, answer.json()["missing"]) == (409, [sha256(content).hexdigest()])
    office.put(content)
    assert office.post(statement).status_code == 201
