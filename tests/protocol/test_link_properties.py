"""COBS and frames under everything that hypothesis thinks of."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from biandun_protocol.wire import cobs, frames
from biandun_protocol.wire.numbers import KIND_DATA, LIMIT_FRAME

Shown = tuple[int, int, int, bytes, bool]
few_zeros = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 3)), max_size=6).map(
    lambda runs: b"".join(b"\x7f" * size + bytes(zeros) for size, zeros in runs)
)
contents = st.one_of(st.binary(max_size=700), few_zeros)
frame_values = st.tuples(
    st.integers(0, 255),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=60),
    st.booleans(),
)


def wire_of(values: Shown) -> bytes:
    kind, request_id, offset, payload, more = values
    return frames.encode_frame(kind, request_id, offset, payload, more)


def read(chunks: list[bytes]) -> tuple[list[Shown], int]:
    reader, found = frames.FrameReader(), []
    for chunk in chunks:
        reader.put(chunk, len(chunk))
        while (frame := reader.next()) is not None:
            found.append(
                (frame.kind, frame.request_id, frame.offset, bytes(frame.payload), frame.more)
            )
    return found, reader.dropped


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({place % (len(data) + 1) for place in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def decode(data: bytes) -> bytes:
    buffer = bytearray(data)
    return bytes(buffer[: cobs.decode_in_place(buffer, len(buffer))])


@given(contents)
@example(b"\x01" * 254)
@example(b"\x01" * 254 + b"\0")
@example(bytes(1000))
def test_cobs_gives_back_what_it_took_and_has_no_zero(data: bytes) -> None:
    encoded = cobs.encode(data)
    assert b"\0" not in encoded
    assert decode(encoded) == data


@given(contents)
def test_cobs_grows_by_one_byte_in_254_at_most(data: bytes) -> None:
    assert len(data) < len(cobs.encode(data)) <= len(data) + max(1, -(-len(data) // 254))


@given(contents)
def test_cobs_takes_a_bytearray_as_well(data: bytes) -> None:
    assert cobs.encode(bytearray(data)) == cobs.encode(data)  # pyright: ignore[reportArgumentType]


@given(st.binary(max_size=300))
def test_cobs_decoding_junk_answers_or_raises_its_own_error_only(junk: bytes) -> None:
    try:
        decoded = decode(junk)
    except cobs.CobsError:
        return
    assert len(decoded) <= len(junk)


@given(st.binary(min_size=1, max_size=300), st.binary(max_size=40))
def test_cobs_decoding_never_looks_behind_the_size(data: bytes, behind: bytes) -> None:
    encoded = cobs.encode(data)
    buffer = bytearray(encoded + behind)
    size = cobs.decode_in_place(buffer, len(encoded))
    assert (bytes(buffer[:size]), bytes(buffer[len(encoded) :])) == (data, behind)


@given(st.lists(frame_values, max_size=5), st.lists(st.integers(0, 5000), max_size=12))
def test_frames_arrive_whole_however_the_bytes_are_cut(
    values: list[Shown], cuts: list[int]
) -> None:
    wire = b"".join(wire_of(value) for value in values)
    assert read(cut(wire, cuts)) == (values, 0)
    assert read([bytes([byte]) for byte in wire]) == (values, 0)


@given(frame_values, st.integers(0, 10_000), st.integers(0, 7))
def test_a_frame_with_one_bit_flipped_is_dropped_and_the_next_one_arrives(
    value: Shown, place: int, bit: int
) -> None:
    wire = bytearray(wire_of(value))
    wire[place % len(wire)] ^= 1 << bit
    after: Shown = (KIND_DATA, 1, 2, b"after", False)
    found, _ = read([bytes(wire) + b"\0" + wire_of(after)])
    assert found == [after]


@given(
    frame_values,
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_a_damaged_frame_is_never_taken_for_another(
    value: Shown, damage: list[tuple[int, int]]
) -> None:
    wire = bytearray(wire_of(value))
    for place, flip in damage:
        wire[place % len(wire)] ^= flip
    found, _ = read([bytes(wire)])
    assert found in ([], [value])


@given(frame_values, st.integers(0, 10_000))
def test_a_frame_that_lost_bytes_is_dropped_and_the_next_one_arrives(
    value: Shown, place: int
) -> None:
    wire = wire_of(value)
    found, _ = read([wire[: place % (len(wire) - 1)] + b"\0" + wire])
    assert found == [value]


@given(st.binary(max_size=400).map(lambda junk: junk.replace(b"\0", b"\1")), frame_values)
def test_junk_before_the_first_delimiter_is_ignored(junk: bytes, value: Shown) -> None:
    found, dropped = read([junk + b"\0" + wire_of(value)])
    assert found == [value]
    assert dropped == (1 if junk else 0)


@given(st.lists(st.binary(max_size=200), max_size=10))
def test_the_reader_survives_any_junk(chunks: list[bytes]) -> None:
    good: Shown = (KIND_DATA, 7, 8, b"good", True)
    found, _ = read([*chunks, b"\0" + wire_of(good)])
    assert found[-1] == good


@pytest.mark.parametrize("size", [0, 1, frames.PAYLOAD_MAX - 1, frames.PAYLOAD_MAX])
def test_a_payload_up_to_the_limit_arrives(size: int) -> None:
    value: Shown = (KIND_DATA, 1, 0, bytes(place % 256 for place in range(size)), False)
    assert read([wire_of(value)]) == ([value], 0)


def test_a_payload_over_the_limit_is_not_sent() -> None:
    with pytest.raises(ValueError, match="limit"):
        frames.encode_frame(KIND_DATA, 1, 0, bytes(frames.PAYLOAD_MAX + 1))


def test_the_largest_frame_fills_the_readers_buffer_exactly() -> None:
    wire = frames.encode_frame(255, 0xFFFF, 0xFFFFFFFF, b"\x55" * frames.PAYLOAD_MAX)
    assert len(wire) - 1 <= frames.ENCODED_MAX == LIMIT_FRAME + 17


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_payload_may_be_any_kind_of_bytes(kind: type) -> None:
    assert frames.encode_frame(1, 2, 3, kind(b"a\0b")) == frames.encode_frame(1, 2, 3, b"a\0b")


def test_only_the_announced_part_of_a_buffer_is_read() -> None:
    reader, wire = frames.FrameReader(), frames.encode_frame(1, 2, 3, b"one")
    reader.put(bytearray(wire + wire), len(wire))
    assert reader.next() is not None
    assert reader.next() is None


def test_an_endless_line_without_delimiter_takes_no_memory_and_one_drop() -> None:
    chunks = [b"\x55" * 1000] * 50
    good: Shown = (1, 2, 3, b"", False)
    assert read([*chunks, b"\0", wire_of(good)]) == ([good], 1)
