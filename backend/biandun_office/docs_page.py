"""/docs: the OpenAPI document as an HTML page.

The page is one file without scripts; it loads nothing from elsewhere.
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from biandun_office.api import api
from biandun_protocol.catalogue import Phrase, phrase

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"  # noqa: E501
_STYLE = """
body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.6rem}h2{border-bottom:1px solid #d0d7de;margin-top:2.5rem}h3{font:600 1rem/1.5 ui-monospace,monospace;margin:2rem 0 .3rem}
b{display:inline-block;min-width:3.6rem;color:#0a5}p{margin:.3rem 0}nav a{margin-right:1rem;white-space:nowrap}
table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9rem}
td,th{border:1px solid #d0d7de;padding:.25rem .5rem;text-align:left;vertical-align:top}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
"""  # noqa: E501
Json = dict[str, Any]


@require_safe
def get_docs(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The page."""
    return HttpResponse(_rendered(), headers={"Content-Security-Policy": _POLICY})


@cache
def _rendered() -> str:
    return page(cast("Json", api.get_openapi_schema()))


def page(document: Json) -> str:
    """HTML that names every path, parameter, body, answer and schema of an OpenAPI document."""
    return "".join(_page(document))


def _both(words: Phrase) -> str:
    """Words in both languages, one after the other."""
    return f"{words.zh} {words.en}"


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html><html lang="zh-Hans"><meta charset="utf-8"><title>{escape(info["title"])}</title>'  # noqa: E501
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    yield f"<h1>{escape(info['title'])}</h1><p>{escape(info['description'])}</p>"
    yield f'<p>{_both(phrase("api.machine-readable"))}: <a href="openapi.json">openapi.json</a></p>'
    groups: dict[str, list[tuple[str, str, Json]]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((path, method.upper(), operation))
    links = " ".join(
        f'<a href="#{escape(name)}">{escape(name)}</a>' for name in [*groups, "schemas"]
    )
    yield f"<nav>{links}</nav>"
    for name, operations in groups.items():
        yield f'<h2 id="{escape(name)}">{escape(name)}</h2>'
        for path, method, operation in operations:
            yield from _operation(path, method, operation)
    yield '<h2 id="schemas">schemas</h2>'
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="schema-{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>'  # noqa: E501
        required = schema.get("required", [])
        rows = [
            (
                field,
                _type(what),
                _both(phrase("api.required")) if field in required else "",
                escape(what.get("description", "")),
            )
            for field, what in schema.get("properties", {}).items()
        ]
        yield _table(
            (
                phrase("api.field"),
                phrase("api.type"),
                None,
                phrase("api.description"),
            ),
            rows,
        )


def _operation(path: str, method: str, operation: Json) -> Iterator[str]:
    yield f"<h3><b>{escape(method)}</b> <code>{escape(path)}</code></h3>"
    yield f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
    if operation.get("security"):
        yield f"<p>{_both(phrase('api.login'))}</p>"
    parameters = [
        (
            one["name"],
            escape(one["in"]),
            _type(one["schema"]),
            _both(phrase("api.required")) if one.get("required") else "",
        )
        for one in operation.get("parameters", [])
    ]
    if parameters:
        yield _table(
            (
                phrase("api.parameter"),
                phrase("api.in"),
                phrase("api.type"),
                None,
            ),
            parameters,
        )
    body = operation.get("requestBody")
    if body:
        said = f"{_content(body)} {escape(body.get('description', ''))}"
        yield f"<p>{_both(phrase('api.body'))}: {said}</p>"
    rows = [
        (str(status), escape(answer["description"]), _content(answer))
        for status, answer in operation["responses"].items()
    ]
    yield _table(
        (
            phrase("api.status"),
            phrase("api.description"),
            phrase("api.content"),
        ),
        rows,
    )


def _content(part: Json) -> str:
    """Media types of a body, each with its schema."""
    return ", ".join(
        f"<code>{escape(media_type)}</code> {_type(content['schema'])}"
        for media_type, content in part.get("content", {}).items()
    )


def _type(schema: Json) -> str:
    """The type of a value; a schema of the document as a link to it."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[1])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]"
    return escape(" ".join(str(schema[key]) for key in ("type", "format") if key in schema))


def _table(heads: tuple[Phrase | None, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{_both(words) if words else ''}" for words in heads)
    body = "".join(
        f"<tr><td><code>{escape(name)}</code>" + "".join(f"<td>{cell}" for cell in cells)
        for name, *cells in rows
    )
    return f"<table><tr>{head}{body}</table>"
