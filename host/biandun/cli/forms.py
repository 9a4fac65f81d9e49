"""A form in words, as results and prompts show it."""

from biandun_protocol.forms.form import Form
from biandun_protocol.forms.words import in_words, title
from biandun_protocol.terminal.layout import Sections


def sections(form: Form, language: str) -> Sections:
    """The whole form, under its title."""
    return Sections(
        title(form, language), [(part.title, part.lines) for part in in_words(form, language)]
    )
