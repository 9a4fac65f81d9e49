"""Checks names of attachments: every workstation must be able to store them unchanged.

The names come from others.  A form refuses separators, control characters and characters that
change the direction of writing (``forms.Attachment``).  Here are the rules of file systems: a name
that one of them would change, or take for something else, is refused.
"""

import unicodedata
from collections.abc import Iterable

from biandun.errors import FolderProblem
from biandun_protocol.catalogue import Phrase, phrase

LIMIT_BYTES = 255  # bytes of UTF-8: the limit of most file systems for one name
_PORTS = [f"{kind}{number}" for kind in ("COM", "LPT") for number in "0123456789¹²³"]
# device names on Windows, with any extension
_DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$", *_PORTS})

DOT = phrase("file-name.dot")
DEVICE = phrase("file-name.device")
LONG = phrase("file-name.long", limit=LIMIT_BYTES)
TWIN = phrase("file-name.twin")


def check(names: Iterable[str]) -> None:
    """Check the names of the attachments of one form.

    Raises FolderProblem(attachment-name) with name and rule.
    """
    seen: set[str] = set()
    for name in names:
        rule = _broken_rule(name)
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
        if rule is None and folded in seen:
            rule = TWIN
        if rule is not None:
            raise FolderProblem("attachment-name", name=name, rule=rule)
        seen.add(folded)


def _broken_rule(name: str) -> Phrase | None:
    if not name or name[-1] in ". ":  # this covers "." and ".."
        return DOT
    if name.split(".", maxsplit=1)[0].rstrip(" ").upper() in _DEVICES:
        return DEVICE
    if len(name.encode(errors="surrogatepass")) > LIMIT_BYTES:
        return LONG
    return None
