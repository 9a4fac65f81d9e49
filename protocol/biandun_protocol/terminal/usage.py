"""click's messages about a wrong command line, in Chinese.

click's messages are English with inserted values; each row translates one of its phrases wherever
it occurs.  A phrase that is missing here stays English: a test provokes every kind of mistake and
searches for leftovers.
"""

import re

from biandun_protocol.book import USAGE

_PHRASES = tuple((re.compile(phrase), ours) for phrase, ours in USAGE.items())
# arguments can be very long, and the patterns search for their ends from every character: only the
# beginning and the end of a message are kept
_MOST, _END = 1000, 300
_NEW_LINE = re.compile(r"\s*\n\s*")


def sentence(english: str, language: str) -> str:
    """Return click's message in the reader's language, on one line without a long middle."""
    said = english.strip()
    if len(said) > _MOST:
        said = f"{said[: _MOST - _END]} … {said[-_END:]}"
    said = _NEW_LINE.sub(" ", said)
    if language != "en":
        for phrase, ours in _PHRASES:
            said = phrase.sub(ours, said)
    return said
