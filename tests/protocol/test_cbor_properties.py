"""The two CBOR codecs, that of both interpreters and the faster one of host and office, accept and
refuse the same.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from biandun_protocol import cbor as host
from biandun_protocol.wire import cbor as wire
from biandun_protocol.wire.cbor import CborError, Incomplete
from biandun_protocol.wire.numbers import LIMIT_DEPTH, LIMIT_MAP

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[2] / "protocol/vectors/cbor.json").read_text("utf-8")
)
SAMPLE = bytes.fromhex(
    next(entry["cbor"] for entry in VECTORS["valid"] if entry["name"] == "sample")
)
REFUSED = object()

integers = st.integers(-(1 << 64), (1 << 64) - 1)
leaves = st.one_of(integers, st.booleans(), st.binary(max_size=30), st.text(max_size=12))
keys = st.one_of(st.integers(-30, 300), integers, st.text(max_size=3))
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
foreign = st.one_of(
    st.none(),
    st.floats(),
    st.just("\ud800"),
    st.integers(min_value=1 << 64),
    st.just({True: 0}),
    st.just({None: 0}),
)
edits = st.lists(
    st.tuples(st.sampled_from("sid"), st.integers(0, 10_000), st.integers(0, 255)), max_size=4
)


def result(codec: Any, data: bytes) -> object:
    """What a codec makes of ``data``, in a form that tells true from 1."""
    try:
        return repr(codec.loads(data))
    except CborError:
        return REFUSED


def encoded(codec: Any, value: object) -> object:
    try:
        return codec.dumps(value)
    except CborError:
        return REFUSED


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(values)
def test_both_write_the_same_bytes_and_read_them_back(value: object) -> None:
    raw = wire.dumps(value)
    assert host.dumps(value) == raw
    assert repr(wire.loads(raw)) == repr(host.loads(raw))
    assert wire.loads(raw) == value


@given(st.binary(max_size=40))
def test_both_agree_on_random_bytes(data: bytes) -> None:
    assert result(wire, data) == result(host, data)


@given(values, edits)
@example({1: 0, 2: 0}, [("s", 3, 1)])
def test_both_agree_on_bytes_that_are_nearly_right(
    value: object, changes: list[tuple[str, int, int]]
) -> None:
    raw = bytearray(wire.dumps(value))
    for what, place, byte in changes:
        at = place % len(raw) if raw else 0
        if what == "i":
            raw[at:at] = bytes([byte])
        else:
            raw[at : at + 1] = b"" if what == "d" else bytes([byte])
    assert result(wire, bytes(raw)) == result(host, bytes(raw))


@given(st.binary(max_size=40))
def test_both_say_the_same_of_bytes_that_end_too_early(data: bytes) -> None:
    def missing(codec: Any) -> bool:
        try:
            codec.loads(data)
        except Incomplete:
            return True
        except CborError:
            pass
        return False

    assert missing(wire) == missing(host)


@given(st.binary(max_size=40))
def test_what_is_accepted_has_exactly_this_encoding(data: bytes) -> None:
    try:
        value = wire.loads(data)
    except CborError:
        return
    assert wire.dumps(value) == data


@given(values, foreign)
def test_both_refuse_to_write_what_has_no_place(value: object, intruder: object) -> None:
    for broken in ([value, intruder], {0: intruder}, intruder):
        assert encoded(wire, broken) is encoded(host, broken) is REFUSED


@pytest.mark.parametrize("section", ["invalid", "incomplete"])
def test_the_host_refuses_every_bad_vector(section: str) -> None:
    assert [
        entry["name"]
        for entry in VECTORS[section]
        if result(host, bytes.fromhex(entry["cbor"])) is not REFUSED
    ] == []


def test_the_host_accepts_every_good_vector() -> None:
    raws = [bytes.fromhex(entry["cbor"]) for entry in VECTORS["valid"]]
    assert [host.dumps(host.loads(raw)) for raw in raws] == raws


@pytest.mark.parametrize(
    "nest", [lambda inner: [inner], lambda inner: {0: inner}], ids=["arrays", "maps"]
)
@pytest.mark.parametrize("innermost", [0, [], {}], ids=["number", "array", "map"])
def test_both_draw_the_line_at_the_same_depth(nest: Any, innermost: object) -> None:
    value = innermost
    for _ in range(LIMIT_DEPTH + 3):
        value = nest(value)
        allowed = depth(value) <= LIMIT_DEPTH
        assert (encoded(wire, value) is not REFUSED, encoded(host, value) is not REFUSED) == (
            allowed,
            allowed,
        )


@pytest.mark.parametrize("size", [LIMIT_MAP, LIMIT_MAP + 1])
def test_both_draw_the_line_at_the_same_size_of_a_map(size: int) -> None:
    allowed = size <= LIMIT_MAP
    value = dict.fromkeys(range(size), 0)
    assert (encoded(wire, value) is not REFUSED, encoded(host, value) is not REFUSED) == (
        allowed,
        allowed,
    )
    raw = bytes([0xB8, size]) + b"".join(wire.dumps(key) + b"\0" for key in range(size))
    assert (result(wire, raw) is not REFUSED, result(host, raw) is not REFUSED) == (
        allowed,
        allowed,
    )


@given(st.binary(max_size=12))
@example(b"\xc2\x80")
@example(b"\xf4\x8f\xbf\xbf")
@example(b"\xed\xa0\x80")
def test_the_utf8_rule_is_the_one_of_pythons_strict_decoder(raw: bytes) -> None:
    try:
        wanted: object = raw.decode("utf-8", "strict")
    except UnicodeDecodeError:
        wanted = REFUSED
    try:
        found: object = wire.decode_utf8(raw)
    except CborError:
        found = REFUSED
    assert found == wanted


def test_the_utf8_rule_holds_for_every_sequence_of_three_bytes_with_a_lead() -> None:
    disagreements: list[str] = []
    edges = (0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF)
    for lead in range(0x80, 0x100):
        for second in edges:
            for third in edges:
                raw = bytes([lead, second, third])
                if result(wire, b"\x63" + raw) != result(host, b"\x63" + raw):
                    disagreements.append(raw.hex())
    assert disagreements == []


@pytest.mark.parametrize("size", range(len(SAMPLE)))
def test_a_cut_item_is_incomplete_and_not_just_wrong(size: int) -> None:
    with pytest.raises(Incomplete):
        wire.loads(SAMPLE[:size])


def test_a_prefix_is_decoded_with_its_end() -> None:
    assert wire.loads_prefix(b"\x00" + SAMPLE + b"rest", 1) == (wire.loads(SAMPLE), 1 + len(SAMPLE))


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_views_and_buffers_are_read_and_written_like_bytes(kind: type) -> None:
    assert wire.loads(kind(SAMPLE)) == wire.loads(SAMPLE)
    assert wire.dumps(kind(b"x")) == wire.dumps(b"x")


def test_a_huge_announced_length_is_refused_at_once_by_both() -> None:
    for major in (0x5B, 0x7B, 0x9B, 0xBB):
        data = bytes([major]) + b"\xff" * 8 + b"\0" * 16
        assert result(wire, data) is result(host, data) is REFUSED
