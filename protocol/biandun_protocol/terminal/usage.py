"""What click says of a wrong command line, in Chinese.

click speaks English, with blanks filled in; each row turns one of its phrases, wherever it stands,
into ours.  A phrase that is missing here stays English: a test provokes every kind of mistake and
looks for leftovers.
"""

import re

from biandun_protocol.book import USAGE

_PHRASES = tuple((re.compile(phrase), ours) for phrase, ours in USAGE.items())
# what was typed may be as long as the system lets a line be; the phrases look for their ends from
# every letter, and nobody reads more of it
_MOST, _END = 1000, 300
_NEW_LINE = re.compile(r"\s*\n\s*")


def sentence(english: str, language: str) -> str:
    """click's message in the reader's language, on one line; a long one without its middle."""
    said = english.strip()
    if len(said) > _MOST:
        said = f"{said[: _MOST - _END]} … {said[-_END:]}"
    said = _NEW_LINE.sub(" ", said)
    if language != "en":
        for phrase, ours in _PHRASES:
            said = phrase.sub(ours, said)
    return said
