"""How results and prompts show a form: as text for people, as its body for programs."""

from typing import Any, cast

from biandun_protocol.forms.form import Form, to_body
from biandun_protocol.forms.words import in_words, title
from biandun_protocol.terminal.layout import Data, Sections


def sections(form: Form, language: str) -> Sections:
    """The whole form as text, under its title."""
    return Sections(
        title(form, language), [(part.title, part.lines) for part in in_words(form, language)]
    )


def body(form: Form) -> Data:
    """The fields of a form as signed, for programs."""
    return Data(_json(to_body(form)))


def _json(value: Any) -> Any:
    """A body with bytes as hexadecimal text, because JSON has none."""
    if isinstance(value, dict):
        return {name: _json(one) for name, one in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_json(one) for one in cast("list[object]", value)]
    return value.hex() if isinstance(value, bytes) else value
