"""What a person hears before a PIN is looked at: the tries left, and the last one, in every new
process.
"""

import click
import pytest

from biandun.cli import shared
from biandun.cli.shared import Settings
from biandun_protocol.secret import Secret


class Tty:
    def isatty(self) -> bool:
        return True


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(shared.sys, "stdin", Tty())
    monkeypatch.setattr(shared, "prompt_secret", lambda text, **_: Secret(b"135790"))
    return Settings()


def test_the_first_prompt_of_a_process_says_how_many_tries_are_left(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings.ui.need_pin("BD-000001", 0, 3) is not None
    assert "还可以再试 3 次" in capsys.readouterr().err


def test_nothing_is_said_while_no_pin_was_wrong(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings.ui.need_pin("BD-000001", 0, None) is not None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize("answer", [False, True])
def test_the_last_try_is_spent_on_a_persons_word_only(
    from_file: bool, answer: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text) or answer)
    if from_file:
        settings.ui.pin_source, settings.ui.pin_given = (lambda: Secret(b"135790")), True
    given = settings.ui.need_pin("BD-000001", 0, 1)
    assert len(asked) == 1
    assert (given is not None) is answer
