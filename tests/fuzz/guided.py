"""Coverage-guided inputs under CPython:  python -m tests.fuzz.guided FOLDER [libFuzzer options,
such as -runs=100000].

An input is a few steps: a byte that says how the next bytes are meant (as they are, or as the
payload of a frame whose checksum is made right), two bytes of length, the bytes.  libFuzzer stops
at the first input that a key does not survive, and keeps it in a file.
"""

import json
import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "firmware")]
with atheris.instrument_imports(include=["etoken", "biandun_protocol.wire"]):
    from core import Target

    from biandun_protocol.wire import frames
    from biandun_protocol.wire.numbers import KIND_CANCEL, KIND_DATA, KIND_REQUEST, KIND_RESYNC
    from etoken.commands import all as _commands  # pyright: ignore[reportUnusedImport]  # noqa: F401

KINDS = (KIND_REQUEST, KIND_REQUEST, KIND_REQUEST, KIND_DATA, KIND_RESYNC, KIND_CANCEL)
STEPS = 8


class Died(Exception):
    """A key did not survive an input."""


class Guided:
    """The two keys, and how an input becomes what they are fed."""

    def __init__(self, folder: Path) -> None:
        made = json.loads((folder / "seeds.json").read_text("ascii"))
        self.targets = [
            Target(
                (folder / f"{name}.flash").read_bytes(),
                [bytes.fromhex(data) for data in made[name]["opening"]],
                name == "sealed",
            )
            for name in ("sealed", "clear")
        ]
        self.count = 0

    def one(self, data: bytes) -> None:
        """What libFuzzer calls."""
        target = self.targets[self.count & 1]
        self.count += 1
        if self.count % 2000 < 2:
            target.boot()
        at = 0
        for step in range(STEPS):
            if at + 3 > len(data):
                return
            how, size = data[at], int.from_bytes(data[at + 1 : at + 3], "big") % 700
            part = data[at + 3 : at + 3 + size]
            at += 3 + size
            if how & 7 < len(KINDS):
                part = frames.encode_frame(
                    KINDS[how & 7], self.count * STEPS + step & 0xFFFF, 0, part, how & 0x80 != 0
                )
            fault = target.feed(part)
            if fault:
                raise Died(fault)


def corpus(folder: Path) -> Path:
    """The recorded frames as inputs."""
    made = json.loads((folder / "seeds.json").read_text("ascii"))
    home = folder / "corpus"
    home.mkdir(exist_ok=True)
    for number, text in enumerate(made["seeds"]):
        raw = bytes.fromhex(text)
        reader = frames.FrameReader()
        reader.put(raw, len(raw))
        frame = reader.next()
        if frame is not None and frame.kind == KIND_REQUEST:
            payload = bytes(frame.payload)
            (home / f"{number:04}").write_bytes(b"\0" + len(payload).to_bytes(2, "big") + payload)
    return home


def main() -> None:
    """Fuzz."""
    folder = Path(sys.argv[1])
    guided = Guided(folder)
    atheris.Setup(
        [sys.argv[0], *sys.argv[2:], f"-artifact_prefix={folder}/", str(corpus(folder))], guided.one
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
