"""The office's client: every way in which a server can fail to answer has a name, and may be
repeated.
"""

import httpx
import pytest

from biandun import errors
from biandun.filings import Folder
from biandun.keys import Key
from biandun.office_client import RECEIPT_TYPE, Office
from biandun_protocol.address import AddressProblem
from biandun_protocol.errors import Problem, ReceiptProblem
from tests.support.softserver import SoftServer, problem

FAILURES: dict[str, object] = {
    "office-unreachable": httpx.ConnectError("refused"),
    "office-unreachable: broken off": httpx.RemoteProtocolError("peer closed"),
    "office-timeout": httpx.ReadTimeout("slow"),
    "office-answer": httpx.Response(200, content=b"<html>a hotel's login page</html>"),
    "office-answer: error page": httpx.Response(502, content=b"Bad gateway"),
    "office-answer: arrays in arrays in arrays": httpx.Response(500, content=b"[" * 200_000),
    "office-answer: a number that Python refuses to read": httpx.Response(
        500, content=b'{"code":' + b"9" * 5_000 + b"}"
    ),
    "office-answer: json of another kind": httpx.Response(500, json=["x"]),
    "certificate-unknown": problem("certificate-unknown", 403),
}


@pytest.mark.parametrize("case", FAILURES)
def test_a_failed_submission_has_a_name_and_succeeds_when_repeated(
    case: str, folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    server.fail = [FAILURES[case]]
    with pytest.raises(Problem) as caught:
        folder.submit(office)
    assert caught.value.code == case.partition(":")[0]
    assert folder.read("receipt.cbor") is None
    folder.submit(office)
    assert len(server.receipts) == 1


def test_who_has_to_wait_is_told_how_long_and_loses_nothing(
    folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    words = Problem("too-many-failures", seconds=7)
    answer = {
        "code": words.code,
        "title": words.message("zh"),
        "detail": words.message("en"),
        "next": words.next_step("zh"),
    }
    server.fail = [
        httpx.Response(
            429, json={**answer, "next_en": words.next_step("en"), "retriable": True, "seconds": 7}
        )
    ]
    with pytest.raises(errors.OfficeRefused) as caught:
        folder.submit(office)
    assert caught.value.retriable
    assert "7 秒" in caught.value.message("zh") and "7 秒" in caught.value.next_step("zh")
    assert "7 seconds" in caught.value.message("en") and "7 seconds" in caught.value.next_step("en")
    folder.submit(office)
    assert len(server.receipts) == 1


@pytest.mark.parametrize("request_number", range(5))
def test_a_connection_lost_at_any_request_of_a_submission_loses_nothing(
    request_number: int, folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    server.fail = [None] * request_number + [httpx.ReadError("gone")]
    with pytest.raises(errors.OfficeUnreachable) as caught:
        folder.submit(office)
    assert caught.value.retriable
    folder.submit(office)
    assert len(server.receipts) == 1


def test_a_receipt_that_is_none_is_not_kept(
    folder: Folder, key: Key, office: Office, server: SoftServer
) -> None:
    folder.sign(key)
    server.fail = [httpx.Response(201, content=b"\xa0", headers={"Content-Type": RECEIPT_TYPE})]
    with pytest.raises(ReceiptProblem):
        folder.submit(office)
    assert folder.read("receipt.cbor") is None


def test_the_office_speaks_for_itself_in_both_languages(office: Office, server: SoftServer) -> None:
    server.fail = [problem("unit-inactive", 403, retriable=False)]
    with pytest.raises(errors.OfficeRefused) as caught:
        office.get_json("/log")
    assert caught.value.message("zh") == "中文 unit-inactive"
    assert caught.value.message("en") == "english unit-inactive"
    assert caught.value.next_step("zh") == "下一步"
    assert caught.value.exit_status == 10


def test_a_refusal_keeps_the_codes_that_this_version_does_not_know(
    office: Office, server: SoftServer
) -> None:
    server.fail = [problem("invented-tomorrow", 422)]
    with pytest.raises(errors.OfficeRefused) as caught:
        office.get_json("/log")
    assert caught.value.code == "invented-tomorrow"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with Office("http://127.0.0.1:2") as office, pytest.raises(errors.OfficeUnreachable) as caught:
        office.get_json("/log")
    assert caught.value.values["url"] == "http://127.0.0.1:2"


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(AddressProblem):
        Office("not an address")
