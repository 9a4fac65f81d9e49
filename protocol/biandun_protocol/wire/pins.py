"""Which PINs a key takes: long enough as a person counts, and none that others try first.

Runs on both ends.  A key has six tries to give away, so the rule need not keep up with a search: it
refuses what somebody who knows nothing, or only the key and its owner's birthday, would try.  The
host folds what was typed to one spelling before; the key looks at the bytes that it gets.
"""

from biandun_protocol.wire.numbers import LIMIT_PIN_LEAST

FEWEST = 3  # different characters
# what no rule below catches: rows and columns of the number pad, mirrored and paired digits, words
COMMON = (
    b"112233",
    b"123321",
    b"147258",
    b"147852",
    b"159357",
    b"159753",
    b"5201314",
    b"a123456",
    b"123456a",
    b"abc123",
    b"admin123",
    b"password",
    b"qwerty",
    b"woaini",
)


def length(pin: bytes) -> int:
    """How many characters ``pin`` has, UTF-8 or not: bytes that do not continue another."""
    return len([byte for byte in pin if byte & 0xC0 != 0x80])


def is_short(pin: bytes) -> bool:
    """Has it too few characters?"""
    return length(pin) < LIMIT_PIN_LEAST


def is_weak(pin: bytes, serial: str) -> bool:
    """Is it one that others try first?  ``serial`` is that of the key, which is printed on it."""
    lowered = pin.lower()
    return (
        len(set(lowered)) < FEWEST
        or _is_run(lowered)
        or _repeats(lowered)
        or _is_date(lowered)
        or lowered in COMMON
        or lowered in serial.lower().encode()
    )


def _is_run(pin: bytes) -> bool:
    """Does each character follow the one before, up or down?  9 and 0 are neighbours."""
    digits = _are_digits(pin)
    steps = {pin[at] - pin[at - 1] for at in range(1, len(pin))}
    if digits:
        steps = {step % 10 for step in steps}
    return steps in ({1}, {-1}, {9})


def _repeats(pin: bytes) -> bool:
    """Is it the same part again and again?"""
    sizes = [size for size in range(1, len(pin) // 2 + 1) if len(pin) % size == 0]
    return any(pin[:size] * (len(pin) // size) == pin for size in sizes)


def _is_date(pin: bytes) -> bool:
    """A day as people write it: 19900131 or 900131."""
    if not _are_digits(pin) or len(pin) not in (6, 8):
        return False
    if len(pin) == 8 and pin[:2] not in (b"19", b"20"):
        return False
    return 1 <= int(pin[-4:-2]) <= 12 and 1 <= int(pin[-2:]) <= 31


def _are_digits(part: bytes) -> bool:
    return all(48 <= byte <= 57 for byte in part)
