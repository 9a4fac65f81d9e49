"""Texts for what commands return: labels of fields, meanings of codes, dates; in both languages.

A command returns codes, seconds and ISO dates, which is what ``--json`` prints; for people they are
translated here.  The texts are in the book of words, ``messages.toml``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

from biandun_protocol.book import CODES, FINDINGS, LABELS
from biandun_protocol.catalogue import phrase

Labels = Mapping[str, tuple[str, str]]

# Fields whose values are codes, some only inside another field; in other fields a text that equals
# a code is not translated.
CODED = frozenset(
    {
        "action",
        "by",
        "decision",
        "event",
        "finding",
        "from",
        "hardware_class",
        "kind",
        "last_fault",
        "opinion",
        "order",
        "presence",
        "purpose",
        "purposes",
        "role",
        "roles",
        "standing",
        "state",
        "steps.name",
        "to",
        "verdict",
        "warning",
    }
)
MOMENTS = frozenset({"expires", "opened", "raised", "received", "since", "time_floor"})
DAYS = frozenset({"issued", "issued_on", "made", "not_after", "prepared_on", "standing_since"})
# The office's Chinese word for the state is for programs; people read the word for the code itself.
FOR_PROGRAMS = frozenset({"state_name"})
# the beginning identifies it; --json has the whole value
SHORTENED = frozenset({"statement", "sha256"})
_FINDINGS = tuple((re.compile(english), chinese) for english, chinese in FINDINGS.items())
_RECEIVED = re.compile(r"(?<=received )\d+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def label(name: str, language: str, own: Labels | None = None) -> str:
    """Return the label of a field; ``own`` are labels in which a program differs from others."""
    pair = (own or {}).get(name) or LABELS.get(name, (name, name))
    return pair[language == "en"]


def word(name: str, code: str, language: str) -> str:
    """Return the meaning of a code in the field ``name``; the code itself when it has none.

    An action of a case, such as ``flow.use_approval.filed``, is named by its last part for every
    business; the name of a kind of case is in the row of its form.
    """
    if name == "action":
        pair = CODES.get(f"action:{code.rpartition('.')[2]}")
    elif name == "kind" and code not in CODES:
        # imported when a case is shown: other commands start without the forms
        from biandun_protocol.forms.registry import business_of  # noqa: PLC0415

        pair = business_of(code)
    else:
        pair = CODES.get(f"{name}:{code}") or CODES.get(code)
    return code if pair is None else pair[language == "en"]


def day(value: date, language: str) -> str:
    """Return a date as text: 2026年11月24日, 24 Nov 2026."""
    return phrase(
        "shown.day",
        year=value.year,
        month=str(value.month),
        name=_MONTHS[value.month - 1],
        day=value.day,
    ).of(language)


def moment(value: datetime, language: str) -> str:
    """Return date and time of day in the reader's time zone."""
    here = value.astimezone()
    return f"{day(here, language)} {here:%H:%M}"


def when(value: object, language: str) -> str | None:
    """Return seconds since 1970, or an ISO date with or without time, as text; None for others."""
    try:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return moment(datetime.fromtimestamp(value, UTC), language)
        text = str(value)
        if text.isdigit():
            return moment(datetime.fromtimestamp(int(text), UTC), language)
        if len(text) == len("2026-11-24"):
            return day(date.fromisoformat(text), language)
        return moment(datetime.fromisoformat(text), language)
    except (ValueError, OverflowError, OSError):
        return None


def _found(text: str, language: str) -> str:
    """Return the finding of a verification step.

    Its moment becomes a date, and its few English words are translated.
    """
    text = _RECEIVED.sub(lambda seconds: when(seconds[0], language) or seconds[0], text)
    for english, chinese in () if language == "en" else _FINDINGS:
        text = english.sub(chinese, text)
    return text


def value_text(name: str, value: object, language: str, inside: str = "") -> str:
    """Return the value of a field as people read it.

    ``inside`` is the field that it is part of.
    """
    english = language == "en"
    if value is None or value in ("", []):
        return "—"
    if name == "good":
        return phrase("shown.holds" if value else "shown.fails").of(language)
    if isinstance(value, bool):
        return phrase("shown.yes" if value else "shown.no").of(language)
    if isinstance(value, Mapping):
        return "；".join(
            f"{label(str(key), language)} {value_text(str(key), one, language, name)}"
            for key, one in cast("Mapping[object, object]", value).items()
        )
    if isinstance(value, list | tuple):
        return ("、", ", ")[english].join(
            value_text(name, one, language, inside) for one in cast("Sequence[object]", value)
        )
    if name in MOMENTS or name in DAYS:
        return when(value, language) or str(value)
    if name == "found":
        return _found(str(value), language)
    if name in SHORTENED:
        return str(value)[:16]
    return word(name, str(value), language) if CODED & {name, f"{inside}.{name}"} else str(value)
