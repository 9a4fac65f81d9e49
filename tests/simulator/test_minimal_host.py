"""docs/minimal-host.c, a host in another language, talks to a simulated key; docs/minimal-host.md
shows what crosses.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from biandun_protocol.wire import codec, frames
from biandun_protocol.wire.messages import HelloReply, InfoRequest
from biandun_protocol.wire.numbers import ERROR_SESSION_REQUIRED, KIND_KEEPALIVE
from biandun_simulator.simulated_key import SimulatedKey
from tests.firmware import transcript
from tests.support.softoffice import SoftOffice

DOCS = Path(__file__).resolve().parents[2] / "docs"
COMPILER = shutil.which("cc")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if COMPILER is None:
        pytest.skip("NO C COMPILER: docs/minimal-host.c was not compiled and not run")
    built = tmp_path_factory.mktemp("minimal") / "minimal-host"
    command = [
        COMPILER,
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(built),
        str(DOCS / "minimal-host.c"),
    ]
    subprocess.run(command, check=True)
    return built


def run(program: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(program), *words], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout or done.stderr


def test_it_asks_a_key_who_it_is_as_often_as_one_likes(
    program: Path, simulated: SimulatedKey
) -> None:
    for _ in range(3):
        status, said = run(program, simulated.port)
        assert (status, said[:8]) == (0, "reply {0")
        assert '2: "BD-000001"' in said
        assert '12: "陇澜市第一中学"' in said


def test_any_command_in_clear_is_answered(program: Path, simulated: SimulatedKey) -> None:
    assert run(program, simulated.port, "8209a0")[1].startswith("reply {0: 0")  # chain_state
    status, said = run(program, simulated.port, "820ca0")  # read_certificate
    assert (status, said.startswith("reply {"), len(said) > 1000) == (0, True, True)


def test_what_needs_a_session_says_so(program: Path, simulated: SimulatedKey) -> None:
    assert run(program, simulated.port, "820ea200000146323436383130") == (
        1,
        f"error {{0: {ERROR_SESSION_REQUIRED}}}\n",
    )


def test_a_line_where_nobody_answers_ends(program: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").write_bytes(b"")
    assert run(program, str(tmp_path / "nothing"))[0] == 2
    assert run(program)[0] == 2


def shown() -> Iterator[tuple[str, str]]:
    text = (DOCS / "minimal-host.md").read_text("utf-8")
    yield from re.findall(r"^(host|key) +([0-9a-f]+)$", text, re.MULTILINE)


def test_the_transcript_in_the_page_is_what_the_key_answers() -> None:
    tap = transcript.Tap()
    transcript.personalised(tap, SoftOffice())
    tap.key.start()
    lines = list(shown())
    assert len(lines) >= 6
    for (first, sent), (second, expected) in zip(lines[::2], lines[1::2], strict=True):
        assert (first, second) == ("host", "key")
        assert tap.key.feed(bytes.fromhex(sent)).hex() == expected


def test_the_hello_in_the_page_opens_a_session() -> None:
    (hello,) = re.findall(
        r"^hello ([0-9a-f]+)$", (DOCS / "minimal-host.md").read_text("utf-8"), re.MULTILINE
    )
    tap = transcript.Tap()
    transcript.personalised(tap, SoftOffice())
    tap.key.start()
    tap.key.feed(bytes.fromhex(next(shown())[1]))
    reader = frames.FrameReader()
    answer = tap.key.feed(bytes.fromhex(hello))
    reader.put(answer, len(answer))
    while (frame := reader.next()) is not None and frame.kind == KIND_KEEPALIVE:
        pass
    assert frame is not None
    reply = codec.decode(HelloReply, bytes(frame.payload))
    assert [
        len(value) for value in (reply.nonce, reply.point, reply.certificate, reply.signature)
    ] == [16, 65, 32, 64]


def test_the_page_names_the_request_that_the_program_sends() -> None:
    request = codec.encode_request(InfoRequest(1)).hex()
    assert request in (DOCS / "minimal-host.md").read_text("utf-8")
    assert request in (DOCS / "minimal-host.c").read_text("utf-8")
