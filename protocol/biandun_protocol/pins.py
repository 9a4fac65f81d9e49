"""One spelling for what a person types as a secret: PINs of keys, passphrases of the office, its
officers and its backups.

Dropped: a byte order mark at the beginning (Windows writes one into files) and what ends the line.
UTF-16, which Windows writes as well, is read by its mark.  Full-width and other compatibility forms
become the plain ones (Unicode NFKC).  Nothing else: blanks, case and characters inside count.
"""

import unicodedata

from biandun_protocol.secret import Secret
from biandun_protocol.wire import pins
from biandun_protocol.wire.numbers import LIMIT_PIN_LEAST, LIMIT_PIN_MOST

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(raw: bytes) -> str:
    """The text of a file that holds one secret, as it is, without its mark and the end of its line.
    Raises UnicodeDecodeError.
    """
    text = raw.decode("utf-16") if raw.startswith(_UTF16) else raw.decode("utf-8")
    return text.removeprefix("\ufeff").rstrip("\r\n")


def first_line(raw: bytes) -> bytes:
    """The first line of a file, in UTF-8 without its mark and its end; bytes that are no text as
    they are.
    """
    try:
        return decoded(raw).split("\n", 1)[0].rstrip("\r").encode()
    except UnicodeDecodeError:
        return raw.split(b"\n", 1)[0].rstrip(b"\r")


def folded(text: str) -> str:
    """The one spelling of a secret."""
    return unicodedata.normalize("NFKC", text.removeprefix("\ufeff").rstrip("\r\n"))


def normalised(pin: Secret) -> Secret:
    """A PIN in its one spelling; bytes that are no text stay as they are, since an earlier version
    may have set them.
    """
    try:
        return Secret(folded(decoded(pin.reveal())).encode())
    except UnicodeDecodeError:
        return pin


def is_possible(pin: Secret) -> bool:
    """Can it ever have been set?  What cannot is not sent, and costs no try."""
    return LIMIT_PIN_LEAST <= len(pin.reveal()) <= LIMIT_PIN_MOST


def fault_of(pin: Secret, serial: str) -> str:
    """What is wrong with a new PIN for that key: pin-format, pin-weak, or nothing."""
    raw = pin.reveal()
    if pins.is_short(raw) or len(raw) > LIMIT_PIN_MOST:
        return "pin-format"
    return "pin-weak" if pins.is_weak(raw, serial) else ""
