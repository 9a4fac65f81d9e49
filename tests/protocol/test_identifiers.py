"""Unified social credit codes, compared with python-stdnum."""

import string

from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from biandun_protocol.codes import TABLES
from biandun_protocol.identifiers import USCC_ALPHABET, is_uscc

heads = st.tuples(
    st.text("0123456789", min_size=8, max_size=8), st.text(USCC_ALPHABET, min_size=9, max_size=9)
).map("".join)


@given(heads, st.sampled_from(USCC_ALPHABET))
def test_stdnum_gives_the_same_verdict_on_every_check_character(head: str, last: str) -> None:
    assert is_uscc(head + last) == uscc.is_valid(head + last)


@given(heads)
def test_exactly_one_check_character_is_right(head: str) -> None:
    assert [character for character in USCC_ALPHABET if is_uscc(head + character)] == [
        uscc.calc_check_digit(head)
    ]


@given(heads, st.integers(0, 17), st.sampled_from(string.ascii_letters + string.digits + "编 "))
def test_one_character_changed_is_noticed(head: str, place: int, wrong: str) -> None:
    code = head + uscc.calc_check_digit(head)
    changed = code[:place] + wrong + code[place + 1 :]
    assert is_uscc(changed) == (changed == code)


@given(st.text(max_size=20))
def test_any_text_gets_an_answer(text: str) -> None:
    assert is_uscc(text) in (True, False)


def test_the_example_regions_are_six_digits_that_nobody_has() -> None:
    assert all(
        len(region) == 6 and region.startswith("6299") for region in TABLES["region_fictitious"]
    )
