"""The unified social credit code (GB 32100-2015), and normalising typed codes.

The check character is computed here because this room has few dependencies and the rule is three
lines: weights 3^(i-1) mod 31 over an alphabet of 31 characters.  The tests compare it with
python-stdnum.
"""

import unicodedata
from functools import lru_cache

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def folded(code: str) -> str:
    """Normalise a typed code: full-width characters become ASCII (NFKC), blanks around it go."""
    return unicodedata.normalize("NFKC", code).strip()


def in_capitals(code: str) -> str:
    """Normalise a typed code with capital letters only.

    Such as a serial number, a case number or a unified social credit code.
    """
    return folded(code).upper()


def in_small_letters(code: str) -> str:
    """Normalise a typed code of hexadecimal digits."""
    return folded(code).lower()


def is_uscc(text: str) -> bool:
    """Return whether ``text`` is a unified social credit code.

    That is 18 characters of the alphabet with the right check character.
    """
    return len(text) == 18 and _checks(text)


@lru_cache(maxsize=4096)  # a city's units recur
def _checks(text: str) -> bool:
    if any(character not in USCC_ALPHABET for character in text):
        return False
    total = sum(
        USCC_ALPHABET.index(character) * pow(3, place, 31)
        for place, character in enumerate(text[:17])
    )
    return USCC_ALPHABET[-total % 31] == text[17]
