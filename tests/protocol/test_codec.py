"""Messages from the schema's own table: whatever fits the fields goes through unchanged, whatever
does not is numbered.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biandun_protocol.wire import codec, messages
from biandun_protocol.wire.codec import MessageError
from biandun_protocol.wire.numbers import (
    ERROR_BAD_FIELD,
    ERROR_MALFORMED,
    ERROR_MISSING_FIELD,
    ERROR_TOO_LARGE,
    ERROR_UNKNOWN_FIELD,
    LIMIT_MESSAGE,
)

KINDS: list[Any] = [kind for kind in vars(messages).values() if hasattr(kind, "FIELDS")]


def text_up_to(size: int) -> st.SearchStrategy[str]:
    return st.text(max_size=size).filter(lambda text: len(text.encode()) <= size)


def fitting(kind: int, bound: int) -> st.SearchStrategy[Any]:
    match kind:
        case codec.UINT:
            return st.integers(0, bound or (1 << 63) - 1)
        case codec.BOOL:
            return st.booleans()
        case codec.TEXT:
            return text_up_to(min(bound, 40))
        case codec.BYTES:
            return st.binary(max_size=min(bound, 200))
        case codec.OCTETS:
            return st.binary(min_size=bound, max_size=bound)
        case codec.TEXTS:
            return st.lists(text_up_to(32), max_size=bound)
        case _:
            return st.lists(st.binary(min_size=32, max_size=32), max_size=min(bound, 5))


@st.composite
def any_message(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(KINDS))
    content: list[Any] = []
    for _, _, sort, bound, required in kind.FIELDS:
        present = required or draw(st.booleans())
        content.append(draw(fitting(sort, bound)) if present else None)
    return kind(*content)


@given(any_message())
def test_a_message_comes_back_as_it_went(message: Any) -> None:
    again = codec.decode(type(message), codec.encode(message))
    assert vars(again) == vars(message)


@given(any_message().filter(lambda message: hasattr(message, "NUMBER")))
def test_a_request_comes_back_with_its_number(message: Any) -> None:
    number, content = codec.split_request(codec.encode_request(message))
    assert number == message.NUMBER
    assert vars(codec.from_map(type(message), content)) == vars(message)


@given(st.sampled_from(KINDS), st.binary(max_size=60))
def test_decoding_junk_raises_a_numbered_error_or_gives_a_message(kind: Any, junk: bytes) -> None:
    try:
        message = codec.decode(kind, junk)
    except MessageError as error:
        assert error.code in (
            ERROR_MALFORMED,
            ERROR_UNKNOWN_FIELD,
            ERROR_MISSING_FIELD,
            ERROR_BAD_FIELD,
        )
        return
    assert codec.encode(message) == junk


def test_a_message_over_the_limit_is_too_large_before_it_is_anything_else() -> None:
    with pytest.raises(MessageError) as caught:
        codec.decode(messages.InfoRequest, bytes(LIMIT_MESSAGE + 1))
    assert caught.value.code == ERROR_TOO_LARGE


def test_a_required_field_that_is_none_cannot_be_sent() -> None:
    with pytest.raises(MessageError) as caught:
        codec.encode(messages.ErrorInfo(None))  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.field) == (ERROR_MISSING_FIELD, 0)


@pytest.mark.parametrize(
    "text", ["x" * 41, "编" * 14, "\ud800"], ids=["too long", "too long in bytes", "lone surrogate"]
)
def test_text_that_does_not_fit_cannot_be_sent(text: str) -> None:
    with pytest.raises(MessageError) as caught:
        codec.encode(messages.Summary(text, "", "", 0))
    assert (caught.value.code, caught.value.field) == (ERROR_BAD_FIELD, 0)


def test_an_absent_field_is_left_out_and_never_null() -> None:
    assert codec.encode(messages.ErrorInfo(3)).hex() == "a10003"


def test_a_missing_field_is_told_before_an_unknown_one() -> None:
    with pytest.raises(MessageError) as caught:
        codec.from_map(messages.ErrorInfo, {9: 0})
    assert (caught.value.code, caught.value.field) == (ERROR_MISSING_FIELD, 0)
