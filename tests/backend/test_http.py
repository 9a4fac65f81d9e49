"""The interface as a whole: anchors, health, its document, and answers outside any room."""

import json
import re
from base64 import b64decode
from html.parser import HTMLParser

import httpx
import pytest
from cryptography import x509
from django.urls import get_resolver
from ninja import NinjaAPI
from ninja.constants import NOT_SET

from biandun_office import docs_page
from biandun_office.api import api
from biandun_office.office import signing
from biandun_office.platform import clock
from biandun_protocol import book
from biandun_protocol.certificate import Signed, verify_issuer
from tests.backend.bench import ONLY_SQLITE, Bench
from tests.backend.serving import Served


@ONLY_SQLITE  # answered without asking the database
def test_the_anchors_verify_each_other(office: Bench):
    anchors = office.client.get("/anchors").json()
    root = x509.load_pem_x509_certificate(anchors["root_certificate"].encode())
    issuing = x509.load_pem_x509_certificate(anchors["issuing_certificate"].encode())
    issuing.verify_directly_issued_by(root)
    signed = Signed(b64decode(anchors["issuer_statement"]), b64decode(anchors["issuer_manifest"]))
    assert (
        verify_issuer(signed, office.office.root_key).office_id == anchors["office_id"] == "longlan"
    )
    assert anchors["fictitious"] is True


def test_health_answers_with_the_time_of_the_office(office: Bench, monkeypatch: pytest.MonkeyPatch):
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert office.client.get("/health").json() == {"status": "ok", "time": moment, "clock": "ok"}


@ONLY_SQLITE  # answered without asking the database
def test_the_document_is_served(office: Bench):
    assert office.client.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_the_document_lists_every_route_with_every_method():
    document = api.get_openapi_schema()
    described = {
        (path, method.upper()) for path, methods in document["paths"].items() for method in methods
    }
    served = {
        (re.sub(r"^/?", "/", path).replace(":path}", "}"), method)
        for bound in api._get_bound_routers()
        for path, view in bound.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    assert described == served
    assert len(described) == 26
    assert NOT_SET not in described
    patterns = {str(pattern.pattern) for pattern in get_resolver().url_patterns[0].url_patterns}
    assert {re.sub(r"<(?:path:)?(\w+)>", r"{\1}", pattern) for pattern in patterns} == {
        path.lstrip("/") for path, _ in described
    } | {
        "",
        "openapi.json",
    }


def test_every_operation_describes_its_problems_with_codes_that_have_words():
    document = api.get_openapi_schema()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            problems = {
                status: answer
                for status, answer in operation["responses"].items()
                if int(status) >= 400
            }
            assert problems, (path, method)
            for answer in problems.values():
                assert list(answer["content"]) == ["application/problem+json"]
                for code in answer["description"].split(": ")[1].split(", "):
                    assert code in book.ERRORS, code


def test_binary_bodies_are_described():
    paths = api.get_openapi_schema()["paths"]
    assert list(paths["/statements"]["post"]["requestBody"]["content"]) == ["application/cose"]
    assert list(paths["/statements"]["post"]["responses"][201]["content"]) == [
        "application/biandun-receipt+cbor"
    ]
    assert list(paths["/blobs/{digest}"]["put"]["requestBody"]["content"]) == [
        "application/octet-stream"
    ]


@ONLY_SQLITE  # answered without asking the database
def test_the_document_names_no_place_on_a_public_network(office: Bench):
    assert "http" not in json.dumps(api.get_openapi_schema()["paths"])


class Page(HTMLParser):
    """The text of a page, and everything in it that makes a browser fetch or go somewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [
            value or ""
            for name, value in attrs
            if name in ("href", "src", "action", "data", "style")
        ]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@ONLY_SQLITE  # answered without asking the database
def test_the_page_for_people_names_every_path_and_every_schema_and_loads_nothing(served: Served):
    answer = httpx.get(served.url + "/docs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page, document = Page(answer.text), api.get_openapi_schema()
    assert set(document["paths"]) <= set(page.texts)
    assert set(document["components"]["schemas"]) <= set(page.texts)
    codes = {code for text in page.texts for code in re.findall(r"[a-z]+(?:-[a-z]+)+", text)}
    assert {"too-many-failures", "blob-missing", "login-required"} <= codes
    assert not page.tags & {"script", "img", "link", "iframe", "object", "base", "form", "input"}
    assert all(address == "openapi.json" or address.startswith("#") for address in page.addresses)
    assert "url(" not in answer.text and "@import" not in answer.text
    assert answer.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; style-src 'unsafe-inline'"
    )


def test_what_a_description_says_is_text_on_the_page():
    document = json.loads(json.dumps(api.get_openapi_schema()))
    document["info"]["description"] = document["components"]["schemas"]["HealthOut"][
        "description"
    ] = "<script>1</script>"
    document["paths"]["/health"]["get"]["description"] = "<img src=x>"
    assert not Page(docs_page.page(document)).tags & {"script", "img"}


@ONLY_SQLITE  # answered without asking the database
def test_an_unknown_address_answers_a_problem(office: Bench):
    answer = office.client.get("/nowhere")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "route-not-found"


@pytest.mark.parametrize(
    ("method", "path"), [("delete", "/statements"), ("get", "/statements"), ("post", "/log")]
)
@ONLY_SQLITE  # answered without asking the database
def test_a_method_that_an_address_does_not_take_answers_a_problem(
    office: Bench, method: str, path: str
):
    answer = getattr(office.client, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer["Allow"]


@ONLY_SQLITE  # answered without asking the database
def test_a_fault_of_ours_answers_a_problem_without_its_details(office: Bench, monkeypatch):
    monkeypatch.setattr(signing, "_signers", [])
    office.client.raise_request_exception = False
    answer = office.client.get("/anchors")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "issuing key" not in answer.content.decode()


@ONLY_SQLITE  # answered without asking the database
def test_what_is_the_same_for_everybody_is_made_once(office: Bench, monkeypatch):
    first = [office.client.get(path).content for path in ("/openapi.json", "/docs")]
    monkeypatch.setattr(NinjaAPI, "get_openapi_schema", None)
    monkeypatch.setattr(docs_page, "page", None)
    assert [office.client.get(path).content for path in ("/openapi.json", "/docs")] == first


@ONLY_SQLITE  # answered without asking the database
def test_every_answer_states_its_length(office: Bench):
    answer = office.client.get("/log")
    assert answer["Content-Length"] == str(len(answer.content))
