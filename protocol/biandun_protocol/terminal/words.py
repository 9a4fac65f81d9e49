"""Words for what commands return: names of fields, codes, moments; Chinese first, English second.

A command returns codes, seconds and ISO dates, which is what ``--json`` prints; people read them
from here.  The words themselves stand in the book, ``messages.toml``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

from biandun_protocol.book import CODES, FINDINGS, LABELS
from biandun_protocol.catalogue import phrase

Labels = Mapping[str, tuple[str, str]]

# Fields whose values are codes, some only inside another field; a text that happens to read like
# one stays as it is.
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
# the beginning tells one from another; --json has all of it
SHORTENED = frozenset({"statement", "sha256"})
_FINDINGS = tuple((re.compile(english), chinese) for english, chinese in FINDINGS.items())
_RECEIVED = re.compile(r"(?<=received )\d+")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def label(name: str, language: str, own: Labels | None = None) -> str:
    """What a field is called; ``own`` are a program's names that differ from the common ones."""
    pair = (own or {}).get(name) or LABELS.get(name, (name, name))
    return pair[language == "en"]


def word(name: str, code: str, language: str) -> str:
    """What a code means in the field ``name``; itself where it has no words.

    The words for an action of a case, ``flow.use_approval.filed``, are those of its last part,
    whatever the business; those for a kind of case stand in the row of its form.
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
    """A date in words: 2026年11月24日, 24 Nov 2026."""
    return phrase(
        "shown.day",
        year=value.year,
        month=str(value.month),
        name=_MONTHS[value.month - 1],
        day=value.day,
    ).of(language)


def moment(value: datetime, language: str) -> str:
    """A date and the time of day where the reader is."""
    here = value.astimezone()
    return f"{day(here, language)} {here:%H:%M}"


def when(value: object, language: str) -> str | None:
    """Seconds since 1970, or an ISO date with or without a time, in words; None for what is
    neither.
    """
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
    """What a step of a verification found; its moment is a date, and its few English words have
    Chinese ones.
    """
    text = _RECEIVED.sub(lambda seconds: when(seconds[0], language) or seconds[0], text)
    for english, chinese in () if language == "en" else _FINDINGS:
        text = english.sub(chinese, text)
    return text


def said(name: str, value: object, language: str, inside: str = "") -> str:
    """The value of a field as people read it; ``inside`` is the field that it is a part of."""
    english = language == "en"
    if value is None or value in ("", []):
        return "—"
    if name == "good":
        return phrase("shown.holds" if value else "shown.fails").of(language)
    if isinstance(value, bool):
        return phrase("shown.yes" if value else "shown.no").of(language)
    if isinstance(value, Mapping):
        return "；".join(
            f"{label(str(key), language)} {said(str(key), one, language, name)}"
            for key, one in cast("Mapping[object, object]", value).items()
        )
    if isinstance(value, list | tuple):
        return ("、", ", ")[english].join(
            said(name, one, language, inside) for one in cast("Sequence[object]", value)
        )
    if name in MOMENTS or name in DAYS:
        return when(value, language) or str(value)
    if name == "found":
        return _found(str(value), language)
    if name in SHORTENED:
        return str(value)[:16]
    return word(name, str(value), language) if CODED & {name, f"{inside}.{name}"} else str(value)
