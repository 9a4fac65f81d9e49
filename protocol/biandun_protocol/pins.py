"""Normalising typed secrets: PINs of keys and passphrases.

A byte order mark at the beginning (Windows writes one into files) and the end of the line are
removed.  UTF-16, which Windows writes as well, is recognised by its mark.  Full-width and other
compatibility characters become the plain ones (Unicode NFKC).  Nothing else is changed: blanks,
case and inner characters count.
"""

import unicodedata

from biandun_protocol.secret import Secret
from biandun_protocol.wire import pins
from biandun_protocol.wire.numbers import LIMIT_PIN_LEAST, LIMIT_PIN_MOST

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(raw: bytes) -> str:
    """Return the text of a file with one secret, without byte order mark and end of line.

    Raises UnicodeDecodeError.
    """
    text = raw.decode("utf-16") if raw.startswith(_UTF16) else raw.decode("utf-8")
    return text.removeprefix("\ufeff").rstrip("\r\n")


def first_line(raw: bytes) -> bytes:
    """Return the first line of a file in UTF-8, without byte order mark and end of line.

    Bytes that are not text are returned unchanged.
    """
    try:
        return decoded(raw).split("\n", 1)[0].rstrip("\r").encode()
    except UnicodeDecodeError:
        return raw.split(b"\n", 1)[0].rstrip(b"\r")


def folded(text: str) -> str:
    """Return the normalised form of a secret."""
    return unicodedata.normalize("NFKC", text.removeprefix("\ufeff").rstrip("\r\n"))


def normalised(pin: Secret) -> Secret:
    """Return a PIN in its normalised form.

    Bytes that are not text stay as they are, since an earlier version may have set them.
    """
    try:
        return Secret(folded(decoded(pin.reveal())).encode())
    except UnicodeDecodeError:
        return pin


def is_possible(pin: Secret) -> bool:
    """Return whether this can be a PIN at all; others are not sent and cost no attempt."""
    return LIMIT_PIN_LEAST <= len(pin.reveal()) <= LIMIT_PIN_MOST


def fault_of(pin: Secret, serial: str) -> str:
    """Return the code of what is wrong with a new PIN: pin-format, pin-weak, or empty."""
    raw = pin.reveal()
    if pins.is_short(raw) or len(raw) > LIMIT_PIN_MOST:
        return "pin-format"
    return "pin-weak" if pins.is_weak(raw, serial) else ""
