"""What reaches a key while a scene is acted, and the same played to a key without a host."""

from dataclasses import dataclass

from biandun_protocol.wire import codec
from etoken import dispatch, server
from etoken.manifest import ManifestStream
from etoken.refusal import Refused
from etoken.token import Token
from tests.firmware.described import BY_NUMBER
from tests.firmware.scenes import SCENES
from tests.firmware.testboard import TestBoard, TestKey
from tests.firmware.world import Image, World, prepared, with_firmware


@dataclass(frozen=True)
class Heard:
    """A request in clear with the number it was refused with, 0 when it was done; or bytes of a
    manifest, of which ``command`` is empty.
    """

    command: str
    raw: bytes
    refused: int = 0


@dataclass(frozen=True)
class Recording:
    """The key before the act, and what it heard in it."""

    image: Image
    firmware: bool
    heard: tuple[Heard, ...]

    def up_to(self, command: str) -> tuple[tuple[Heard, ...], bytes]:
        """What was heard before the first request of ``command``, and that request."""
        for place, one in enumerate(self.heard):
            if one.command == command:
                return self.heard[:place], one.raw
        raise AssertionError(f"the scene of {command} does not run it")

    def before(self, command: str) -> tuple[TestKey, bytes]:
        """A key that has heard everything up to the first request of ``command``, and that
        request.
        """
        board = self.image.board()
        key = started(with_firmware(board) if self.firmware else board)
        heard, raw = self.up_to(command)
        for one in heard:
            if one.command:
                assert answer(key.token, one.raw) == one.refused, one.command
            elif key.token.stream is not None:
                key.token.stream.feed(memoryview(one.raw))
        return key, raw


def record(name: str, *, sessions: bool = False) -> Recording:
    """Act the scene of a command once; ``sessions``: by an office that certifies device keys."""
    scene = SCENES[name]
    world = World(otp=False)
    world.office.sessions = sessions
    image = prepared(world, *scene.steps)
    wire = world.wire(image)
    if scene.firmware:
        with_firmware(wire.key.board)
    key = wire.open()
    heard: list[Heard] = []
    run, feed = dispatch.run, ManifestStream.feed

    def running(token: Token, raw: bytes, sealed: bool = False) -> bytes:
        name, refused = BY_NUMBER[codec.split_request(raw)[0]].name, 0
        try:
            return run(token, raw, sealed)
        except Refused as refusal:
            refused = refusal.code
            raise
        finally:
            heard.append(Heard(name, bytes(raw), refused))

    def feeding(stream: ManifestStream, data: memoryview) -> None:
        heard.append(Heard("", bytes(data)))
        feed(stream, data)

    server.dispatch.run, ManifestStream.feed = running, feeding  # type: ignore[method-assign]
    try:
        scene.act(world, key)
    finally:
        server.dispatch.run, ManifestStream.feed = run, feed  # type: ignore[method-assign]
    return Recording(image, scene.firmware, tuple(heard))


def started(board: TestBoard) -> TestKey:
    """A key on that board, and nobody on its line to whom it would have to send keep-alives."""
    key = TestKey(board)
    key.token.pulse = None
    return key


def answer(token: Token, raw: bytes, *, sealed: bool = True) -> int:
    """Run one request; the number it is refused with, 0 when it is done."""
    try:
        dispatch.run(token, raw, sealed)
    except Refused as refusal:
        return refusal.code
    return 0
