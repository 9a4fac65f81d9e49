"""Which PINs a key accepts: long enough in characters, and not commonly used.

Runs on both sides.  A key allows six attempts, so the rule need not withstand a search: it refuses
PINs that somebody would try who knows nothing, or only the key and its owner's birthday.  The host
normalises the typed PIN first; the key checks the bytes that it gets.
"""

from biandun_protocol.wire.numbers import LIMIT_PIN_LEAST

FEWEST = 3  # different characters that a PIN must have
# not caught by the rules below: rows and columns of the number pad, mirrored and paired digits,
# words
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
    """Return the number of characters of ``pin``, valid UTF-8 or not.

    Counted are the bytes that do not continue a character.
    """
    return len([byte for byte in pin if byte & 0xC0 != 0x80])


def is_short(pin: bytes) -> bool:
    """Return whether it has too few characters."""
    return length(pin) < LIMIT_PIN_LEAST


def is_weak(pin: bytes, serial: str) -> bool:
    """Return whether it is commonly used, or ``serial``, which is printed on the key."""
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
    """Return whether each character follows the one before, up or down; 9 and 0 are neighbours."""
    digits = _are_digits(pin)
    steps = {pin[at] - pin[at - 1] for at in range(1, len(pin))}
    if digits:
        steps = {step % 10 for step in steps}
    return steps in ({1}, {-1}, {9})


def _repeats(pin: bytes) -> bool:
    """Return whether it repeats one part."""
    sizes = [size for size in range(1, len(pin) // 2 + 1) if len(pin) % size == 0]
    return any(pin[:size] * (len(pin) // size) == pin for size in sizes)


def _is_date(pin: bytes) -> bool:
    """Return whether it is a date as people write it: 19900131 or 900131."""
    if not _are_digits(pin) or len(pin) not in (6, 8):
        return False
    if len(pin) == 8 and pin[:2] not in (b"19", b"20"):
        return False
    return 1 <= int(pin[-4:-2]) <= 12 and 1 <= int(pin[-2:]) <= 31


def _are_digits(part: bytes) -> bool:
    return all(48 <= byte <= 57 for byte in part)
