"""The table of a key's life in the documentation is what keys do."""

import pytest

from tests.firmware.lifecycle import PAGE, STAGES, brought_to, page


@pytest.mark.parametrize("stage", STAGES)
def test_a_key_comes_to_every_stage(stage: str) -> None:
    assert brought_to(stage).stage() == stage


@pytest.mark.slow  # eighty keys
def test_the_page_says_what_keys_do() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.firmware.lifecycle"
