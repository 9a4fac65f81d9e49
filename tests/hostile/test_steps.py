"""Work is linear in the bytes, whatever they say: every reader of foreign bytes is stopped when it
takes more steps.
"""

import os
import random
import sys
from collections import Counter
from collections.abc import Callable

import cbor2
import pytest

from biandun_protocol import cbor, der
from biandun_protocol.errors import StatementProblem
from biandun_protocol.wire import cbor as wire_cbor
from biandun_protocol.wire import statement
from biandun_protocol.wire.numbers import LIMIT_DEPTH
from tests.hostile import inputs
from tests.hostile.boundaries import BOUNDARIES, REFUSED, Boundary
from tests.hostile.meter import Exceeded, Meter

# steps; a value of one byte takes up to 16 lines to read, and some inputs are read two or three
# times over
A_BYTE = 40
SAMPLE = 150  # inputs a reader in the fast run; the long one makes a million of them all
LONG_RUN = 1_000_000
SIZES = (3, 12, 40, 150, 600)
BIG = (4_000, 30_000)
F2 = (
    b"\xd2\x84"
    + cbor.dumps(inputs.EXPRESSION + inputs.text("(?i)c0ffee01" + "[\0-\U0010ffff]" * 480))
    + b"\xa0\x58\x20"
    + bytes(32)
    + b"\x58\x40"
    + bytes(64)
)


def allowed(boundary: Boundary, raw: bytes) -> int:
    """The most steps that an input may take."""
    return boundary.fixed + A_BYTE * len(raw)


def take(boundary: Boundary, raw: bytes, meter: Meter) -> str:
    """Let one be read; return whether it was "read" or "refused".  Any other error, and Exceeded,
    come out.
    """
    try:
        meter.run(boundary.read, raw, allowed(boundary, raw))
    except REFUSED:
        return "refused"
    return "read"


def attack(boundary: Boundary, count: int, seed: str) -> Counter[str]:
    """Feed ``count`` inputs, some of them big; return how it went.  Fails with the input in the
    message.
    """
    chance, meter, outcome = random.Random(seed), Meter(), Counter[str]()
    for number in range(count):
        size = chance.choice(SIZES) if number % 200 else chance.choice(BIG)
        raw = inputs.make(chance, list(boundary.genuine), size, is_der=boundary.is_der)
        try:
            outcome[take(boundary, raw, meter)] += 1
        except Exceeded:
            pytest.fail(
                f"more than {allowed(boundary, raw)} steps for {len(raw)} bytes: {raw[:300].hex()}… (seed {seed}, {number})"
            )
        except Exception as error:
            pytest.fail(f"{type(error).__name__} for {raw[:300].hex()}… (seed {seed}, {number})")
    return outcome


@pytest.mark.parametrize("name", BOUNDARIES)
def test_a_genuine_input_is_read(name: str) -> None:
    boundary = BOUNDARIES[name]
    assert [take(boundary, raw, Meter()) for raw in boundary.genuine] == [
        "read" if boundary.whole else "refused"
    ] * len(boundary.genuine)


@pytest.mark.parametrize("name", BOUNDARIES)
def test_no_input_takes_more_steps_than_its_bytes_pay_for(name: str) -> None:
    assert attack(BOUNDARIES[name], SAMPLE, name).total() == SAMPLE


@pytest.mark.parametrize(
    "name", ["cbor.loads", "cose.parse", "der.items", "parcel.Parcel.decode", "records.decode"]
)
def test_the_generator_makes_what_is_read_and_what_is_refused(name: str) -> None:
    assert set(attack(BOUNDARIES[name], 400, name)) == {"read", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOUNDARIES)
def test_no_input_of_a_million_takes_more_steps_than_its_bytes_pay_for(name: str) -> None:
    count = LONG_RUN // len(BOUNDARIES) + 1
    assert attack(BOUNDARIES[name], count, os.urandom(4).hex()).total() == count


def test_the_sender_s_regular_expression_is_refused_at_the_byte_of_its_tag() -> None:
    assert len(F2) < 4096
    with pytest.raises(StatementProblem, match=r"malformed \(tag"):
        Meter().run(BOUNDARIES["cose.parse"].read, F2, 500)
    protected, _, _ = statement.split(F2)
    assert protected.startswith(inputs.EXPRESSION)
    for loads in (cbor.loads, wire_cbor.loads):
        with pytest.raises(cbor.CborError, match="tag"):
            Meter().run(loads, protected, 60)


# --- the count finds what it is there for -----------------------------
def loads_of_before(data: bytes) -> object:
    """How the host read until a decision (0027) ended it: a general decoder first, the grammar
    afterwards.
    """
    value = cbor2.loads(
        data, max_depth=LIMIT_DEPTH + 2, allow_duplicate_keys=False, allow_indefinite=False
    )
    if cbor.dumps(value) != data:
        raise cbor.CborError("not the deterministic encoding")
    return value


def items_of_before(content: bytes) -> list[int]:
    """How DER was walked: what follows an element is copied for each of them."""
    tags = list[int]()
    while content:
        tag, _, content = der.read(content)
        tags.append(tag)
    return tags


def pairwise(data: bytes) -> int:
    """A loop in a loop."""
    return sum(1 for one in data for other in data if one == other)


def expanded(data: bytes) -> list[object]:
    """A reader that believes an announced count."""
    return [None for _ in range(int.from_bytes(data[1:5], "big"))]


def tagged(size: int) -> bytes:
    """The case from the field, of another size."""
    return inputs.expression(random.Random(1), size)


@pytest.mark.parametrize(
    ("reader", "raw"),
    [
        (loads_of_before, tagged(3_500)),
        (items_of_before, b"\x05\0" * 2_000),
        (pairwise, bytes(600)),
        (expanded, b"\x9a\0\x10\0\0"),
    ],
    ids=["the old decoder", "the old DER", "a loop in a loop", "a count that is believed"],
)
def test_what_is_not_linear_is_found(reader: Callable[[bytes], object], raw: bytes) -> None:
    with pytest.raises(Exceeded):
        take(Boundary(reader, ()), raw, Meter())


def test_the_generator_finds_the_old_decoder_by_itself() -> None:
    old = Boundary(loads_of_before, BOUNDARIES["cbor.loads"].genuine)
    chance, meter, found = random.Random(7), Meter(), 0
    for _ in range(400):
        try:
            meter.run(
                old.read, raw := inputs.make(chance, list(old.genuine), 600), allowed(old, raw)
            )
        except Exceeded:
            found += 1
        except Exception:
            continue
    assert found


def test_keys_that_meet_in_a_hash_table_are_cut_off_early() -> None:
    raw = inputs.colliding(60_000)
    for loads in (cbor.loads, wire_cbor.loads):
        meter = Meter()
        with pytest.raises(cbor.CborError, match="too many entries"):
            meter.run(loads, raw, 6_000)


def test_whoever_traced_before_goes_on_tracing() -> None:
    def before(*_: object) -> None:
        return None

    kept = sys.gettrace()
    sys.settrace(before)
    try:
        Meter().run(len, b"x", 100)
        after = sys.gettrace()
    finally:
        sys.settrace(kept)
    assert after is before
