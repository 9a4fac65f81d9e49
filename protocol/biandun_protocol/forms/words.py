"""A whole form as text, to be read before a key signs it, and afterwards.

It has titled sections with lines of label and value, in the order of the form's description;
nothing that is signed is left out.  The caller escapes control characters before showing it.
"""

from dataclasses import dataclass
from typing import Any

from biandun_protocol.forms.fields import Described, Group, Many, Section, described
from biandun_protocol.forms.form import FILES, SUBJECT, Attachment, Form
from biandun_protocol.forms.registry import row_of


@dataclass(frozen=True)
class Part:
    """A section of a form in one language: its title, and lines of label and value."""

    title: str
    lines: tuple[tuple[str, str], ...]


def title(form: Form, language: str) -> str:
    """Return the title of the form."""
    return row_of(form).title[language == "en"]


def in_words(form: Form, language: str) -> tuple[Part, ...]:
    """Return all sections of the form; an absent optional field is left out."""
    english = language == "en"
    sections: dict[Section, list[tuple[str, str]]] = {}
    parts: list[tuple[int, Part]] = []
    for field in described(type(form)).values():
        value, section = getattr(form, field.name), field.field.section or SUBJECT
        if value is None:
            continue
        if isinstance(field.kind, Many):
            parts += [(section.order, part) for part in _items(field, value, language)]
        elif isinstance(field.kind, Group):
            lines = _lines(field.kind.of, value, language)
            parts.append((section.order, Part(field.field.label[english], lines)))
        else:
            sections.setdefault(section, []).append(_line(field, value, language))
    parts += [
        (section.order, Part(section.en if english else section.zh, tuple(lines)))
        for section, lines in sections.items()
    ]
    return tuple(part for _, part in sorted(parts, key=lambda one: one[0]))


def _line(field: Described, value: Any, language: str) -> tuple[str, str]:
    return field.field.label[language == "en"], field.kind.words(value, language)


def _lines(group: type[Any], value: Any, language: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        _line(field, content, language)
        for field in described(group).values()
        if (content := getattr(value, field.name)) is not None
    )


def _items(field: Described, values: Any, language: str) -> list[Part]:
    """Return a section for each item of a list.

    Attachments have one section for all, which also says when there are none.
    """
    label = field.field.label[language == "en"]
    group = field.kind.of.of if isinstance(field.kind, Many) else Attachment
    if group is not Attachment:
        return [
            Part(
                label if len(values) == 1 else f"{label} {place}/{len(values)}",
                _lines(group, value, language),
            )
            for place, value in enumerate(values, 1)
        ]
    title_of_files = FILES.en if language == "en" else FILES.zh
    if not values:
        none = ("（无）", "(none)")[language == "en"]
        return [Part(title_of_files, (("", none),))]
    lines = tuple(_file(place, value, language) for place, value in enumerate(values, 1))
    return [Part(title_of_files, lines)]


def _file(place: int, value: Any, language: str) -> tuple[str, str]:
    """Return name, and kind, format, size and digest of an attachment."""
    said = {
        name: one.kind.words(getattr(value, name), language)
        for name, one in described(Attachment).items()
    }
    comma = ", " if language == "en" else "，"
    about = comma.join((said["role"], said["media_type"], said["size"]))
    digest = f"SHA-256 {said['sha256']}"
    if language == "en":
        return str(place), f"{said['name']} ({about})\n{digest}"
    return str(place), f"{said['name']}（{about}）\n{digest}"
