"""A form as results and prompts show it: in words to people, its body to programs."""

from typing import Any, cast

from biandun_protocol.forms.form import Form, to_body
from biandun_protocol.forms.words import in_words, title
from biandun_protocol.terminal.layout import Data, Sections


def sections(form: Form, language: str) -> Sections:
    """The whole form, under its title."""
    return Sections(
        title(form, language), [(part.title, part.lines) for part in in_words(form, language)]
    )


def body(form: Form) -> Data:
    """The fields of a form as they are signed, for programs."""
    return Data(_json(to_body(form)))


def _json(value: Any) -> Any:
    """A body without bytes, which JSON does not have: they are hexadecimal."""
    if isinstance(value, dict):
        return {name: _json(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_json(one) for one in cast("list[object]", value)]
    return value.hex() if isinstance(value, bytes) else value
