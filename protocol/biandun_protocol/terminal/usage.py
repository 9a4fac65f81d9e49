"""What click says of a wrong command line, in Chinese.

click speaks English, with blanks filled in; each row turns one of its phrases, wherever it stands,
into ours.  A phrase that is missing here stays English: a test provokes every kind of mistake and
looks for leftovers.
"""

import re

from biandun_protocol.book import USAGE

_PHRASES = tuple((re.compile(phrase), ours) for phrase, ours in USAGE.items())
_NEW_LINE = re.compile(r"\s*\n\s*")


def sentence(english: str, language: str) -> str:
    """click's message in the reader's language, on one line."""
    said = _NEW_LINE.sub(" ", english.strip())
    if language != "en":
        for phrase, ours in _PHRASES:
            said = phrase.sub(ours, said)
    return said
