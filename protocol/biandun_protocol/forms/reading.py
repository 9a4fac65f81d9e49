"""Reading the body of a manifest, or a form that a person filled in, with all its mistakes.

The only module that imports pydantic; others import it when they read the first form.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from biandun_protocol.catalogue import Phrase
from biandun_protocol.errors import ManifestProblem
from biandun_protocol.forms import rules
from biandun_protocol.forms.fields import Date, Described, Many, described, group_of
from biandun_protocol.forms.form import Form, to_body
from biandun_protocol.forms.mistakes import FormProblem, Mistake, Path, spell
from biandun_protocol.forms.registry import FORMS
from biandun_protocol.forms.rules import Rule

F = TypeVar("F", bound=Form)
MOST = 50  # mistakes reported of one form: nobody reads more, and each takes time
_CORRECT_DATE = Phrase(
    "请更正日期；如果今天的日期不对，请先校准这台计算机的时钟",
    "correct the date; if today's date is wrong, set this computer's clock first",
)
_SAID: dict[str, Rule] = {
    "missing": rules.MISSING,
    "unexpected_keyword_argument": rules.UNKNOWN,
    "invalid_key": rules.UNKNOWN,
    "string_type": rules.TEXT,
    "string_unicode": rules.CONTROL,
    "int_type": rules.WHOLE,
    "bytes_type": rules.OCTETS,
    "dataclass_type": rules.GROUP,
    "tuple_type": rules.LIST,
}


@lru_cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def load() -> None:
    """Import every form and build its validator.

    For a server, so that no request has to wait for it.
    """
    for row in FORMS.values():
        mistakes(row.form, {})


def read(kind: type[F], body: object) -> F:
    """Return the form of class ``kind`` from its body.

    Raises FormProblem with all mistakes.
    """
    try:
        form: F = _adapter(kind).validate_python(body)
    except ValidationError as error:
        raise FormProblem(_all(kind, body, error)) from None
    broken = [*_together(kind, form, ())]
    if broken:
        raise FormProblem(broken)
    return form


def checked_body(form: Form) -> dict[str, Any]:
    """Return the body of a form that was created here, after checking every field.

    Raises FormProblem with all mistakes.
    """
    body = to_body(form)
    read(type(form), body)
    return body


def mistakes(kind: type[Form], body: object) -> list[Mistake]:
    """Return all mistakes of a body; empty for a valid form."""
    try:
        read(kind, body)
    except FormProblem as problem:
        return list(problem.mistakes)
    return []


def _all(kind: type[Form], body: object, error: ValidationError) -> list[Mistake]:
    """Return the first MOST mistakes.

    Those of single fields come first, in the order of the form, then those of several fields
    together.
    """
    errors = error.errors(include_url=False, include_input=False)
    # pydantic does not count invalid items, and then reports the list as too short as well
    inside = {one["loc"][:length] for one in errors for length in range(len(one["loc"]))}
    errors = [one for one in errors if one["type"] != "too_short" or one["loc"] not in inside]
    # a misspelt field is both unknown and missing: report the unknown one first
    told = sorted(errors[:MOST], key=lambda one: _SAID.get(one["type"]) is not rules.UNKNOWN)
    found = [mistake(kind, one["loc"], _rule(kind, one)) for one in told]
    wrong = {part for one in errors for part in one["loc"][:1]}
    if isinstance(body, Mapping):
        fields = cast("Mapping[str, object]", body)
        right = {name: _view(fields.get(name)) for name in described(kind) if name not in wrong}
        found += _together(kind, SimpleNamespace(**right), wrong)
    return found[:MOST]


def _rule(kind: type[Form], one: Any) -> Rule:
    """Return the rule that an error of pydantic stands for."""
    if one["type"] == "rule":
        rule: Rule = one["ctx"]["rule"]
        return rule
    if one["type"] in ("too_short", "too_long"):
        field = at(kind, one["loc"])[1]
        if field is not None and isinstance(field.kind, Many):
            return rules.count(field.kind.low, field.kind.high)
    return _SAID[one["type"]]


def _view(value: object) -> Any:
    """Return a value of a broken form, with its fields as attributes."""
    if isinstance(value, Mapping):
        return SimpleNamespace(
            **{str(name): _view(one) for name, one in cast("Any", value).items()}
        )
    if isinstance(value, list):
        return tuple(_view(one) for one in cast("list[object]", value))
    return value


def _together(kind: type[Form], form: Any, wrong: Iterable[object]) -> Iterator[Mistake]:
    """Yield the mistakes of several fields together, none of which is in ``wrong``."""
    for name, many in _lists(kind):
        if name not in wrong and many.same(getattr(form, name) or ()):
            yield mistake(kind, (name,), rules.SAME_NAME)
    for rule in kind.together:
        if not set(rule.fields) & set(wrong) and not rule.holds(form):
            yield mistake(kind, (rule.place,), rule.broken)


@lru_cache
def _lists(kind: type[Form]) -> tuple[tuple[str, Many], ...]:
    """Return the fields of a form that are lists of groups, each with its name."""
    fields = described(kind).values()
    return tuple((field.name, field.kind) for field in fields if isinstance(field.kind, Many))


def mistake(kind: type[Form], path: Path, rule: Rule) -> Mistake:
    """Return the mistake of a field that breaks a rule."""
    broken = ManifestProblem("form-invalid", field=spell(path), rule=rule.wrong)
    return Mistake(path, at(kind, path)[0], rule.todo, broken)


def at(kind: type[Any], path: Path) -> tuple[Phrase, Described | None]:
    """Return the label of a path in a form, and the field there.

    The label of an unknown field is its own name.
    """
    inside: type[Any] | None = kind
    field: Described | None = None
    zh, en = list[str](), list[str]()
    for part in path:
        if isinstance(part, int) and field is not None:
            zh[-1] += f"第 {part + 1} 项"
            en[-1] += f" {part + 1}"
            continue
        field = described(inside).get(str(part)) if inside is not None else None
        zh.append(field.field.zh if field else str(part))
        en.append(field.field.en if field else str(part))
        inside = group_of(field.kind) if field else None
    return Phrase("的".join(zh) or "表单", ", ".join(en) or "the form"), field


def check_dates(form: Form, today: date) -> None:
    """Check that no date of a form, or of a group in it, is more than a day after ``today``.

    A day is allowed because clocks and time zones differ.

    Raises FormProblem(date-future).
    """
    late = late_dates(type(form), form, today)
    if late:
        raise FormProblem(late)


def late_dates(kind: type[Form], form: object, today: date) -> list[Mistake]:
    """Return the dates of a form, or of a body, that are more than a day after ``today``."""
    last = (today + timedelta(days=1)).isoformat()
    return [
        Mistake(
            loc,
            at(kind, loc)[0],
            _CORRECT_DATE,
            ManifestProblem("date-future", field=spell(loc), date=value, today=today.isoformat()),
        )
        for loc, value in _dates(kind, form, ())
        if value > last and Date().check(value) is None
    ]


def _dates(kind: type[Any], group: object, inside: Path) -> Iterator[tuple[Path, str]]:
    for field, below in _dated(kind):
        value = _get(group, field.name)
        loc = (*inside, field.name)
        if below is None:
            if isinstance(value, str):
                yield loc, value
        elif isinstance(value, list | tuple):
            for place, one in enumerate(cast("list[object]", value)):
                yield from _dates(below, one, (*loc, place))
        elif value is not None:
            yield from _dates(below, value, loc)


@lru_cache
def _dated(kind: type[Any]) -> tuple[tuple[Described, type[Any] | None], ...]:
    """Return the fields of a group that are, or contain, dates that may not be to come.

    Each is with the group in it.
    """
    fields = described(kind).values()
    dates = [
        (field, None) for field in fields if isinstance(field.kind, Date) and not field.kind.planned
    ]
    groups = [(field, group_of(field.kind)) for field in fields]
    return (*dates, *((field, below) for field, below in groups if below and _dated(below)))


def _get(group: object, name: str) -> object:
    if isinstance(group, Mapping):
        return cast("Mapping[str, object]", group).get(name)
    return getattr(group, name, None)
