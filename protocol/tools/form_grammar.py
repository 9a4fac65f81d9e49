"""Generate the grammar of manifests (filing.cddl) and the pages of docs/forms from the forms."""

from collections.abc import Iterator
from typing import Any

from biandun_protocol import codes
from biandun_protocol.forms.fields import Choice, Described, described, group_name, group_of
from biandun_protocol.forms.registry import FORMS, Row

HEAD = """\
; Manifests of filings, countersignatures and decisions (SPEC.md section 5) as CDDL (RFC 8610):
; [summary, body].  Written from biandun_protocol/forms by tools/generate.py; change those.
;
; .size of text counts bytes of UTF-8: four times the number of characters that a form allows.  What
; CDDL cannot say and a reader checks all the same: check characters of codes, that dates exist,
; blanks and control characters, that no two attachments have one name, rules about several fields,
; and that summary and body agree.
"""
TAIL = """\
unified-code = tstr .regexp "[0-9A-HJ-NPQRTUWXY]{18}"
day = tstr .regexp "[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""


def cddl() -> str:
    """Return the whole grammar."""
    rows = list(FORMS.values())
    blocks = [HEAD, "manifest = " + " / ".join(f"{row.form_type}-manifest" for row in rows)]
    groups: dict[str, type[Any]] = {}
    for row in rows:
        blocks += ["", f"; {row.title.zh}: {row.title.en}, signed by {row.signer.en}", *_form(row)]
        for kind in _groups(row.form):
            groups[group_name(kind)] = kind
    for name, kind in groups.items():
        blocks += ["", f"{name} = {{", *_fields(kind), "}"]
    return "\n".join(blocks) + "\n\n" + TAIL


def _form(row: Row) -> list[str]:
    """Return manifest, summary and body of a form.

    The summary is the part that the key checks before it signs.
    """
    name, fields = row.form_type, described(row.form)
    lines = [f"{name}-manifest = [{name}-summary, {name}]", f"{name}-summary = {{"]
    lines += [f'  0 => "{row.schema}",', "  1 => unified-code,", f'  2 => "{name}",']
    files = fields.get("attachments")
    count = f"uint .and (0..{getattr(files.kind, 'high', 0)})" if files else "0"
    lines.append(f"  3 => {count},  ; number of attachments in the body")
    case = fields.get("case")
    if case is not None:
        optional = "" if case.required else "? "
        lines.append(f"  {optional}4 => {case.kind.cddl()},  ; case, as in the body")
    return [*lines, "}", f"{name} = {{", *_fields(row.form), "}"]


def _fields(kind: type[Any]) -> Iterator[str]:
    for field in described(kind).values():
        optional = "" if field.required else "? "
        yield f'  {optional}"{field.name}": {field.kind.cddl()},  ; {field.field.zh}'


def _groups(kind: type[Any]) -> Iterator[type[Any]]:
    for field in described(kind).values():
        below = group_of(field.kind)
        if below is not None:
            yield below
            yield from _groups(below)


def page(row: Row) -> str:
    """Return the page of a form, in both languages."""
    where = f"forms/{row.module.rpartition('.')[2]}.py"
    lines = [
        f"# {row.title.zh} `{row.form_type}`",
        "",
        f"{row.title.en.capitalize()}. Written from `{where}` by `protocol/tools/generate.py`.",
        "",
        f"签署 / signed by: {row.signer.zh} / {row.signer.en}; purpose `{row.purpose}`"
        + (f"; case numbers with {row.letters}" if row.letters else "")
        + ".",
        "",
        f"`biandun filing example {row.form_type}` 输出样例；"
        f"`biandun filing schema {row.form_type}` 输出 JSON Schema。",
        "",
    ]
    lines += _table("字段", "名称", "填写要求", "必填", _rows(row.form, "zh", "是"))
    lines += ["", f"## {row.title.en.capitalize()}", ""]
    lines += _table("field", "label", "what to write", "required", _rows(row.form, "en", "yes"))
    rules = [f"- `{one.place}`：{one.broken.zh} / {one.broken.en}." for one in row.form.together]
    if rules:
        lines += ["", "## 几项之间的要求 / rules about several fields", "", *rules]
    tables = sorted(
        {field.kind.table for field in _all(row.form) if isinstance(field.kind, Choice)}
    )
    if tables:
        lines += ["", "## 代码 / codes"]
    for name in tables:
        rows = [
            f"| `{code}` | {said.zh} | {said.en} |" for code, said in codes.TABLES[name].items()
        ]
        lines += ["", f"`{name}`", "", "| code | 中文 | English |", "| --- | --- | --- |", *rows]
    return "\n".join(lines) + "\n"


def _all(kind: type[Any]) -> Iterator[Described]:
    for field in described(kind).values():
        yield field
        below = group_of(field.kind)
        if below is not None:
            yield from _all(below)


def _rows(kind: type[Any], language: str, yes: str, inside: str = "") -> Iterator[list[str]]:
    english = language == "en"
    for field in described(kind).values():
        place, about = inside + field.name, field.field.help[english]
        rule = field.kind.rule(language) + (f". {about}" if about and english else "")
        rule += f"。{about}" if about and not english else ""
        yield [f"`{place}`", field.field.label[english], rule, yes if field.required else ""]
        below = group_of(field.kind)
        if below is not None:
            many = "[]" if field.kind.cddl().startswith("[") else ""
            yield from _rows(below, language, yes, f"{place}{many}.")


def _table(*cells: Any) -> list[str]:
    *head, rows = cells
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return [*lines, *("| " + " | ".join(row).replace("\\n", "`LF`") + " |" for row in rows)]


def pages() -> dict[str, str]:
    """Return every page by its name, without the extension."""
    return {"README": index(), **{row.form_type: page(row) for row in FORMS.values()}}


def index() -> str:
    """Return the list of forms."""
    lines = [
        "# 表单 / forms",
        "",
        "One page a form, written by `protocol/tools/generate.py`.",
        "",
        "| form | 名称 | title | signed by |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| [`{row.form_type}`]({row.form_type}.md) | {row.title.zh} | {row.title.en} |"
        f" {row.signer.zh} / {row.signer.en} |"
        for row in FORMS.values()
    ]
    return "\n".join(lines) + "\n"
